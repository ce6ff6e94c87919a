// How keys and values of a topic are written as text: as a dataflow file declares them, else as UTF-8.
import { MillraceError } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { TopicPlan } from '../dataflow/plan.ts'
import { hasErrors, loadFiles, TopicTable, type RecordForms } from '../server/index.ts'

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
  const { topicCodecs } = await import('../client/index.ts')
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
