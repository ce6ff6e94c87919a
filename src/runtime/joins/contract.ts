// The contract of joins of one service in one task.
//
//   sources, each with its side ─ … ─ assign-timestamp ─ assign-key ─▶ join entry ─ transforms ─ sinks
//                                          time ──(watermark)──▶ join ──────┘
//
//   M1  A pair is sent once, when the later of its records arrives (streams), or when time is sure (versions).
//   M2  What can have no pair any more is removed, and sent alone where the kind of the join says so.
//   M3  A record is late when its time lies before the watermark by more than the grace period: whatever is needed
//       for records that are not late is kept.
import type { Operator } from '../operators/operator.ts'
import type { Frame } from '../task/frame.ts'

/** What arrives at a join. */
export interface Sided {
  readonly isLeft: boolean
  readonly left: unknown
  readonly right: unknown
}

/** Where pairs go on: that of a chain of records, or of results that begin with time. */
export interface JoinEntryOptions {
  readonly frame: Frame
  readonly next: Operator
}

/** What is known of a side's values. */
export interface SideValues {
  /** Estimated bytes. */
  size(value: unknown): number
  /** What tells rows of one key apart. */
  rowOf(value: unknown): unknown
}
