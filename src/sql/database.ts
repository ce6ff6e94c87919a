// Tables of states in SQLite's memory: filling them, and asking read-only questions.
//
//   Q1  A query sees only the tables of states: other statements, files, extensions and pragmas are refused, by
//       SQLite's authorizer, or where Node has none (22) by `query_only` and the statement's first word.
//   Q2  Nothing is written to disk: the database and its temporary results stand in memory.
import { createRequire } from 'node:module'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { MillraceError, messageOf } from '../base/index.ts'
import { type Cell, readCell } from './columns.ts'
import { type Statement, describeError } from './statement.ts'
import type { Table } from './tables.ts'

/** What a query gave. */
export interface SqlResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  /** Whether there were more rows than were asked for. */
  readonly isCut: boolean
}

/** Bounds of one query. */
export interface QueryLimits {
  readonly rowsMax: number
  /** Estimated bytes of the rows. @throws SQL_LIMIT beyond */
  readonly bytesMax: number
}

/** A value for a `?` of a query. */
export type SqlParameter = string | number | bigint | boolean | null | Uint8Array

/** A row of a table: the key, window and time columns as cells, and the state's value. */
export interface TableRow {
  readonly fixed: readonly unknown[]
  readonly value: unknown
}

/** Codes of SQLite's authorizer that reading takes. */
const ALLOWED = { select: 21, read: 20, function: 31, recursive: 33 } as const
const OK = 0
const DENY = 1
/** Loads what is no part of SQLite, or looks at its memory. */
const FUNCTIONS_REFUSED = new Set(['load_extension', 'fts3_tokenizer', 'sqlite_log'])

let loaded: typeof import('node:sqlite') | null = null

/** SQLite takes 8 ms to load: only who asks pays. */
function sqlite(): typeof import('node:sqlite') {
  loaded ??= createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite')
  return loaded
}

/** A database in memory. */
export class Database {
  readonly #db: DatabaseSync
  readonly #statements = new Map<Table, Statements>()
  readonly #prepared = new WeakMap<Statement, StatementSync>()
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  /** Checks each statement once, when it is prepared. */
  readonly #hasAuthorizer: boolean
  #isReadOnly = false

