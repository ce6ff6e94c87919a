// Work on one path, one after the other: replacements of a file share its temporary name.

/** Runs actions on equal paths in the order of the calls, on different paths at once. */
export class PathQueue {
  readonly #last = new Map<string, Promise<void>>()

  /** Settles as `action` does; an earlier failure does not matter. */
  async run(path: string, action: () => Promise<void>): Promise<void> {
    const earlier = this.#last.get(path) ?? Promise.resolve()
    const running = earlier.then(action)
    const settled = running.catch(() => undefined)
    this.#last.set(path, settled)
    try {
      await running
    } finally {
      if (this.#last.get(path) === settled) this.#last.delete(path)
    }
  }
}
