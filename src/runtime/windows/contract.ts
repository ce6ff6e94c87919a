// The contract of all kinds of windows of one service in one task.
//
//   source ─ … ─ assign-timestamp ─ steps ─ assign-key ─┬─ window entry ─ partition steps ─ update-state ─ sinks
//                                   repartition source ─┘       │
//                                    time ──(watermark)──▶ windows ──(close)──▶ flush ─ sinks
//
//   N1  A record goes into its windows before the watermark that it moves closes any.
//   N2  A window is closed exactly once: from then on, also after a restart, its records are late.
//   N3  What a closed window kept is removed with the result, in the same commit.
//   N4  Records, not windows, decide what is open: a window without records gives no result.
import type { Clock } from '../../base/index.ts'
import type { StateKey } from '../../state/contract.ts'
import type { LateRecords } from '../operators/late-records.ts'
import type { Operator } from '../operators/operator.ts'
import type { TimeListener } from '../time/event-time.ts'
import type { Frame } from '../task/frame.ts'
import type { WindowBounds, WindowScope } from '../task/window-scope.ts'
import type { WindowResults } from './results.ts'

/** What windows ask about time. */
export interface WindowTime {
  /** The watermark as of now. */
  exact(): number
  /** The windows want to be told when the watermark reaches `due`. */
  want(due: number): void
}

/** What windows are made from. */
export interface WindowsOptions {
  readonly graceMs: number
  readonly early: { readonly everyMs: number | null; readonly records: number | null } | null
  readonly scope: WindowScope
  readonly results: WindowResults
  readonly late: LateRecords
  readonly time: WindowTime
  /** Processing time: the clock that says when a record arrives; null for event time. */
  readonly clock: Clock | null
}

/** Where records of one chain of operators come in. */
export interface EntryOptions {
  readonly frame: Frame
  readonly next: Operator
  /** Whether the functions behind may change the value: then each further window gets a copy. */
  readonly mayChange: boolean
}

/** All windows of one service in one task. */
export interface Windows extends TimeListener {
  /** Windows that are open. */
  readonly open: number
  /** Windows that were closed since the start. */
  readonly closed: number
  /** Up to this watermark windows are closed, whatever the watermark is: kept in the state. */
  floor: number
  /** Takes over what the state holds; before any record. */
  restore(): void
  entry(options: EntryOptions): Operator
  /** Closes everything: event time is at its end, or nothing comes any more. */
  closeAll(): void | Promise<void>
  /** Gives results of the windows that changed since the last call. */
  giveEarly(): void | Promise<void>
  /** Writes into the state what an epoch must not lose. */
  beforeSeal(): void
  /** The window that an entry of a state belongs to. */
  boundsOf(namespace: number, key: StateKey): WindowBounds | null
}
