// flat-map: one value in, any number out: an array or another iterable, of values or of `keyed` ones.
//
// Elements go on one after the other, each through everything that follows before the next one begins. An
// element that fails there is dealt with alone, as a dead letter of the whole original record; its siblings
// go on.
import { isKeyed } from '../code/index.ts'
import { type FunctionParts, FunctionOperator } from './function-operator.ts'
import { isPromise } from './operator.ts'

/** Passes on each element of what the function returns. */
export class FlatMapOperator extends FunctionOperator {
  constructor(parts: FunctionParts) {
    super({ ...parts, fn: collected(parts) })
  }

  protected override check(result: unknown): Error | null {
    if (Array.isArray(result)) return null
    const found = result === undefined ? 'nothing' : `a ${typeof result}`
    return this.unexpected(found, 'an array or another iterable, not a string')
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    if (!Array.isArray(result)) return this.reject(result, value)
    const items = result as readonly unknown[]
    const { frame } = this
    const { rekeyed, owner } = frame
    const key = rekeyed ? frame.key : null
    for (let index = 0; index < items.length; index++) {
      const pending = this.#pushOne(items[index])
      if (pending !== undefined) return this.#rest(pending, items, index + 1, key, rekeyed, owner)
      frame.restoreKey(key, rekeyed, owner)
    }
  }

  #pushOne(item: unknown): void | Promise<void> {
    this.left()
    if (isKeyed(item)) {
      this.frame.assignKey(item.key)
      return this.next.push(item.value)
    }
    return this.next.push(item)
  }

  async #rest(
    first: Promise<void>,
    items: readonly unknown[],
    from: number,
    key: unknown,
    rekeyed: boolean,
    owner: unknown
  ): Promise<void> {
    await first
    this.frame.restoreKey(key, rekeyed, owner)
    for (let index = from; index < items.length; index++) {
      const pending = this.#pushOne(items[index])
      if (pending !== undefined) await pending
      this.frame.restoreKey(key, rekeyed, owner)
    }
  }
}

/** The function, with iterables other than arrays collected while its failure is still the function's. */
function collected({ fn }: FunctionParts): FunctionParts['fn'] {
  return (value, ctx) => {
    const result = fn(value, ctx)
    if (Array.isArray(result)) return result
    if (isPromise(result)) return result.then(collect)
    return collect(result)
  }
}

function collect(result: unknown): unknown {
  return isIterable(result) ? [...result] : result
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
