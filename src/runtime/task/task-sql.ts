// `ctx.sql`: the states of a task as tables of a database in the task's own thread, brought up to date for each query.
//
// Owns: tables and what has changed since they were filled. Does not own: states, and whose states a service may see.
//   T1  A query sees what `get` would give at that moment: all earlier records, and writes of the function itself.
//   T2  A table is filled when it is first asked; from then on it follows the keys that are written. Who never asks
//       pays for one comparison a write.
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import {
  Database,
  type Names,
  type SqlParameter,
  type Statement,
  type Table,
  readStatement,
  serviceNames,
  tablesOf
} from '../../sql/index.ts'
import type { StateKey } from '../../state/contract.ts'
import type { SeeState } from '../builtin/index.ts'
import { stateName } from '../graph/names.ts'
import type { LastFlushed } from '../windows/last-flushed.ts'
import { type ExpiringView, PlainView, type WriteGuard } from './state-view.ts'
import type { WindowBounds, WindowScope, WindowedView } from './window-scope.ts'

/** Bounds of one query of a function. */
const LIMITS = { rowsMax: 1_000_000, bytesMax: 256 * 1024 * 1024 }
/** Statements whose reading is remembered, for each service. */
const STATEMENTS_MAX = 200

/** A state behind a table. */
export type SqlSource =
  | {
      readonly kind: 'keys'
      readonly view: PlainView | ExpiringView
      readonly see?: SeeState
    }
  | {
      readonly kind: 'windows'
      readonly view: WindowedView
      readonly scope: WindowScope
      readonly see?: SeeState
      last(): LastFlushed | null
    }

/** A query of a function, which works in `window`. */
export type AskSql = (
  sql: string,
  parameters: readonly SqlParameter[],
  window: WindowBounds | null
) => Record<string, unknown>[]

/** What {@link TaskSql} is made from. */
export interface TaskSqlOptions {
  readonly plan: Plan
  /** By `<service>.<state>`. */
  readonly sources: ReadonlyMap<string, SqlSource>
  readonly guard: WriteGuard | null
  /** For times to live. */
  readonly time: { readonly now: number }
}

/** The tables of one task. */
export class TaskSql {
  readonly #options: TaskSqlOptions
  readonly #tables: readonly Table[]
  readonly #contents = new Map<Table, Content>()
  #database: Database | null = null

  constructor(options: TaskSqlOptions) {
    this.#options = options
    this.#tables = tablesOf([options.plan]).filter(table => table.part !== 'open')
  }

  /** What functions of a service ask with: they see the states of the service and those that it reads. */
  of(service: ServicePlan): AskSql {
    const statements = new Map<string, Statement>()
    let names: Names | null = null
    return (sql, parameters, window) => {
      names ??= serviceNames(this.#tables, visibleStates(service))
      let statement = statements.get(sql)
      if (statement === undefined) {
        statement = readStatement(sql, names)
        if (statements.size >= STATEMENTS_MAX) statements.clear()
        statements.set(sql, statement)
      }
      return this.#query(statement, parameters, window)
    }
  }

  #query(
    statement: Statement,
    parameters: readonly SqlParameter[],
    window: WindowBounds | null
  ): Record<string, unknown>[] {
    const database = (this.#database ??= new Database(this.#tables))
    for (const table of statement.tables) this.#content(table).refresh(database, window)
    const { columns, rows } = database.query(statement, parameters, LIMITS)
    return rows.map(cells => {
      const row: Record<string, unknown> = {}
      for (let index = 0; index < columns.length; index++) row[columns[index]!] = cells[index]
      return row
    })
  }

  #content(table: Table): Content {
    let content = this.#contents.get(table)
    if (content === undefined) {
      const source = this.#options.sources.get(table.state)!
      const { guard, time } = this.#options
      content =
        source.kind === 'windows'
          ? new WindowContent(table, source)
          : new KeysContent(table, source, guard, time)
      this.#contents.set(table, content)
    }
    return content
  }
}

