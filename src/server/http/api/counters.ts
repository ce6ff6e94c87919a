// Counts of the API's requests, for metrics.

/** One line of the counts. */
export interface RequestCount {
  readonly route: string
  readonly status: number
  readonly requests: number
  readonly seconds: number
}

/** Requests by route and status, and what runs. */
export class RequestCounters {
  running = 0
  readonly #counts = new Map<
    string,
    { route: string; status: number; requests: number; seconds: number }
  >()

  /** An answered request. */
  count(route: string, status: number, durationMs: number): void {
    const key = `${route} ${status}`
    let found = this.#counts.get(key)
    if (found === undefined) {
      found = { route, status, requests: 0, seconds: 0 }
      this.#counts.set(key, found)
    }
    found.requests++
    found.seconds += durationMs / 1_000
  }

  get all(): readonly RequestCount[] {
    return [...this.#counts.values()]
  }
}
