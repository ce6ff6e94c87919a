// How `millrace consume` prints records: as values, keys, JSON, bytes, a table, or by a template.
import { MillraceError } from '../../base/index.ts'
import type { ConsumedRecord } from '../../client/index.ts'
import { formatTable, oneLine, type Cell } from '../output/output.ts'
import type { FormsOf } from './record-forms.ts'

/** A record as it was read. */
export type RawConsumed = ConsumedRecord<Buffer, Buffer>

export type ConsumeFormat = 'value' | 'key' | 'json' | 'raw' | 'table'

/** What a record is printed as: text with its line end, or bytes. */
export type RecordPrinter = (record: RawConsumed) => string | Uint8Array

const NOTHING = 'null'

/** Printer of a format, `table` apart. */
export function printerOf(format: Exclude<ConsumeFormat, 'table'>, forms: FormsOf): RecordPrinter {
  switch (format) {
    case 'value':
      return record => `${valueText(record, forms)}\n`
    case 'key':
      return record => `${keyText(record, forms)}\n`
    case 'raw':
      return record => record.value ?? ''
    case 'json':
      return record => `${jsonLine(record, forms)}\n`
  }
}

const FIELDS: Readonly<Record<string, (record: RawConsumed, forms: FormsOf) => string>> = {
  key: keyText,
  value: valueText,
  topic: record => record.topic,
  partition: record => String(record.partition),
  offset: record => String(record.offset),
  time: record => timeText(record.timestamp),
  timestamp: record => String(record.timestamp),
  headers: record => JSON.stringify(headersOf(record))
}

/** Printer of a template with `{{key}}`, `{{value}}`, …; `\n` and `\t` are meant. @throws USAGE an unknown field */
export function templatePrinter(template: string, forms: FormsOf): RecordPrinter {
  const parts = template
    .replaceAll(String.raw`\n`, '\n')
    .replaceAll(String.raw`\t`, '\t')
    .split(/\{\{\s*(.*?)\s*\}\}/)
  const writers = parts.map((part, index) => {
    if (index % 2 === 0) return () => part
    const field = Object.hasOwn(FIELDS, part) ? FIELDS[part] : undefined
    if (field !== undefined) return (record: RawConsumed) => field(record, forms)
    const known = Object.keys(FIELDS).join(', ')
    throw new MillraceError(
      'USAGE',
      `--format has {{${part}}}, which no record has; expected was one of ${known}; correct it`
    )
  })
  return record => `${writers.map(write => write(record)).join('')}\n`
}

/** Records as a table: fields of values that are JSON objects are columns, and the topic where there are several. */
export function recordTable(records: readonly RawConsumed[], forms: FormsOf): string {
  const values = records.map(record => objectOf(valueText(record, forms)))
  const fields = [...new Set(values.flatMap(value => (value === null ? [] : Object.keys(value))))]
  const hasPlain = values.some(value => value === null)
  const isMixed = records.some(record => record.topic !== records[0]?.topic)
  const columns = [
    ...(isMixed ? ['topic'] : []),
    'partition',
    'offset',
    'time',
    'key',
    ...fields,
    ...(hasPlain ? ['value'] : [])
  ]
  const rows = records.map((record, index): Cell[] => {
    const value = values[index]!
    return [
      ...(isMixed ? [record.topic] : []),
      record.partition,
      record.offset,
      timeText(record.timestamp),
      record.key === null ? null : keyText(record, forms),
      ...fields.map(field => cellOf(value?.[field])),
      ...(hasPlain ? [value === null ? valueText(record, forms) : null] : [])
    ]
  })
  return formatTable({ columns, rows })
}

/** A value as text: `null` where there is none. */
export function valueText(record: RawConsumed, forms: FormsOf): string {
  return record.value === null ? NOTHING : forms(record.topic).value.printText(record.value)
}

function keyText(record: RawConsumed, forms: FormsOf): string {
  return record.key === null ? NOTHING : forms(record.topic).key.printText(record.key)
}

/** Headers by name; of one that comes twice, the last. */
export function headersOf({ headers }: RawConsumed): Record<string, string | null> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, value?.toString() ?? null]))
}

function jsonLine(record: RawConsumed, forms: FormsOf): string {
  const { key, value, timestamp, partition, offset, topic, headers } = record
  const form = forms(topic)
  const texts = [
    `"key":${key === null ? NOTHING : form.key.printJson(key)}`,
    `"value":${value === null ? NOTHING : form.value.printJson(value)}`,
    `"timestamp":${timestamp}`,
    ...(headers.length === 0 ? [] : [`"headers":${JSON.stringify(headersOf(record))}`]),
    `"topic":${JSON.stringify(topic)}`,
    `"partition":${partition}`,
    `"offset":${offset}`
  ]
  return `{${texts.join(',')}}`
}

function timeText(timestamp: number): string {
  const date = new Date(timestamp)
  return Number.isNaN(date.getTime()) ? String(timestamp) : date.toISOString()
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  return typeof value === 'string' ? oneLine(value) : JSON.stringify(value)
}
