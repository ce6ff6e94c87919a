// Doing things one after the other where any of them may wait for a user's function.

/** Calls `act` with each item, the next one when the one before is done; undefined when nothing had to be awaited. */
export function inTurn<T>(
  items: readonly T[],
  act: (item: T) => void | Promise<void>
): void | Promise<void> {
  for (let index = 0; index < items.length; index++) {
    const pending = act(items[index]!)
    if (pending !== undefined) return rest(pending, items, index + 1, act)
  }
}

async function rest<T>(
  first: Promise<void>,
  items: readonly T[],
  from: number,
  act: (item: T) => void | Promise<void>
): Promise<void> {
  await first
  for (let index = from; index < items.length; index++) {
    const pending = act(items[index]!)
    if (pending !== undefined) await pending
  }
}

/** Calls `then` when `pending` is done, at once when it is nothing. */
export function after(
  pending: void | Promise<void>,
  then: () => void | Promise<void>
): void | Promise<void> {
  return pending === undefined ? then() : pending.then(then)
}
