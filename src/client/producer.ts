// Sends records: collected while a request is under way, sent together, acknowledged each.
//
// Owns: partitions, batching, back-pressure, transactions' order. Does not own: retries and the wire (the driver).
//   P1  Records of a partition are written in the order of the calls.
//   P2  A send resolves when its records are durable (in a transaction: when they are taken into it).
//   P3  At most `bufferBytes` wait; beyond that `send` waits itself, before it takes its records.
//   P4  One call of the driver is under way at a time.
import { assert, MillraceError, type Clock } from '../base/index.ts'
import { partitionForKey, type RecordHeader } from '../record/index.ts'
import type { Codecs } from './codec.ts'
import { checkMember } from './consumer/assignments.ts'
import type { Consumer } from './consumer/consumer.ts'
import type { Compression, Driver, PartitionOffset, RawRecord, Writer } from './driver.ts'
import { clientClosed } from './errors.ts'

/** A record to send. Without a partition its key chooses it; without a key one after the other does. */
export interface OutgoingRecord<K, V> {
  readonly topic: string
  readonly key?: K | null
  /** null: a tombstone. */
  readonly value: V | null
  /** Milliseconds since the epoch; default: now. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Uint8Array | null>>
  readonly partition?: number
}

/**
 * `at-most-once`: sent once, an error may mean written or not · `at-least-once`: tried again, so it may be there
 * twice · `exactly-once`: tried again and never there twice; with `transactionalId` also over several records.
 */
export type Delivery = 'at-most-once' | 'at-least-once' | 'exactly-once'

/** How a producer sends. */
export interface ProducerOptions<K, V> {
  readonly types: Codecs<K, V>
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /** Default `none`. Data directories write gzip and zstd. */
  readonly compression?: Compression
  /** How long to wait for more records before sending, ms. Default 0: only while a request is under way. */
  readonly lingerMs?: number
  /** Bytes of keys and values of one request. Default 1,000,000: what Kafka takes of one partition. */
  readonly requestBytes?: number
  /** Bytes that may wait (P3). Default 32 MiB. */
  readonly bufferBytes?: number
  /** Allows transactions. A later producer with this id takes over from this one. */
  readonly transactionalId?: string
  /** How long a transaction may be open, ms. Default 60,000. */
  readonly transactionTimeoutMs?: number
  /** Chooses the partition of a record of `partitions`; default: Kafka's rule. */
  readonly partitioner?: (
    record: { readonly topic: string; readonly key: Uint8Array | null },
    partitions: number
  ) => number
}

/** What a producer needs of its client. */
export interface ProducerHost {
  readonly driver: Driver
  readonly clock: Clock
  readonly onClose: (producer: object) => void
}

const REQUEST_BYTES_DEFAULT = 1_000_000
const BUFFER_BYTES_DEFAULT = 32 * 1024 * 1024
const TRANSACTION_TIMEOUT_MS_DEFAULT = 60_000
/** How long the number of a topic's partitions is believed. */
const PARTITIONS_MS = 5_000
const RECORD_OVERHEAD_BYTES = 32

interface Waiting {
  readonly records: readonly RawRecord[]
  readonly bytes: number
  readonly resolve: (offsets: readonly PartitionOffset[]) => void
  readonly reject: (error: unknown) => void
}

/** Work inside a transaction. */
export interface TransactionScope<K, V> {
  /** Takes records into the transaction. Nobody who reads committed records sees them before it is committed. */
  send(records: readonly OutgoingRecord<K, V>[]): Promise<void>
  /**
   * Takes in how far a consumer of a group has come: all records that it gave out so far. They count as consumed
   * exactly when the transaction is committed.
   */
  consumed(consumer: Pick<Consumer, 'progress'>): Promise<void>
}

/** Sends records to topics of one client. Make it by `client.producer()`. */
export class Producer<K = Buffer, V = Buffer> {
  readonly #host: ProducerHost
  readonly #options: ProducerOptions<K, V>
  readonly #writer: Writer
  readonly #requestBytes: number
  readonly #bufferBytes: number
  readonly #partitions = new Map<string, { readonly count: number; readonly until: number }>()
  /** Sends that are not answered. */
  readonly #calls = new Set<Promise<unknown>>()
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #next = 0
  #sending: Promise<void> | null = null
  #room = Promise.withResolvers<void>()
  #isInTransaction = false
  #isClosed = false

  constructor(host: ProducerHost, writer: Writer, options: ProducerOptions<K, V>) {
    this.#host = host
    this.#writer = writer
    this.#options = options
    this.#requestBytes = options.requestBytes ?? REQUEST_BYTES_DEFAULT
    this.#bufferBytes = options.bufferBytes ?? BUFFER_BYTES_DEFAULT
  }

