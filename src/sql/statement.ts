// A user's statement made ready: names of states become names of tables, and what is not a query is refused.
import { MillraceError } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import { type Names, type Table, nearestTable, snake } from './tables.ts'
import { type Token, tokensOf } from './tokens.ts'

/** A statement that may be prepared. */
export interface Statement {
  readonly source: string
  readonly tokens: readonly Token[]
  /** With the tables' own names. */
  readonly sql: string
  /** Tables that it may read. */
  readonly tables: readonly Table[]
  readonly names: Names
}

/** How long a statement may be, in characters. */
export const SQL_TEXT_MAX = 100_000

/** Reads a statement. @throws SQL_INVALID it is none, more than one, or does not begin as a query does */
export function readStatement(source: string, names: Names): Statement {
  if (source.length > SQL_TEXT_MAX) {
    throw new MillraceError(
      'SQL_INVALID',
      `the statement has ${source.length} characters; expected at most ${SQL_TEXT_MAX}; write it shorter`
    )
  }
  const all = tokensOf(source)
  const end = all.findIndex(one => one.kind === 'other' && one.value === ';')
  const tokens = end < 0 ? all : all.slice(0, end)
  const surplus = end < 0 ? undefined : all.slice(end).find(one => one.value !== ';')
  if (surplus !== undefined) {
    throw at(source, surplus.start, 'a second statement begins here; give one statement at a time')
  }
  const [first] = tokens
  if (first === undefined) throw at(source, 0, 'there is no statement; write select …')
  if (!['select', 'with', 'values'].includes(first.value.toLowerCase()) || first.kind !== 'word') {
    throw at(
      source,
      first.start,
      `${first.value} is no query: only select, with and values are taken`
    )
  }
  const tables = new Set<Table>()
  let sql = ''
  let copied = 0
  for (let index = 0; index < tokens.length; index++) {
    const found = tableAt(tokens, index, names)
    if (found === null) continue
    tables.add(found.table)
    if (found.isAsWritten) continue
    const { start } = tokens[index]!
    const { end: stop } = tokens[found.last]!
    sql += `${source.slice(copied, start)}"${found.table.name}"`
    copied = stop
    index = found.last
  }
  sql += source.slice(copied, end < 0 ? source.length : all[end]!.start)
  return { source, tokens, sql, tables: [...tables], names }
}

/** The table named from token `index` on: `service.state`, or one name. */
function tableAt(
  tokens: readonly Token[],
  index: number,
  names: Names
): { readonly table: Table; readonly last: number; readonly isAsWritten: boolean } | null {
  const token = tokens[index]!
  if (!isName(token) || tokens[index - 1]?.value === '.') return null
  const second = tokens[index + 2]
  if (tokens[index + 1]?.value === '.' && second !== undefined && isName(second)) {
    const pair = names.get(`${token.value}.${second.value}`.toLowerCase())
    if (pair !== undefined) return { table: pair, last: index + 2, isAsWritten: false }
  }
  const before = tokens[index - 1]?.value.toLowerCase()
  // A function or an alias is no table.
  if (tokens[index + 1]?.value === '(' || before === 'as') return null
  const table = names.get(token.value.toLowerCase())
  if (table === undefined) return null
  // The table's own name may also be a column's or a keyword: it stays as it is.
  const isPlaced = before === 'from' || before === 'join' || tokens[index + 1]?.value === '.'
  const isAsWritten =
    token.value.toLowerCase() === table.name || (!isPlaced && isColumn(token.value, names))
  return { table, last: index, isAsWritten }
}

function isColumn(name: string, names: Names): boolean {
  for (const { columns } of names.values()) {
    if (columns.some(column => column.name.toLowerCase() === name.toLowerCase())) return true
  }
  return false
}

function isName(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'quoted'
}

