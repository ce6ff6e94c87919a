// How far the event time of one service has come in one task: the least of its inputs.
//
// Owns: what each input has reached, the watermark, when it matters. Does not own: timers (task-time.ts), windows.
//   E1  The watermark is the least `reached` of the inputs that are not idle, less the out-of-orderness. It never goes
//       back, also when an idle input returns with older records.
//   E2  Listeners are told when the watermark reaches their `due`, not with every record. Whoever must know it at
//       another moment asks for `exact`.
//   E3  When all inputs are idle the watermark stays, and listeners are told that: open windows need not wait.
import { after, inTurn } from './in-turn.ts'

/** Who acts on the progress of time. */
export interface TimeListener {
  /** The watermark at which {@link advance} has something to do; may sink when {@link EventTime.want} is told so. */
  readonly due: number
  advance(watermark: number): void | Promise<void>
  /** All inputs are idle, or one of them is not any more. */
  idle(isIdle: boolean): void | Promise<void>
}

/** A partition, another service, or another task. */
export class TimeInput {
  /** For people and for the state: `topic/partition`, `service name` or `task n`. */
  readonly name: string
  /** Event time of its newest record, or the watermark that it told. */
  reached: number = Number.NEGATIVE_INFINITY
  /** When it last had something, on the monotonic clock. */
  seenMs = 0
  isIdle = false
  readonly #exact: (() => number) | null

  /** `exact` tells the time of an input that only tells it when it matters. */
  constructor(name: string, exact: (() => number) | null = null) {
    this.name = name
    this.#exact = exact
  }

  exact(): number {
    return this.#exact === null ? this.reached : Math.max(this.reached, this.#exact())
  }
}

/** The watermark of a service in a task. */
export class EventTime {
  readonly inputs: readonly TimeInput[]
  readonly outOfOrdernessMs: number
  /** As of the last time that somebody had to know it. */
  watermark: number = Number.NEGATIVE_INFINITY
  isIdle = false
  /** Told when an input has something again: it may fall idle anew, which only the clock can tell. */
  onReturn: (() => void) | null = null
  readonly #listeners: TimeListener[] = []
  #due: number = Number.POSITIVE_INFINITY
  /** An input that has not reached the due time: only it can bring the watermark there. */
  #holder: TimeInput | null = null
  /** While listeners are told: the watermark of which everything was sent before. */
  #told: number | null = null
  #lowerOthers: ((due: number) => void) | null = null

  constructor(inputs: readonly TimeInput[], outOfOrdernessMs: number) {
    this.inputs = inputs
    this.outOfOrdernessMs = outOfOrdernessMs
  }

  /** Tells `listener` from now on: `first`, or after those that are told already. */
  listen(listener: TimeListener, options: { readonly first: boolean } = { first: false }): void {
    if (options.first) this.#listeners.unshift(listener)
    else this.#listeners.push(listener)
    this.want(listener.due)
  }

  /** Who tells the inputs' times wants to know when they matter. */
  onWant(lower: (due: number) => void): void {
    const before = this.#lowerOthers
    this.#lowerOthers =
      before === null
        ? lower
        : due => {
            before(due)
            lower(due)
          }
    lower(this.#due + this.outOfOrdernessMs)
  }

  /** The watermark at which somebody wants to be told. */
  get due(): number {
    return this.#due
  }

  /** A listener has something to do from the watermark `due` on. */
  want(due: number): void {
    if (due >= this.#due) return
    this.#due = due
    this.#holder ??= this.inputs[0] ?? null
    this.#lowerOthers?.(due + this.outOfOrdernessMs)
  }

  /** An input has had a record of event time `reached`, or told that time. */
  observe(input: TimeInput, reached: number): void | Promise<void> {
    // Hot: per record. Two comparisons, until a window is due.
    if (reached <= input.reached) return
    input.reached = reached
    if (reached - this.outOfOrdernessMs < this.#due) return
    if (input !== this.#holder && this.#isHeld()) return
    return this.evaluate()
  }

  /** Looks at all inputs, and tells the listeners if the watermark is due. */
  evaluate(): void | Promise<void> {
    this.#settleIdle()
    const before = this.watermark
    const watermark = this.exact()
    this.watermark = watermark
    if (watermark < this.#due) {
      this.#holder = this.#slowest()
      return
    }
    this.#due = Number.POSITIVE_INFINITY
    this.#told = before
    return after(
      inTurn(this.#listeners, listener =>
        listener.due <= watermark ? listener.advance(watermark) : undefined
      ),
      () => {
        this.#told = null
        for (const listener of this.#listeners) this.want(listener.due)
      }
    )
  }

  /** The watermark for who stands behind: what a window sends while it closes comes before the time that closes it. */
  sent(): number {
    return this.#told ?? this.exact()
  }

  /** Notes that an input has become idle or is not any more. */
  setIdle(input: TimeInput, isIdle: boolean): void | Promise<void> {
    if (input.isIdle === isIdle) return
    return this.#setIdle([input], isIdle)
  }

  /** Notes that inputs have become idle, all at one moment: in which order they are looked at does not count. */
  fallIdle(inputs: readonly TimeInput[]): void | Promise<void> {
    const falling = inputs.filter(input => !input.isIdle)
    if (falling.length > 0) return this.#setIdle(falling, true)
  }

  #setIdle(inputs: readonly TimeInput[], isIdle: boolean): void | Promise<void> {
    // What was reached without them stays (E1).
    this.watermark = this.exact()
    for (const input of inputs) input.isIdle = isIdle
    if (!isIdle) this.onReturn?.()
    const was = this.isIdle
    const pending = this.evaluate()
    if (this.isIdle === was) return pending
    const { isIdle: isNow } = this
    return after(pending, () => inTurn(this.#listeners, listener => listener.idle(isNow)))
  }

  /** The watermark as of now (E1). */
  exact(): number {
    let least = Number.POSITIVE_INFINITY
    for (const input of this.inputs) {
      if (!input.isIdle) least = Math.min(least, input.exact())
    }
    if (least === Number.POSITIVE_INFINITY) return this.watermark
    return Math.max(this.watermark, least - this.outOfOrdernessMs)
  }

  /** The input that holds the watermark back; null without inputs. */
  slowest(): TimeInput | null {
    return this.#slowest()
  }

  /** Whether another input than the one that moved still keeps the watermark before the due time. */
  #isHeld(): boolean {
    const holder = this.#holder
    return holder !== null && !holder.isIdle && holder.exact() - this.outOfOrdernessMs < this.#due
  }

  #slowest(): TimeInput | null {
    let slowest: TimeInput | null = null
    for (const input of this.inputs) {
      if (input.isIdle) continue
      if (slowest === null || input.exact() < slowest.exact()) slowest = input
    }
    return slowest
  }

  #settleIdle(): void {
    this.isIdle = this.inputs.length > 0 && this.inputs.every(input => input.isIdle)
  }
}
