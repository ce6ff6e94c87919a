// How keys and values of a topic are written as text: as a dataflow file declares them, else as UTF-8.
import { MillraceError, SystemClock } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import type { TopicPlan } from '../../dataflow/plan.ts'
import {
  hasErrors,
  loadFiles,
  TopicTable,
  writersForm,
  type RecordForms
} from '../../server/index.ts'
import { note } from '../output/output.ts'

/** The forms of topics by name. */
export type FormsOf = (topic: string) => RecordForms

/**
 * The forms of `topics`; `file` is a dataflow file that declares their types, or a folder with one.
 * @throws USAGE the file has mistakes, or declares none of the topics
 */
export function recordForms(file: string | undefined, topics: readonly string[]): FormsOf {
  const table = file === undefined ? new TopicTable([]) : tableOf(file, topics)
  return topic => table.forms(topic)
}

/** Where types of records that are printed come from. */
export interface PrintedTypes {
  /** A dataflow file that declares them, or a folder with one. */
  readonly types?: string
  /** The URL of a schema registry: values are printed by the schemas of their writers. */
  readonly registry?: string
  readonly registryAuthEnv?: string
}

/**
 * As {@link recordForms} for records that are printed: registries are asked for schemas, until `signal` ends the wait.
 * @throws USAGE, REGISTRY_AUTH
 */
export function printedForms(
  { types, registry, registryAuthEnv }: PrintedTypes,
  topics: readonly string[],
  signal: AbortSignal
): FormsOf {
  const options = { clock: new SystemClock(), env: {}, onWarning: note }
  const table = types === undefined ? new TopicTable([]) : tableOf(types, topics)
  if (registry !== undefined) {
    const plan = { url: checkRegistry(registry), authEnv: registryAuthEnv ?? null }
    const value = writersForm(plan, options, signal)
    return topic => ({ ...table.forms(topic), value })
  }
  const made = new Map(topics.map(topic => [topic, table.outForms(topic, options, signal)]))
  return topic => made.get(topic) ?? table.forms(topic)
}

/** @throws USAGE */
function checkRegistry(text: string): string {
  const url = URL.parse(text)
  const isHttp = url !== null && /^https?:$/.test(url.protocol)
  if (isHttp && url.username === '' && url.search === '') return text.replace(/\/+$/, '')
  throw new MillraceError(
    'USAGE',
    `--registry ${text}: it takes the URL of a schema registry without a user, as in http://127.0.0.1:8081; ` +
      'name the variable with user:password or Bearer TOKEN by --registry-auth-env'
  )
}

/**
 * What throws at bytes that are no value of `topic`, where the text of values is their bytes: the others are checked as
 * they are encoded. null: there is nothing to check.
 * @throws as {@link recordForms}
 */
export async function valueCheck(
  file: string | undefined,
  topic: string
): Promise<((bytes: Buffer) => void) | null> {
  if (file === undefined) return null
  const plan = topicsOf(file).find(each => each.name === topic)
  if (plan === undefined || plan.value.converter !== 'json') return null
  const { topicCodecs } = await import('../../client/index.ts')
  const { value } = await topicCodecs(plan)
  return bytes => void value.decode(bytes)
}

function tableOf(file: string, topics: readonly string[]): TopicTable {
  const table = new TopicTable(plansOf(file))
  const names = table.names()
  if (topics.some(topic => names.includes(topic))) return table
  const nearest = nearestWord(topics[0]!, names)
  const hint =
    nearest === null ? `expected was one of ${names.join(', ')}` : `did you mean "${nearest}"?`
  throw new MillraceError('USAGE', `${file} declares no topic ${topics.join(' and no ')}; ${hint}`)
}

function topicsOf(file: string): TopicPlan[] {
  return plansOf(file).flatMap(plan => Object.values(plan.topics))
}

function plansOf(file: string) {
  const { dataflows, diagnostics } = loadFiles([file])
  if (dataflows.length > 0 && !hasErrors(diagnostics)) return dataflows.map(({ plan }) => plan)
  throw new MillraceError(
    'USAGE',
    `${file} declares no types that can be used; expected was a dataflow file without mistakes; ` +
      `see millrace check ${file}`
  )
}
