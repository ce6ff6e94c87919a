// SQL in the shell: one statement, the list of tables, and what results look like.
import { MillraceError } from '../../base/index.ts'
import { SQL_TIMEOUT_MS_DEFAULT } from '../../server/index.ts'
import type { Engine, SqlResult } from '../../server/index.ts'
import { counted, formatTable } from '../output/output.ts'
import type { Cell, ListFormat } from '../output/output.ts'
import { listText } from './arguments.ts'
import type { Row } from './arguments.ts'

/** Rows that the shell shows. */
const SHELL_ROWS_MAX = 1_000

/** How the result of a query is printed. */
export type SqlFormat = 'table' | 'json' | 'csv'

/** `sql "select …"`, `sql -o json select …`. @throws USAGE, SQL_INVALID, SQL_LIMIT, SQL_TIMEOUT */
export async function runSql(engine: Engine, rest: string): Promise<string> {
  const option = /^(?:-o|--output)[\s=]+(\S+)\s+/.exec(rest)
  const format = option?.[1] ?? 'table'
  if (format !== 'table' && format !== 'json' && format !== 'csv') {
    throw new MillraceError('USAGE', `-o ${format}: it takes table, json or csv`)
  }
  const text = unquoted(rest.slice(option?.[0].length ?? 0).trim())
  if (/^(show\s+tables|\.tables)\s*;?$/i.test(text)) return showTables(engine, format)
  const result = await engine.sql.query(text, { rowsMax: SHELL_ROWS_MAX })
  const more = result.isCut ? `\n… and more than ${SHELL_ROWS_MAX}; add limit and offset` : ''
  const shown = sqlText(result, format)
  if (format !== 'table') return shown
  return `${shown}${shown === '' ? '' : '\n'}${counted(result.rows.length, 'row')}${more}`
}

/** The tables with their columns. */
export function showTables(
  engine: Engine,
  output: ListFormat | SqlFormat
): Promise<string> | string {
  const rows = engine.sql.tables.map(({ name, dataflow, state, part, columns }): Row => ({
    table: name,
    state: engine.dataflows.length > 1 ? `${dataflow}/${state}` : state,
    rows: { current: 'all keys', flushed: 'last closed window', open: 'open windows' }[part],
    columns: columns.map(column => column.name).join(', ')
  }))
  if (output !== 'csv') return listText(rows, output)
  const names = ['table', 'state', 'rows', 'columns']
  return csv([names, ...rows.map(row => names.map(name => row[name]))])
}

/** A query whose result is for programs: complete, or an error. */
export async function completeResult(
  engine: Engine,
  sql: string,
  options: { readonly rowsMax: number; readonly timeoutMs: number | null }
): Promise<SqlResult> {
  const { rowsMax } = options
  const timeoutMs = options.timeoutMs ?? SQL_TIMEOUT_MS_DEFAULT
  const result = await engine.sql.query(sql, { rowsMax, timeoutMs })
  if (!result.isCut) return result
  throw new MillraceError(
    'SQL_LIMIT',
    `the query gives more than ${rowsMax} rows; expected at most so many; add limit, or aggregate`
  )
}

/** A result as text, without a line end behind it. */
export function sqlText({ columns, rows }: SqlResult, format: SqlFormat): string {
  if (format === 'csv') return csv([columns, ...rows])
  if (format === 'table') {
    if (rows.length === 0) return ''
    return formatTable({ columns, rows: rows.map(row => row.map(cellOf)) })
  }
  const objects = rows.map(row =>
    Object.fromEntries(columns.map((name, index) => [name, printable(row[index])]))
  )
  return JSON.stringify(objects, null, 2)
}

function csv(rows: readonly (readonly unknown[])[]): string {
  return rows.map(row => row.map(csvCell).join(',')).join('\n')
}

/** As RFC 4180 has it. */
function csvCell(value: unknown): string {
  const plain = printable(value)
  if (plain === null || plain === undefined) return ''
  const text = typeof plain === 'object' ? JSON.stringify(plain) : String(plain)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function cellOf(value: unknown): Cell {
  const plain = printable(value)
  return typeof plain === 'object' && plain !== null ? JSON.stringify(plain) : (plain as Cell)
}

/** Bytes as base64, integers beyond 2^53 as digits. */
function printable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return typeof value === 'bigint' ? String(value) : value
}

/** Without the quotes of a shell around all of it. */
function unquoted(text: string): string {
  const found = /^(["'])([\s\S]*)\1$/.exec(text)
  if (found === null) return text
  const inner = found[2]!
  return /^\s*(select|with|values|show)\b/i.test(inner)
    ? inner.replaceAll(`\\${found[1]}`, found[1]!)
    : text
}
