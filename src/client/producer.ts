// Sends records: collected while a request is under way, sent together, acknowledged each.
//
// Owns: partitions, batching, back-pressure, transactions' order. Does not own: retries and the wire (the driver).
//   P1  Records of a partition are written in the order of the calls.
//   P2  A send resolves when its records are durable (in a transaction: when they are taken into it).
//   P3  At most `bufferBytes` wait; beyond that `send` waits itself, before it takes its records.
//   P4  One call of the driver is under way at a time.
import { assert, isMillraceError, MillraceError } from '../base/index.ts'
import type { Codecs } from './codec.ts'
import { checkMember } from './consumer/assignments.ts'
import type { Consumer, Progress } from './consumer/consumer.ts'
import type { ClientParts, Compression, PartitionOffset, RawRecord, Writer } from './driver.ts'
import { clientClosed } from './errors.ts'
import { Placer, type OutgoingRecord, type Partitioner } from './placer.ts'
import { keyOf } from './places.ts'

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
  /**
   * How long to wait for more records before sending, ms, unless a request is full or `flush` is called. Default 0:
   * only while a request is under way.
   */
  readonly lingerMs?: number
  /** Bytes of keys and values of one request. Default 1,000,000: what Kafka takes of one partition. */
  readonly requestBytes?: number
  /** Bytes that may wait (P3). Default 32 MiB. */
  readonly bufferBytes?: number
  /** Allows transactions. A later producer with this id takes over from this one. */
  readonly transactionalId?: string
  /** How long a server lets a transaction be open, ms. Default 60,000. Nobody waits for one of a data directory. */
  readonly transactionTimeoutMs?: number
  /** Chooses the partition of a record; default: Kafka's rule. */
  readonly partitioner?: Partitioner
}

const REQUEST_BYTES_DEFAULT = 1_000_000
const BUFFER_BYTES_DEFAULT = 32 * 1024 * 1024
const TRANSACTION_TIMEOUT_MS_DEFAULT = 60_000
const RECORD_OVERHEAD_BYTES = 32
/** As in Kafka's own producer: few enough that a burst reaches all partitions, enough that batches are worth it. */
const TURN_BYTES = 16 * 1024

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
   * exactly when the transaction is committed. When it is aborted by an error of `work`, the consumer stays where it
   * is: do the same work again, or `seek`.
   * @throws GROUP_REBALANCED partitions of these records are another member's now; the records of the others come
   * again, so go on reading
   */
  consumed(consumer: Pick<Consumer, 'progress'>): Promise<void>
}

/** Sends records to topics of one client. Make it by `client.producer()`. */
export class Producer<K = Buffer, V = Buffer> {
  readonly #host: ClientParts
  readonly #options: ProducerOptions<K, V>
  readonly #writer: Writer
  readonly #requestBytes: number
  readonly #bufferBytes: number
  readonly #placer: Placer<K, V>
  /** P1: the last call that waits before its records are taken, so that none passes it; null: none does. */
  #entering: Promise<unknown> | null = null
  #lingering: AbortController | null = null
  /** Sends that are not answered. */
  readonly #calls = new Set<Promise<unknown>>()
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** Records without a key go to the partition whose turn it is: for a request, or for some bytes of one. */
  #turn = 0
  #turnBytes = 0
  #sending: Promise<void> | null = null
  #room = Promise.withResolvers<void>()
  #isInTransaction = false
  #isClosed = false

  constructor(host: ClientParts, writer: Writer, options: ProducerOptions<K, V>) {
    this.#host = host
    this.#writer = writer
    this.#options = options
    this.#placer = new Placer(host, options)
    this.#requestBytes = options.requestBytes ?? REQUEST_BYTES_DEFAULT
    this.#bufferBytes = options.bufferBytes ?? BUFFER_BYTES_DEFAULT
  }

