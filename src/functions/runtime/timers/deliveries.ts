// Sends the delayed messages of a task when they fall due, or lets them wait for who has too much waiting.
//
//   V1  The task is woken when the next one falls due, never before.
//   V2  They come one after the other, each with what it causes in the task: what waits is counted before the next one
//       comes (pressure.ts P5).
//   V3  What has to wait goes on when who it waits for lets go; those behind it that wait for the same keep the order.
import type { Clock, Timer as ClockTimer } from '../../../base/index.ts'
import type { Budget } from '../../../runtime/task/index.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Envelope } from '../envelope.ts'
import type { FunctionTable } from '../function-table.ts'
import type { Pressure } from '../pressure/pressure.ts'
import type { Timers } from './timers.ts'
import type { Resumable } from '../pressure/valves.ts'

/** The longest wait that a timer of the platform can make: 24 days. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** What {@link Deliveries} is made from. */
export interface DeliveriesOptions {
  readonly timers: Timers
  readonly dispatcher: Dispatcher
  readonly table: FunctionTable
  readonly pressure: Pressure
  readonly clock: Clock
  /** Wall time of the current slice. */
  readonly time: { readonly now: number }
  readonly budget: Budget
  readonly signal: AbortSignal
  /** Delivers what is in the run queue. */
  drain(): void
  /** Counts a message that was looked at against the budget. */
  count(): void
  wake(): void
}

/** The deliveries of one task. */
export class Deliveries implements Resumable {
  /** Whether {@link fire} may have something to do. */
  isReady = false
  readonly #options: DeliveriesOptions
  #alarm: ClockTimer | null = null
  /** When {@link #alarm} rings; Infinity for never. */
  #alarmAt = Infinity

  constructor(options: DeliveriesOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#alarm?.cancel(), { once: true })
    this.#setAlarm()
  }

  /** Messages were added, or have come into memory. */
  changed(): void {
    if (this.#options.timers.nextDueAt < this.#alarmAt) this.#setAlarm()
  }

  /** What was due and had to wait for `holder` comes now (V3). */
  resume(holder: object): void {
    this.#options.timers.resume(holder)
    this.isReady = true
    this.#options.wake()
  }

  /** Sends the messages that are due, as far as the budget goes (V2). */
  fire(): void {
    const { timers, dispatcher, pressure, time, budget, drain, count } = this.#options
    drain()
    for (; budget.left > 0; count()) {
      const due = timers.next(time.now)
      if (due === null) {
        this.isReady = false
        this.#setAlarm()
        return
      }
      const { envelope } = due
      const holder = this.#holderOf(envelope)
      if (holder === null) {
        timers.done(due)
        dispatcher.route(envelope)
        drain()
      } else {
        timers.defer(due, holder)
        pressure.park(holder, envelope.feed, this)
      }
    }
  }

  /** What a message that is due has to wait for, behind others that wait for the same; null: nothing. */
  #holderOf(envelope: Envelope): object | null {
    const { timers, dispatcher, table, pressure } = this.#options
    const { namespace, type } = envelope.target
    const load = table.find(namespace, type)?.load
    if (load === undefined) return null
    const box = dispatcher.boxOf(envelope)
    const holder = pressure.blocker(load, box)
    if (holder !== null || !timers.isDeferring) return holder
    if (box !== undefined && timers.isDeferringFor(box)) return box
    return timers.isDeferringFor(load) ? load : null
  }

  /** V1. By the slice's time, by which they are taken: one that falls due within the slice waits for the next one. */
  #setAlarm(): void {
    const { timers, clock, time, wake } = this.#options
    const dueAt = timers.nextDueAt
    this.#alarm?.cancel()
    this.#alarm = null
    this.#alarmAt = dueAt
    if (dueAt === Infinity) return
    if (dueAt <= time.now) {
      this.isReady = true
      this.#alarmAt = -Infinity
      return
    }
    const ring = (): void => {
      this.#alarm = null
      this.#alarmAt = -Infinity
      this.isReady = true
      wake()
    }
    const delayMs = Math.min(Math.max(0, dueAt - clock.now()), TIMER_MS_MAX)
    this.#alarm = clock.timer(delayMs, ring, { unref: true })
  }
}
