// dedup: lets the first record of a key pass, and those that come again only once the first is forgotten.
//
//   D1  A record passes unless its key has passed among the last `count` that passed, and less than `ageMs` before the
//       newest time that a record of this task has had.
//   D2  What is forgotten is removed from the state: by its number, in the order in which records passed.
import type { ByteWriter } from '../../base/index.ts'
import type { KeyCodec, KeyedState, StateKey, ValueCodec } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import type { Frame } from '../task/frame.ts'

/** The one key of the books. */
const BOOKS = 'books'

/** The states of a dedup, shared by the chains of a service. */
export interface SeenStates {
  /** `[number, time]` by key. */
  readonly seen: KeyedState<readonly number[]>
  /** Keys by number. */
  readonly order: KeyedState<StateKey>
  /** `[next number, first number that is kept, newest time]`. */
  readonly books: KeyedState<readonly number[]>
}

/** What is remembered of a service's records in one task. */
export class Seen {
  readonly #states: SeenStates
  readonly #count: number
  readonly #ageMs: number
  #next = 0
  #first = 0
  #newest: number = Number.NEGATIVE_INFINITY
  #isRestored = false

  constructor(
    states: SeenStates,
    bounds: { readonly count: number | null; readonly ageMs: number | null }
  ) {
    this.#states = states
    this.#count = bounds.count ?? Number.POSITIVE_INFINITY
    this.#ageMs = bounds.ageMs ?? Number.POSITIVE_INFINITY
  }

  /** Whether a record passes; it is remembered then. */
  passes(key: StateKey, time: number): boolean {
    // Hot: per record.
    if (!this.#isRestored) this.#restore()
    const { seen, order } = this.#states
    const isNewest = time > this.#newest
    if (isNewest) this.#newest = time
    const before = seen.get(key)
    const isNew = before === undefined || this.#isOver(before)
    if (isNew) {
      const number = this.#next++
      seen.set(key, [number, time])
      order.insert(number, key)
      this.#forget()
    }
    if (isNew || isNewest) this.#states.books.set(BOOKS, [this.#next, this.#first, this.#newest])
    return isNew
  }

  /** D1. */
  #isOver(one: readonly number[]): boolean {
    return one[0]! < this.#next - this.#count || this.#newest - one[1]! >= this.#ageMs
  }

  /** D2. */
  #forget(): void {
    const { seen, order } = this.#states
    while (this.#first < this.#next) {
      const key = order.get(this.#first)
      if (key !== undefined) {
        const one = seen.get(key)
        // One that has passed again since stands behind.
        const isLast = one !== undefined && one[0] === this.#first
        if (isLast && !this.#isOver(one)) return
        if (isLast) seen.delete(key)
        order.delete(this.#first)
      }
      this.#first++
    }
  }

  #restore(): void {
    this.#isRestored = true
    const books = this.#states.books.get(BOOKS)
    if (books === undefined) return
    this.#next = books[0]!
    this.#first = books[1]!
    this.#newest = books[2]!
  }
}

/** Drops what has been seen. */
export class DedupOperator implements Operator {
  readonly #seen: Seen
  readonly #frame: Frame
  readonly #next: Operator

  constructor(seen: Seen, frame: Frame, next: Operator) {
    this.#seen = seen
    this.#frame = frame
    this.#next = next
  }

  addFieldsRead(fields: Set<string>): boolean {
    return this.#next.addFieldsRead?.(fields) ?? false
  }

  push(value: unknown): void | Promise<void> {
    const { owner, timestamp } = this.#frame
    if (this.#seen.passes(owner as StateKey, timestamp)) return this.#next.push(value)
  }
}

/** Keys as values. */
export function keyAsValue(key: KeyCodec): ValueCodec<StateKey> {
  return {
    encode: (value: StateKey, sink: ByteWriter) => key.encode(value, sink),
    decode: (bytes, start, end) => key.decode(bytes, start, end),
    zero: () => '',
    copy: value => value,
    check: value => value as StateKey,
    size: value => (typeof value === 'string' ? 24 + value.length : 16)
  }
}
