// What the API works on: a server with deployments, or one run.
import type { Clock } from '../../../base/index.ts'
import type { Log } from '../../../log/log.ts'
import type { Deployments } from '../../deployments/index.ts'
import type { Engine } from '../../engine.ts'
import type { RecordForms } from '../../out/record-lines.ts'
import type { IdempotencyKeys } from './records/idempotency.ts'
import type { RecordWriter } from './records/writer.ts'
import type { ServedLog } from '../../served-log.ts'
import type { SqlService } from '../../sql/index.ts'

/** An engine with its place. */
export interface HostedEngine {
  /** null: the run itself. */
  readonly deployment: string | null
  readonly engine: Engine
}

/** What stands behind the API. */
export interface ApiHost {
  /** What readers see and writers commit to. */
  readonly log: Log
  readonly served: ServedLog
  readonly clock: Clock
  readonly version: string
  readonly startedAtMs: number
  /** null: a run, whose dataflows are those of its files. */
  readonly deployments: Deployments | null
  /** Everything that runs now. */
  engines(): readonly HostedEngine[]
  /** How a topic's records are text: as a running dataflow declares them, else as texts. */
  forms(topic: string): RecordForms
  readonly writer: RecordWriter
  readonly keys: IdempotencyKeys
  /** Queries over the states of everything that runs now. */
  sql(): SqlService
  /** Told of what went wrong where no caller hears of it. */
  onProblem(message: string): void
  /** Why requests should go elsewhere for now; null: ready. */
  unready(): string | null
}
