// Hands out records: one at a time, in batches, or as an iteration; keeps positions of groups by the delivery wanted.
//
//   C1  Records of a partition come in the order of their offsets.
//   C2  at-least-once: a record counts as processed when the next one is asked for, and only processed ones are
//       committed. at-most-once: positions are committed before their records are handed out. exactly-once: positions
//       are committed by a producer's transaction alone.
//   C3  While a group shares out partitions anew nothing is handed out; what was processed is committed first.
//   C4  A transaction takes positions in only while all partitions that its records came from are still the member's:
//       whoever has them now reads the same records, and would write their results a second time.
import { isMillraceError, MillraceError, type Clock, type Timer } from '../../base/index.ts'
import type { ClientParts, Membership, PartitionOffset, TopicPartition } from '../driver.ts'
import { groupRebalanced } from '../errors.ts'
import { Assignments } from './assignments.ts'
import { FetchLoop, type Chunk, type Place } from './fetch-loop.ts'
import {
  checkOptions,
  refuse,
  type ConsumedRecord,
  type ConsumerDelivery,
  type ConsumerOptions
} from './options.ts'

/** How far a consumer of a group came, for a transaction. */
export interface Progress {
  readonly membership: Membership
  readonly positions: readonly PartitionOffset[]
  /** The positions are committed. */
  settle(): void
  /** They were refused: what was handed out since they were committed last comes again. */
  goBack(): void
}

const MAX_BYTES_DEFAULT = 1024 * 1024
const WAIT_MS_DEFAULT = 500
const SESSION_TIMEOUT_MS_DEFAULT = 10_000
const COMMIT_INTERVAL_MS_DEFAULT = 1_000
const COMMIT_RETRY_MS = 50

/** Reads topics of one client. Make it by `client.consumer()`, and close it. */
export class Consumer<K = Buffer, V = Buffer> implements AsyncIterable<ConsumedRecord<K, V>> {
  readonly #options: ConsumerOptions<K, V>
  readonly #clock: Clock
  readonly #onClose: ClientParts['onClose']
  readonly #loop: FetchLoop
  readonly #assignments: Assignments
  readonly #delivery: ConsumerDelivery
  /** Processed and not committed: next offsets by partition. */
  readonly #processed = new Map<Place, number>()
  /** C4: where records that no transaction settled began, by partition. */
  readonly #unsettled = new Map<Place, number>()
  #chunk: Chunk | null = null
  #index = 0
  /** Handed out last: processed when the next one is asked for. */
  #last: Place | null = null
  #wake = Promise.withResolvers<void>()
  #committedAt: number
  #committing: Promise<void> | null = null
  #timer: Timer | null = null
  #commitFailure: Error | null = null
  #isClosed = false

