// Time and scheduling as an interface, so that a test drives them and a seed replays them.

/** A pending timer. `cancel` is idempotent and has no effect once the timer fired. */
export interface Timer {
  cancel(): void
}

/** The only source of time, timers and turns of the event loop outside `server` and `cli`. */
export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. May jump. Stamps records, nothing else. */
  now(): number
  /** Milliseconds, with fractions, that only grow. For durations and deadlines. */
  monotonic(): number
  /** Runs `action` once after at least `delayMs`; does not keep the process alive when `unref`. */
  timer(delayMs: number, action: () => void, options?: { readonly unref?: boolean }): Timer
  /** Resolves after at least `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Resolves in a later turn of the event loop, after pending I/O had a chance to be seen. */
  yield(): Promise<void>
}

/** The machine's clock. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  timer(delayMs: number, action: () => void, options: { readonly unref?: boolean } = {}): Timer {
    const handle = setTimeout(action, delayMs)
    if (options.unref) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yield(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }
}

interface SimulatedTimer {
  readonly at: number
  readonly sequence: number
  readonly action: () => void
}

/**
 * A clock moved by hand. Timers fire in order of time, then of creation, and only inside
 * {@link SimulatedClock.advance}. `yield` resolves by itself, so work that needs no time proceeds.
 */
export class SimulatedClock implements Clock {
  #now: number
  #sequence = 0
  readonly #timers = new Set<SimulatedTimer>()

  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  timer(delayMs: number, action: () => void): Timer {
    const timer = { at: this.#now + delayMs, sequence: this.#sequence++, action }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yield(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on by `deltaMs`, firing what falls due on the way and letting its effects run. */
  async advance(deltaMs: number): Promise<void> {
    const target = this.#now + deltaMs
    for (;;) {
      await this.yield()
      const next = this.#earliest()
      if (next === undefined || next.at > target) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.action()
    }
    this.#now = target
    await this.yield()
  }

  #earliest(): SimulatedTimer | undefined {
    let earliest: SimulatedTimer | undefined
    for (const timer of this.#timers) {
      if (
        earliest === undefined ||
        timer.at < earliest.at ||
        (timer.at === earliest.at && timer.sequence < earliest.sequence)
      ) {
        earliest = timer
      }
    }
    return earliest
  }
}

interface WaitingTimer {
  /** Monotonic time of this clock. */
  readonly at: number
  readonly action: () => void
  readonly options: { readonly unref?: boolean }
  /** The timer of the clock beneath. */
  inner: Timer
}

/**
 * A clock that runs like another and can be moved on: what waits for a time in between happens at once. For
 * functions whose delayed messages nobody wants to wait for.
 */
export class AdvancingClock implements Clock {
  readonly #base: Clock
  #aheadMs = 0
  readonly #waiting = new Set<WaitingTimer>()

  constructor(base: Clock) {
    this.#base = base
  }

  now(): number {
    return this.#base.now() + this.#aheadMs
  }

  monotonic(): number {
    return this.#base.monotonic() + this.#aheadMs
  }

  timer(delayMs: number, action: () => void, options: { readonly unref?: boolean } = {}): Timer {
    const timer = { at: this.monotonic() + delayMs, action, options, inner: UNARMED }
    this.#waiting.add(timer)
    this.#arm(timer)
    return {
      cancel: () => {
        this.#waiting.delete(timer)
        timer.inner.cancel()
      }
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yield(): Promise<void> {
    return this.#base.yield()
  }

  /**
   * Makes it `time` (milliseconds since the epoch), unless it is later already. Timers that are due then fire before
   * this returns, in the order of their times; up to a millisecond early, as `now` shows no fractions.
   */
  advanceTo(time: number): void {
    this.#aheadMs += Math.max(0, time - this.now())
    const monotonic = this.monotonic()
    const waiting = [...this.#waiting].toSorted((a, b) => a.at - b.at)
    for (const timer of waiting) {
      if (!this.#waiting.has(timer)) continue
      timer.inner.cancel()
      if (timer.at < monotonic + 1) this.#fire(timer)
      else this.#arm(timer)
    }
  }

  #arm(timer: WaitingTimer): void {
    const delayMs = Math.max(0, timer.at - this.monotonic())
    timer.inner = this.#base.timer(delayMs, () => this.#fire(timer), timer.options)
  }

  #fire(timer: WaitingTimer): void {
    this.#waiting.delete(timer)
    timer.action()
  }
}

const UNARMED: Timer = { cancel: () => undefined }

function sleepOn(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
