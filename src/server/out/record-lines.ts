// Records as lines: the value as text, or {"key","value","timestamp","partition","offset"} as JSON.
import type { RecordCursor } from '../../record/index.ts'
import type { TextForm } from '../text/text-form.ts'
import { utf8 } from '../text/text-form.ts'

/** The two sides of a topic's records. */
export interface RecordForms {
  readonly key: TextForm
  readonly value: TextForm
}

/** The line of the record that `cursor` stands on, without a line end. */
export function recordLine(
  cursor: RecordCursor,
  partition: number,
  forms: RecordForms,
  format: 'value' | 'json'
): string {
  const value = cursor.value()
  if (format === 'value') return value === null ? 'null' : forms.value.printText(value)
  const key = cursor.key()
  const keyText = key === null ? 'null' : forms.key.printJson(key)
  const valueText = value === null ? 'null' : forms.value.printJson(value)
  const headers = cursor.headerCount === 0 ? '' : `,"headers":${headersJson(cursor)}`
  return (
    `{"key":${keyText},"value":${valueText},"timestamp":${cursor.timestamp},` +
    `"partition":${partition},"offset":${cursor.offset}${headers}}`
  )
}

/** The headers of a record as an object of texts; of equal names the last one counts. */
export function headersOf(cursor: RecordCursor): Record<string, string | null> {
  const entries = cursor
    .headers()
    .map(({ key, value }) => [key, value === null ? null : headerText(value)] as const)
  return Object.fromEntries(entries)
}

function headersJson(cursor: RecordCursor): string {
  return JSON.stringify(headersOf(cursor))
}

function headerText(value: Uint8Array): string {
  return utf8(value) ?? Buffer.from(value).toString('base64')
}
