// Errors that are thrown outside of every call: by what a function of a dataflow started and did not wait for.
import { note } from './output.ts'

const EXIT_FAILED = 1

/** Ends the process with a sentence and the stack, until released. What was committed is safe, as in any crash. */
export class StrayErrors {
  readonly #onError = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    note(
      'millrace: an error was thrown where nothing waits for it, so the run ends; a function of a dataflow ' +
        'must await what it starts, or catch what that throws; what was committed is safe, and the same ' +
        `command goes on from there:\n${text}`
    )
    process.exit(EXIT_FAILED)
  }

  constructor() {
    process.on('uncaughtException', this.#onError)
  }

  release(): void {
    process.off('uncaughtException', this.#onError)
  }
}
