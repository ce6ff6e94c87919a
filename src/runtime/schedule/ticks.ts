// Which ticks of a schedule are due: those on time always, those that nobody was there for as the file says.
import { cronClock, type CronClock } from '../../dataflow/index.ts'
import type { SchedulePlan } from '../../dataflow/plan.ts'

/** A tick that is found later than this was missed: the process did not run, or the machine slept. */
export const MISSED_MS = 10_000

/** The ticks of one schedule, from a moment on. */
export class Ticks {
  readonly #missed: SchedulePlan['missed']
  readonly #times: CronClock
  #until: number
  #next: number | null

  /** All ticks up to `untilMs` were given, or are not wanted. */
  constructor(schedule: SchedulePlan, untilMs: number) {
    this.#missed = schedule.missed
    this.#times = cronClock(schedule)
    this.#until = untilMs
    this.#next = this.#times.after(untilMs)
  }

  /** Up to here ticks have been taken or left out. */
  get until(): number {
    return this.#until
  }

  /** When the next tick is due; null where none comes any more. */
  get next(): number | null {
    return this.#next
  }

  /** The times of ticks that are due at `nowMs` and are to be given, rising: of many the first `countMax`. */
  take(nowMs: number, countMax: number): number[] {
    const ticks = this.#missed === 'all' ? [] : this.#takeMissed(nowMs - MISSED_MS)
    while (this.#next !== null && this.#next <= nowMs && ticks.length < countMax) {
      ticks.push(this.#next)
      this.#goBehind(this.#next)
    }
    return ticks
  }

  /** Leaves out what was missed before `beforeMs`, but for the latest where the file wants that. */
  #takeMissed(beforeMs: number): number[] {
    if (this.#next === null || this.#next >= beforeMs) return []
    // Not one after the other: a year of seconds would take an hour.
    const latest = this.#times.before(beforeMs) ?? this.#next
    this.#goBehind(latest)
    return this.#missed === 'once' ? [latest] : []
  }

  #goBehind(tick: number): void {
    this.#until = tick
    this.#next = this.#times.after(tick)
  }
}
