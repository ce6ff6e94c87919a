// How large a partition is.
import type { IndexCache } from './index-cache.ts'
import type { DiskPartitionState, Span } from './journal-file.ts'

/** Bytes of the batches that hold a record at or behind the partition's start. */
export async function liveBytes(state: DiskPartitionState, indexes: IndexCache): Promise<number> {
  for (;;) {
    const { startOffset } = state
    let bytes = 0
    let first: Span | undefined
    for (const span of state.data.spans) {
      if (span.firstOffset < startOffset) first = span
      else bytes += span.bytes
    }
    if (first === undefined) return bytes
    const index = indexes.peek(first) ?? (await indexes.load(first))
    if (index === undefined) continue
    for (let row = index.find(startOffset); row < index.count; row++) bytes += index.lengths[row]!
    return bytes
  }
}
