// Records as tests write and read them: values of the declared types instead of bytes.
import { ByteWriter } from '../base/index.ts'
import type { TopicPlan } from '../dataflow/plan.ts'
import type { ScalarType } from '../dataflow/types.ts'
import type { Log } from '../log/index.ts'
import { BatchBuilder, batchByteLength, partitionForKey, RecordCursor } from '../record/index.ts'
import {
  compileConverter,
  keyConverter,
  type RecordConverter,
  valueConverter
} from '../runtime/index.ts'

/** A record to be fed. */
export interface TestRecordInput<K, V> {
  readonly key?: K | null
  readonly value: V | null
  /** Default: the clock's time. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Default: by the key; 0 without one. */
  readonly partition?: number
}

/** A record that was read. */
export interface TestRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
  readonly offset: number
}

/** How the records of one topic become values and back. */
interface Format {
  readonly key: RecordConverter
  readonly value: RecordConverter
}

/** Writes and reads the topics of a log with the types of plans; topics without types hold text. */
export class RecordDesk {
  readonly #log: Log
  readonly #topics: ReadonlyMap<string, TopicPlan>
  readonly #formats = new Map<string, Format>()

  constructor(log: Log, topics: readonly TopicPlan[]) {
    this.#log = log
    this.#topics = new Map(topics.map(topic => [topic.name, topic]))
  }

  /** Appends in one commit. @throws RECORD_VALUE a value is not of the topic's type */
  async append(
    topic: string,
    records: readonly TestRecordInput<unknown, unknown>[],
    nowMs: number
  ): Promise<void> {
    const { spec } = await this.#log.describeTopic(topic)
    const format = this.#format(topic)
    const builders = new Map<number, BatchBuilder>()
    for (const record of records) {
      const key = bytesOf(format.key, record.key ?? null)
      const value = bytesOf(format.value, record.value)
      const byKey = key === null ? 0 : partitionForKey(key, 0, key.length, spec.partitions)
      const partition = record.partition ?? byKey
      let builder = builders.get(partition)
      if (builder === undefined) builders.set(partition, (builder = new BatchBuilder()))
      const headers = Object.entries(record.headers ?? {}).map(([name, text]) => ({
        key: name,
        value: Buffer.from(text)
      }))
      builder.append(record.timestamp ?? nowMs, key, value, headers)
    }
    const batches = [...builders].map(([partition, builder]) => ({
      topic,
      partition,
      batch: builder.build()
    }))
    await this.#log.commit({ batches, offsets: [] })
  }

  /** All records of a topic from `offsets` on (by partition), which are moved behind them. */
  async read(topic: string, offsets: Map<number, number>): Promise<TestRecord<unknown, unknown>[]> {
    const format = this.#format(topic)
    const { status } = await this.#log.describeTopic(topic)
    const found: TestRecord<unknown, unknown>[] = []
    const cursor = new RecordCursor()
    for (const { partition } of status.partitions) {
      const from = offsets.get(partition) ?? 0
      for (let offset = from; ;) {
        const { bytes, nextOffset } = await this.#log.read({ topic, partition, offset })
        if (bytes.length === 0) break
        for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
          cursor.open(bytes, at)
          while (cursor.next()) {
            if (cursor.offset >= from) found.push(recordOf(cursor, format, partition))
          }
        }
        offset = nextOffset
        offsets.set(partition, offset)
      }
    }
    return found
  }

  #format(name: string): Format {
    let format = this.#formats.get(name)
    if (format === undefined) {
      const topic = this.#topics.get(name)
      const text = compileConverter({ kind: 'string' }, 'raw')
      format = {
        key: keyConverter((topic?.key as ScalarType | null | undefined) ?? null),
        value: topic === undefined ? text : valueConverter(topic.value, topic.name)
      }
      this.#formats.set(name, format)
    }
    return format
  }
}

function bytesOf(converter: RecordConverter, value: unknown): Buffer | null {
  if (value === null) return null
  const writer = new ByteWriter()
  converter.encode(value, writer)
  return writer.slice()
}

function recordOf(
  cursor: RecordCursor,
  format: Format,
  partition: number
): TestRecord<unknown, unknown> {
  const headers: Record<string, string> = {}
  for (const { key, value } of cursor.headers())
    headers[key] = value === null ? '' : value.toString()
  return {
    key: valueOf(format.key, cursor.key()),
    value: valueOf(format.value, cursor.value()),
    timestamp: cursor.timestamp,
    headers,
    partition,
    offset: cursor.offset
  }
}

function valueOf(converter: RecordConverter, bytes: Buffer | null): unknown {
  return bytes === null ? null : converter.decode(bytes, 0, bytes.length)
}
