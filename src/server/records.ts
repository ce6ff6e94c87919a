// Single records by hand: what the shell's produce and consume do.
import { ByteWriter } from '../base/index.ts'
import type { Log } from '../log/log.ts'
import { RecordCursor } from '../record/index.ts'
import { FeedBatches } from './feed/feed-batches.ts'
import { headersOf } from './out/record-lines.ts'
import { readOnce, wholeTopic } from './out/topic-reader.ts'
import type { TopicTable } from './topic-table.ts'

/** A record for people: key and value as text. */
export interface PrintedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | null>>
}

/**
 * Appends one record given as text. Resolves, when it is durable, with where it went.
 * @throws RECORD_VALUE key or value are no text of their type · TOPIC_UNKNOWN
 */
export async function produceText(
  log: Log,
  topics: TopicTable,
  record: {
    readonly topic: string
    readonly key: string | null
    readonly value: string
    readonly timestampMs: number
  }
): Promise<{ readonly partition: number; readonly offset: number }> {
  const { topic, key, value, timestampMs } = record
  const { spec } = await log.describeTopic(topic)
  const forms = topics.forms(topic)
  const batches = new FeedBatches(topic, spec.partitions, topics.compression(topic))
  const writer = new ByteWriter(256)
  forms.value.encodeText(value, writer)
  const valueBytes = writer.slice()
  writer.clear()
  if (key !== null) forms.key.encodeText(key, writer)
  batches.add(timestampMs, key === null ? null : writer.slice(), valueBytes, [])
  const taken = batches.take()
  const { baseOffsets } = await log.commit({ batches: taken, offsets: [] })
  return { partition: taken[0]!.partition, offset: baseOffsets[0]! }
}

/** Where {@link readTexts} begins in each partition: an offset, or an end of what is there. */
export type ConsumeFrom = number | 'beginning' | 'end'

/**
 * The records of a topic from `from` on, at most `limit`; partition by partition. `end` gives the last
 * `limit` of each partition.
 */
export async function readTexts(
  log: Log,
  topics: TopicTable,
  request: { readonly topic: string; readonly from: ConsumeFrom; readonly limit: number }
): Promise<readonly PrintedRecord[]> {
  const records: PrintedRecord[] = []
  const forms = topics.forms(request.topic)
  for (const range of await wholeTopic(log, request.topic)) {
    const { from: first, until } = range
    const wanted = { beginning: first, end: Math.max(first, until - request.limit) }
    let from =
      typeof request.from === 'number' ? Math.max(first, request.from) : wanted[request.from]
    while (from < until && records.length < request.limit) {
      from = await readOnce(log, { ...range, from }, (cursor, partition) => {
        if (records.length < request.limit) records.push(printed(cursor, partition, forms))
      })
    }
  }
  return records
}

function printed(
  cursor: RecordCursor,
  partition: number,
  forms: ReturnType<TopicTable['forms']>
): PrintedRecord {
  const key = cursor.key()
  const value = cursor.value()
  return {
    partition,
    offset: cursor.offset,
    timestamp: cursor.timestamp,
    key: key === null ? null : forms.key.printText(key),
    value: value === null ? null : forms.value.printText(value),
    headers: cursor.headerCount === 0 ? {} : headersOf(cursor)
  }
}
