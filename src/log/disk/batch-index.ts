// Where the batches of one partition stand in one file: five columns, in order of their offsets.

/** Offsets, byte positions in the file, lengths and timestamps of batches; row by row in plain arrays. */
export class BatchIndex {
  readonly baseOffsets: number[] = []
  readonly lastOffsets: number[] = []
  readonly positions: number[] = []
  readonly lengths: number[] = []
  readonly maxTimestamps: number[] = []

  /** Number of batches. */
  get count(): number {
    return this.baseOffsets.length
  }

  /** Adds the next batch. */
  push(
    baseOffset: number,
    lastOffset: number,
    position: number,
    length: number,
    maxTimestamp: number
  ): void {
    // Hot: per batch.
    this.baseOffsets.push(baseOffset)
    this.lastOffsets.push(lastOffset)
    this.positions.push(position)
    this.lengths.push(length)
    this.maxTimestamps.push(maxTimestamp)
  }

  /** Row of the first batch that ends at or behind `offset`; {@link count} when there is none. */
  find(offset: number): number {
    const { lastOffsets } = this
    let low = 0
    let high = lastOffsets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (lastOffsets[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