  /** @throws USAGE options that do not go together */
  static async open<K, V>(
    host: ProducerHost,
    options: ProducerOptions<K, V>
  ): Promise<Producer<K, V>> {
    const { delivery = 'exactly-once', transactionalId } = options
    if (transactionalId !== undefined && delivery !== 'exactly-once') {
      throw new MillraceError(
        'USAGE',
        `a producer has a transactional id and the delivery ${delivery}; expected was exactly-once; leave one out`
      )
    }
    const writer = await host.driver.writer({
      compression: options.compression ?? 'none',
      retries: delivery !== 'at-most-once',
      idempotent: delivery === 'exactly-once',
      transactionalId: transactionalId ?? null,
      transactionTimeoutMs: options.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS_DEFAULT
    })
    return new Producer(host, writer, options)
  }

  /**
   * Sends one record; gives where it went (P2). Many may be under way at once.
   * @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, RECORD_TOO_LARGE, PRODUCER_FENCED, CLUSTER_UNREACHABLE, CLIENT_CLOSED
   */
  async send(record: OutgoingRecord<K, V>): Promise<PartitionOffset> {
    const [place] = await this.sendAll([record])
    return place!
  }

  /** Sends records together; gives where each went, in their order (P2). @throws as {@link send} */
  async sendAll(records: readonly OutgoingRecord<K, V>[]): Promise<readonly PartitionOffset[]> {
    if (this.#isClosed) throw clientClosed('producer')
    if (this.#isInTransaction) throw inTransaction()
    if (records.length === 0) return []
    const call = this.#enqueue(records)
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  /** Resolves when nothing waits any more; errors are those of the sends. */
  async flush(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls)
    await this.#sending
  }

  /**
   * Runs `work` in a transaction: commits when it resolves, aborts when it rejects and passes its error on. One at a
   * time.
   * @throws USAGE the producer has no transactional id · PRODUCER_FENCED a later producer of this id took over
   */
  async transaction<T>(work: (scope: TransactionScope<K, V>) => Promise<T>): Promise<T> {
    if (this.#options.transactionalId === undefined) {
      throw new MillraceError(
        'USAGE',
        'this producer has no transactional id; expected was one for transactions; make it with transactionalId'
      )
    }
    if (this.#isClosed) throw clientClosed('producer')
    if (this.#isInTransaction) throw inTransaction()
    this.#isInTransaction = true
    try {
      await this.flush()
      await this.#writer.begin()
      return await this.#run(work)
    } finally {
      this.#isInTransaction = false
    }
  }

  /** Sends what waits, then lets go. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.flush()
    await this.#writer.close()
    this.#host.onClose(this)
  }

  async #run<T>(work: (scope: TransactionScope<K, V>) => Promise<T>): Promise<T> {
    // Calls of the driver come one after the other also when those of `work` do not (P4).
    let last: Promise<unknown> = Promise.resolve()
    const inTurn = (call: () => Promise<void>): Promise<void> => {
      const turn = last.then(call)
      last = turn.catch(() => undefined)
      return turn
    }
    const scope: TransactionScope<K, V> = {
      send: records =>
        inTurn(async () => {
          for (const part of this.#requests(await this.#prepare(records))) {
            await this.#writer.send(part)
          }
        }),
      consumed: consumer =>
        inTurn(async () => {
          const { membership, positions } = consumer.progress()
          checkMember(membership)
          if (positions.length > 0) await this.#writer.addPositions(membership, positions)
        })
    }
    try {
      const result = await work(scope)
      await last
      await this.#writer.commit()
      return result
    } catch (error) {
      await last
      // What failed counts; that the cluster ends the transaction itself in time is the worst of not aborting.
      await this.#writer.abort().catch(() => undefined)
      throw error
    }
  }

  async #enqueue(records: readonly OutgoingRecord<K, V>[]): Promise<readonly PartitionOffset[]> {
    while (this.#waitingBytes >= this.#bufferBytes) await this.#room.promise
    const prepared = this.#prepareNow(records) ?? (await this.#prepare(records))
    let bytes = 0
    for (const record of prepared) bytes += bytesOf(record)
    const { promise, resolve, reject } = Promise.withResolvers<readonly PartitionOffset[]>()
    this.#waiting.push({ records: prepared, bytes, resolve, reject })
    this.#waitingBytes += bytes
    this.#sending ??= this.#sendWaiting()
    return await promise
  }

  /** P1, P4. */
  async #sendWaiting(): Promise<void> {
    const lingerMs = this.#options.lingerMs ?? 0
    // Whatever is sent in this turn goes together.
    if (lingerMs > 0) await this.#host.clock.sleep(lingerMs)
    else await Promise.resolve()
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      this.#next++
      try {
        const offsets = await this.#sendRequest(taken.flatMap(each => each.records))
        let at = 0
        for (const { records, resolve } of taken) {
          resolve(offsets.slice(at, at + records.length))
          at += records.length
        }
      } catch (error) {
        this.#partitions.clear()
        for (const each of taken) each.reject(error)
      }
      for (const each of taken) this.#waitingBytes -= each.bytes
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
    this.#sending = null
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const each of this.#waiting) {
      if (count > 0 && bytes + each.bytes > this.#requestBytes) break
      bytes += each.bytes
      count++
    }
    const taken = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    return taken
  }

  /** Sends records, in several requests if need be; gives the place of each. */
  async #sendRequest(records: readonly RawRecord[]): Promise<PartitionOffset[]> {
    const places: PartitionOffset[] = []
    for (const part of this.#requests(records)) {
      const sent = await this.#writer.send(part)
      const next = new Map(sent.map(each => [`${each.partition}:${each.topic}`, each.offset]))
      for (const { topic, partition } of part) {
        const key = `${partition}:${topic}`
        const offset = next.get(key)
        assert(offset !== undefined, `the answer names ${topic}/${partition}`)
        next.set(key, offset + 1)
        places.push({ topic, partition, offset })
      }
    }
    return places
  }

  *#requests(records: readonly RawRecord[]): Iterable<readonly RawRecord[]> {
    let from = 0
    let bytes = 0
    for (const [at, record] of records.entries()) {
      const size = bytesOf(record)
      if (at > from && bytes + size > this.#requestBytes) {
        yield records.slice(from, at)
        from = at
        bytes = 0
      }
      bytes += size
    }
    if (from < records.length) yield from === 0 ? records : records.slice(from)
  }

  /** The records as bytes with their partitions; null when a topic must be asked for first. */
  #prepareNow(records: readonly OutgoingRecord<K, V>[]): readonly RawRecord[] | null {
    const now = this.#host.clock.monotonic()
    for (const { topic, partition } of records) {
      if (partition === undefined && !((this.#partitions.get(topic)?.until ?? 0) > now)) return null
    }
    return records.map(record => this.#raw(record))
  }

  async #prepare(records: readonly OutgoingRecord<K, V>[]): Promise<readonly RawRecord[]> {
    for (const topic of new Set(records.map(record => record.topic))) {
      const known = this.#partitions.get(topic)
      const now = this.#host.clock.monotonic()
      if (known !== undefined && known.until > now) continue
      const { partitions } = await this.#host.driver.admin.topic(topic)
      this.#partitions.set(topic, { count: partitions.length, until: now + PARTITIONS_MS })
    }
    return records.map(record => this.#raw(record))
  }

  #raw(record: OutgoingRecord<K, V>): RawRecord {
    const { topic, timestamp = this.#host.clock.now(), headers } = record
    const { types } = this.#options
    const key =
      record.key === undefined || record.key === null ? null : types.key.encode(record.key)
    const value = record.value === null ? null : types.value.encode(record.value)
    const partition = record.partition ?? this.#partitionOf(topic, key)
    return { topic, partition, key, value, timestamp, headers: headersOf(headers) }
  }

  #partitionOf(topic: string, key: Uint8Array | null): number {
    const { count } = this.#partitions.get(topic)!
    const { partitioner } = this.#options
    if (partitioner !== undefined) return checked(partitioner({ topic, key }, count), count)
    return key === null ? this.#next % count : partitionForKey(key, 0, key.length, count)
  }
}

function checked(partition: number, count: number): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition
  throw new MillraceError(
    'PARTITION_UNKNOWN',
    `the partitioner chose ${partition}; expected was 0 to ${count - 1}; correct it`
  )
}

const NO_HEADERS: readonly RecordHeader[] = []

function headersOf(
  headers: Readonly<Record<string, string | Uint8Array | null>> | undefined
): readonly RecordHeader[] {
  if (headers === undefined) return NO_HEADERS
  return Object.entries(headers).map(([key, value]) => {
    return { key, value: typeof value === 'string' ? Buffer.from(value) : value }
  })
}

function bytesOf({ key, value }: RawRecord): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
}

function inTransaction(): MillraceError {
  return new MillraceError(
    'USAGE',
    'a transaction of this producer is open; expected was one at a time, and records by its scope; ' +
      'use what transaction() gives, or wait until it ends'
  )
}
