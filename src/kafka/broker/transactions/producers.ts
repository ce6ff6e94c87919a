// Idempotent producers: each batch of a producer is written once, in the order of its sequence numbers (KIP-98).
//
// Owns: the last batches of every producer in every partition. Does not own: transactions, which say through
// `transactionAllows` whether a transactional batch may be written.
//   I1  A batch that was written is never written again: a repeated one gets the offset of the first.
//   I2  A batch is written only if its sequence follows the last one of its producer and epoch in the partition.
//   I3  What is remembered is committed with the batch. Only the offset is not known before; a later process finds it
//       by looking from `from` on, a place at or before the batch.
import { MillraceError, type Clock } from '../../../base/index.ts'
import type { Log, Topic } from '../../../log/index.ts'
import { readBatchHeader, type BatchHeader } from '../../../record/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import { findBatch } from '../fetch/find-batch.ts'
import type { BrokerStore, Changes } from '../store.ts'

/** Batches of a producer and partition that are remembered: as many as a client may have under way. */
const BATCHES_KEPT = 5
const SEQUENCES = 2 ** 31
const FIRST_PRODUCER_ID = 1_000
const EXPIRATION_MS = 7 * 24 * 3_600_000
const NO_PRODUCER = -1
const PREFIX = 'producer:'
const NEXT_ID_KEY = 'producer-id-next'

/** A batch that was written or is under way. */
interface KnownBatch {
  readonly first: number
  readonly last: number
  /** An offset at or before it. */
  readonly from: number
  /** Its offset, once known. */
  offset: Promise<number> | null
}

interface PartitionSequence {
  epoch: number
  batches: KnownBatch[]
  lastUsedMs: number
}

/** A producer of a partition, as administrators see it. Times in ms since 1970. */
export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
}

/** What is stored of a {@link PartitionSequence}: epoch, time of last use, and first, last and from of each batch. */
interface StoredSequence {
  readonly e: number
  readonly t: number
  readonly b: readonly (readonly [number, number, number])[]
}

/** A batch that may be written. One of `settle` and `fail` is called afterwards. */
export interface Admitted {
  readonly kind: 'admitted'
  /** What the store must change in the same commit. */
  readonly changes: Changes
  settle(baseOffset: number): void
  fail(error: unknown): void
}

/** What becomes of a batch. */
export type Admission =
  | Admitted
  | { readonly kind: 'duplicate'; readonly baseOffset: Promise<number> }
  | { readonly kind: 'refused'; readonly errorCode: number }

/** Says whether a producer's transaction is open and has the partition; the code of what is wrong, or 0. */
export type TransactionAllows = (
  transactionalId: string | null,
  producerId: number,
  epoch: number,
  topic: string,
  partition: number
) => number

const refused = (errorCode: number): Admission => ({ kind: 'refused', errorCode })
const FREE: Admitted = {
  kind: 'admitted',
  changes: new Map(),
  settle: () => undefined,
  fail: () => undefined
}

/** All producers of a broker. */
export class Producers {
  readonly #log: Log
  readonly #clock: Clock
  readonly #transactionAllows: TransactionAllows
  readonly #sequences = new Map<string, PartitionSequence>()
  /** Where each partition was last known to end. */
  readonly #ends = new Map<string, number>()
  #nextId: number

  /** `topics`: what the log has now. */
  constructor(
    log: Log,
    clock: Clock,
    store: BrokerStore,
    topics: readonly Topic[],
    transactionAllows: TransactionAllows
  ) {
    this.#log = log
    this.#clock = clock
    this.#transactionAllows = transactionAllows
    const nextId = store.get(NEXT_ID_KEY)
    this.#nextId = typeof nextId === 'number' ? nextId : FIRST_PRODUCER_ID
    for (const { name, status } of topics) {
      for (const { partition, endOffset } of status.partitions) {
        if (endOffset > 0) this.#ends.set(`${partition}:${name}`, endOffset)
      }
    }
    for (const [key, value] of store.entries(PREFIX)) {
      const { e, t, b } = value as StoredSequence
      const batches = b.map(([first, last, from]) => ({ first, last, from, offset: null }))
      this.#sequences.set(key, { epoch: e, batches, lastUsedMs: t })
    }
  }

