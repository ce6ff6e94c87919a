// What a task runs: its outputs and undo, and work that comes from elsewhere than its inputs.
//
// A dataflow's circuit works only where a record is handed to it. A program with `work` also has messages
// under way inside the task, times that fall due, and results that arrive later:
//   W1  Work comes before records: what a record caused is done before the next record is taken.
//   W2  Whatever waits when an epoch is sealed must be in the state by then (`beforeSeal`).
import type { CommitBatch } from '../../log/log.ts'
import type { EpochOutputs } from './outputs.ts'
import type { Budget } from './source-reader.ts'
import type { Expiring } from './sweeper.ts'

/** What a task runs. */
export interface TaskProgram {
  readonly outputs: EpochOutputs
  /** Record-wide undo where an error ends the task, else null. */
  readonly undo: RecordUndo | null
  /** Producer id in batches that this task has processed itself; −1 where it never does. */
  readonly marker: number
  /** States with a time to live. */
  readonly expiring: readonly Expiring[]
  /** Work beside records, or null. */
  readonly work: TaskWork | null
  /**
   * Whether an error that ends the task gives up its epoch: what a record causes cannot be told from what was
   * before it.
   * Nothing is lost, the next start does the epoch again. Default false.
   */
  readonly abandonsEpoch?: boolean
  /** Told of the outputs of an epoch that is sealed; what it gives hears when that is durable. Null: nobody waits. */
  sealed?(batches: readonly CommitBatch[]): EpochEnd | null
  /** The task has ended: of what no {@link EpochEnd} has heard, nothing is durable by this run. */
  ended?(): void
}

/** An epoch is durable; the batches that `sealed` was told of begin at these offsets. */
export type EpochEnd = (baseOffsets: readonly number[]) => void

/** Takes back what the record under way has written. */
export interface RecordUndo {
  undo(): void
}

/** Work that does not begin with a record. Everything is called between two records. */
export interface TaskWork {
  /** Whether {@link process} has something to do now. */
  readonly isReady: boolean
  /** Whether nothing is under way that ends by itself: queues are empty, no call is out. */
  readonly isSettled: boolean
  /** What was done since the start; bounds epochs like records, and tells `settle` that something happened. */
  readonly units: number
  /** Does what is there, up to the budget. */
  process(budget: Budget): void | Promise<void>
  /** Brings into the state what an epoch must not lose (W2). Called before each commit is considered. */
  beforeSeal(): void
}
