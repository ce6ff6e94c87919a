// Reads the records of topics in order, batch by batch, for output files and for people.
import type { LogData, PartitionStatus } from '../../log/log.ts'
import { RecordCursor, batchByteLength } from '../../record/index.ts'

/** Called with the cursor standing on a record; what the cursor gives is valid during the call only. */
export type OnRecord = (cursor: RecordCursor, partition: number) => void

/** A part of a partition: from an offset up to, not including, another. */
export interface PartitionRange {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly until: number
}

/** Reads the range once, calling `onRecord` for each record; resolves with the next offset to read. */
export async function readOnce(
  log: LogData,
  range: PartitionRange,
  onRecord: OnRecord
): Promise<number> {
  const { topic, partition, from, until } = range
  const { bytes, nextOffset } = await log.read({ topic, partition, offset: from })
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) {
      if (cursor.offset >= from && cursor.offset < until) onRecord(cursor, partition)
    }
  }
  return nextOffset
}

/** Reads the whole range; `afterRead` is awaited between reads, for back-pressure. */
export async function readRange(
  log: LogData,
  range: PartitionRange,
  onRecord: OnRecord,
  afterRead?: () => Promise<boolean>
): Promise<void> {
  let { from } = range
  while (from < range.until) {
    const next = await readOnce(log, { ...range, from }, onRecord)
    if (afterRead !== undefined && !(await afterRead())) return
    if (next <= from) return
    from = next
  }
}

/** All that the partitions of a topic hold now, partition by partition. */
export async function wholeTopic(log: LogData, topic: string): Promise<readonly PartitionRange[]> {
  const { status } = await log.describeTopic(topic)
  return status.partitions.map((partition: PartitionStatus) => ({
    topic,
    partition: partition.partition,
    from: partition.startOffset,
    until: partition.endOffset
  }))
}

/**
 * Follows a topic from its first record on, until the signal: `afterRead` is awaited after each read that
 * gave records; partitions come as their records become durable.
 */
export async function followTopic(
  log: LogData,
  topic: string,
  onRecord: OnRecord,
  afterRead: () => Promise<boolean>,
  signal: AbortSignal
): Promise<void> {
  const positions = (await wholeTopic(log, topic)).map(range => ({
    topic,
    partition: range.partition,
    offset: range.from
  }))
  for (;;) {
    // What is durable when the signal comes is still read.
    const last = signal.aborted
    let moved = false
    for (const position of positions) {
      const { partition, offset: from } = position
      const next = await readOnce(log, { topic, partition, from, until: Infinity }, onRecord)
      if (next === from) continue
      position.offset = next
      moved = true
      if (!(await afterRead())) return
    }
    if (moved) continue
    if (last) return
    try {
      await log.wait(positions, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
