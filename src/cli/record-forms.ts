// How keys and values of a topic are written as text: as a dataflow file declares them, else as UTF-8.
import { MillraceError } from '../base/index.ts'
import {
  hasErrors,
  loadFiles,
  TopicTable,
  type LoadedDataflow,
  type RecordForms
} from '../server/index.ts'

/** The forms of topics; `file` is a dataflow file that declares their types. @throws USAGE the file has mistakes */
export function recordForms(file: string | undefined): (topic: string) => RecordForms {
  if (file === undefined) {
    const texts = new TopicTable([])
    return topic => texts.forms(topic)
  }
  const loaded = loadFiles([file])
  const plans = loaded.dataflows.map(({ plan }: LoadedDataflow) => plan)
  if (plans.length === 0 || hasErrors(loaded.diagnostics)) {
    throw new MillraceError(
      'USAGE',
      `${file} declares no types that can be used; expected was a dataflow file without mistakes; ` +
        `see millrace check ${file}`
    )
  }
  const table = new TopicTable(plans)
  return topic => table.forms(topic)
}
