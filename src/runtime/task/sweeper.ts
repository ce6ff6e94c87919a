// Removes what has outlived its time from the states of a task; reading does not wait for it.
//
// A pass looks at all keys of a state, cold ones too, a portion at a time between the task's other work (`keysWhere`).
// It is made only when something can be over, and takes no more than a small share of the time. What it finds is
// removed between two records, some at a time: changes of the epoch like any other.
import type { Clock, Timer } from '../../base/index.ts'
import type { KeyedState, StateKey } from '../../state/contract.ts'

/** How often sweeps are at least apart. */
const SWEEP_DELAY_MS_MIN = 1_000
/** A day: longer ones would pass what a timer of the platform can wait, which then fires at once. */
const SWEEP_DELAY_MS_MAX = 86_400_000
/** A pass that took so many ms, without its pauses, is followed by none of its state for this many times as long. */
const REST_FACTOR = 50
/** Keys that a pass finds before they are removed; then it begins anew. */
const FOUND_MAX = 10_000
/** Keys that are removed in one go: cold ones are read first. */
const REMOVE_MAX = 128

/** How the values of a state grow old. */
export interface ExpiringOptions<V> {
  readonly state: KeyedState<V>
  /** When something of a value is over next, ms since the epoch; infinity for never. */
  overAt(value: V): number
  /** What is left of a value that is in part over; undefined for nothing. */
  left(value: V, now: number): V | undefined
  /** What is written from `now` on is not over before this time, unless {@link Expiring.note} says so. */
  newOverAt(now: number): number
}

/** A state whose values grow old. */
export class Expiring<V = unknown> {
  readonly #options: ExpiringOptions<V>
  /** Nothing is over before it; 0 when that is not known. */
  #nextAt = 0
  #restUntil = 0

  constructor(options: ExpiringOptions<V>) {
    this.#options = options
  }

  /** Something is over at `time`. */
  note(time: number): void {
    if (time < this.#nextAt) this.#nextAt = time
  }

  /** Whether a pass may find something. */
  isDue(clock: Clock): boolean {
    return clock.now() >= this.#nextAt && clock.monotonic() >= this.#restUntil
  }

  /** Keys with values that are over, in whole or in part. */
  async find(clock: Clock): Promise<StateKey[]> {
    const { state, overAt, newOverAt } = this.#options
    const now = clock.now()
    let goesOnMs = clock.monotonic()
    let workMs = 0
    let nextAt = newOverAt(now)
    this.#nextAt = Infinity
    const isOver = (value: V): boolean => {
      const time = overAt(value)
      if (time <= now) return true
      if (time < nextAt) nextAt = time
      return false
    }
    const pause = async (): Promise<void> => {
      workMs += clock.monotonic() - goesOnMs
      await clock.yield()
      goesOnMs = clock.monotonic()
    }
    const found = await state.keysWhere(isOver, { limit: FOUND_MAX, pause })
    if (found.length >= FOUND_MAX) {
      this.#nextAt = 0
    } else {
      this.note(nextAt)
      const endMs = clock.monotonic()
      this.#restUntil = endMs + (workMs + endMs - goesOnMs) * REST_FACTOR
    }
    return found
  }

  /** Removes what is over by now under one key. */
  remove(key: StateKey, now: number): void {
    const { state, overAt, left } = this.#options
    const value = state.get(key)
    if (value === undefined || overAt(value) > now) return
    const kept = left(value, now)
    if (kept === undefined) {
      state.delete(key)
      return
    }
    state.set(key, kept)
    this.note(overAt(kept))
  }
}

/** What a {@link Sweeper} is made from. */
export interface SweeperOptions {
  readonly expiring: readonly Expiring[]
  /** How often it looks, or null: nothing expires. */
  readonly sweepMs: number | null
  readonly clock: Clock
  /** There is something to remove, or a pass has ended. */
  wake(): void
  /** A state cannot be read. */
  failed(error: unknown): void
}

/** Sweeps the states of one task. */
export class Sweeper {
  readonly #options: SweeperOptions
  /** What passes have found and {@link remove} has not removed. */
  #found: StateKey[] = []
  #of: Expiring | null = null
  /** States of this sweep that come after the one of {@link #of}. */
  #next: Expiring[] = []
  #timer: Timer | null = null
  #isPassing = false
  #isStopped = false

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** Whether {@link remove} has something to do. */
  get isReady(): boolean {
    return this.#found.length > 0
  }

  /** Whether a sweep is under way. */
  get isBusy(): boolean {
    return this.#isPassing || this.isReady
  }

  start(): void {
    const { sweepMs, clock } = this.#options
    if (sweepMs === null) return
    const delayMs = Math.min(Math.max(sweepMs, SWEEP_DELAY_MS_MIN), SWEEP_DELAY_MS_MAX)
    const act = (): void => {
      if (!this.isBusy) {
        this.#next = this.#options.expiring.filter(one => one.isDue(clock))
        this.#pass()
      }
      this.start()
    }
    this.#timer = clock.timer(delayMs, act, { unref: true })
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Removes some of what was found; the pass goes on when all of it is. Between two records. */
  remove(): void {
    const now = this.#options.clock.now()
    for (let count = 0; count < REMOVE_MAX && this.isReady; count++) {
      this.#of!.remove(this.#found.pop()!, now)
    }
    if (this.isReady) return
    if (this.#of!.isDue(this.#options.clock)) this.#next.unshift(this.#of!)
    this.#pass()
  }

  /** Looks through the next state. */
  #pass(): void {
    const expiring = this.#next.shift()
    if (expiring === undefined || this.#isStopped) return
    const { clock, wake, failed } = this.#options
    this.#of = expiring
    this.#isPassing = true
    const ended = (found: StateKey[]): void => {
      this.#isPassing = false
      if (this.#isStopped) return
      this.#found = found
      if (!this.isReady) this.#pass()
      wake()
    }
    expiring.find(clock).then(ended, (error: unknown) => {
      // A store that was closed under a pass is none of anybody's business.
      if (!this.#isStopped) failed(error)
    })
  }
}
