// The join of a stream with versions: each event with the version of its key that held at its time.
//
// An event waits until the watermark has passed it, for an earlier version may still come. Of versions the one that
// held at the watermark is kept, and those behind it.
import type { KeyedState, NamespacedState, StateKey } from '../../state/contract.ts'
import { inTurn } from '../time/in-turn.ts'
import { Buckets } from './buckets.ts'
import type { Sided, SideValues } from './contract.ts'
import { TimedRows } from './rows.ts'
import { TimedJoin, type TimedJoinOptions } from './timed-join.ts'

/** What an {@link AsOfJoin} is made from. */
export interface AsOfJoinOptions extends TimedJoinOptions {
  readonly widthMs: number
  readonly left: SideValues & { readonly state: NamespacedState<TimedRows> }
  /** By time. */
  readonly right: SideValues & { readonly state: KeyedState<TimedRows> }
}

/** Keeps events until time is sure, and versions. */
export class AsOfJoin extends TimedJoin {
  readonly hasEnds = true
  protected readonly buckets: readonly Buckets[]
  readonly #left: Buckets
  readonly #versions: KeyedState<TimedRows>
  readonly #size: (value: unknown) => number
  readonly #keepsMs: number

  constructor(options: AsOfJoinOptions) {
    super(options)
    const { left, right, widthMs, graceMs } = options
    this.#left = new Buckets({ ...left, size: left.size, widthMs, keepMs: graceMs })
    this.buckets = [this.#left]
    this.#versions = right.state
    this.#size = value => (value === null ? 0 : right.size(value))
    this.#keepsMs = graceMs + widthMs
  }

  take({ isLeft, left, right }: Sided, key: StateKey, time: number): void {
    // Hot: per record.
    if (isLeft) this.#left.add(key, time, left, false)
    else this.#addVersion(key, time, right)
  }

  #addVersion(key: StateKey, time: number, value: unknown): void {
    const rows = this.#versions.get(key) ?? new TimedRows()
    const at = behind(rows.times, time)
    const isAgain = at > 0 && rows.times[at - 1] === time
    if (isAgain) {
      rows.bytes += this.#size(value) - this.#size(rows.values[at - 1])
      rows.values[at - 1] = value
    } else rows.insert(at, time, value, false, this.#size(value))
    this.#forget(rows)
    this.#versions.set(key, rows)
  }

  /** Drops the versions that no event can ask for any more. */
  #forget(rows: TimedRows): void {
    const sureMs = this.options.time.exact() - this.#keepsMs
    const count = behind(rows.times, sureMs) - 1
    if (count <= 0) return
    let bytes = 0
    for (let index = 0; index < count; index++) bytes += this.#size(rows.values[index])
    rows.dropFirst(count, bytes)
  }

  protected end(buckets: Buckets, start: number): void | Promise<void> {
    return inTurn(buckets.events(start), ({ key, time, value }) => {
      const rows = this.#versions.get(key)
      const at = rows === undefined ? 0 : behind(rows.times, time)
      const version = at === 0 ? null : rows!.values[at - 1]
      if (version === null && this.options.kind === 'inner') return
      return this.send(key, time, value, version)
    })
  }
}

/** How many of `times`, which rise, are at most `time`. */
function behind(times: readonly number[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! <= time) low = middle + 1
    else high = middle
  }
  return low
}
