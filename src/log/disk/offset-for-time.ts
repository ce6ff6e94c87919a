// Finds the first record from a time on: by the files' and batches' newest timestamps, then inside one batch.
import { firstOffsetAt } from '../offset-for-time.ts'
import type { IndexCache } from './index-cache.ts'
import type { DiskPartitionState } from './journal-file.ts'
import type { JournalReader } from './reader.ts'

/** Offset of the first record whose timestamp is at least `timestampMs`, undefined when there is none. */
export async function offsetForTime(
  state: DiskPartitionState,
  timestampMs: number,
  from: { readonly reader: JournalReader; readonly indexes: IndexCache }
): Promise<number | undefined> {
  let offset = state.startOffset
  for (;;) {
    const span = state.data.spans.find(candidate => {
      return candidate.lastOffset >= offset && candidate.maxTimestamp >= timestampMs
    })
    if (span === undefined) return undefined
    const index = await from.indexes.load(span)
    if (index === undefined) continue
    let row = index.find(offset)
    while (row < index.count && index.maxTimestamps[row]! < timestampMs) row++
    offset = row < index.count ? index.baseOffsets[row]! : span.lastOffset + 1
    if (row === index.count) continue
    const found = await from.reader.read(state, Math.max(offset, state.startOffset), {
      bytesMax: 1
    })
    if (found === undefined) return undefined
    const hit = firstOffsetAt(found.bytes, 0, timestampMs, state.startOffset)
    if (hit !== undefined) return hit
    offset = found.nextOffset
  }
}
