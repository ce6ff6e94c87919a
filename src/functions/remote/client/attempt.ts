// One attempt of a call as the HTTP client drives it: its reply as one array of bytes, or what it failed with.
//
// The client's own `request` makes a stream of every reply and listens to a signal for every request; for replies of a
// few bytes that takes as long as the rest of the call.
import type { Dispatcher } from 'undici'
import { type Clock, MillraceError } from '../../../base/index.ts'
import { AttemptTimer } from './attempt-timer.ts'
import { checkHead } from './reply.ts'

/** What an {@link Attempt} is made from. */
export interface AttemptOptions {
  readonly clock: Clock
  /** When the call's time is over, monotonic. */
  readonly deadline: number
  /** How long the server may take to begin its reply, and between two parts of it; Infinity: as the call. */
  readonly readMs: number
  /** Most bytes of the reply. */
  readonly bytesMax: number
}

/** Handles the events of one request. Settles once; what comes after that is dropped. */
export class Attempt implements Dispatcher.DispatchHandler {
  /** The reply's body. */
  readonly reply: Promise<Uint8Array>
  readonly timer: AttemptTimer
  readonly #options: AttemptOptions
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #reason: Error | null = null
  #resolve!: (reply: Uint8Array) => void
  #reject!: (error: unknown) => void

  constructor(options: AttemptOptions) {
    this.#options = options
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.timer = new AttemptTimer(options.clock, options.deadline, reason => this.abort(reason))
  }

  /** Fails with `reason` and gives the connection up, if there is one: it may be in the middle of a reply. */
  abort(reason: unknown): void {
    if (this.#isSettled) return
    this.#reason = reason instanceof Error ? reason : new Error(String(reason))
    this.#settle(() => this.#reject(reason))
    this.#controller?.abort(this.#reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Its time was over while it waited for a connection.
    if (this.#reason !== null) controller.abort(this.#reason)
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    statusCode: number,
    headers: Readonly<Record<string, string | string[] | undefined>>
  ): void {
    if (statusCode < 200) return
    try {
      checkHead({ statusCode, headers })
      this.timer.phase('read', this.#options.readMs)
    } catch (error) {
      this.abort(error)
    }
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return
    const { bytesMax, readMs } = this.#options
    this.#bytes += chunk.length
    if (this.#bytes > bytesMax) return this.abort(tooLarge(bytesMax))
    this.#chunks.push(chunk)
    this.timer.phase('read', readMs)
  }

  onResponseEnd(): void {
    const chunks = this.#chunks
    const reply = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#bytes)
    this.#settle(() => this.#resolve(reply))
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle(() => this.#reject(error))
  }

  #settle(act: () => void): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.timer.close()
    act()
  }
}

/** Attempts that end with their task, by its signal: one listener for all, for a signal looks through them at each. */
export class Attempts {
  readonly #bySignal = new WeakMap<AbortSignal, Set<Attempt>>()

  /** Runs until the attempt has settled. */
  async run(attempt: Attempt, signal: AbortSignal): Promise<Uint8Array> {
    if (signal.aborted) attempt.abort(signal.reason)
    const fellows = this.#of(signal)
    fellows.add(attempt)
    try {
      return await attempt.reply
    } finally {
      fellows.delete(attempt)
    }
  }

  #of(signal: AbortSignal): Set<Attempt> {
    let fellows = this.#bySignal.get(signal)
    if (fellows === undefined) {
      const added = new Set<Attempt>()
      const end = (): void => {
        for (const attempt of added) attempt.abort(signal.reason)
      }
      signal.addEventListener('abort', end, { once: true })
      this.#bySignal.set(signal, (fellows = added))
    }
    return fellows
  }
}

function tooLarge(bytesMax: number): MillraceError {
  return new MillraceError(
    'FUNCTION_REPLY_TOO_LARGE',
    `a reply has more than ${bytesMax} bytes; let the function do less per batch, or raise payload_max_bytes`,
    { details: { max: bytesMax } }
  )
}
