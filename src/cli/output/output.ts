// Printing for people and for programs: data to stdout, everything else to stderr, tables that align.
import { styleText } from 'node:util'

/** How a command prints its result: for people, or for programs. */
export type ListFormat = 'table' | 'json' | 'yaml'

/** A table: headings, and rows of cells. Numbers stand at the right. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export type Cell = string | number | boolean | null

/** Data for programs: stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/**
 * Prints a list: for programs the objects, for people a table of them, or `none`, a sentence on stderr, where there are
 * none.
 */
export async function printList<T>(
  objects: readonly T[],
  { output, columns, row, none }: ListForm<T>
): Promise<void> {
  if (output !== 'table') print(await serialise(objects, output))
  else if (objects.length === 0) note(none)
  else print(formatTable({ columns, rows: objects.map(row) }))
}

/** What {@link printList} needs beside the objects. */
export interface ListForm<T> {
  readonly output: ListFormat
  readonly columns: readonly string[]
  readonly row: (object: T) => readonly Cell[]
  /** Said where the list is empty: that it is, and why that may be. */
  readonly none: string
}

/** Words for people: stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Styled for stderr when that is a terminal and NO_COLOR is not set; else plain. */
export function styled(style: 'bold' | 'dim' | 'red' | 'yellow' | 'green', text: string): string {
  return colorsOn() ? styleText(style, text, { validateStream: false }) : text
}

/** Whether stderr takes colours. */
export function colorsOn(): boolean {
  return process.stderr.isTTY === true && !process.env['NO_COLOR']
}

/** `value` in one of the formats for programs; ends without a line end. */
export async function serialise(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return JSON.stringify(value, plainBigint, 2)
  const { stringify } = await import('yaml')
  return stringify(value).trimEnd()
}

/** Aligns the table with two spaces between columns; the cells are cleaned of control characters. */
export function formatTable(table: Table): string {
  const cells = [
    table.columns.map(name => name.toUpperCase()),
    ...table.rows.map(row => row.map(cellText))
  ]
  const widths = table.columns.map((_, column) =>
    Math.max(...cells.map(row => widthOf(row[column] ?? '')))
  )
  const right = table.columns.map(
    (_, column) =>
      table.rows.length > 0 &&
      table.rows.every(row => row[column] === null || typeof row[column] === 'number')
  )
  return cells
    .map(row =>
      row
        .map((cell, column) => {
          const space = ' '.repeat(Math.max(0, widths[column]! - widthOf(cell)))
          return right[column] ? space + cell : cell + space
        })
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** A count with its noun: `1 record`, `20,000 records`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`
}

/** A number with separators of thousands. The locale's own formatter costs 15 ms and 10 MB to load. */
export function formatNumber(value: number): string {
  const [whole, fraction] = String(Math.round(value * 10) / 10).split('.') as [string, string?]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Bytes in the unit that reads best: `812 B`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

const DURATION_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1]
] as const

/** A duration in the units that read best: `12 ms`, `3.4 s`, `2 min 5 s`, `7 d`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  let seconds = Math.round(milliseconds / 1000)
  const first = DURATION_UNITS.findIndex(([, size]) => seconds >= size)
  const parts: string[] = []
  for (const [unit, size] of DURATION_UNITS.slice(first, first + 2)) {
    const count = Math.floor(seconds / size)
    seconds -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.join(' ')
}

function cellText(cell: Cell): string {
  if (cell === null) return '-'
  return typeof cell === 'string' ? oneLine(cell) : String(cell)
}

/** Text that cannot break a line or steer the terminal. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, found => {
    if (found === '\n') return '\\n'
    return found === '\t' ? '\\t' : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Columns that a text takes, near enough: wide East Asian characters count twice. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
        character
      )
        ? 2
        : 1
  return width
}

function plainBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint'
    ? Number.isSafeInteger(Number(value))
      ? Number(value)
      : String(value)
    : value
}
