// A heap of numbers with something beside each: which window, or whose session, ends next.

/** The least number first; equal ones in no promised order. */
export class DueQueue<T> {
  readonly #at: number[] = []
  readonly #items: T[] = []

  get size(): number {
    return this.#at.length
  }

  /** The least number; infinite when there is none. */
  get first(): number {
    return this.#at.length === 0 ? Number.POSITIVE_INFINITY : this.#at[0]!
  }

  push(at: number, item: T): void {
    const ats = this.#at
    const items = this.#items
    let index = ats.length
    ats.push(at)
    items.push(item)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (ats[parent]! <= at) break
      ats[index] = ats[parent]!
      items[index] = items[parent]!
      index = parent
    }
    ats[index] = at
    items[index] = item
  }

  /** Takes what has the least number. */
  pop(): T | undefined {
    const ats = this.#at
    const items = this.#items
    const first = items[0]
    const at = ats.pop()
    const item = items.pop()
    if (at === undefined || ats.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= ats.length) break
      if (child + 1 < ats.length && ats[child + 1]! < ats[child]!) child++
      if (ats[child]! >= at) break
      ats[index] = ats[child]!
      items[index] = items[child]!
      index = child
    }
    ats[index] = at
    items[index] = item!
    return first
  }
}
