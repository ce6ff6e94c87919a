// Requests that messages come of: how many messages of each are on their way, over all tasks.
//
// A message comes of the request that it was made from, and of that of the invocation which sent it, if that was of
// one request alone and sent nothing for later: what a delayed message may still bring is not waited for here. So who
// waits for an answer to the request hears at once that a dead letter was the last of its messages.

/** The messages on their way by the requests that they come of. */
export class Requests {
  readonly #messages = new Map<string, number>()

  /** A message is on its way. */
  sent(request: string): void {
    this.#messages.set(request, this.countOf(request) + 1)
  }

  /** It was processed, or has become a dead letter. */
  done(request: string): void {
    const left = this.countOf(request) - 1
    if (left > 0) this.#messages.set(request, left)
    else this.#messages.delete(request)
  }

  /** How many are on their way. */
  countOf(request: string): number {
    return this.#messages.get(request) ?? 0
  }
}
