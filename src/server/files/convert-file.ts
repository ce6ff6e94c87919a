// A dataflow in its other form: a file as code, code as a file.
import { resolve } from 'node:path'
import { printCode } from '../../builder/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import { toCamel } from '../../dataflow/index.ts'
import type { Plan, Position } from '../../dataflow/plan.ts'
import { allSteps } from '../../runtime/index.ts'
import { isBuiltFile, yamlOfBuiltFile } from './built-dataflows.ts'
import { hasErrors, loadFiles, nameOf } from './dataflow-files.ts'
import { fileError } from './file-error.ts'
import { readText } from './package-files.ts'

/** What a dataflow comes to in its other form. */
export interface ConvertedFile {
  /** Empty iff a diagnostic is an error. */
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
  /** Texts of the files, by the names in the diagnostics. */
  readonly texts: ReadonlyMap<string, string>
}

/** Reads a dataflow file or a module with one dataflow, and writes the other. Never throws for what users wrote. */
export function convertFile(file: string): ConvertedFile {
  if (isBuiltFile(file)) {
    const texts = new Map<string, string>()
    const read = (path: string): string | null => {
      const text = readText(path)
      if (text !== null) texts.set(nameOf(path), text)
      return text
    }
    read(resolve(file))
    const { text, diagnostics } = yamlOfBuiltFile(resolve(file), { nameOf, readText: read })
    return { text: hasErrors(diagnostics) ? '' : text, diagnostics, texts }
  }
  const { dataflows, diagnostics, texts } = loadFiles([file])
  const [first] = dataflows
  if (first === undefined || hasErrors(diagnostics)) return { text: '', diagnostics, texts }
  const { plan } = first
  const problem = problemOf(plan)
  if (problem !== null) return { text: '', diagnostics: [...diagnostics, problem], texts }
  return { text: printCode(plan), diagnostics, texts }
}

/** What the builder can say of a service, a topic and a step; what else a plan holds keeps it in its file. */
const SERVICE_PARTS = new Set(
  'name sources states steps time join window partition emitsFromUpdateState sinks errors output migrate at'.split(
    ' '
  )
)
const TOPIC_PARTS = new Set(
  `id name partitions key value start compression retentionMs retentionBytes cleanup
  function schedule migrate at`.split(/\s+/)
)
const VALUE_PARTS = new Set(['type', 'converter', 'schema', 'registry'])
const STEP_PARTS = new Set('operator name code with input output outputKey at'.split(' '))
const PARTITION_PARTS = new Set(['assignKey', 'dedup', 'steps', 'updateState'])
const STATE_PARTS = new Set(
  'kind name property key value ttlMs ttlAfter windowed result migrate service state at'.split(' ')
)
const JOIN_PARTS = new Set('kind left right beforeMs afterMs gracePeriodMs isTimed at'.split(' '))
const SIDE_PARTS = new Set('topic type state as row value lateTopic'.split(' '))
const STEP_KINDS = new Set(['inline', 'module', 'builtin'])

/** Why a plan cannot be code; null where it can. */
function problemOf(plan: Plan): Diagnostic | null {
  const { topics, services } = plan
  const old = oldProblem(plan)
  if (old !== null) return old
  const parts = [
    ...Object.values(topics).map(topic => ({ part: topic, known: TOPIC_PARTS, at: topic.at })),
    ...Object.values(topics).map(({ value, at }) => ({ part: value, known: VALUE_PARTS, at })),
    ...services.map(service => ({ part: service, known: SERVICE_PARTS, at: service.at })),
    ...services.flatMap(({ partition, at }) =>
      partition === null ? [] : [{ part: partition, known: PARTITION_PARTS, at }]
    ),
    ...services.flatMap(({ join }) =>
      join === undefined
        ? []
        : [
            { part: join, known: JOIN_PARTS, at: join.at },
            { part: join.left, known: SIDE_PARTS, at: join.at },
            { part: join.right, known: SIDE_PARTS, at: join.at }
          ]
    ),
    ...services.flatMap(({ states }) =>
      states.map(state => ({ part: state, known: STATE_PARTS, at: state.at }))
    ),
    ...allSteps(plan).map(step => ({ part: step, known: STEP_PARTS, at: step.at }))
  ]
  for (const { part, known, at } of parts) {
    const unsaid = Object.entries(part).find(([key, value]) => !known.has(key) && isSaid(value))
    if (unsaid !== undefined) return unable(`"${unsaid[0]}"`, at)
  }
  const step = allSteps(plan).find(({ code }) => !STEP_KINDS.has(code.kind))
  return step === undefined
    ? null
    : unable(`the operator "${step.operator}" of the kind ${step.code.kind}`, step.at)
}

/** What files before 1.0.0 say otherwise than code can: functions in modules, names of states. null without any. */
function oldProblem({ apiVersion, services }: Plan): Diagnostic | null {
  if (apiVersion === '1.0.0') return null
  for (const { time, partition, states } of services) {
    const state = states.find(({ name, property }) => property !== toCamel(name))
    if (state !== undefined) {
      const { name, property, at } = state
      const message = `functions call the state "${name}" ${property}, and code has one name for both`
      return unableAt(message, `Call both ${property}, and convert the file then.`, at)
    }
    const timestamp = time?.assignTimestamp ?? null
    const update = partition?.updateState ?? null
    const [step, what, change] =
      timestamp?.code.kind === 'module'
        ? [timestamp, 'gets the time of the record behind the value', 'take (value, ctx) instead']
        : [update, 'gives what nobody gets', 'give nothing']
    if (step?.code.kind !== 'module') continue
    const { specifier, exportName } = step.code
    const message =
      `the function ${exportName} of ${specifier} ${what}, as its file has apiVersion ${apiVersion}; in code ` +
      `${step === timestamp ? 'it gets the context there' : 'that goes on to the sinks'}`
    const hint = `Let it ${change}, write apiVersion: 1.0.0, run millrace check, and convert the file then.`
    return unableAt(message, hint, step.at)
  }
  return null
}

function isSaid(value: unknown): boolean {
  return (
    value !== null &&
    value !== undefined &&
    value !== false &&
    !(Array.isArray(value) && value.length === 0)
  )
}

function unable(what: string, at: Position): Diagnostic {
  return unableAt(`${what} cannot be said in code`, 'Keep the file.', at)
}

function unableAt(message: string, hint: string, { file, line, column }: Position): Diagnostic {
  return { ...fileError('CONVERT_UNABLE', file, message, hint), line, column }
}
