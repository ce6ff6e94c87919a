// What a test is about: a dataflow of the builder, a file, or a plan; compiled, or refused with its findings.
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError, silenceExperimentalNotices } from '../base/index.ts'
import { compileBuilt, type Dataflow, type DataflowNode, definitionOf } from '../builder/index.ts'
import { formatDiagnostic } from '../dataflow/index.ts'
import type { Diagnostic } from '../dataflow/diagnostics.ts'
import type { Plan, StepPlan, TopicPlan } from '../dataflow/plan.ts'
import type { IngressSpec } from '../functions/index.ts'

/** A dataflow of the builder, the path or URL of a file (YAML or a module), or a plan. */
export type DataflowSource = Dataflow | string | URL | Plan

/** A dataflow that can be started. */
export interface TestedDataflow {
  readonly plan: Plan
  readonly functions: ReadonlyMap<StepPlan, (...args: never[]) => unknown>
  readonly folder: string
}

/** @throws DATAFLOW_INVALID what is wrong with it, as `millrace check` says it */
export async function openSource(source: DataflowSource): Promise<TestedDataflow> {
  const speak = silenceExperimentalNotices()
  try {
    const tested = await compiled(source)
    return { ...tested, plan: withoutRegistries(tested.plan) }
  } finally {
    speak()
  }
}

/** A test asks nobody: records behind a registry are those of the schema alone, as without it. */
function withoutRegistries(plan: Plan): Plan {
  const topics = Object.entries(plan.topics).map(([id, topic]): [string, TopicPlan] => {
    const { registry, ...value } = topic.value
    return [id, registry === undefined ? topic : { ...topic, value }]
  })
  return { ...plan, topics: Object.fromEntries(topics) }
}

async function compiled(source: DataflowSource): Promise<TestedDataflow> {
  const definition = definitionOf(source)
  if (definition !== null) return built(definition)
  if (typeof source === 'object' && 'services' in source) {
    return { plan: source, functions: new Map(), folder: dirname(source.file) }
  }
  const path = source instanceof URL ? fileURLToPath(source) : (source as string)
  const { loadFiles } = await import('../server/index.ts')
  const { dataflows, diagnostics, texts } = loadFiles([path])
  refuse(diagnostics, file => texts.get(file) ?? '')
  const [first, second] = dataflows
  if (first === undefined || second !== undefined) {
    throw new MillraceError(
      'DATAFLOW_INVALID',
      `${path} holds ${dataflows.length} dataflows; one was expected; name its file, or give the dataflow itself`
    )
  }
  return { ...first, functions: first.functions ?? new Map() }
}

async function built(node: DataflowNode): Promise<TestedDataflow> {
  const path = node.at?.path ?? 'dataflow.ts'
  const options = { file: basename(path), nameOf }
  let result = compileBuilt(node, options)
  // Only files of schemas need the disk, and the server's parts with it.
  if (result.diagnostics.some(({ code }) => code === 'SCHEMA_FILE')) {
    const { readText } = await import('../server/index.ts')
    const readSchema = (file: string): string | null => readText(join(dirname(path), file))
    result = compileBuilt(node, { ...options, readSchema })
  }
  const { plan, functions, diagnostics } = result
  refuse(diagnostics, () => '')
  return { plan: plan!, functions, folder: dirname(path) }
}

/** What the plan's sinks send to functions, as ingresses of these. */
export async function ingressesOf(plan: Plan): Promise<IngressSpec[]> {
  const { functionTopics, ingressOf } = await import('../server/index.ts')
  return functionTopics(plan).map(ingressOf)
}

function refuse(diagnostics: readonly Diagnostic[], textOf: (file: string) => string): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  const shown = errors.map(each => formatDiagnostic(each, textOf(each.file), { color: false }))
  throw new MillraceError('DATAFLOW_INVALID', `the dataflow does not compile:\n${shown.join('\n')}`)
}

function nameOf(path: string): string {
  return relative('', path) || path
}
