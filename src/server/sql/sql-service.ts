// SQL over the states of a run: a copy of them in a process of its own, brought up to the newest commit for each query.
//
// Owns: the copy and its position in the changelogs. Does not own: states (tasks do), SQL (src/sql).
//   Y1  A query sees the states as of one commit over all tasks: the ends of all changelogs are taken at one moment,
//       and a commit becomes visible as a whole (L1, L2).
//   Y2  Tasks are not asked and not held up, but for the windows, which the changelog does not have in full.
//   Y3  What a query had read already is not read again: the copy follows the changelogs.
import type { Clock } from '../../base/index.ts'
import { MillraceError, unreachable } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import type { Log } from '../../log/index.ts'
import type { WindowRows } from '../../runtime/contract.ts'
import { changelogOfPlan } from '../../runtime/index.ts'
import { type SqlResult, type Table, namesOf, readStatement, tablesOf } from '../../sql/index.ts'
import { SqlProcess } from './child-process.ts'
import type { SqlAnswer } from './protocol.ts'

/** How long a query may take unless told otherwise. */
export const SQL_TIMEOUT_MS_DEFAULT = 30_000
/** Memory that a query may take beside the tables. */
export const SQL_MEMORY_BYTES_MAX: number = 512 * 1024 * 1024
/** Bytes of one result. */
export const SQL_RESULT_BYTES_MAX: number = 128 * 1024 * 1024

/** What {@link SqlService} is made from. */
export interface SqlServiceOptions {
  readonly log: Log
  readonly clock: Clock
  readonly plans: readonly Plan[]
  /** The windows of `service.state` of a dataflow, as of now. */
  windows(dataflow: string, state: string): Promise<WindowRows>
}

/** Bounds of one query. */
export interface SqlQueryOptions {
  /** Rows after which the result is cut. */
  readonly rowsMax: number
  readonly timeoutMs?: number
  /** Memory that it may take beside the tables; default {@link SQL_MEMORY_BYTES_MAX}. */
  readonly memoryBytesMax?: number
}

/** Answers queries, one at a time. */
export class SqlService {
  readonly tables: readonly Table[]
  readonly #options: SqlServiceOptions
  readonly #positions = new Map<string, number>()
  #process: SqlProcess | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: SqlServiceOptions) {
    this.#options = options
    this.tables = tablesOf(options.plans)
  }

  /**
   * Answers a query over the states as of the newest commit.
   * @throws SQL_INVALID with the place in the text · SQL_LIMIT, SQL_TIMEOUT the query is too large · SQL_FAILED
   */
  query(sql: string, options: SqlQueryOptions): Promise<SqlResult> {
    const result = this.#last.then(() => this.#query(sql, options))
    this.#last = result.catch(() => {})
    return result
  }

  /** Ends the process; a query that runs fails. */
  close(): void {
    this.#process?.kill()
    this.#process = null
  }

  async #query(sql: string, options: SqlQueryOptions): Promise<SqlResult> {
    // What is no query needs no tables.
    const { tables } = readStatement(sql, namesOf(this.tables))
    const process = await this.#opened()
    await this.#follow(process, tables)
    await this.#copyWindows(process, tables)
    const answer = await process.ask(
      {
        kind: 'query',
        sql,
        nowMs: this.#options.clock.now(),
        limits: { rowsMax: options.rowsMax, bytesMax: SQL_RESULT_BYTES_MAX },
        memoryBytesMax: options.memoryBytesMax ?? SQL_MEMORY_BYTES_MAX
      },
      options.timeoutMs ?? SQL_TIMEOUT_MS_DEFAULT
    )
    const done = checked(answer)
    return done.kind === 'result' ? done.result : unreachable(done as never)
  }

  async #opened(): Promise<SqlProcess> {
    if (this.#process !== null && !this.#process.isOver) return this.#process
    this.#positions.clear()
    this.#process = new SqlProcess()
    checked(await this.#process.ask({ kind: 'open', plans: this.#options.plans }))
    return this.#process
  }

  /** Brings the copy to the end of the changelogs of the tables' dataflows. */
  async #follow(process: SqlProcess, tables: readonly Table[]): Promise<void> {
    const named = new Set(tables.filter(one => one.part === 'current').map(one => one.dataflow))
    const plans = this.#options.plans.filter(plan => named.has(plan.name))
    if (plans.length === 0) return
    const { log } = this.#options
    const topics = await log.listTopics({ internal: true })
    for (const plan of plans) {
      const topic = topics.find(one => one.name === changelogOfPlan(plan))
      for (const { partition, endOffset } of topic?.status.partitions ?? []) {
        await this.#copy(process, { plan, partition, until: endOffset })
      }
    }
  }

  async #copy(
    process: SqlProcess,
    {
      plan,
      partition,
      until
    }: { readonly plan: Plan; readonly partition: number; readonly until: number }
  ): Promise<void> {
    const topic = changelogOfPlan(plan)
    const place = `${topic}/${partition}`
    let from = this.#positions.get(place) ?? 0
    while (from < until) {
      const { bytes, nextOffset } = await this.#options.log.read({ topic, partition, offset: from })
      if (bytes.length > 0) {
        checked(await process.ask({ kind: 'changes', dataflow: plan.name, bytes, from, until }))
      }
      if (nextOffset <= from) break
      from = Math.min(nextOffset, until)
      this.#positions.set(place, from)
    }
  }

  async #copyWindows(process: SqlProcess, tables: readonly Table[]): Promise<void> {
    const windowed = tables.filter(one => one.part !== 'current')
    for (const { name, dataflow, state, part } of windowed) {
      const windows = await this.#options.windows(dataflow, state)
      const rows = part === 'open' ? windows.open : windows.flushed
      checked(await process.ask({ kind: 'windows', table: name, rows }))
    }
  }
}

function checked(answer: SqlAnswer): Exclude<SqlAnswer, { kind: 'error' }> {
  if (answer.kind === 'error') throw new MillraceError(answer.code, answer.message)
  return answer
}
