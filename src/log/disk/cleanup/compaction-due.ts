// Which partitions the background compacts: those of which enough is new, and which are enough of the files they share.
//
// Compaction writes whole files anew, with what other partitions have in them. A partition that is a hundredth of its
// files would have each of them written twice for next to nothing, while its clients wait for the same disk.
import type { DiskPartitionState, JournalFile, Span } from '../journal-file.ts'

/** A partition is compacted when this part of its sealed bytes is new since the last time, */
const DIRTY_RATIO_MIN = 0.5
/** and when what is new of all that are compacted together is this part of the files which hold it. */
const SHARE_MIN = 0.25

/** Offset behind the last batch in a sealed file. */
export function sealedEnd(state: DiskPartitionState): number {
  const span = state.data.spans.findLast(({ file }) => !file.isActive)
  return span === undefined ? 0 : span.lastOffset + 1
}

/** Those of `candidates` that are worth writing their files anew. */
export function worthCompacting(candidates: readonly DiskPartitionState[]): DiskPartitionState[] {
  const dirty = candidates
    .filter(isDirty)
    .map(state => ({ state, spans: dirtySpans(state) }))
    .toSorted((a, b) => shareOf(b.spans) - shareOf(a.spans))
  // Together they may be worth what none is alone: as many as are.
  const files = new Set<JournalFile>()
  let bytes = 0
  let fileBytes = 0
  let count = 0
  for (const [index, { spans }] of dirty.entries()) {
    for (const span of spans) {
      bytes += span.bytes
      if (files.has(span.file)) continue
      files.add(span.file)
      fileBytes += span.file.batchBytes
    }
    if (bytes >= fileBytes * SHARE_MIN) count = index + 1
  }
  return dirty.slice(0, count).map(({ state }) => state)
}

function isDirty(state: DiskPartitionState): boolean {
  let bytes = 0
  for (const span of state.data.spans) if (!span.file.isActive) bytes += span.bytes
  return bytesOf(dirtySpans(state)) >= bytes * DIRTY_RATIO_MIN
}

function dirtySpans({ data }: DiskPartitionState): Span[] {
  return data.spans.filter(
    ({ file, lastOffset }) => !file.isActive && lastOffset >= data.compaction.compactedTo
  )
}

/** Part of the files that hold them. */
function shareOf(spans: readonly Span[]): number {
  let fileBytes = 0
  for (const { file } of spans) fileBytes += file.batchBytes
  return fileBytes === 0 ? 0 : bytesOf(spans) / fileBytes
}

function bytesOf(spans: readonly Span[]): number {
  let bytes = 0
  for (const span of spans) bytes += span.bytes
  return bytes
}
