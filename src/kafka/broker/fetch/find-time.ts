// Finds records by their timestamps.
import type { Log, PartitionStatus } from '../../../log/index.ts'
import { RecordCursor, batchByteLength } from '../../../record/index.ts'

/** A record's offset and timestamp (ms). */
export interface RecordPlace {
  readonly offset: number
  readonly timestamp: number
}

/** The first record at or after `timestampMs` and before `end`; null when there is none. @throws as Log.read */
export async function findTimestamp(
  log: Log,
  topic: string,
  { partition }: PartitionStatus,
  timestampMs: number,
  end: number
): Promise<RecordPlace | null> {
  const offset = await log.offsetForTime(topic, partition, timestampMs)
  if (offset >= end) return null
  const { bytes } = await log.read({ topic, partition, offset, bytesMax: 1 })
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) {
      if (cursor.offset >= offset) return { offset: cursor.offset, timestamp: cursor.timestamp }
    }
  }
  return null
}

/**
 * The first record with the greatest timestamp before `end`; null when there is none. Halves the time that is left:
 * about fifty look-ups, whatever the size of the partition.
 */
export async function findMaxTimestamp(
  log: Log,
  topic: string,
  status: PartitionStatus,
  end: number
): Promise<RecordPlace | null> {
  let best = await findTimestamp(log, topic, status, 0, end)
  if (best === null) return null
  let beyond = Number.MAX_SAFE_INTEGER
  while (best.timestamp + 1 < beyond) {
    const middle: number = best.timestamp + Math.ceil((beyond - best.timestamp) / 2)
    const found: RecordPlace | null = await findTimestamp(log, topic, status, middle, end)
    if (found === null) beyond = middle
    else best = found
  }
  return best
}
