// What all connections together have in memory: requests that are not answered, answers that are not taken.

/** From this part of the bound on, answers are made smaller. */
const TIGHT_PART = 0.5

/** Counts bytes of one broker. */
export class Load {
  readonly bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** Bytes in memory, now. */
  get bytes(): number {
    return this.#bytes
  }

  /** More or fewer; gives whether it is too much now. */
  count(change: number): boolean {
    this.#bytes += change
    return this.#bytes > this.bytesMax
  }

  /** Whether answers should be small, so that nobody has to be ended. */
  get isTight(): boolean {
    return this.#bytes > this.bytesMax * TIGHT_PART
  }
}
