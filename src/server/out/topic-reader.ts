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

/** What a reader waits for beside the log. */
export interface ReadWaits {
  /** What must be known before a record can be given: all of one read wait for it. null: nothing. Never rejects. */
  readonly prepare?: ((cursor: RecordCursor) => Promise<void> | null) | undefined
  /** Awaited between reads that gave records, for back-pressure; false ends the reading. */
  afterRead?(): Promise<boolean>
}

/** Reads the range once, calling `onRecord` for each record; resolves with the next offset to read. */
export async function readOnce(
  log: LogData,
  range: PartitionRange,
  onRecord: OnRecord,
  prepare?: ReadWaits['prepare']
): Promise<number> {
  const { topic, partition, from } = range
  const { bytes, nextOffset } = await log.read({ topic, partition, offset: from })
  if (prepare !== undefined) {
    const missing: (Promise<void> | null)[] = []
    eachRecord(bytes, range, cursor => missing.push(prepare(cursor)))
    await Promise.all(missing)
  }
  eachRecord(bytes, range, cursor => onRecord(cursor, partition))
  return nextOffset
}

/** Calls `onRecord` for each record of batches that lies in the range. */
function eachRecord(
  bytes: Uint8Array,
  { from, until }: PartitionRange,
  onRecord: (cursor: RecordCursor) => void
): void {
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) {
      if (cursor.offset >= from && cursor.offset < until) onRecord(cursor)
    }
  }
}

/** Reads the whole range. */
export async function readRange(
  log: LogData,
  range: PartitionRange,
  onRecord: OnRecord,
  waits: ReadWaits = {}
): Promise<void> {
  let { from } = range
  while (from < range.until) {
    const next = await readOnce(log, { ...range, from }, onRecord, waits.prepare)
    if ((await waits.afterRead?.()) === false) return
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

/** Follows a topic from its first record on, until the signal; partitions come as their records become durable. */
export async function followTopic(
  log: LogData,
  topic: string,
  onRecord: OnRecord,
  waits: ReadWaits,
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
      const range = { topic, partition, from, until: Infinity }
      const next = await readOnce(log, range, onRecord, waits.prepare)
      if (next === from) continue
      position.offset = next
      moved = true
      if ((await waits.afterRead?.()) === false) return
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
