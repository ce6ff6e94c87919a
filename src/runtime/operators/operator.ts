// The contract between the operators of a service.
//
// A service's operators form a chain that records are pushed through, one at a time:
//
//   source/<topic> ─ its steps ─ service steps ─ assign-key ─┬─ partition steps ─ update-state ─ route ─┬─ steps ─ sink
//                                        repartition source ─┘                                         └─ steps ─ sink
//
// Callers guarantee: `push` is not called again before what the last call returned has settled; the
// frame holds the facts of the record that `value` belongs to; the callee may keep `value`.
// Implementers guarantee:
//   O1  Without a promise from a user's function nothing asynchronous happens: `push` returns undefined.
//   O2  A record that fails is dealt with by the service's error policy and does not reach the caller. What
//       is thrown (or rejects) ends the task: a TaskFailure or a broken invariant.
//   O3  After `push` the frame's key is as it was before, where the caller pushes more than once.

/** Takes one value. Hot: per record. */
export interface Operator {
  push(value: unknown): void | Promise<void>
  /**
   * Adds the fields that this operator and those behind it may look at of a value pushed here; false where that
   * may be all of them. An operator without this method may look at all. Lets a source leave out the others.
   */
  addFieldsRead?(fields: Set<string>): boolean
}

/** Whether a user's function gave a promise. Measured at 4.3 M/s against 2.8 M/s for awaiting always. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