/** What SQLite said, with the place in the user's text and the nearest name. */
export function describeError(statement: Statement, message: string): MillraceError {
  const { source, tokens, names, tables } = statement
  const missing = /^no such (table|column|function): (.+)$/.exec(message)
  const near = /^near "(.*)": syntax error$/s.exec(message)
  const asked =
    missing?.[2] ??
    near?.[1] ??
    /^(?:ambiguous column name|wrong number of arguments to function): ?(\w+)/.exec(message)?.[1]
  const name = asked?.split('.').at(-1) ?? null
  const token = name === null ? undefined : placeOf(tokens, name, asked!)
  const kebab = kebabHint(source, names)
  let hint = ''
  if (kebab !== null) hint = `; ${kebab}`
  else if (missing?.[1] === 'table') hint = tableHint(asked!, names)
  else if (missing?.[1] === 'column') hint = columnHint(name!, tables)
  return at(
    source,
    token?.start ?? (message === 'incomplete input' ? source.length : 0),
    message + hint
  )
}

function same(token: Token | undefined, text: string): boolean {
  return token?.value.toLowerCase() === text.toLowerCase()
}

function placeOf(tokens: readonly Token[], name: string, asked: string): Token | undefined {
  const [first] = asked.split('.')
  const qualified = tokens.find(
    (token, index) =>
      same(token, name) && tokens[index - 1]?.value === '.' && same(tokens[index - 2], first!)
  )
  return qualified ?? tokens.find(token => same(token, name) && token.kind !== 'text')
}

function tableHint(asked: string, names: Names): string {
  const same = [...names].filter(
    ([name, { state }]) => name.includes('.') && snake(state).endsWith(`.${snake(asked)}`)
  )
  const full = [...new Set(same.map(([, { state }]) => snake(state)))]
  if (full.length > 1) return `; several services have it: write ${full.join(' or ')}`
  const nearest = nearestTable(asked, names)
  if (nearest !== null) return `; did you mean ${nearest}?`
  const known = [...new Set([...names.values()].map(table => table.name))]
  return known.length === 0
    ? '; there are no states'
    : `; there are ${known.slice(0, 20).join(', ')}`
}

function columnHint(name: string, tables: readonly Table[]): string {
  const columns = [...new Set(tables.flatMap(table => table.columns.map(column => column.name)))]
  const nearest = nearestWord(name, columns)
  if (nearest !== null && nearest !== name) return `; did you mean ${quoted(nearest)}?`
  return columns.length === 0 ? '' : `; there are ${columns.slice(0, 30).map(quoted).join(', ')}`
}

/** A name with hyphens reads as a subtraction: says so where it is a table's or a column's. */
function kebabHint(source: string, names: Names): string | null {
  const columns = [...names.values()].flatMap(table => table.columns.map(column => column.name))
  const known = new Set([...names.keys(), ...columns])
  for (const [text] of source.matchAll(/(?<!["`[\w-])[A-Za-z_][\w.]*(?:-[\w.]+)+/g)) {
    if (!known.has(text.toLowerCase()) && !known.has(text)) continue
    const plain = names.has(snake(text)) ? `${snake(text)} or ` : ''
    return `a hyphen is a minus outside of quotes: write ${plain}"${text}"`
  }
  return null
}

function quoted(column: string): string {
  return /^[A-Za-z_]\w*$/.test(column) ? column : `"${column}"`
}

/** An error at a place of the user's text, with its line and a mark below. */
export function at(source: string, index: number, what: string): MillraceError {
  const before = source.slice(0, index).split('\n')
  const line = before.length
  const column = before.at(-1)!.length
  const text = source.split('\n')[line - 1] ?? ''
  const from = Math.max(0, column - 60)
  const shown = text.slice(from, from + 100)
  return new MillraceError(
    'SQL_INVALID',
    `${line}:${column + 1}: ${what}\n  ${shown}\n  ${' '.repeat(column - from)}^`,
    { details: { line, column: column + 1 } }
  )
}
