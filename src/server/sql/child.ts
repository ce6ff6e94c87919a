// The main file of the process that answers SQL: keeps tables of the states, as changes come, and asks SQLite.
import { Worker } from 'node:worker_threads'
import { MillraceError, assert, messageOf } from '../../base/index.ts'
import { ChangelogReader } from '../../runtime/index.ts'
import {
  Database,
  type Names,
  type Table,
  namesOf,
  readStatement,
  tablesOf
} from '../../sql/index.ts'
import type { SqlAnswer, SqlRequest } from './protocol.ts'

/** Tables and how they are filled. */
class Tables {
  readonly #tables: readonly Table[]
  readonly #names: Names
  readonly #database: Database
  readonly #readers: ReadonlyMap<string, ChangelogReader>
  readonly #byState: ReadonlyMap<string, Table>

  constructor({ plans }: Extract<SqlRequest, { kind: 'open' }>) {
    this.#tables = tablesOf(plans)
    this.#names = namesOf(this.#tables)
    this.#database = new Database(this.#tables)
    this.#readers = new Map(plans.map(plan => [plan.name, new ChangelogReader(plan)]))
    const current = this.#tables.filter(table => table.part === 'current')
    this.#byState = new Map(current.map(table => [`${table.dataflow}/${table.state}`, table]))
  }

  change({ dataflow, bytes, from, until }: Extract<SqlRequest, { kind: 'changes' }>): void {
    this.#database.write(() => {
      this.#readers.get(dataflow)!.read(bytes, from, until, ({ state, key, value, updatedAt }) => {
        const table = this.#byState.get(`${dataflow}/${state}`)!
        if (value === undefined) this.#database.remove(table, key)
        else this.#database.put(table, [key, updatedAt], value)
      })
    })
  }

  setWindows({ table: name, rows }: Extract<SqlRequest, { kind: 'windows' }>): void {
    const table = this.#tables.find(one => one.name === name)!
    this.#database.write(() => {
      this.#database.empty(table)
      for (const { key, value, start, end } of rows) {
        this.#database.put(table, [key, start, end, null], value)
      }
    })
  }

  query({ sql, nowMs, limits, memoryBytesMax }: Extract<SqlRequest, { kind: 'query' }>): SqlAnswer {
    const statement = readStatement(sql, this.#names)
    const over = statement.tables.filter(table => table.ttlMs !== null)
    if (over.length > 0) {
      this.#database.write(() => {
        for (const table of over) this.#database.expire(table, nowMs - table.ttlMs!)
      })
    }
    memoryBound[0] = process.memoryUsage.rss() + memoryBytesMax
    try {
      return { kind: 'result', result: this.#database.query(statement, [], limits) }
    } finally {
      memoryBound[0] = 0
    }
  }
}

/** What the process may have while a query runs; 0 for no bound. */
const memoryBound = new Float64Array(new SharedArrayBuffer(8))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
new Worker(new URL(`./memory-watch.${extension}`, import.meta.url), {
  workerData: memoryBound
}).unref()

let tables: Tables | null = null

function answer(request: SqlRequest): SqlAnswer {
  if (request.kind === 'open') {
    tables = new Tables(request)
    return { kind: 'done' }
  }
  assert(tables !== null, 'open comes first')
  if (request.kind === 'query') return tables.query(request)
  if (request.kind === 'changes') tables.change(request)
  else tables.setWindows(request)
  return { kind: 'done' }
}

process.on('message', (request: SqlRequest) => {
  let found: SqlAnswer
  try {
    found = answer(request)
  } catch (error) {
    const code = error instanceof MillraceError ? error.code : 'SQL_FAILED'
    found = { kind: 'error', code, message: messageOf(error) }
  }
  process.send!(found)
})
// Ctrl-C reaches all processes of a terminal: this one ends with the run.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
