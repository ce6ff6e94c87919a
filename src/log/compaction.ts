// Compaction by key: which records of a partition may go, decided from keys and offsets alone.
//
// Owns: the map from key to latest offset, the decision per record, when a tombstone may go. Does not own: how
// bytes are rewritten.
//   K1  A record goes only if a later one of the same key is durable, or if it is a tombstone by K2.
//   K2  A tombstone goes only if everything older of its key is gone durably, and not before readers had
//       TOMBSTONE_DELAY_MS to see it: counted from the first pass over it in this process, never from its
//       timestamp, which may be event time, and never over a restart, after which a reader may still catch up.
//   K3  Records without a key stay.
import type { RecordCursor } from '../record/index.ts'
import { KeyOffsets } from './key-offsets.ts'

/** How long a tombstone stays readable after compaction first came past it. */
export const TOMBSTONE_DELAY_MS: number = 24 * 60 * 60 * 1000

/** The latest offset of each key, up to a number of bytes. */
export class LatestOffsets {
  readonly #offsets = new KeyOffsets()

  /** Memory that the keys take. */
  get bytes(): number {
    return this.#offsets.bytes
  }

  /** Notes the record that the cursor stands on. */
  add(cursor: RecordCursor): void {
    // Hot: per record.
    if (cursor.keyStart < 0) return
    this.#offsets.set(cursor.data, cursor.keyStart, cursor.keyEnd, cursor.offset)
  }

  /**
   * Whether the record that the cursor stands on stays (K1–K3). Tombstones from offset `tombstonesBelow` on are
   * kept. A key that is not in the map has no later record in what was noted.
   */
  keeps(cursor: RecordCursor, tombstonesBelow: number): boolean {
    if (cursor.keyStart < 0) return true
    if (cursor.offset < this.#offsets.get(cursor.data, cursor.keyStart, cursor.keyEnd)) return false
    return cursor.valueStart >= 0 || cursor.offset >= tombstonesBelow
  }
}

interface Pass {
  readonly end: number
  readonly atMs: number
}

/** How far compaction of one partition came. Kept in memory: a start begins anew, which costs one pass. */
export class CompactionState {
  /** Below this offset each key is there once, apart from tombstones that wait. */
  compactedTo = 0
  #passes: Pass[] = []
  #tombstonesCleanedTo = 0

  /** Tombstones below this offset may go, by K2, at monotonic time `nowMs`. */
  tombstonesBelow(nowMs: number): number {
    let below = 0
    for (const { end, atMs } of this.#passes) {
      if (nowMs - atMs >= TOMBSTONE_DELAY_MS) below = Math.max(below, end)
    }
    return below
  }

  /** Whether a pass over records below `end` would find something to do. */
  isDue(end: number, nowMs: number): boolean {
    return end > this.compactedTo || this.tombstonesBelow(nowMs) > this.#tombstonesCleanedTo
  }

  /** Notes that a pass made everything below `end` durable without skipping anything. */
  passed(end: number, tombstonesBelow: number, nowMs: number): void {
    this.compactedTo = Math.max(this.compactedTo, end)
    this.#tombstonesCleanedTo = Math.max(this.#tombstonesCleanedTo, tombstonesBelow)
    this.#passes = this.#passes.filter(pass => pass.end > this.#tombstonesCleanedTo)
    // One pass an hour is remembered; a later one of the same hour takes its place, which only waits longer.
    const last = this.#passes.at(-1)
    if (last !== undefined && hourOf(last.atMs) === hourOf(nowMs)) this.#passes.pop()
    if (end > this.#tombstonesCleanedTo) this.#passes.push({ end, atMs: nowMs })
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / (60 * 60 * 1000))
}
