// Hands out records: one at a time, in batches, or as an iteration; keeps positions of groups by the delivery wanted.
//
//   C1  Records of a partition come in the order of their offsets.
//   C2  at-least-once: a record counts as processed when the next one is asked for, and only processed ones are
//       committed. at-most-once: positions are committed before their records are handed out. exactly-once: positions
//       are committed by a producer's transaction alone.
//   C3  While a group shares out partitions anew nothing is handed out; what was processed is committed first.
import { MillraceError, type Clock } from '../../base/index.ts'
import type { Codecs } from '../codec.ts'
import type { Driver, Isolation, Membership, PartitionOffset, TopicPartition } from '../driver.ts'
import { Assignments, type TopicChoice } from './assignments.ts'
import { FetchLoop, type Chunk, type Place } from './fetch-loop.ts'
import type { StartPosition } from './start.ts'

/** How positions of a group are kept (C2). */
export type ConsumerDelivery = 'at-most-once' | 'at-least-once' | 'exactly-once' | 'manual'

/** What is read, from where, and how. */
export interface ConsumerOptions<K, V> {
  readonly types: Codecs<K, V>
  /** Topics by name, with all their partitions or some. */
  readonly topics: readonly TopicChoice[]
  /** Where to begin, in a group where it has no position. Default `beginning`. */
  readonly from?: StartPosition
  /**
   * A group whose positions are kept. Its members share the partitions; with chosen partitions the consumer only
   * keeps positions under this name, and shares nothing.
   */
  readonly group?: string
  /** Default `at-least-once`. Without a group nothing is kept. */
  readonly delivery?: ConsumerDelivery
  /** How often positions are committed, ms. Default 1,000. */
  readonly commitIntervalMs?: number
  /** How long the group waits for this member when it is silent, ms. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** Name of a static member: when it comes back in time, it gets its partitions without the others noticing. */
  readonly instance?: string
  /** Default `committed`. */
  readonly isolation?: Isolation
  /** Bytes of one fetch. Default 1 MiB. */
  readonly maxBytes?: number
  /** Bytes of one partition in a fetch. Default: as `maxBytes`. */
  readonly partitionMaxBytes?: number
  /** Bytes that are read ahead. Default: twice `maxBytes`. */
  readonly bufferBytes?: number
  /** How long a server waits for records, ms. Default 500. */
  readonly waitMs?: number
  /** Stop where the partitions end now, instead of waiting for more. */
  readonly stopAtEnd?: boolean
  /** Told of each failure that is tried again. */
  readonly onRetry?: (error: Error) => void
}

/** What a consumer needs of its client. */
export interface ConsumerHost {
  readonly driver: Driver
  readonly clock: Clock
  readonly onClose: (consumer: object) => void
}

/** A record as it was read. */
export interface ConsumedRecord<K, V> extends PartitionOffset {
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: K | null
  /** null: a tombstone. */
  readonly value: V | null
  /** In their order; a name may come twice. */
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

const MAX_BYTES_DEFAULT = 1024 * 1024
const WAIT_MS_DEFAULT = 500
const COMMIT_INTERVAL_MS_DEFAULT = 1_000
const SESSION_TIMEOUT_MS_DEFAULT = 10_000

/** Reads topics of one client. Make it by `client.consumer()`, and close it. */
export class Consumer<K = Buffer, V = Buffer> implements AsyncIterable<ConsumedRecord<K, V>> {
  readonly #options: ConsumerOptions<K, V>
  readonly #clock: Clock
  readonly #onClose: (consumer: object) => void
  readonly #loop: FetchLoop
  readonly #assignments: Assignments
  readonly #delivery: ConsumerDelivery
  /** Processed and not committed: next offsets by partition. */
  readonly #processed = new Map<Place, number>()
  #chunk: Chunk | null = null
  #index = 0
  /** Handed out last: processed when the next one is asked for. */
  #last: Place | null = null
  #wake = Promise.withResolvers<void>()
  #committedAt: number
  #committing: Promise<void> | null = null
  #commitFailure: Error | null = null
  #isClosed = false