  /** @throws USAGE options that do not go together */
  static async open<K, V>(
    host: ClientParts,
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
    while (this.#calls.size > 0) {
      this.#lingering?.abort()
      await Promise.allSettled(this.#calls)
    }
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
    const taken: Progress[] = []
    const scope = this.#scope(taken)
    try {
      const result = await work({
        send: records => inTurn(() => scope.send(records)),
        consumed: consumer => inTurn(() => scope.consumed(consumer))
      })
      await last
      await this.#writer.commit()
      for (const progress of taken) progress.settle()
      return result
    } catch (error) {
      await last
      if (isMillraceError(error, 'GROUP_REBALANCED')) for (const each of taken) each.goBack()
      // What failed counts; that the cluster ends the transaction itself in time is the worst of not aborting.
      await this.#writer.abort().catch(() => undefined)
      throw error
    }
  }

  /** The work of a transaction, one call at a time; `taken` gets the progress that goes with it. */
  #scope(taken: Progress[]): TransactionScope<K, V> {
    const send = async (records: readonly OutgoingRecord<K, V>[]): Promise<void> => {
      const placed = await this.#placer.place(records, this.#turn++)
      for (const part of this.#requests(placed)) await this.#writer.send(part)
    }
    const consumed = async (consumer: Pick<Consumer, 'progress'>): Promise<void> => {
      const progress = consumer.progress()
      const { membership, positions } = progress
      checkMember(membership)
      taken.push(progress)
      if (positions.length > 0) await this.#writer.addPositions(membership, positions)
    }
    return { send, consumed }
  }

  async #enqueue(records: readonly OutgoingRecord<K, V>[]): Promise<readonly PartitionOffset[]> {
    if (this.#entering === null && this.#waitingBytes < this.#bufferBytes) {
      const prepared = this.#placer.placeNow(records, this.#turn)
      if (prepared !== null) return await this.#put(prepared)
    }
    const entry = this.#enter(this.#entering, records)
    const entered = entry.catch(() => undefined)
    this.#entering = entered
    void entered.then(() => {
      if (this.#entering === entered) this.#entering = null
    })
    const { places } = await entry
    return await places
  }

  /** Takes the records when those of `before` are taken, there is room and their partitions are known (P1, P3). */
  async #enter(
    before: Promise<unknown> | null,
    records: readonly OutgoingRecord<K, V>[]
  ): Promise<{ readonly places: Promise<readonly PartitionOffset[]> }> {
    await before
    while (this.#waitingBytes >= this.#bufferBytes) await this.#room.promise
    return {
      places: this.#put(
        this.#placer.placeNow(records, this.#turn) ??
          (await this.#placer.place(records, this.#turn))
      )
    }
  }

  /** Has the records sent; gives where they went. */
  #put(records: readonly RawRecord[]): Promise<readonly PartitionOffset[]> {
    let bytes = 0
    for (const record of records) bytes += bytesOf(record)
    const { promise, resolve, reject } = Promise.withResolvers<readonly PartitionOffset[]>()
    this.#waiting.push({ records, bytes, resolve, reject })
    this.#waitingBytes += bytes
    this.#turnBytes += bytes
    if (this.#turnBytes >= TURN_BYTES) this.#nextTurn()
    if (this.#waitingBytes >= this.#requestBytes) this.#lingering?.abort()
    this.#sending ??= this.#sendWaiting()
    return promise
  }

  /** P1, P4. */
  async #sendWaiting(): Promise<void> {
    const lingerMs = this.#options.lingerMs ?? 0
    // Whatever is sent in this turn goes together.
    if (lingerMs > 0) await this.#linger(lingerMs)
    else await Promise.resolve()
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      this.#nextTurn()
      try {
        const offsets = await this.#sendRequest(taken.flatMap(each => each.records))
        let at = 0
        for (const { records, resolve } of taken) {
          resolve(offsets.slice(at, at + records.length))
          at += records.length
        }
      } catch (error) {
        this.#placer.doubt()
        for (const each of taken) each.reject(error)
      }
      for (const each of taken) this.#waitingBytes -= each.bytes
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
    this.#sending = null
  }

  #nextTurn(): void {
    this.#turn++
    this.#turnBytes = 0
  }

  async #linger(ms: number): Promise<void> {
    this.#lingering = new AbortController()
    const { signal } = this.#lingering
    try {
      if (this.#waitingBytes < this.#requestBytes) await this.#host.clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
    this.#lingering = null
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
      const next = new Map(sent.map(each => [keyOf(each), each.offset]))
      for (const { topic, partition } of part) {
        const key = keyOf({ topic, partition })
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
}

function bytesOf({ key, value, headers }: RawRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0)
  return bytes
}

function inTransaction(): MillraceError {
  return new MillraceError(
    'USAGE',
    'a transaction of this producer is open; expected was one at a time, and records by its scope; ' +
      'use what transaction() gives, or wait until it ends'
  )
}
