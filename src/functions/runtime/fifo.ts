// A first-in-first-out queue on one array; what was taken is cut off in large pieces.

const CUT_MIN = 1_024

/** A queue. Taking from the front costs no moving of the rest. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The item at `index` from the front. */
  at(index: number): T {
    return this.#items[this.#head + index]!
  }

  /** Puts another item in the place of the one at `index` from the front. */
  replace(index: number, item: T): void {
    this.#items[this.#head + index] = item
  }

  /** Takes the first; there must be one. */
  shift(): T {
    const item = this.#items[this.#head]!
    // Taken items must not be kept alive.
    this.#items[this.#head++] = undefined as T
    if (this.#head === this.#items.length) {
      if (this.#head > CUT_MIN) this.#items = []
      else this.#items.length = 0
      this.#head = 0
    } else if (this.#head > CUT_MIN && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
