// SIGINT and SIGTERM: the first one asks for a clean stop, the second one ends the process at once.

import { EXIT_INTERRUPTED } from './exit-codes.ts'

/** Listens until released. */
export class StopSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  #count = 0
  #resolve: (signal: NodeJS.Signals) => void = () => {}
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#count++
    if (this.#count > 1) process.exit(EXIT_INTERRUPTED)
    this.#resolve(signal)
  }

  constructor() {
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
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }
}