  private constructor(
    { driver, clock, onClose }: ConsumerHost,
    loop: FetchLoop,
    options: ConsumerOptions<K, V>
  ) {
    this.#onClose = onClose
    this.#options = options
    this.#clock = clock
    this.#loop = loop
    this.#delivery = options.delivery ?? 'at-least-once'
    this.#committedAt = clock.monotonic()
    this.#assignments = new Assignments(driver, loop, clock, {
      topics: options.topics,
      from: options.from ?? 'beginning',
      group: options.group ?? null,
      instance: options.instance ?? null,
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT,
      isolation: options.isolation ?? 'committed',
      stopAtEnd: options.stopAtEnd === true,
      onRetry: options.onRetry ?? (() => {}),
      beforeRevoke: () => this.#beforeRevoke(),
      onChange: () => this.#signal()
    })
  }

  /** Finds the partitions and begins to read. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, USAGE, CLUSTER_UNREACHABLE */
  static async open<K, V>(
    { driver, clock, onClose }: ConsumerHost,
    options: ConsumerOptions<K, V>
  ): Promise<Consumer<K, V>> {
    checkOptions(options)
    const bytesMax = options.maxBytes ?? MAX_BYTES_DEFAULT
    const isolation = options.isolation ?? 'committed'
    // The loop comes before the consumer that it wakes.
    const late: { wake: (() => void) | null } = { wake: null }
    const loop = new FetchLoop({
      reader: await driver.reader(),
      admin: driver.admin,
      clock,
      isolation,
      bytesMax,
      partitionBytesMax: options.partitionMaxBytes ?? bytesMax,
      bufferBytes: options.bufferBytes ?? 2 * bytesMax,
      waitMs: options.waitMs ?? WAIT_MS_DEFAULT,
      onRetry: options.onRetry ?? (() => {}),
      onChange: () => late.wake?.()
    })
    const consumer = new Consumer({ driver, clock, onClose }, loop, options)
    late.wake = () => consumer.#signal()
    try {
      await consumer.#assignments.open()
      return consumer
    } catch (error) {
      await loop.close()
      throw error
    }
  }

  /** Partitions that are read now. */
  get partitions(): readonly TopicPartition[] {
    return this.#loop.places.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Where each partition stands: the offset behind the last record that was handed out. */
  get positions(): readonly PartitionOffset[] {
    return this.#loop.places.map(({ topic, partition, handed }) => {
      return { topic, partition, offset: handed }
    })
  }

  /**
   * The next record; null when the consumer is closed or, with `stopAtEnd`, at the end. One call at a time.
   * @throws RECORD_UNDECODABLE the record is no value of its type; the next call goes on behind it
   */
  async next(): Promise<ConsumedRecord<K, V> | null> {
    this.#settleLast()
    for (;;) {
      const chunk = this.#chunk
      if (chunk !== null && chunk.place.isActive && !this.#assignments.isPaused) {
        if (this.#index < chunk.records.length) return this.#hand(chunk)
        this.#finishChunk(chunk)
      }
      if (!(await this.#nextChunk())) return null
    }
  }

  /**
   * All records of a partition that were fetched together; null as {@link next}. They count as processed when the
   * next batch is asked for.
   */
  async nextBatch(): Promise<readonly ConsumedRecord<K, V>[] | null> {
    const first = await this.next()
    if (first === null) return null
    const batch = [first]
    const chunk = this.#chunk!
    while (this.#index < chunk.records.length) batch.push(this.#hand(chunk))
    return batch
  }

  /** Batches one after the other, until the end or `close`. */
  async *batches(): AsyncGenerator<readonly ConsumedRecord<K, V>[]> {
    for (let batch = await this.nextBatch(); batch !== null; batch = await this.nextBatch()) {
      yield batch
    }
  }

  /** Records one after the other, until the end or `close`. Leaving the loop does not close the consumer. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumedRecord<K, V>> {
    for (let record = await this.next(); record !== null; record = await this.next()) yield record
  }

  /**
   * Commits the position behind all records that were handed out, as processed.
   * @throws USAGE there is no group · GROUP_REBALANCED partitions went to others (retriable)
   */
  async commit(): Promise<void> {
    const { membership, positions } = this.progress()
    if (positions.length > 0) await membership.commit(positions)
    this.#processed.clear()
    this.#last = null
  }

  /** For a producer's transaction: the membership, and the positions behind all that was handed out. */
  progress(): { readonly membership: Membership; readonly positions: readonly PartitionOffset[] } {
    const { membership } = this.#assignments
    if (membership === null) {
      throw new MillraceError(
        'USAGE',
        'this consumer has no group, so no positions are kept; expected was one with a group; make it so'
      )
    }
    return { membership, positions: this.#assignments.isPaused ? [] : this.positions }
  }

  /** Goes to an offset of a partition that is read. @throws PARTITION_UNKNOWN it is not read here */
  seek({ topic, partition, offset }: PartitionOffset): void {
    this.#assignments.seek({ topic, partition, offset })
    if (this.#chunk?.place.isActive === false) this.#chunk = null
  }

  /** Commits what was processed, leaves the group, ends what waits. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#signal()
    try {
      await this.#committing
      if (this.#keepsPositions && !this.#assignments.isPaused) await this.#commitProcessed()
    } finally {
      await this.#assignments.close()
      await this.#loop.close()
      this.#onClose(this)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #keepsPositions(): boolean {
    return this.#assignments.membership !== null && this.#delivery === 'at-least-once'
  }

  /** Takes the next chunk when there is one; false when there will be none. */
  async #nextChunk(): Promise<boolean> {
    if (this.#commitFailure !== null) {
      const failure = this.#commitFailure
      this.#commitFailure = null
      throw failure
    }
    if (this.#isClosed) return false
    const { failure } = this.#loop
    if (failure !== null) throw failure
    if (this.#chunk === null && !this.#assignments.isPaused) {
      const chunk = this.#loop.take()
      if (chunk !== undefined) {
        if (this.#delivery === 'at-most-once') await this.#commitBefore(chunk)
        this.#chunk = chunk
        this.#index = 0
        return true
      }
      if (this.#options.stopAtEnd === true && this.#assignments.isSettled && this.#loop.isDone) {
        return false
      }
    } else if (this.#chunk !== null && !this.#chunk.place.isActive) {
      this.#chunk = null
      return true
    }
    const { promise } = this.#wake
    await promise
    return true
  }

  #hand(chunk: Chunk): ConsumedRecord<K, V> {
    // Hot: per record.
    const { place } = chunk
    const { offset, timestamp, key, value, headers } = chunk.records[this.#index++]!
    place.handed = offset + 1
    this.#last = place
    const { types } = this.#options
    try {
      return {
        topic: place.topic,
        partition: place.partition,
        offset,
        timestamp,
        key: key === null ? null : types.key.decode(key),
        value: value === null ? null : types.value.decode(value),
        headers
      }
    } catch (error) {
      throw undecodable(place, offset, error)
    }
  }

  #finishChunk(chunk: Chunk): void {
    chunk.place.handed = Math.max(chunk.place.handed, chunk.nextOffset)
    if (this.#keepsPositions) this.#processed.set(chunk.place, chunk.place.handed)
    this.#chunk = null
  }

  /** C2: what was handed out last is processed, as the next one is asked for. */
  #settleLast(): void {
    if (this.#last !== null && this.#keepsPositions) {
      this.#processed.set(this.#last, this.#last.handed)
    }
    this.#last = null
    if (!this.#keepsPositions || this.#processed.size === 0 || this.#committing !== null) return
    const interval = this.#options.commitIntervalMs ?? COMMIT_INTERVAL_MS_DEFAULT
    if (this.#clock.monotonic() - this.#committedAt < interval) return
    this.#committing = this.#commitProcessed()
      .catch((error: unknown) => this.#onCommitFailure(error as Error))
      .finally(() => {
        this.#committing = null
      })
  }

  #onCommitFailure(error: Error): void {
    // A group that shares out anew gives the records again; a cluster that is away is asked again the next time.
    if ((error as MillraceError).retriable) this.#options.onRetry?.(error)
    else this.#commitFailure = error
  }

  async #commitProcessed(): Promise<void> {
    this.#committedAt = this.#clock.monotonic()
    const positions = [...this.#processed]
      .filter(([place]) => place.isActive)
      .map(([{ topic, partition }, offset]) => ({ topic, partition, offset }))
    const before = new Map(this.#processed)
    this.#processed.clear()
    if (positions.length === 0) return
    try {
      await this.#assignments.membership?.commit(positions)
    } catch (error) {
      for (const [place, offset] of before) {
        if (place.isActive && !this.#processed.has(place)) this.#processed.set(place, offset)
      }
      throw error
    }
  }

  /** C2, at-most-once. */
  async #commitBefore({ place, nextOffset }: Chunk): Promise<void> {
    const { topic, partition } = place
    await this.#assignments.membership?.commit([{ topic, partition, offset: nextOffset }])
  }

  /** C3. */
  async #beforeRevoke(): Promise<void> {
    if (!this.#keepsPositions) return
    try {
      await this.#commitProcessed()
    } catch (error) {
      this.#onCommitFailure(error as Error)
    }
  }

  #signal(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

function checkOptions(options: ConsumerOptions<unknown, unknown>): void {
  if (options.topics.length === 0) refuse('a consumer has no topics', 'one or more')
  if (options.group === '') refuse('the name of a group is empty', 'a name')
  const { delivery, group } = options
  if (group === undefined && delivery !== undefined && delivery !== 'manual') {
    refuse(`a consumer has the delivery ${delivery} and no group`, 'a group, which keeps positions')
  }
}

function refuse(happened: string, expected: string): never {
  throw new MillraceError('USAGE', `${happened}; expected was ${expected}; correct the options`)
}

function undecodable({ topic, partition }: Place, offset: number, cause: unknown): MillraceError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new MillraceError(
    'RECORD_UNDECODABLE',
    `${topic}/${partition} at offset ${offset}: ${said}`,
    {
      cause,
      details: { topic, partition, offset }
    }
  )
}
