// What the API of a run or of a server works on: the engines that run there, as one.
import type { Clock } from '../base/index.ts'
import type { Log } from '../log/log.ts'
import type { Deployments } from './deployments/index.ts'
import { IdempotencyKeys, RecordWriter } from './http/api/index.ts'
import type { ApiHost, HostedEngine } from './http/api/index.ts'
import type { RecordForms } from './out/record-lines.ts'
import type { ServedLog } from './served-log.ts'
import { SqlService } from './sql/index.ts'
import { TopicTable } from './topic-table.ts'

/** What a {@link ServedHost} is made from. */
export interface ServedHostOptions {
  readonly log: Log
  readonly served: ServedLog
  readonly clock: Clock
  readonly version: string
  readonly deployments: Deployments | null
  engines(): readonly HostedEngine[]
  /** Why requests should go elsewhere; null: ready. */
  unready(): string | null
  onProblem(message: string): void
}

/** The API's view of a process. */
export class ServedHost implements ApiHost {
  readonly log: Log
  readonly served: ServedLog
  readonly clock: Clock
  readonly version: string
  readonly startedAtMs: number
  readonly deployments: Deployments | null
  readonly writer: RecordWriter
  readonly keys: IdempotencyKeys
  readonly #options: ServedHostOptions
  readonly #nothing = new TopicTable([])
  #known: readonly HostedEngine[] = []
  #tables: readonly (readonly [ReadonlySet<string>, TopicTable])[] = []
  #sql: SqlService | null = null

  constructor(options: ServedHostOptions) {
    this.#options = options
    this.log = options.log
    this.served = options.served
    this.clock = options.clock
    this.version = options.version
    this.deployments = options.deployments
    this.startedAtMs = options.clock.now()
    this.writer = new RecordWriter(options.log, options.clock)
    this.keys = new IdempotencyKeys(options.log, options.clock)
  }

  engines(): readonly HostedEngine[] {
    const now = this.#options.engines()
    const isSame =
      now.length === this.#known.length &&
      now.every(({ engine }, index) => engine === this.#known[index]!.engine)
    if (isSame) return this.#known
    this.#known = now
    this.#tables = now.map(({ engine }) => [new Set(engine.topics.names()), engine.topics])
    this.#sql?.close()
    this.#sql = null
    return now
  }

  forms(topic: string): RecordForms {
    this.engines()
    const found = this.#tables.find(([names]) => names.has(topic))
    return (found?.[1] ?? this.#nothing).forms(topic)
  }

  sql(): SqlService {
    const engines = this.engines()
    const [only] = engines
    // A run has its own, which its shell uses, too.
    if (only?.deployment === null) return only.engine.sql
    const dataflows = engines.flatMap(({ engine }) => engine.dataflows)
    this.#sql ??= new SqlService({
      log: this.log,
      clock: this.clock,
      plans: dataflows.map(({ loaded }) => loaded.plan),
      windows: (name, state) => dataflows.find(one => one.name === name)!.running.windowRows(state)
    })
    return this.#sql
  }

  unready(): string | null {
    return this.#options.unready()
  }

  onProblem(message: string): void {
    this.#options.onProblem(message)
  }

  close(): void {
    this.#sql?.close()
  }
}
