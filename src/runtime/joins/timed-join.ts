// What joins that wait for event time have in common: lateness, the end of buckets, results on a frame of their own.
import type { LateRecords } from '../operators/late-records.ts'
import type { Operator } from '../operators/operator.ts'
import type { StateKey } from '../../state/contract.ts'
import type { WindowBounds } from '../task/window-scope.ts'
import { after, inTurn } from '../time/in-turn.ts'
import type { Windows, WindowTime } from '../windows/contract.ts'
import type { Buckets, Event } from './buckets.ts'
import type { JoinEntryOptions, Sided } from './contract.ts'
import { type MakePair, Pairs, sendPairs } from './pairs.ts'

/** What a join that waits is made from. */
export interface TimedJoinOptions {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly graceMs: number
  readonly late: LateRecords
  readonly time: WindowTime
  readonly make: MakePair
  /** Where pairs go that begin with time, not with a record. */
  readonly results: JoinEntryOptions
  readonly task: number
}

/** A join of a service in a task, in the place that windows have elsewhere. */
export abstract class TimedJoin implements Windows {
  floor: number = Number.NEGATIVE_INFINITY
  closed = 0
  protected readonly options: TimedJoinOptions
  readonly #pairs = new Pairs()

  constructor(options: TimedJoinOptions) {
    this.options = options
  }

  /** The buckets that end with time. */
  protected abstract get buckets(): readonly Buckets[]

  /** Whether a right record without a value means something: the end of what held. An event without one is none. */
  abstract readonly hasEnds: boolean

  /** What becomes of a bucket that is over; it is removed afterwards. */
  protected abstract end(buckets: Buckets, start: number): void | Promise<void>

  /** Takes a record that is not late. */
  abstract take(sided: Sided, key: StateKey, time: number, pairs: Pairs): void

  get due(): number {
    return Math.min(...this.buckets.map(one => one.due))
  }

  get open(): number {
    return this.buckets.reduce((sum, one) => sum + one.open, 0)
  }

  restore(): void {
    for (const one of this.buckets) one.restore()
  }

  entry(options: JoinEntryOptions): Operator {
    return new TimedEntry(this, this.options, options)
  }

  advance(watermark: number): void | Promise<void> {
    return inTurn(this.buckets, buckets =>
      inTurn(buckets.takeDue(watermark), start =>
        after(this.end(buckets, start), () => {
          buckets.drop(start)
          this.closed++
        })
      )
    )
  }

  idle(isIdle: boolean): void | Promise<void> {
    if (isIdle) return this.closeAll()
  }

  closeAll(): void | Promise<void> {
    return this.advance(Number.POSITIVE_INFINITY)
  }

  giveEarly(): void {
    // A pair is sent at once, or not before time is sure.
  }

  beforeSeal(): void {
    // The states know everything.
  }

  boundsOf(): WindowBounds | null {
    return null
  }

  /** Sends events that found no partner. */
  protected sendAlone(events: readonly Event[], isLeft: boolean): void | Promise<void> {
    return inTurn(events, ({ key, time, value }) =>
      this.send(key, time, isLeft ? value : null, isLeft ? null : value)
    )
  }

  /** Sends a pair that begins with time. */
  protected send(key: StateKey, time: number, left: unknown, right: unknown): void | Promise<void> {
    const { results, make, task } = this.options
    const { frame, next } = results
    frame.begin()
    frame.owner = key
    frame.timestamp = time
    frame.partition = task
    this.#pairs.add(left, right, time)
    return sendPairs(this.#pairs, make, frame, next)
  }
}

/** Where records of one chain come in. */
class TimedEntry implements Operator {
  readonly #join: TimedJoin
  readonly #options: TimedJoinOptions
  readonly #entry: JoinEntryOptions
  readonly #pairs = new Pairs()

  constructor(join: TimedJoin, options: TimedJoinOptions, entry: JoinEntryOptions) {
    this.#join = join
    this.#options = options
    this.#entry = entry
  }

  push(value: unknown): void | Promise<void> {
    // Hot: per record.
    const { frame, next } = this.#entry
    const { time, graceMs, late, make } = this.#options
    const { timestamp } = frame
    // M3.
    const sided = value as Sided
    if (sided.left === null && (sided.isLeft || (sided.right === null && !this.#join.hasEnds)))
      return
    if (timestamp + graceMs < time.exact()) {
      return late.takeSide(sided.isLeft ? sided.left : sided.right, sided.isLeft, frame)
    }
    this.#join.take(sided, frame.owner as StateKey, timestamp, this.#pairs)
    time.want(this.#join.due)
    return sendPairs(this.#pairs, make, frame, next)
  }
}
