// Reads partitions of a data directory for one consumer: the log's own reads, waiting where nothing is there.
import { isMillraceError } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { batchByteLength, readBatchHeader, RecordCursor } from '../../record/index.ts'
import type {
  Fetched,
  FetchRequest,
  PartitionOffset,
  Reader,
  ReadRecord,
  TopicPartition
} from '../driver.ts'
import { clientClosed } from '../errors.ts'
import type { Host } from './host.ts'
import { NODE_ID, visibleTopic } from './topics.ts'

/** A reader of one consumer. */
export class EmbeddedReader implements Reader {
  readonly #host: Host
  readonly #cursor = new RecordCursor()
  readonly #closing = new AbortController()

  constructor(host: Host) {
    this.#host = host
  }

  async leaders(
    partitions: readonly TopicPartition[]
  ): Promise<ReadonlyMap<number, TopicPartition[]>> {
    for (const topic of new Set(partitions.map(each => each.topic))) {
      await visibleTopic(this.#host.log, topic)
    }
    return partitions.length === 0 ? new Map() : new Map([[NODE_ID, [...partitions]]])
  }

  async fetch(request: FetchRequest): Promise<readonly Fetched[]> {
    const log = this.#host.view(request.isolation)
    if (this.#closing.signal.aborted) throw clientClosed('consumer')
    const found = await this.#collect(log, request)
    if (found.length > 0 || request.waitMs <= 0) return found
    await this.#wait(log, request)
    if (this.#closing.signal.aborted) throw clientClosed('consumer')
    return await this.#collect(log, request)
  }

  close(): Promise<void> {
    this.#closing.abort()
    return Promise.resolve()
  }

  async #collect(log: Log, request: FetchRequest): Promise<Fetched[]> {
    const found: Fetched[] = []
    let left = request.bytesMax
    for (const position of request.positions) {
      if (left <= 0) break
      const bytesMax = Math.min(left, request.partitionBytesMax)
      const fetched = await this.#read(log, position, bytesMax)
      if (fetched === null) continue
      left -= fetched.bytes
      found.push(fetched.result)
    }
    return found
  }

  async #read(
    log: Log,
    { topic, partition, offset }: PartitionOffset,
    bytesMax: number
  ): Promise<{ readonly result: Fetched; readonly bytes: number } | null> {
    const lost = (): { readonly result: Fetched; readonly bytes: number } => {
      const result: Fetched = {
        topic,
        partition,
        records: [],
        nextOffset: offset,
        problem: 'OFFSET_OUT_OF_RANGE'
      }
      return { result, bytes: 0 }
    }
    try {
      const read = await log.read({ topic, partition, offset, bytesMax })
      if (read.startOffset > offset) return lost()
      if (read.nextOffset <= offset) return null
      const records = this.#decode(Buffer.from(read.bytes), offset)
      const result: Fetched = {
        topic,
        partition,
        records,
        nextOffset: read.nextOffset,
        problem: null
      }
      return { result, bytes: read.bytes.length }
    } catch (error) {
      if (isMillraceError(error, 'OFFSET_OUT_OF_RANGE')) return lost()
      throw error
    }
  }

  /** The records from `offset` on; they stand in `bytes`, which is theirs. Markers of transactions are none. */
  #decode(bytes: Buffer, offset: number): ReadRecord[] {
    const records: ReadRecord[] = []
    const cursor = this.#cursor
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      if (readBatchHeader(bytes, at).isControl) continue
      cursor.open(bytes, at)
      // Hot: per record.
      while (cursor.next()) {
        if (cursor.offset < offset) continue
        records.push({
          offset: cursor.offset,
          timestamp: cursor.timestamp,
          key: cursor.key(),
          value: cursor.value(),
          headers: cursor.headerCount === 0 ? NO_HEADERS : headersOf(cursor)
        })
      }
    }
    return records
  }

  /** Until something comes, the time is over or the reader is closed. */
  async #wait(log: Log, { positions, waitMs }: FetchRequest): Promise<void> {
    const ending = new AbortController()
    const timer = this.#host.clock.timer(waitMs, () => ending.abort())
    const signal = AbortSignal.any([ending.signal, this.#closing.signal])
    try {
      await log.wait(positions, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      timer.cancel()
    }
  }
}

const NO_HEADERS: ReadRecord['headers'] = []

function headersOf(cursor: RecordCursor): ReadRecord['headers'] {
  return cursor.headers().map(({ key, value }) => ({
    key,
    value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length)
  }))
}