  constructor(tables: readonly Table[]) {
    this.#db = new (sqlite().DatabaseSync)(':memory:')
    this.#db.exec(
      'pragma journal_mode = off; pragma temp_store = memory; pragma trusted_schema = off'
    )
    for (const table of tables) this.#create(table)
    this.#begin = this.#db.prepare('begin')
    this.#commit = this.#db.prepare('commit')
    this.#hasAuthorizer = 'setAuthorizer' in this.#db
  }

  /**
   * Changes inside `change` cost one transaction. There is no journal to take them back by: where one fails, those
   * before it stay, and its caller makes the table anew.
   */
  write(change: () => void): void {
    this.#setReadOnly(false)
    this.#begin.run()
    try {
      change()
    } finally {
      this.#commit.run()
    }
  }

  /** Adds a row, or puts it into the place of the one with the same key (and window). Within {@link write}. */
  put(table: Table, fixed: readonly unknown[], value: unknown): void {
    // Hot: per row.
    const { put, row } = this.#of(table)
    const { columns } = table
    for (let index = 0; index < columns.length; index++) {
      row[index] = columns[index]!.cell(index < table.fixed ? fixed[index] : value)
    }
    put.run(...row)
  }

  /** Removes the row of a key of a table without windows. Within {@link write}. */
  remove(table: Table, key: unknown): void {
    this.#of(table).remove.run(table.columns[0]!.cell(key) as SQLInputValue)
  }

  /** Removes all rows. Within {@link write}. */
  empty(table: Table): void {
    this.#of(table).empty.run()
  }

  /** Removes rows that were last updated at `atMs` or before. Within {@link write}. */
  expire(table: Table, atMs: number): void {
    this.#of(table).expire.run(atMs)
  }

  /** @throws SQL_INVALID with its place · SQL_LIMIT too much memory or too many bytes */
  query(
    statement: Statement,
    parameters: readonly SqlParameter[],
    { rowsMax, bytesMax }: QueryLimits
  ): SqlResult {
    this.#setReadOnly(true)
    try {
      const prepared = this.#prepare(statement)
      const origins = prepared.columns()
      const types = origins.map(column => column.type)
      const rows: unknown[][] = []
      let bytes = 0
      let isCut = false
      for (const cells of prepared.iterate(...parameters.map(bindable)) as Iterable<unknown>) {
        if (rows.length === rowsMax) {
          isCut = true
          break
        }
        const row = (cells as Cell[]).map((cell, index) => readCell(cell, types[index] ?? null))
        for (const cell of cells as Cell[]) bytes += 16 + lengthOf(cell)
        if (bytes > bytesMax) throw tooLarge(rows.length, bytesMax)
        rows.push(row)
      }
      return { columns: origins.map(column => column.name), rows, isCut }
    } catch (error) {
      throw this.#explained(statement, error)
    }
  }

  close(): void {
    this.#db.close()
  }

  #prepare(statement: Statement): StatementSync {
    const db = this.#db as DatabaseSync & {
      setAuthorizer?(callback: ((code: number, ...args: (string | null)[]) => number) | null): void
    }
    const known = this.#prepared.get(statement)
    if (known !== undefined) return known
    db.setAuthorizer?.(authorize)
    try {
      const prepared = this.#db.prepare(statement.sql)
      prepared.setReadBigInts(true)
      prepared.setReturnArrays(true)
      this.#prepared.set(statement, prepared)
      return prepared
    } finally {
      db.setAuthorizer?.(null)
    }
  }

  #explained(statement: Statement, error: unknown): unknown {
    if (error instanceof MillraceError) return error
    const message = messageOf(error)
    if (/not authorized|readonly database|prohibited/.test(message)) {
      return describeError(statement, `${message}; a query reads states and does nothing else`)
    }
    if (/out of memory|too big/.test(message)) {
      return new MillraceError(
        'SQL_LIMIT',
        `the query takes more memory than it may (${message}); expected less; ask for fewer rows or columns`,
        { cause: error }
      )
    }
    return describeError(statement, message)
  }

  #setReadOnly(isReadOnly: boolean): void {
    if (this.#hasAuthorizer || this.#isReadOnly === isReadOnly) return
    this.#db.exec(`pragma query_only = ${isReadOnly ? 'on' : 'off'}`)
    this.#isReadOnly = isReadOnly
  }

  #create(table: Table): void {
    const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${type}`)
    // Windows of one key may begin at the same time: they are put together, and never changed one by one.
    const key = table.part === 'current' ? ', primary key (_key)) without rowid' : ')'
    this.#db.exec(`create table ${quoted(table.name)} (${columns.join(', ')}${key}`)
  }

  #of(table: Table): Statements {
    let found = this.#statements.get(table)
    if (found === undefined) {
      const name = quoted(table.name)
      const marks = table.columns.map(() => '?').join(', ')
      found = {
        put: this.#db.prepare(`insert or replace into ${name} values (${marks})`),
        remove: this.#db.prepare(`delete from ${name} where _key is ?`),
        empty: this.#db.prepare(`delete from ${name}`),
        expire: this.#db.prepare(`delete from ${name} where _updated_at <= ?`),
        row: table.columns.map(() => null)
      }
      this.#statements.set(table, found)
    }
    return found
  }
}

interface Statements {
  readonly put: StatementSync
  readonly remove: StatementSync
  readonly empty: StatementSync
  readonly expire: StatementSync
  /** Used again for each row. */
  readonly row: SQLInputValue[]
}

function authorize(code: number, first: string | null, second: string | null): number {
  if (code === ALLOWED.select || code === ALLOWED.recursive) return OK
  if (code === ALLOWED.read) return /^(sqlite_|pragma_)/i.test(first ?? '') ? DENY : OK
  if (code === ALLOWED.function)
    return FUNCTIONS_REFUSED.has((second ?? '').toLowerCase()) ? DENY : OK
  return DENY
}

function bindable(value: SqlParameter): SQLInputValue {
  return typeof value === 'boolean' ? (value ? 1 : 0) : value
}

function lengthOf(cell: Cell): number {
  return typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 8
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function tooLarge(rows: number, bytesMax: number): MillraceError {
  return new MillraceError(
    'SQL_LIMIT',
    `the result has more than ${bytesMax} bytes after ${rows} rows; expected less; ask for fewer rows or columns`
  )
}
