// What a drained run says at its end: per dataflow what came in, went out and failed, and why.
import { FEED_DEAD_LETTERS } from '../../server/index.ts'
import type {
  DataflowSummary,
  DrainSummary,
  FunctionsSummary,
  StateEntry
} from '../../server/index.ts'
import { counted, formatDuration, formatNumber, formatTable, note, oneLine } from './output.ts'
import type { Cell } from './output.ts'

/** Prints the summary on stderr. */
export function noteSummary(summary: DrainSummary): void {
  for (const line of summaryLines(summary)) note(line)
}

/** The lines of a summary. */
export function summaryLines(summary: DrainSummary): string[] {
  const { feed, durationMs } = summary
  const lines = summary.dataflows.flatMap(dataflow => dataflowLines(dataflow, durationMs))
  if (summary.functions !== null) lines.push(...functionsLines(summary.functions, durationMs))
  for (const { topic, nearest } of summary.unwritten) {
    const hint = nearest === null ? 'functions name the topics' : `did you mean "${nearest}"?`
    lines.push(`--out ${topic}: no record was ever written to it; ${hint}`)
  }
  if (feed.rejected > 0) {
    lines.push(`input: ${counted(feed.rejected, 'line')} went to ${FEED_DEAD_LETTERS}:`)
    lines.push(...feed.reasons.map(reason => `  ${oneLine(reason)}`))
    lines.push(...andMore(feed.rejected - feed.reasons.length))
  }
  return lines
}

function dataflowLines(dataflow: DataflowSummary, durationMs: number): string[] {
  const { name, metrics, deadLetterTopic, deadLetters, reasons } = dataflow
  const rate = formatNumber(Math.round((metrics.recordsIn * 1000) / Math.max(1, durationMs)))
  const lines = [
    `${name}: ${counted(metrics.recordsIn, 'record')} in, ${formatNumber(metrics.recordsOut)} out, ` +
      `${formatNumber(metrics.failed)} failed in ${formatDuration(durationMs)} (${rate} records/s)`
  ]
  for (const { service, late } of metrics.times) {
    if (late > 0) lines.push(`  ${counted(late, 'record')} too late for the windows of ${service}`)
  }
  return [...lines, ...deadLetterLines({ deadLetterTopic, deadLetters, reasons })]
}

function functionsLines(functions: FunctionsSummary, durationMs: number): string[] {
  const { recordsIn, invocations, recordsOut } = functions.totals
  const rate = formatNumber(Math.round((invocations * 1000) / Math.max(1, durationMs)))
  return [
    `${functions.name}: ${counted(recordsIn, 'record')} in, ${counted(invocations, 'invocation')}, ` +
      `${formatNumber(recordsOut)} out, ${formatNumber(functions.totals.deadLetters)} failed in ` +
      `${formatDuration(durationMs)} (${rate} invocations/s)`,
    ...deadLetterLines(functions)
  ]
}

function deadLetterLines(
  letters: Pick<DataflowSummary, 'deadLetterTopic' | 'deadLetters' | 'reasons'>
): string[] {
  const { deadLetterTopic, deadLetters, reasons } = letters
  if (deadLetters === 0) return []
  const lines: string[] = []
  lines.push(`  ${counted(deadLetters, 'dead letter')} in ${deadLetterTopic}:`)
  for (const reason of reasons) {
    const { topic, partition, offset, service, operator, code, message, id } = reason
    const places = [
      topic === '' ? '' : `${topic} ${partition}@${offset}`,
      operator === '' ? service : `${service}/${operator}`,
      reason.function === '' ? '' : `${reason.function} ${JSON.stringify(id)}`
    ].filter(place => place !== '')
    lines.push(`    ${places.join(', ')}: ${oneLine(message)} (${code})`)
  }
  lines.push(...andMore(deadLetters - reasons.length).map(line => `  ${line}`))
  return lines
}

function andMore(count: number): string[] {
  return count > 0 ? [`  … and ${formatNumber(count)} more`] : []
}

/** Entries of a state as a table, sorted by key: a column per field, or one for a scalar. */
export function formatEntries(entries: readonly StateEntry[]): string {
  const sorted = entries.toSorted((a, b) => compareKeys(a.key, b.key))
  const fields = new Set<string>()
  for (const { value } of sorted)
    if (isPlainObject(value)) for (const field of Object.keys(value)) fields.add(field)
  const columns = fields.size === 0 ? ['value'] : [...fields]
  const isWindowed = entries.some(({ window }) => window !== undefined)
  const rows = sorted.map(({ key, value, window }) => [
    cellOf(key),
    ...(isWindowed ? [window === undefined ? '*' : windowText(window)] : []),
    ...columns.map(column => {
      if (fields.size === 0) return cellOf(value)
      return isPlainObject(value) ? cellOf(value[column]) : cellOf(value)
    })
  ])
  return formatTable({ columns: ['key', ...(isWindowed ? ['window'] : []), ...columns], rows })
}

/** `start/end` in UTC; `*` for a window without bounds. */
function windowText({ start, end }: { readonly start: number; readonly end: number }): string {
  if (end === Number.MAX_SAFE_INTEGER) return '*'
  return `${timeText(start)}/${timeText(end)}`
}

/** An event time in UTC. */
export function timeText(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'object') return JSON.stringify(value)
  return typeof value === 'bigint' ? String(value) : (value as Cell)
}
