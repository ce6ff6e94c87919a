// Commits of a feed, a few in flight: while one is written the next one is filled.
import type { Commit, LogData } from '../../log/log.ts'

/** Commits that may be under way: one being written, one waiting for it, one more to cover a slow turn. */
const IN_FLIGHT_MAX = 3

/** Hands commits to the log in order and holds its caller back when too many are under way. */
export class CommitPipe {
  readonly #log: LogData
  readonly #pending: Promise<void>[] = []
  #failure: { readonly error: unknown } | null = null

  constructor(log: LogData) {
    this.#log = log
  }

  /**
   * Begins a commit. Resolves when the next one may be filled, which is usually before this one is durable.
   * @throws whatever an earlier commit failed with; nothing behind that one was begun
   */
  async commit(commit: Commit): Promise<void> {
    this.#check()
    const pending = this.#log.commit(commit).then(
      () => {},
      (error: unknown) => {
        this.#failure ??= { error }
      }
    )
    this.#pending.push(pending)
    if (this.#pending.length >= IN_FLIGHT_MAX) await this.#pending.shift()
    this.#check()
  }

  /** Resolves when everything is durable. @throws what a commit failed with */
  async settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0))
    this.#check()
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