  private constructor(
    { driver, clock, onClose }: ClientParts,
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
    { driver, clock, onClose }: ClientParts,
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
    while (this.#index < chunk.records.length) {
      const { handed } = chunk.place
      try {
        batch.push(this.#hand(chunk))
      } catch {
        // The next call tells of it: those before it are good.
        this.#index--
        chunk.place.handed = handed
        break
      }
    }
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
   * @throws USAGE there is no group · GROUP_REBALANCED partitions are going to others (retriable)
   */
  async commit(): Promise<void> {
    const membership = this.#membership()
    if (this.#assignments.isPaused) throw this.#rebalanced()
    const { positions } = this
    if (positions.length > 0) await membership.commit(positions)
    this.#processed.clear()
    this.#unsettled.clear()
    this.#last = null
  }

  /**
   * For a producer's transaction: the positions behind all that was handed out (C4).
   * @throws USAGE there is no group, or positions are not left to transactions · GROUP_REBALANCED partitions are
   * another's now (retriable); what was handed out of the others comes again
   */
  progress(): Progress {
    const membership = this.#membership()
    if (this.#delivery !== 'exactly-once' && this.#delivery !== 'manual') {
      refuse(
        `a consumer with the delivery ${this.#delivery} commits its positions itself`,
        'exactly-once, which leaves that to transactions'
      )
    }
    const isLost = [...this.#unsettled.keys()].some(place => !place.isActive)
    if (isLost || this.#assignments.isPaused) {
      this.#goBack()
      throw this.#rebalanced()
    }
    const handed = new Map([...this.#unsettled.keys()].map(place => [place, place.handed] as const))
    return {
      membership,
      positions: this.positions,
      settle: () => this.#settle(handed),
      goBack: () => this.#goBack()
    }
  }

  /** Goes to an offset of a partition that is read. @throws PARTITION_UNKNOWN it is not read here */
  seek({ topic, partition, offset }: PartitionOffset): void {
    this.#unsettled.delete(this.#assignments.seek({ topic, partition, offset }))
    if (this.#chunk?.place.isActive === false) this.#chunk = null
  }

  /** Commits what was processed, leaves the group, ends what waits. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
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

  /** @throws USAGE there is no group */
  #membership(): Membership {
    return (
      this.#assignments.membership ??
      refuse('a consumer without a group keeps no positions', 'one with a group')
    )
  }

  #rebalanced(): MillraceError {
    return groupRebalanced(this.#options.group!)
  }

  /** Up to these offsets nothing is unsettled any more. */
  #settle(handed: ReadonlyMap<Place, number>): void {
    for (const [place, offset] of handed) {
      if (place.handed === offset) this.#unsettled.delete(place)
      else if (this.#unsettled.has(place)) this.#unsettled.set(place, offset)
    }
  }

  /** Goes to where unsettled records began, in partitions that are still read here. */
  #goBack(): void {
    for (const [{ topic, partition, isActive }, offset] of this.#unsettled) {
      if (isActive) this.seek({ topic, partition, offset })
    }
    this.#unsettled.clear()
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
        if (this.#delivery === 'at-most-once' && !(await this.#commitBefore(chunk))) return true
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
    if (this.#last !== place) this.#noteUnsettled(place)
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

  /** C4. */
  #noteUnsettled(place: Place): void {
    const isKeptByOthers = this.#delivery === 'exactly-once' || this.#delivery === 'manual'
    if (isKeptByOthers && !this.#unsettled.has(place)) this.#unsettled.set(place, place.handed)
  }

  #finishChunk(chunk: Chunk): void {
    chunk.place.handed = Math.max(chunk.place.handed, chunk.nextOffset)
    if (this.#keepsPositions) this.#processed.set(chunk.place, chunk.place.handed)
    this.#chunk = null
    this.#commitInTime()
  }

  /** C2: what was handed out last is processed, as the next one is asked for. */
  #settleLast(): void {
    if (this.#last !== null && this.#keepsPositions) {
      this.#processed.set(this.#last, this.#last.handed)
    }
    this.#last = null
    this.#commitInTime()
  }

  /** Has what was processed committed at its time, also when nothing more comes. */
  #commitInTime(leastMs = 0): void {
    if (!this.#keepsPositions || this.#processed.size === 0 || this.#committing !== null) return
    const interval = this.#options.commitIntervalMs ?? COMMIT_INTERVAL_MS_DEFAULT
    const leftMs = Math.max(leastMs, this.#committedAt + interval - this.#clock.monotonic())
    if (leftMs <= 0) this.#commitNow()
    else this.#timer ??= this.#clock.timer(leftMs, () => this.#commitNow(), { unref: true })
  }

  #commitNow(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#isClosed || this.#committing !== null) return
    this.#committing = this.#commitProcessed()
      .catch((error: unknown) => this.#onCommitFailure(error as Error))
      .finally(() => {
        this.#committing = null
        this.#commitInTime(COMMIT_RETRY_MS)
      })
  }

  #onCommitFailure(error: Error): void {
    // A group that shares out anew gives the records again; a cluster that is away is asked again the next time.
    if (isMillraceError(error) && error.retriable) this.#options.onRetry?.(error)
    else this.#commitFailure = error
    this.#signal()
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

  /** C2, at-most-once: false when the records must wait. */
  async #commitBefore(chunk: Chunk): Promise<boolean> {
    const { place, nextOffset } = chunk
    const { topic, partition } = place
    try {
      await this.#assignments.membership?.commit([{ topic, partition, offset: nextOffset }])
      return true
    } catch (error) {
      // Nobody has seen them, so they may come later, here or at another member.
      this.#loop.putBack(chunk)
      if (this.#isClosed) return false
      if (!isMillraceError(error) || !error.retriable) throw error
      this.#options.onRetry?.(error)
      await this.#clock.sleep(COMMIT_RETRY_MS)
      return false
    }
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
