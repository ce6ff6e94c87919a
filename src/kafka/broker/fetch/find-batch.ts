// Finds a batch of a partition by its header, when only a place before it is known.
import type { Log } from '../../../log/index.ts'
import { batchByteLength, readBatchHeader, type BatchHeader } from '../../../record/index.ts'

/** Offset of the first batch at or after `from` whose header is wanted; null when there is none. @throws as Log.read */
export async function findBatch(
  log: Log,
  place: { readonly topic: string; readonly partition: number; readonly from: number },
  isWanted: (header: BatchHeader) => boolean
): Promise<number | null> {
  const { topic, partition } = place
  let offset = place.from
  for (;;) {
    const read = await log.read({ topic, partition, offset })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      const header = readBatchHeader(read.bytes, at)
      if (isWanted(header)) return header.baseOffset
    }
    offset = read.nextOffset
    if (offset >= read.endOffset) return null
  }
}
