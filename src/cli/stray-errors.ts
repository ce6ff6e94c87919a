// Errors that are thrown outside of every call: by what users' functions started and did not wait for.
import { messageOf } from '../base/index.ts'
import { EXIT_FAILED } from './exit-codes.ts'
import { note } from './output/output.ts'

/** What is known of who throws. */
export interface StrayErrorsOptions {
  /** Said before the stack: what happened, and what to do. */
  readonly sentence: string
  /** Whether an error is somebody's whose failure ends him alone. Absent: nobody's. */
  readonly isOwned?: (error: unknown) => Promise<boolean>
}

/** Ends the process with a sentence and the stack, until released. What was committed is safe, as in any crash. */
export class StrayErrors {
  readonly #options: StrayErrorsOptions
  readonly #onError = (error: unknown): void => {
    const { isOwned } = this.#options
    if (isOwned === undefined) return this.#end(error)
    isOwned(error).then(
      isTold => isTold || this.#end(error),
      () => this.#end(error)
    )
  }

  constructor(options: StrayErrorsOptions) {
    this.#options = options
    process.on('uncaughtException', this.#onError)
  }

  release(): void {
    process.off('uncaughtException', this.#onError)
  }

  #end(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
    note(`millrace: ${this.#options.sentence}:\n${text}`)
    process.exit(EXIT_FAILED)
  }
}
