// The join of two streams: events of one key whose times are within bounds of each other.
import type { NamespacedState, StateKey } from '../../state/contract.ts'
import { Buckets } from './buckets.ts'
import type { Sided, SideValues } from './contract.ts'
import type { Pairs } from './pairs.ts'
import type { TimedRows } from './rows.ts'
import { TimedJoin, type TimedJoinOptions } from './timed-join.ts'

/** What an {@link IntervalJoin} is made from. */
export interface IntervalJoinOptions extends TimedJoinOptions {
  readonly beforeMs: number
  readonly afterMs: number
  readonly widthMs: number
  readonly left: SideValues & { readonly state: NamespacedState<TimedRows> }
  readonly right: SideValues & { readonly state: NamespacedState<TimedRows> }
}

/** Keeps each event until no partner can come any more. */
export class IntervalJoin extends TimedJoin {
  readonly hasEnds = false
  protected readonly buckets: readonly Buckets[]
  readonly #left: Buckets
  readonly #right: Buckets
  readonly #beforeMs: number
  readonly #afterMs: number
  /** Whether events of a side are sent alone when they found no partner. */
  readonly #tracksLeft: boolean
  readonly #tracksRight: boolean

  constructor(options: IntervalJoinOptions) {
    super(options)
    const { beforeMs, afterMs, graceMs, widthMs, left, right, kind } = options
    this.#left = new Buckets({ ...left, size: left.size, widthMs, keepMs: afterMs + graceMs })
    this.#right = new Buckets({ ...right, size: right.size, widthMs, keepMs: beforeMs + graceMs })
    this.buckets = [this.#left, this.#right]
    this.#beforeMs = beforeMs
    this.#afterMs = afterMs
    this.#tracksLeft = kind !== 'inner'
    this.#tracksRight = kind === 'outer'
  }

  take({ isLeft, left, right }: Sided, key: StateKey, time: number, pairs: Pairs): void {
    // Hot: per record.
    if (isLeft) {
      const from = time - this.#beforeMs
      this.#match(this.#right, key, from, time + this.#afterMs, time, left, true, pairs)
      this.#left.add(key, time, left, pairs.length > 0)
    } else {
      const from = time - this.#afterMs
      this.#match(this.#left, key, from, time + this.#beforeMs, time, right, false, pairs)
      this.#right.add(key, time, right, pairs.length > 0)
    }
  }

  /** Pairs `value` with all events of `key` in `buckets` with a time from `from` to `to`. */
  #match(
    buckets: Buckets,
    key: StateKey,
    from: number,
    to: number,
    time: number,
    value: unknown,
    isLeft: boolean,
    pairs: Pairs
  ): void {
    // Hot: per record. Many parameters instead of a closure.
    const tracks = isLeft ? this.#tracksRight : this.#tracksLeft
    for (let start = buckets.startOf(from); start <= to; start = buckets.after(start)) {
      const bucket = buckets.at(start)
      const rows = bucket?.get(key)
      if (bucket === undefined || rows === undefined) continue
      let isChanged = false
      for (let index = 0; index < rows.times.length; index++) {
        const at = rows.times[index]!
        if (at < from || at > to) continue
        const later = Math.max(time, at)
        if (isLeft) pairs.add(value, rows.values[index], later)
        else pairs.add(rows.values[index], value, later)
        if (!tracks || rows.matched[index]) continue
        rows.matched[index] = true
        isChanged = true
      }
      if (isChanged) bucket.set(key, rows)
    }
  }

  protected end(buckets: Buckets, start: number): void | Promise<void> {
    const isLeft = buckets === this.#left
    if (!(isLeft ? this.#tracksLeft : this.#tracksRight)) return
    const alone = buckets.events(start).filter(event => !event.isMatched)
    return this.sendAlone(alone, isLeft)
  }
}