  /** A producer id that was never given before, and what the store must change for it. */
  newId(): { readonly producerId: number; readonly changes: Changes } {
    const producerId = this.#nextId++
    return { producerId, changes: new Map([[NEXT_ID_KEY, this.#nextId]]) }
  }

  /** Whether an id was given to a producer. */
  isKnownId(producerId: number): boolean {
    return producerId >= FIRST_PRODUCER_ID && producerId < this.#nextId
  }

  /** Decides about one valid batch of records. Never waits. */
  admit(
    topic: string,
    partition: number,
    records: Uint8Array,
    transactionalId: string | null
  ): Admission {
    const header = readBatchHeader(records, 0)
    const { producerId, producerEpoch } = header
    if (producerId === NO_PRODUCER) {
      return header.isTransactional ? refused(ERROR_CODES.INVALID_RECORD) : FREE
    }
    if (!this.isKnownId(producerId)) return refused(ERROR_CODES.UNKNOWN_PRODUCER_ID)
    if (header.isTransactional) {
      const code = this.#transactionAllows(
        transactionalId,
        producerId,
        producerEpoch,
        topic,
        partition
      )
      if (code !== ERROR_CODES.NONE) return refused(code)
    }
    return this.#admitSequence(topic, partition, header)
  }

  #admitSequence(topic: string, partition: number, header: BatchHeader): Admission {
    const key = sequenceKey(header.producerId, partition, topic)
    const known = this.#sequences.get(key)
    const first = header.baseSequence
    if (first < 0) return refused(ERROR_CODES.INVALID_RECORD)
    const last = (first + header.lastOffsetDelta) % SEQUENCES
    if (known !== undefined && header.producerEpoch < known.epoch) {
      return refused(ERROR_CODES.INVALID_PRODUCER_EPOCH)
    }
    const isSameEpoch = known !== undefined && header.producerEpoch === known.epoch
    const batches = isSameEpoch ? known.batches : []
    const repeated = batches.find(batch => batch.first === first && batch.last === last)
    if (repeated !== undefined) return this.#duplicate(topic, partition, header, repeated)
    const lastKnown = batches.at(-1)
    // A producer that is new here, or whose state expired, may begin anywhere; a new epoch begins at 0.
    const expected = lastKnown === undefined ? first : (lastKnown.last + 1) % SEQUENCES
    if (first !== expected) return refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
    if (known !== undefined && !isSameEpoch && first !== 0) {
      return refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
    }
    return this.#accept(key, `${partition}:${topic}`, header, { first, last, before: batches })
  }

  #accept(
    key: string,
    place: string,
    header: BatchHeader,
    batch: { readonly first: number; readonly last: number; readonly before: readonly KnownBatch[] }
  ): Admitted {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    promise.catch(() => undefined)
    const from = this.#ends.get(place) ?? 0
    const added = { first: batch.first, last: batch.last, from, offset: promise }
    const batches = [...batch.before, added].slice(-BATCHES_KEPT)
    const replaced = this.#sequences.get(key)
    const sequence = { epoch: header.producerEpoch, batches, lastUsedMs: this.#clock.now() }
    this.#sequences.set(key, sequence)
    return {
      kind: 'admitted',
      changes: new Map([[`${PREFIX}${key}`, stored(sequence)]]),
      settle: baseOffset => {
        this.#ends.set(place, baseOffset)
        resolve(baseOffset)
      },
      fail: error => {
        reject(error)
        // Nothing was written: the producer may send the same sequence again.
        if (this.#sequences.get(key) !== sequence) return
        if (replaced === undefined) this.#sequences.delete(key)
        else this.#sequences.set(key, replaced)
      }
    }
  }

  #duplicate(topic: string, partition: number, header: BatchHeader, batch: KnownBatch): Admission {
    batch.offset ??= this.#find(topic, partition, header, batch.from)
    return { kind: 'duplicate', baseOffset: batch.offset }
  }

  /** @throws BATCH_NOT_FOUND it is not there any more, and as Log.read */
  async #find(
    topic: string,
    partition: number,
    { producerId, producerEpoch, baseSequence }: BatchHeader,
    from: number
  ): Promise<number> {
    const place = { topic, partition, from }
    const found = await findBatch(
      this.#log,
      place,
      each =>
        each.producerId === producerId &&
        each.producerEpoch === producerEpoch &&
        each.baseSequence === baseSequence
    )
    if (found !== null) return found
    throw new MillraceError(
      'BATCH_NOT_FOUND',
      `producer ${producerId} wrote its batch ${baseSequence} to ${topic}/${partition}, but it is not there any ` +
        'more; expected it to be kept for longer than clients retry; raise the retention of the topic'
    )
  }

  /** Producers that are remembered in a topic, by partition. */
  active(topic: string): ReadonlyMap<number, readonly ActiveProducer[]> {
    const found = new Map<number, ActiveProducer[]>()
    for (const [key, { epoch, batches, lastUsedMs }] of this.#sequences) {
      const { producerId, partition, name } = partsOf(key)
      if (name !== topic) continue
      const lastSequence = batches.at(-1)?.last ?? -1
      const one = { producerId, producerEpoch: epoch, lastSequence, lastTimestamp: lastUsedMs }
      const others = found.get(partition)
      if (others === undefined) found.set(partition, [one])
      else others.push(one)
    }
    return found
  }

  /** Forgets producers that wrote nothing for a week; gives what the store must change. */
  expired(): ReadonlyMap<string, null> {
    const before = this.#clock.now() - EXPIRATION_MS
    return this.#forget((_key, sequence) => sequence.lastUsedMs < before)
  }

  /** Forgets who wrote a topic that is deleted; gives what the store must change. */
  forgetTopic(topic: string): ReadonlyMap<string, null> {
    for (const place of this.#ends.keys()) {
      if (place.slice(place.indexOf(':') + 1) === topic) this.#ends.delete(place)
    }
    return this.#forget(key => partsOf(key).name === topic)
  }

  #forget(
    isGone: (key: string, sequence: PartitionSequence) => boolean
  ): ReadonlyMap<string, null> {
    const changes = new Map<string, null>()
    for (const [key, sequence] of this.#sequences) {
      if (!isGone(key, sequence)) continue
      this.#sequences.delete(key)
      changes.set(`${PREFIX}${key}`, null)
    }
    return changes
  }
}

const sequenceKey = (producerId: number, partition: number, topic: string): string =>
  `${producerId}:${partition}:${topic}`

function partsOf(key: string): {
  readonly producerId: number
  readonly partition: number
  readonly name: string
} {
  const [producerId, partition] = key.split(':', 2) as [string, string]
  const name = key.slice(producerId.length + partition.length + 2)
  return { producerId: Number(producerId), partition: Number(partition), name }
}

function stored(sequence: PartitionSequence): StoredSequence {
  return {
    e: sequence.epoch,
    t: sequence.lastUsedMs,
    b: sequence.batches.map(({ first, last, from }) => [first, last, from] as const)
  }
}
