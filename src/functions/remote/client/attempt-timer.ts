// The time that one attempt of a call may take: its phases, and what is left of the call.
import { type Clock, MillraceError, type Timer } from '../../../base/index.ts'

/** Aborts its signal when a phase takes too long, the call's time is over, or its owner stops. */
export class AttemptTimer {
  readonly #clock: Clock
  /** When the call's time is over, monotonic. */
  readonly #deadline: number
  readonly #outer: AbortSignal
  readonly #controller = new AbortController()
  readonly #onOuter = () => this.#controller.abort(this.#outer.reason)
  #timer: Timer | null = null

  constructor(clock: Clock, deadline: number, outer: AbortSignal) {
    this.#clock = clock
    this.#deadline = deadline
    this.#outer = outer
    if (outer.aborted) this.#onOuter()
    else outer.addEventListener('abort', this.#onOuter, { once: true })
    this.phase('call', Number.POSITIVE_INFINITY)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Begins a phase, or the same anew: it may take `limitMs`, and the call no more than is left of it. */
  phase(name: 'call' | 'read' | 'write', limitMs: number): void {
    this.#timer?.cancel()
    const leftMs = Math.max(0, this.#deadline - this.#clock.monotonic())
    const waitMs = Math.min(leftMs, limitMs)
    const what = leftMs <= limitMs ? 'call' : name
    this.#timer = this.#clock.timer(waitMs, () => this.#controller.abort(timedOut(what, waitMs)))
  }

  close(): void {
    this.#timer?.cancel()
    this.#outer.removeEventListener('abort', this.#onOuter)
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
