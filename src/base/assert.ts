// Checks of what must hold. A failing one is a bug of ours, never a user's mistake.

/** Thrown by {@link assert}; not caught except at a task or command boundary, which reports it. */
export class AssertionFailure extends Error {
  constructor(message: string) {
    super(`broken invariant: ${message}`)
    this.name = 'AssertionFailure'
  }
}

/** Fails loudly unless `condition` holds; `what` is the sentence that must be true. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionFailure(what)
}

/** Closes a switch over a union: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unexpected case ${JSON.stringify(value)}`)
}
