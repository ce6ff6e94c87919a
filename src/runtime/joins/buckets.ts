// Events of one side of a join, in buckets of event time that are forgotten as a whole.
//
// A bucket is a namespace of the state: its start is the name. So an event has no timer of its own, and a look for
// partners touches a few buckets, whatever they hold of other keys.
import type { KeyedState, NamespacedState, StateKey } from '../../state/contract.ts'
import { DueQueue } from '../windows/due-queue.ts'
import { TimedRows } from './rows.ts'

/** An event that is taken out. */
export interface Event {
  readonly key: StateKey
  readonly time: number
  readonly value: unknown
  readonly isMatched: boolean
}

/** Some buckets, by their starts. */
export class Buckets {
  readonly #state: NamespacedState<TimedRows>
  readonly #widthMs: number
  readonly #keepMs: number
  readonly #size: (value: unknown) => number
  readonly #buckets = new Map<number, KeyedState<TimedRows>>()
  readonly #queue = new DueQueue<number>()

  /** Events are kept until the watermark has passed the end of their bucket by `keepMs`. */
  constructor(options: {
    readonly state: NamespacedState<TimedRows>
    readonly widthMs: number
    readonly keepMs: number
    size(value: unknown): number
  }) {
    this.#state = options.state
    this.#widthMs = options.widthMs
    this.#keepMs = options.keepMs
    this.#size = options.size
  }

  get open(): number {
    return this.#buckets.size
  }

  /** The watermark at which the next bucket is over. */
  get due(): number {
    return this.#queue.first
  }

  restore(): void {
    for (const start of this.#state.namespaces()) this.#open(start)
  }

  add(key: StateKey, time: number, value: unknown, isMatched: boolean): void {
    // Hot: per record.
    const start = this.startOf(time)
    const bucket = this.#buckets.get(start) ?? this.#open(start)
    const rows = bucket.get(key) ?? new TimedRows()
    rows.insert(rows.times.length, time, value, isMatched, this.#size(value))
    bucket.set(key, rows)
  }

  startOf(time: number): number {
    return Math.floor(time / this.#widthMs) * this.#widthMs
  }

  /** The next bucket's start. */
  after(start: number): number {
    return start + this.#widthMs
  }

  /** The bucket that begins at `start`, if there is one. */
  at(start: number): KeyedState<TimedRows> | undefined {
    return this.#buckets.get(start)
  }

  /** Starts of the buckets that are over at `watermark`, earliest first; they stay until they are dropped. */
  takeDue(watermark: number): number[] {
    const starts: number[] = []
    while (this.#queue.size > 0 && this.#queue.first <= watermark) starts.push(this.#queue.pop()!)
    return starts
  }

  /** The events of a bucket in the order of time. */
  events(start: number): Event[] {
    const events: Event[] = []
    for (const [key, rows] of this.#buckets.get(start)!.entries()) {
      for (let index = 0; index < rows.times.length; index++) {
        const isMatched = rows.matched[index]!
        events.push({ key, time: rows.times[index]!, value: rows.values[index], isMatched })
      }
    }
    return events.toSorted((a, b) => a.time - b.time)
  }

  drop(start: number): void {
    this.#buckets.delete(start)
    this.#state.clear(start)
  }

  #open(start: number): KeyedState<TimedRows> {
    const bucket = this.#state.in(start)
    this.#buckets.set(start, bucket)
    this.#queue.push(start + this.#widthMs + this.#keepMs, start)
    return bucket
  }
}
