// Requests that messages come of: how many messages of each are on their way, over all tasks.
//
// A message comes of the request that it was made from, and of that of the invocation which sent it, if that was of
// one request alone and sent nothing for later: what a delayed message may still bring is not waited for here. So who
// waits for an answer to the request hears at once that a dead letter was the last of its messages.
//
// After a start the messages of mailboxes are known at once, those between tasks once they are read: until then none
// is known to be the last, and who waits hears of no failure rather than of a wrong one.

/** The messages on their way by the requests that they come of. */
export class Requests {
  readonly #messages = new Map<string, number>()
  /** Tasks with messages from before the start that they have not read. */
  #behind = 0

  /** A message is on its way. */
  sent(request: string): void {
    this.#messages.set(request, this.#countOf(request) + 1)
  }

  /** It was processed, or has become a dead letter. */
  done(request: string): void {
    const left = this.#countOf(request) - 1
    if (left > 0) this.#messages.set(request, left)
    else this.#messages.delete(request)
  }

  /** A task has messages from before the start to read. */
  behind(): void {
    this.#behind++
  }

  /** It has read all of them. */
  met(): void {
    this.#behind--
  }

  /** Whether one message of a request is on its way, and no other. */
  isLast(request: string): boolean {
    return this.#behind === 0 && this.#countOf(request) === 1
  }

  #countOf(request: string): number {
    return this.#messages.get(request) ?? 0
  }
}
