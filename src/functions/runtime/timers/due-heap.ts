// A binary heap of times with numbers: 16 bytes for each, and no object.

/** A binary heap of (time, number), in two arrays that grow by doubling. */
export class DueHeap {
  size = 0
  #due = new Float64Array(16)
  #sequences = new Float64Array(16)

  /** Number of the first; there must be one. */
  get first(): number {
    return this.#sequences[0]!
  }

  /** Time of the first; Infinity for none. */
  get firstDue(): number {
    return this.size === 0 ? Infinity : this.#due[0]!
  }

  push(dueAt: number, sequence: number): void {
    if (this.size === this.#due.length) {
      this.#due = grown(this.#due)
      this.#sequences = grown(this.#sequences)
    }
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(dueAt, sequence, parent)) break
      this.#move(parent, at)
      at = parent
    }
    this.#due[at] = dueAt
    this.#sequences[at] = sequence
  }

  /** Removes the first; gives its number. */
  pop(): number {
    const first = this.first
    const last = --this.size
    if (last > 0) this.#sink(0, this.#due[last]!, this.#sequences[last]!)
    return first
  }

  /** Removes all numbers in `gone`. */
  remove(gone: ReadonlySet<number>): void {
    let kept = 0
    for (let index = 0; index < this.size; index++) {
      if (gone.has(this.#sequences[index]!)) continue
      this.#move(index, kept++)
    }
    this.size = kept
    for (let index = (kept >> 1) - 1; index >= 0; index--) {
      this.#sink(index, this.#due[index]!, this.#sequences[index]!)
    }
  }

  /** All pairs of time and number, in order. */
  inOrder(): (readonly [number, number])[] {
    return Array.from(this.#indexesInOrder(), index => [this.#due[index]!, this.#sequences[index]!])
  }

  /** Keeps the first `count` pairs; gives the first of those that went. There must be more. */
  cut(count: number): readonly [number, number] {
    const order = this.#indexesInOrder()
    // What is in order is a heap.
    const due = Float64Array.from(order, index => this.#due[index]!)
    const sequences = Float64Array.from(order, index => this.#sequences[index]!)
    this.#due = due
    this.#sequences = sequences
    this.size = count
    return [due[count]!, sequences[count]!]
  }

  #indexesInOrder(): Uint32Array {
    const indexes = Uint32Array.from({ length: this.size }, (_, index) => index)
    return indexes.toSorted(
      (a, b) => this.#due[a]! - this.#due[b]! || this.#sequences[a]! - this.#sequences[b]!
    )
  }

  /** Puts an element where it belongs at or below `from`. */
  #sink(from: number, dueAt: number, sequence: number): void {
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= this.size) break
      const other = child + 1
      if (other < this.size && this.#isBefore(this.#due[other]!, this.#sequences[other]!, child)) {
        child = other
      }
      if (this.#isBefore(dueAt, sequence, child)) break
      this.#move(child, at)
      at = child
    }
    this.#due[at] = dueAt
    this.#sequences[at] = sequence
  }

  #isBefore(dueAt: number, sequence: number, index: number): boolean {
    const other = this.#due[index]!
    return dueAt < other || (dueAt === other && sequence < this.#sequences[index]!)
  }

  #move(from: number, to: number): void {
    this.#due[to] = this.#due[from]!
    this.#sequences[to] = this.#sequences[from]!
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}
