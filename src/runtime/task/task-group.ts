// Some tasks in one thread: run together, ended together.
import type { Task } from './task.ts'

/** Tasks that share a fate: the first failure stops the others. */
export class TaskGroup {
  /** Resolves when all tasks ended by {@link stop}; rejects with the first error once all have ended. */
  readonly finished: Promise<void>
  readonly tasks: Task[] = []
  readonly #runs: Promise<void>[] = []
  #finish!: (error: unknown) => void

  constructor() {
    this.finished = new Promise((resolve, reject) => {
      this.#finish = error => (error === null ? resolve() : reject(error))
    })
    // Whoever does not wait for it hears of a failure elsewhere.
    this.finished.catch(() => {})
  }

  /** Starts a task. */
  run(task: Task): void {
    this.tasks.push(task)
    this.#runs.push(task.run())
  }

  /** To be called once all tasks were started. */
  watch(): void {
    void this.#watch()
  }

  /** Asks the tasks to end their epochs. Resolves when they have, also where one failed. */
  async stop(): Promise<void> {
    for (const task of this.tasks) task.stop()
    await Promise.allSettled(this.#runs)
  }

  /** Processes all that the inputs hold; gives how much that was since the last call. */
  async settle(): Promise<number> {
    const counts = await Promise.all(this.tasks.map(task => task.settle()))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async #watch(): Promise<void> {
    let first: { readonly error: unknown } | null = null
    const runs = this.#runs.map(async run => {
      try {
        await run
      } catch (error) {
        first ??= { error }
        for (const task of this.tasks) task.stop()
      }
    })
    await Promise.all(runs)
    this.#finish(first === null ? null : (first as { readonly error: unknown }).error)
  }
}
