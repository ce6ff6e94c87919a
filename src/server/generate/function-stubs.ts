// Typed stubs of the functions that a dataflow or package names in modules and that are not written yet.
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { OperatorKind, Plan, ServicePlan, StatePlan, StepPlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { listText, toCamel } from '../../dataflow/index.ts'
import { TypeText } from '../../runtime/code/index.ts'
import { allSteps } from '../../runtime/index.ts'
import { aliasesIn, typeNamesIn } from './types-text.ts'

/** A module with the functions that were missing. */
export interface StubModule {
  /** Absolute path. */
  readonly path: string
  readonly text: string
  /** Whether the module was there before; its text then begins as it was. */
  readonly isNew: boolean
  readonly functions: readonly string[]
}

/** Name of the module with the types, beside the file. */
export const TYPES_MODULE = 'types.ts'

/** The modules of `plan`, whose file stands in `folder`, with a stub for every function that they do not export. */
export function stubModules(plan: Plan, folder: string): StubModule[] {
  const missing = new Map<string, Map<string, string>>()
  for (const service of plan.services) {
    for (const step of allSteps({ ...plan, services: [service] })) {
      const { code } = step
      if (code.kind !== 'module' || !/^\.\.?\/.*\.m?ts$/.test(code.specifier)) continue
      const path = join(folder, code.specifier)
      const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
      if (
        new RegExp(`\\bexport\\b[^\\n]*\\b${code.exportName.replaceAll('$', '\\$')}\\b`).test(
          before
        )
      )
        continue
      let functions = missing.get(path)
      if (functions === undefined) missing.set(path, (functions = new Map()))
      functions.set(code.exportName, stubOf(plan, service, step, code.exportName))
    }
  }
  return [...missing].map(([path, functions]) => moduleOf(plan, folder, path, functions))
}

function moduleOf(
  plan: Plan,
  folder: string,
  path: string,
  functions: ReadonlyMap<string, string>
): StubModule {
  const isNew = !existsSync(path)
  const before = isNew ? '' : readFileSync(path, 'utf8').trimEnd()
  const body = [...functions.values()].join('\n\n')
  const aliases = aliasesIn(body).filter(line => !before.includes(line))
  const head = [...importsOf(plan, body, before, relativeTypes(folder, path)), ...aliases]
  const title = isNew
    ? [`// Functions of ${basename(plan.file)}.`]
    : [before, ...(head.length > 0 ? [''] : [])]
  const text = `${[...title, ...head, '', body].join('\n')}\n`
  return { path, text, isNew, functions: [...functions.keys()] }
}

function relativeTypes(folder: string, path: string): string {
  const up =
    dirname(path) === folder
      ? './'
      : '../'.repeat(path.slice(folder.length + 1).split('/').length - 1)
  return `${up}${TYPES_MODULE}`
}

/** Imports that a module needs and has not. */
function importsOf(plan: Plan, body: string, before: string, types: string): string[] {
  const has = (name: string): boolean =>
    new RegExp(`\\bimport\\b[^;]*\\b${name}\\b[^;]*\\bfrom\\b`).test(before)
  const ours = ['Context', 'KeyedState', 'KeyedStateReader', 'KeyValue'].filter(
    name => new RegExp(`\\b${name}\\b`).test(body) && !has(name)
  )
  const own = typeNamesIn(body, plan).filter(name => !has(name))
  return [
    ...(ours.length === 0 ? [] : [`import type { ${ours.join(', ')} } from 'millrace/dataflow'`]),
    ...(own.length === 0 ? [] : [`import type { ${own.join(', ')} } from '${types}'`])
  ]
}

function stubOf(plan: Plan, service: ServicePlan, step: StepPlan, name: string): string {
  const types = new TypeText(plan.types)
  const text = (type: Type | null): string => (type === null ? 'unknown' : types.of(type))
  const states = statesText(plan, service, text)
  const context = `ctx: Context${states === '' ? '' : `<${states}>`}`
  const takesNothing = step.operator === 'flush'
  const value =
    step.input !== null && 'name' in step.input && step.input.name !== null
      ? toCamel(step.input.name)
      : 'value'
  const parameters = takesNothing ? context : `${value}: ${text(step.input)}, ${context}`
  const result = resultOf(step.operator, text(outputOf(plan, service, step)), text(step.outputKey))
  return (
    `/** ${step.operator}: ${WHAT[step.operator]} */\n` +
    `export function ${name}(${parameters}): ${result} {\n` +
    `  throw new Error('${name} is not written yet')\n}`
  )
}

/** What a step gives; where nobody says it, what the sinks take from the last one. */
function outputOf(plan: Plan, service: ServicePlan, step: StepPlan): Type | null {
  if (step.output !== null) return step.output
  const last =
    service.partition?.updateState ?? service.partition?.steps.at(-1) ?? service.steps.at(-1)
  const sink = service.sinks.find(({ steps }) => steps.length === 0)
  const isLast = service.window === null && last === step && sink !== undefined
  return isLast ? plan.topics[sink.topic]!.value.type : null
}

function statesText(plan: Plan, service: ServicePlan, text: (type: Type) => string): string {
  const fields = service.states.map(state => `${state.property}: ${stateText(plan, state, text)}`)
  return fields.length === 0 ? '' : `{ ${fields.join('; ')} }`
}

function stateText(plan: Plan, state: StatePlan, text: (type: Type) => string): string {
  if (state.kind === 'owned') return `KeyedState<${text(state.key)}, ${text(state.value)}>`
  const owner = plan.services.find(({ name }) => name === state.service)
  const owned = owner?.states.find(({ name }) => name === state.state)
  if (owned?.kind !== 'owned') return 'never'
  return `KeyedStateReader<${text(owned.key)}, ${text(owned.value)}>`
}

const WHAT: Readonly<Record<OperatorKind, string>> = {
  map: 'returns what the value becomes.',
  filter: 'returns whether the value stays.',
  'filter-map': 'returns what the value becomes, or undefined to drop it.',
  'flat-map': 'returns a list; each of its values goes on.',
  'assign-key': 'returns the key of the value.',
  'assign-id': 'returns the id of the function that gets the value.',
  'assign-timestamp': 'returns the time at which it happened, in milliseconds since 1970.',
  'update-state': 'changes the state under the key; what it returns goes to the sinks.',
  merge: 'adds one part of a window to another.',
  flush: 'returns the result of a window.',
  migrate: 'returns what a stored value becomes.'
}

function resultOf(operator: OperatorKind, output: string, key: string): string {
  switch (operator) {
    case 'filter':
      return 'boolean'
    case 'flat-map':
      return listText(output)
    case 'filter-map':
    case 'flush':
      return `${output} | undefined`
    case 'update-state':
      return output === 'unknown' ? 'void' : `${output} | undefined`
    case 'assign-key':
    case 'assign-id':
      return key === 'unknown' ? 'string' : key
    case 'assign-timestamp':
      return 'number'
    case 'merge':
      return 'void'
    default:
      return output
  }
}
