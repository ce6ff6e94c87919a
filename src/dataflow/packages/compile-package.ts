// Compiles a package file on its own: what it comes to, and a plan in which each function stands in a place that fits.
import type { Diagnostic } from '../diagnostics.ts'
import type { CompileOptions } from '../compile.ts'
import type { PartitionPlan, Plan, ServicePlan, StepPlan, TopicPlan } from '../plan.ts'
import { Report } from '../report.ts'
import { describeType } from '../type-text.ts'
import type { Type } from '../types.ts'
import { readTree } from '../yaml/read-tree.ts'
import type { PackageLoader } from './loader.ts'
import type { PackageFunction, PackageModel } from './model.ts'
import { readPackage } from './read-package.ts'

export interface CompilePackageResult {
  /** null iff a diagnostic is an error. */
  readonly package: PackageModel | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Compiles the text of a package file of any apiVersion from 0.4.0 on, with `packages` for what it imports. */
export function compilePackageWith(
  text: string,
  options: CompileOptions,
  packages: PackageLoader
): CompilePackageResult {
  const report = new Report(options.file, text, options.readSchema?.bind(options) ?? null)
  const tree = readTree(report)
  if (tree === null && !report.hasErrors) {
    const hint = 'Begin with "apiVersion: 1.0.0".'
    report.error('EMPTY', { start: 0, end: 1 }, 'the file is empty', hint)
  }
  const found =
    tree === null
      ? null
      : readPackage(tree, report, {
          folder: '.',
          isInstalled: false,
          readModule: options.readModule?.bind(options),
          imports: (context, section) =>
            packages.importsOf(context, section, [{ identity: './', name: 'this package' }])
        })
  const isRefused = report.hasErrors || packages.hasErrors
  return {
    package: isRefused ? null : found,
    diagnostics: [...report.diagnostics(), ...packages.diagnostics()]
  }
}

/** What stands for an unknown type. */
const TEXT: Type = { kind: 'string' }

/**
 * A dataflow with a service for each function of a package that is its own: for the type check. Values of unknown
 * types are texts there.
 */
export function planOfPackage(found: PackageModel): Plan {
  const own = [...found.functions.values()].filter(
    one => one.package === `${found.namespace}/${found.name}`
  )
  const topics: Record<string, TopicPlan> = {}
  const services = own.map(one => {
    const [input, output] = [topicOf(`${one.name}.in`, one, one.input), outputOf(one)]
    topics[input.id] = input
    if (output !== null) topics[output.id] = output
    return serviceOf(one, input, output)
  })
  return {
    apiVersion: '1.0.0',
    name: found.name,
    namespace: found.namespace,
    version: found.version,
    file: found.file,
    topics,
    types: Object.fromEntries([...found.types].map(([name, { type }]) => [name, type])),
    services
  }
}

function outputOf(one: PackageFunction): TopicPlan | null {
  const passesOn = ['filter', 'assign-key', 'assign-id', 'assign-timestamp', 'merge']
  if (passesOn.includes(one.operator)) return null
  return one.output === null ? null : topicOf(`${one.name}.out`, one, one.output)
}

function topicOf(id: string, one: PackageFunction, type: Type | null): TopicPlan {
  return {
    id,
    name: id,
    partitions: null,
    key: null,
    value: { type: type ?? TEXT, converter: 'json' },
    start: { position: 'beginning', value: 0 },
    compression: 'none',
    retentionMs: null,
    retentionBytes: null,
    cleanup: null,
    at: one.at
  }
}

function serviceOf(one: PackageFunction, input: TopicPlan, output: TopicPlan | null): ServicePlan {
  const { at, operator } = one
  const step: StepPlan = {
    operator,
    name: one.name,
    code: one.code.kind === 'module' ? { ...one.code, at } : one.code,
    with: one.with,
    input: one.input,
    output: one.output,
    outputKey: one.outputKey,
    at
  }
  const isTime = operator === 'assign-timestamp'
  const isClosing = operator === 'flush' || operator === 'merge'
  const time = {
    assignTimestamp: isTime ? step : null,
    timestampArgument: 'context' as const,
    outOfOrdernessMs: 0,
    idlenessMs: null,
    futureBoundMs: 0,
    at
  }
  return {
    name: one.name,
    sources: [{ topic: input.id, steps: [], at }],
    states: one.states.map(({ name, property, key, value, ttlMs }) => {
      return { kind: 'owned', name, property, key, value, ttlMs, windowed: isClosing, at } as const
    }),
    steps: ['map', 'filter', 'filter-map', 'flat-map', 'assign-id'].includes(operator)
      ? [step]
      : [],
    time: isTime ? time : null,
    window: isClosing
      ? {
          shape: { kind: 'global' },
          time: 'processing',
          gracePeriodMs: 0,
          steps: [],
          merge: operator === 'merge' ? step : null,
          flush: operator === 'flush' ? step : null,
          flushKey: null,
          early: null,
          lateTopic: null,
          at
        }
      : null,
    partition: partitionOf(one, step),
    emitsFromUpdateState: true,
    sinks: output === null ? [] : [{ topic: output.id, steps: [], at }],
    errors: { policy: 'dead-letter', retries: 0, backoffMs: 0, backoffMaxMs: 0 },
    output: one.output,
    at
  }
}

function partitionOf(one: PackageFunction, step: StepPlan): PartitionPlan | null {
  if (step.operator === 'assign-key') return { assignKey: step, steps: [], updateState: null }
  if (step.operator !== 'update-state') return null
  return { assignKey: keyStep(one, step), steps: [], updateState: step }
}

/** An assign-key before a step that needs one, with the key of the states. It is never called. */
function keyStep(one: PackageFunction, step: StepPlan): StepPlan {
  const key = one.states[0]?.key ?? TEXT
  const returns = `: ${describeType(key)}`
  const source = keySource(returns)
  const javascript = keySource(' '.repeat(returns.length))
  return {
    operator: 'assign-key',
    name: 'by-key',
    code: { kind: 'inline', source, javascript, at: step.at, indent: 0, functionName: 'byKey' },
    with: {},
    input: step.input,
    output: step.input,
    outputKey: key,
    at: step.at
  }
}

const keySource = (type: string): string =>
  `function byKey()${type} { throw new Error("never called") }`
