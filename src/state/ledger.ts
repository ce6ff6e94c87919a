// What all hot states of one task account for together: bytes, marks and undo, eviction, counters.
//
// Owns: the undo log (S5), the budget, the eviction hand. Does not own: entries and maps (hot-state.ts).
import { assert, messageOf } from '../base/index.ts'
import type { Entry } from './entry.ts'
import type { HotState } from './hot-state.ts'

/** Slots of the undo log that are kept between marks; a larger log is given back to the collector. */
const UNDO_SLOTS_KEPT = 4096

/**
 * Entries that the eviction hand looks at for each entry that comes in while over the budget. Four bring the
 * hand round a map of N keys in N/4 misses, so the share of entries used since then decides, not the hand's pace.
 */
const EVICTION_STEPS = 4

/** The books of one task. Only its states and their task state write here. */
export class Ledger {
  readonly hotBytesMax: number
  hotBytes = 0
  dirtyBytes = 0
  /** Seals up to this one are in the store. */
  flushedEpoch = 0
  /** Why the task must stop: the store could not be read. Its user's code may have caught the error. */
  failure: Error | null = null
  coldReads = 0
  evicted = 0
  /** The states in the order of their specs. */
  readonly states: HotState[] = []
  #marked = false
  /** Rises with each mark: a state that was written since has noted it. */
  #markNumber = 0
  #touched: HotState[] = []
  #dirtyBytesAtMark = 0
  #undoCount = 0
  #undoStates: HotState[] = []
  #undoEntries: Entry[] = []
  #undoValues: unknown[] = []
  #undoFlags: number[] = []
  #handState = 0
  #hand: Iterator<Entry> | null = null
  #looping: HotState[] = []
  /** States that are being iterated: nothing is evicted until the next mark or seal. */
  #iterating = false

  constructor(hotBytesMax: number) {
    this.hotBytesMax = hotBytesMax
  }

  /** Notes that the store failed, so that nothing is sealed any more; gives the error to throw. */
  fail(error: unknown): Error {
    this.failure ??= error instanceof Error ? error : new Error(messageOf(error))
    return this.failure
  }

  /** Begins a stretch that {@link rollback} undoes. */
  mark(): void {
    // Hot: per record.
    this.#forget()
    this.#marked = true
    this.#markNumber++
    this.#dirtyBytesAtMark = this.dirtyBytes
    if (this.#touched.length > 0) this.#touched.length = 0
    if (this.#looping.length > 0) this.#endLoops()
  }

  /** Ends the stretch, keeping what was written. Called by seals. */
  unmark(): void {
    this.#forget()
    this.#marked = false
  }

  /** Notes what `entry` was before a write. */
  note(state: HotState, entry: Entry): void {
    // Hot: per record.
    if (!this.#marked) return
    if (state.noteMark(this.#markNumber)) this.#touched.push(state)
    const at = this.#undoCount++
    this.#undoStates[at] = state
    this.#undoEntries[at] = entry
    this.#undoValues[at] = entry.value
    this.#undoFlags[at] = entry.flags
  }

  /** Undoes all writes since the mark, last one first (S5). The mark stays. */
  rollback(): void {
    assert(this.#marked, 'a rollback follows a mark, with no seal in between')
    for (let at = this.#undoCount - 1; at >= 0; at--) {
      this.#undoStates[at]!.undo(this.#undoEntries[at]!, this.#undoValues[at], this.#undoFlags[at]!)
    }
    for (const state of this.#touched) state.truncateDirty()
    this.dirtyBytes = this.#dirtyBytesAtMark
    this.#forget()
  }

  /** From here to the next mark or seal no entry is evicted, so that a loop sees each key once. */
  pauseEviction(): void {
    this.#iterating = true
  }

  /** A loop over cold keys of `state` began; the next mark ends it if it was left before its end. */
  noteLoop(state: HotState): void {
    this.#looping.push(state)
  }

  /** Takes a state out that has no entries any more. */
  remove(state: HotState): void {
    const at = this.states.indexOf(state)
    assert(at >= 0, 'a state is removed once')
    this.states.splice(at, 1)
    this.#hand = null
    this.#handState = 0
  }

  /** Makes room before an entry comes in; a bounded number of steps. */
  makeRoom(): void {
    if (this.hotBytes > this.hotBytesMax) this.evict(EVICTION_STEPS)
  }

  /**
   * Moves the hand over at most `steps` entries and evicts those that are flushed and were not used since it
   * last came by (second chance). Stops within the budget. Returns whether the budget is kept.
   */
  evict(steps: number): boolean {
    if (this.#iterating) return true
    let emptyRounds = 0
    for (let step = 0; step < steps && this.hotBytes > this.hotBytesMax;) {
      const state = this.states[this.#handState]
      if (state === undefined) return true
      this.#hand ??= state.hotEntries()
      const next = this.#hand.next()
      if (next.done === true) {
        this.#hand = null
        this.#handState = (this.#handState + 1) % this.states.length
        if (++emptyRounds > this.states.length) break
        continue
      }
      step++
      if (state.tryEvict(next.value)) this.evicted++
    }
    return this.hotBytes <= this.hotBytesMax
  }

  #endLoops(): void {
    for (const state of this.#looping) state.endLoops()
    this.#looping.length = 0
  }

  #forget(): void {
    this.#iterating = false
    const count = this.#undoCount
    if (count === 0) return
    this.#undoCount = 0
    if (count > UNDO_SLOTS_KEPT) {
      this.#undoStates = []
      this.#undoEntries = []
      this.#undoValues = []
      this.#undoFlags = []
      return
    }
    // Old values must not be kept alive by a log that nobody reads any more.
    for (let at = 0; at < count; at++) this.#undoValues[at] = undefined
  }
}
