// What a running dataflow offers to the server and the command line, and what it needs from them.
import type { Clock, Random } from '../base/index.ts'
import type { LogData } from '../log/log.ts'
import type { StateStore } from '../state/contract.ts'
import type { Plan, StepPlan } from '../dataflow/plan.ts'

/** A topic that must exist before the dataflow starts. */
export interface RequiredTopic {
  readonly name: string
  /** null: the run's default number. */
  readonly partitions: number | null
  readonly internal: boolean
  readonly cleanup: 'delete' | 'compact' | null
  readonly retentionMs: number | null
  readonly retentionBytes: number | null
  /** Why it is needed, for messages: `source`, `sink`, `dead-letter`, `changelog`, `repartition`. */
  readonly role: string
}

/** Where an input begins at its very first start, in each partition. */
export type FirstPosition =
  | {
      readonly position: 'beginning' | 'end' | 'offset'
      /** Records from the beginning or before the end, or the absolute offset. */
      readonly value: number
    }
  | {
      /** At the first record of that time or later; at the end where there is none. */
      readonly position: 'time'
      readonly timestampMs: number
    }
  | {
      readonly position: 'offsets'
      /** By partition; within what the partition has. */
      readonly offsets: ReadonlyMap<number, number>
      /** Where the other partitions begin. */
      readonly others: 'beginning' | 'end'
    }

/** A line that a function logged (`ctx.log`) or that the runtime has to say about a record. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly service: string
  readonly operator: string
  readonly message: string
}

/** What a dataflow is started with. */
export interface DataflowOptions {
  readonly plan: Plan
  /** Absolute folder of the dataflow's file: `uses` files and packages are found from here. */
  readonly folder: string
  readonly log: LogData
  readonly clock: Clock
  readonly random: Random
  /** Threads for the tasks: 0 runs them in this thread, N spreads them over min(N, tasks) workers. */
  readonly workers: number
  /** Where task `index` keeps its cold state; the dataflow closes it. With workers see `storeFolder`. */
  openStore(index: number): Promise<StateStore>
  /** Folder below which worker threads open the tasks' stores themselves. */
  readonly storeFolder: string
  /** Environment for `ctx.env`. */
  readonly env: Readonly<Record<string, string>>
  onLog(line: LogLine): void
  /**
   * Functions of this process, by the plan's own steps: called as they are where tasks run in this thread. Those of
   * other steps, and all in workers, are loaded from the plan.
   */
  readonly functions?: ReadonlyMap<StepPlan, (...args: never[]) => unknown> | undefined
  readonly stateHotBytes?: number
  /** False where somebody only wants to look: schedules give no ticks. Default true. */
  readonly givesTicks?: boolean
}

/** Counters of one operator, source or sink. */
export interface OperatorMetrics {
  readonly service: string
  /** `source/<topic>`, the operator's name, or `sink/<topic>`. */
  readonly operator: string
  readonly in: number
  readonly out: number
  readonly failed: number
  /** Offset of the record that failed last, -1 for none. */
  readonly lastErrorOffset: number
  /**
   * How long a call of the function takes on average, in ms, a promise's wait included: of the first call and every
   * 1,024th after it. null for sources and sinks, and before the first call.
   */
  readonly latencyMsMean: number | null
}

/** How far a service with windows is. */
export interface TimeMetrics {
  readonly service: string
  /** No earlier record is expected. The least of all tasks; null before the first, and by processing time. */
  readonly watermark: number | null
  /** The input that holds the watermark back: `topic/partition`, a service, or a task; null where there is none. */
  readonly heldBackBy: string | null
  readonly openWindows: number
  /** Since the start. */
  readonly closedWindows: number
  /** Records that came too late for all their windows, since the start. */
  readonly late: number
}

export interface DataflowMetrics {
  readonly operators: readonly OperatorMetrics[]
  readonly recordsIn: number
  readonly recordsOut: number
  readonly failed: number
  readonly deadLetters: number
  readonly commits: number
  /** Seal to durable, ms; sampled over the last commits. */
  readonly commitMsP50: number
  readonly commitMsP99: number
  /** Records in the sources that are not processed yet. */
  readonly lag: number
  /** Of each service with windows. */
  readonly times: readonly TimeMetrics[]
}

/** One line of `show state`. */
export interface StateSummary {
  readonly name: string
  readonly service: string
  readonly keys: number
  readonly kind: 'scalar' | 'row' | 'object'
}

/** One entry of a state, as JSON-ready values. */
export interface StateEntry {
  readonly key: unknown
  readonly value: unknown
  /** Of a state that is kept for each window. */
  readonly window?: { readonly start: number; readonly end: number }
}

/** A row of a state in a window. Key and value are as functions see them; they can be sent to other threads. */
export interface WindowRow {
  readonly key: unknown
  readonly value: unknown
  readonly start: number
  readonly end: number
}

/** What a state holds in windows. */
export interface WindowRows {
  /** All windows that are open; none after the dataflow has stopped. */
  readonly open: readonly WindowRow[]
  /** The window that was closed last, also before the start; of sessions and counted windows that of 10,000 keys. */
  readonly flushed: readonly WindowRow[]
}

export type DataflowStatus = 'starting' | 'running' | 'draining' | 'stopped' | 'failed'

/** A dataflow that runs. Obtain with `startDataflow` of runtime/index.ts. */
export interface RunningDataflow {
  readonly plan: Plan
  readonly status: DataflowStatus
  readonly tasks: number
  /** Resolves when it stopped by `stop`; rejects when it failed (policy `fail`, fenced log, a bug). */
  readonly finished: Promise<void>
  /** Processes everything that the sources hold, moves event time to the end, commits, and stops. */
  drain(): Promise<void>
  /**
   * Processes everything that the sources hold and commits it, and goes on running; with `endTime` all windows close
   * then. One at a time, and not beside a drain.
   */
  settle(options?: { readonly endTime?: boolean }): Promise<void>
  /** Ends the running epoch, commits it, closes. Idempotent. */
  stop(): Promise<void>
  metrics(): Promise<DataflowMetrics>
  states(): Promise<readonly StateSummary[]>
  /**
   * Entries of `service.state` (or just `state` when unambiguous), by key text, or the first `limit` whose key's text
   * begins with `prefix`; of the first million keys of a task then.
   * @throws STATE_UNKNOWN
   */
  stateEntries(
    name: string,
    options: { readonly key?: string; readonly prefix?: string; readonly limit?: number }
  ): Promise<readonly StateEntry[]>
  /** What `service.state`, which is kept for each window, holds in windows. @throws STATE_UNKNOWN */
  windowRows(name: string): Promise<WindowRows>
}
