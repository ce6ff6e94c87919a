// SIGINT and SIGTERM: the first one asks for a clean stop, the second one ends the process at once.
import { EXIT_INTERRUPTED } from './exit-codes.ts'
import { note } from './output/output.ts'

/** Stops that take longer say how not to wait for them. */
const QUIET_MS = 1000

/** Listens until released. */
export class StopSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #resolve: (signal: NodeJS.Signals) => void = () => {}
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#count++
    if (this.#count > 1) process.exit(EXIT_INTERRUPTED)
    this.#resolve(signal)
    this.#timer = setTimeout(() => note(this.#slow), QUIET_MS).unref()
  }
  readonly #slow: string

  /** `slow`: what is said when a stop takes longer than a second. */
  constructor(slow: string = 'stopping; Ctrl-C again ends at once') {
    this.#slow = slow
    this.first = new Promise(resolve => {
      this.#resolve = resolve
    })
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  /** Whether one has come. */
  get isStopped(): boolean {
    return this.#count > 0
  }

  /** Waits so long, or until the first signal. */
  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    await Promise.race([promise, this.first])
    clearTimeout(timer)
  }

  release(): void {
    clearTimeout(this.#timer)
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }
}
