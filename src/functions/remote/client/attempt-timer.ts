// The time that one attempt of a call may take: its phases, and what is left of the call.
import { type Clock, MillraceError, type Timer } from '../../../base/index.ts'

/** Tells when a phase takes too long, or the call's time is over. */
export class AttemptTimer {
  readonly #clock: Clock
  /** When the call's time is over, monotonic. */
  readonly #deadline: number
  readonly #onEnd: (reason: MillraceError) => void
  #timer: Timer | null = null
  /** Whether the timer that runs is that of a phase; otherwise it is the call's. */
  #isPhase = false

  constructor(clock: Clock, deadline: number, onEnd: (reason: MillraceError) => void) {
    this.#clock = clock
    this.#deadline = deadline
    this.#onEnd = onEnd
    this.phase('read', Number.POSITIVE_INFINITY)
  }

  /** Begins a phase, or the same anew: it may take `limitMs`, and the call no more than is left of it. */
  phase(name: 'read' | 'write', limitMs: number): void {
    const isPhase = limitMs !== Number.POSITIVE_INFINITY
    if (this.#timer !== null && !isPhase && !this.#isPhase) return
    this.#timer?.cancel()
    this.#isPhase = isPhase
    const leftMs = Math.max(0, this.#deadline - this.#clock.monotonic())
    const waitMs = Math.min(leftMs, limitMs)
    const what = leftMs <= limitMs ? 'call' : name
    this.#timer = this.#clock.timer(waitMs, () => this.#onEnd(timedOut(what, waitMs)))
  }

  close(): void {
    this.#timer?.cancel()
  }
}

/** A phase has taken too long. */
export function timedOut(phase: string, waitMs: number): MillraceError {
  return new MillraceError(
    'FUNCTION_CALL_TIMEOUT',
    `gave no answer within the ${phase} timeout (${Math.round(waitMs)} ms)`,
    { retriable: true, details: { phase } }
  )
}