/** What a table holds. */
interface Content {
  /** Makes the table equal to the state as it is now. */
  refresh(database: Database, window: WindowBounds | null): void
}

/** A state with one value for each key. */
class KeysContent implements Content {
  readonly #table: Table
  readonly #view: PlainView | ExpiringView
  readonly #see: SeeState | undefined
  readonly #guard: WriteGuard | null
  readonly #time: { readonly now: number }
  readonly #written = new Set<StateKey>()
  #rollbacks = 0
  #isFilled = false
  /** The call under way had written when the table was refreshed: its rollback makes the table wrong. */
  #isAtRisk = false

  constructor(
    table: Table,
    { view, see }: Extract<SqlSource, { kind: 'keys' }>,
    guard: WriteGuard | null,
    time: { readonly now: number }
  ) {
    this.#table = table
    this.#view = view
    this.#see = see
    this.#guard = guard
    this.#time = time
  }

  refresh(database: Database): void {
    const rollbacks = this.#guard?.rollbacks ?? 0
    if (this.#isAtRisk && rollbacks !== this.#rollbacks) this.#isFilled = false
    this.#rollbacks = rollbacks
    this.#isAtRisk = this.#guard?.hasWritten === true
    const { ttlMs } = this.#table
    if (this.#isFilled && this.#written.size === 0 && ttlMs === null) return
    database.write(() => {
      if (this.#isFilled) this.#follow(database)
      else this.#fill(database)
      if (ttlMs !== null) database.expire(this.#table, this.#time.now - ttlMs)
    })
    this.#isFilled = true
    this.#written.clear()
    this.#view.written = this.#written
  }

  #fill(database: Database): void {
    database.empty(this.#table)
    for (const [key, value] of this.#view.entries()) this.#put(database, key, value)
  }

  #follow(database: Database): void {
    for (const key of this.#written) {
      const value = this.#view.read(key)
      if (value === undefined) database.remove(this.#table, key)
      else this.#put(database, key, value)
    }
  }

  #put(database: Database, key: StateKey, value: unknown): void {
    const view = this.#view
    const updatedAt = view instanceof PlainView ? null : view.updatedAt(key)
    const seen = this.#see === undefined ? value : this.#see(value, key, null)
    database.put(this.#table, [key, updatedAt], seen)
  }
}

/** A state of windows: that of the window that is worked on, else of the one that was closed last. */
class WindowContent implements Content {
  readonly #table: Table
  readonly #source: Extract<SqlSource, { kind: 'windows' }>
  /** What the table was filled from. */
  #filled: readonly unknown[] = []

  constructor(table: Table, source: Extract<SqlSource, { kind: 'windows' }>) {
    this.#table = table
    this.#source = source
  }

  refresh(database: Database, window: WindowBounds | null): void {
    const { view, scope, see = asItIs } = this.#source
    const last = this.#source.last()
    const from = scope.isOpen
      ? [scope.version, scope.onlyKey, view.writes, window?.start, window?.end]
      : [last, last?.changes]
    if (from.length === this.#filled.length && from.every((one, at) => one === this.#filled[at])) {
      return
    }
    const table = this.#table
    database.write(() => {
      database.empty(table)
      if (!scope.isOpen) {
        for (const { key, value, start, end } of last?.rows(table.state) ?? []) {
          database.put(table, [key, start, end, null], see(value, key, { start, end }))
        }
        return
      }
      const { start = null, end = null } = window ?? {}
      for (const [key, value] of view.entries()) {
        database.put(table, [key, start, end, null], see(value, key, { start, end }))
      }
    })
    this.#filled = from
  }
}

function asItIs(value: unknown): unknown {
  return value
}

function visibleStates(service: ServicePlan): { readonly name: string; readonly state: string }[] {
  return service.states.map(state => ({
    name: state.name,
    state:
      state.kind === 'owned'
        ? stateName(service.name, state.name)
        : stateName(state.service, state.state)
  }))
}
