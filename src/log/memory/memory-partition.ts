// One partition of the memory log: its batches in order of their offsets.
import { LatestOffsets, CompactionState } from '../compaction.ts'
import type { PartitionState } from '../catalog.ts'
import type { TopicSpec } from '../log.ts'
import { RetentionScan } from '../retention.ts'
import {
  RecordCursor,
  batchMaxTimestamp,
  readBatchHeader,
  rewriteBatch
} from '../../record/index.ts'

interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly bytes: Buffer
}

const NOTHING = Buffer.alloc(0)

export class MemoryPartition {
  batches: StoredBatch[] = []
  readonly #compaction = new CompactionState()

  /** Bytes of all batches. */
  get bytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
  }

  /** Batches from the one with `offset`, or the next one, on; no `nextOffset` when there is none. */
  read(
    offset: number,
    bytesMax: number,
    isBounded: boolean
  ): { bytes: Buffer; nextOffset: number | undefined } {
    const first = this.#indexOf(offset)
    let end = first
    let length = 0
    while (end < this.batches.length) {
      const next = this.batches[end]!.bytes.length
      if ((isBounded || end > first) && length + next > bytesMax) break
      length += next
      end++
    }
    if (end === first && end < this.batches.length) return { bytes: NOTHING, nextOffset: offset }
    const taken = this.batches.slice(first, end)
    const last = taken.at(-1)
    return {
      bytes: Buffer.concat(taken.map(batch => batch.bytes)),
      nextOffset: last === undefined ? undefined : last.lastOffset + 1
    }
  }

  /** Drops batches that end before `startOffset`. */
  dropBefore(startOffset: number): void {
    this.batches.splice(0, this.#indexOf(startOffset))
  }

  /** Where the partition begins after retention. */
  retainedFrom(spec: TopicSpec, nowMs: number): number {
    const scan = new RetentionScan(spec, nowMs, this.bytes)
    let start = 0
    for (const { lastOffset, maxTimestamp, bytes } of this.batches) {
      if (!scan.drops(maxTimestamp, bytes.length)) break
      start = lastOffset + 1
    }
    return start
  }

  /** Compacts everything, once; gives the number of records removed. */
  compact(state: PartitionState<MemoryPartition>, nowMs: number): number {
    const end = state.endOffset
    if (!this.#compaction.isDue(end, nowMs)) return 0
    const tombstonesBelow = this.#compaction.tombstonesBelow(nowMs)
    const latest = new LatestOffsets()
    const cursor = new RecordCursor()
    for (const { bytes } of this.batches) {
      cursor.open(bytes, 0)
      while (cursor.next()) latest.add(cursor)
    }
    let removed = 0
    const kept: StoredBatch[] = []
    for (const batch of this.batches) {
      const bytes = rewriteBatch(batch.bytes, 0, record => latest.keeps(record, tombstonesBelow))
      removed += readBatchHeader(batch.bytes, 0).recordCount
      if (bytes === null) continue
      removed -= readBatchHeader(bytes, 0).recordCount
      kept.push({ ...batch, bytes, maxTimestamp: batchMaxTimestamp(bytes, 0) })
    }
    this.batches = kept
    this.#compaction.passed(end, tombstonesBelow, nowMs)
    return removed
  }

  /** Index of the first batch that ends at or behind `offset`. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
