// Writes into a data directory for one producer: each send one commit, each transaction one commit.
//
//   W1  A transaction is collected in memory and committed in one step with its positions: nothing of it is ever seen
//       before, and aborting is forgetting. The price is a bound: what one commit takes.
//   W2  Of two producers of a transactional id the later one counts, in this process; and what a server left open
//       under that id is aborted before the first transaction here.
import {
  BATCH_BYTES_TARGET,
  COMMIT_QUEUE_BYTES_MAX,
  isMillraceError,
  MillraceError
} from '../../base/index.ts'
import { ERROR_CODES } from '../../kafka/index.ts'
import type { CommitBatch, CommitOffset } from '../../log/index.ts'
import { BatchBuilder } from '../../record/index.ts'
import type {
  Membership,
  PartitionOffset,
  ProducerRequest,
  RawRecord,
  SentTo,
  Writer
} from '../driver.ts'
import { clientClosed, producerFenced, topicUnknown } from '../errors.ts'
import { keyOf } from '../places.ts'
import type { Host } from './host.ts'
import { EmbeddedMembership } from './membership.ts'
import { checkPartition, visibleTopic } from './topics.ts'

interface Transaction {
  readonly batches: CommitBatch[]
  /** How far each consumer came, as it said last. */
  readonly positions: Map<EmbeddedMembership, readonly PartitionOffset[]>
  bytes: number
}

/** Who writes under each transactional id (W2). */
export type TransactionalIds = Map<string, EmbeddedWriter>

/** A writer of one producer. */
export class EmbeddedWriter implements Writer {
  readonly #host: Host
  readonly #request: ProducerRequest
  readonly #ids: TransactionalIds
  readonly #known = new Set<string>()
  #transaction: Transaction | null = null
  #isClosed = false

  private constructor(host: Host, request: ProducerRequest, ids: TransactionalIds) {
    this.#host = host
    this.#request = request
    this.#ids = ids
  }

  static async open(
    host: Host,
    request: ProducerRequest,
    ids: TransactionalIds
  ): Promise<EmbeddedWriter> {
    const writer = new EmbeddedWriter(host, request, ids)
    const { transactionalId } = request
    // Tells at once what cannot be written.
    void new BatchBuilder({ compression: request.compression })
    if (transactionalId !== null) {
      ids.set(transactionalId, writer)
      if (host.hasBroker) await abortOpen(host, request)
    }
    return writer
  }

  async send(records: readonly RawRecord[]): Promise<SentTo> {
    this.#check()
    const batches = this.#encode(records)
    await this.#checkPartitions(batches)
    const transaction = this.#transaction
    if (transaction !== null) {
      this.#keep(transaction, batches)
      return []
    }
    const { baseOffsets } = await this.#commit(batches, [])
    const first = new Map<string, PartitionOffset>()
    for (const [index, { topic, partition }] of batches.entries()) {
      const key = keyOf({ topic, partition })
      if (!first.has(key)) first.set(key, { topic, partition, offset: baseOffsets[index]! })
    }
    return [...first.values()]
  }

  begin(): Promise<void> {
    this.#check()
    this.#transaction = { batches: [], positions: new Map(), bytes: 0 }
    return Promise.resolve()
  }

  addPositions(membership: Membership, positions: readonly PartitionOffset[]): Promise<void> {
    this.#check()
    const own = membership as EmbeddedMembership
    own.check(positions)
    this.#transaction!.positions.set(own, positions)
    return Promise.resolve()
  }

  async commit(): Promise<void> {
    this.#check()
    const { batches, positions } = this.#transaction!
    const offsets: CommitOffset[] = []
    for (const [membership, own] of positions) {
      membership.check(own)
      const { group } = membership
      for (const place of own) offsets.push({ group, ...place, metadata: '' })
    }
    this.#transaction = null
    if (batches.length === 0 && offsets.length === 0) return
    const commit = this.#commit(batches, offsets)
    for (const membership of positions.keys()) membership.keepUntil(commit)
    await commit
  }

  abort(): Promise<void> {
    this.#transaction = null
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#isClosed = true
    const { transactionalId } = this.#request
    if (transactionalId !== null && this.#ids.get(transactionalId) === this) {
      this.#ids.delete(transactionalId)
    }
    return Promise.resolve()
  }

  #check(): void {
    if (this.#isClosed) throw clientClosed('producer')
    const { transactionalId } = this.#request
    if (transactionalId === null || this.#ids.get(transactionalId) === this) return
    throw producerFenced(transactionalId)
  }

  #encode(records: readonly RawRecord[]): CommitBatch[] {
    const { compression } = this.#request
    const builders = new Map<string, { readonly of: RawRecord; readonly builder: BatchBuilder }>()
    const batches: CommitBatch[] = []
    for (const record of records) {
      const key = keyOf(record)
      let open = builders.get(key)
      if (open === undefined) {
        open = { of: record, builder: new BatchBuilder({ compression }) }
        builders.set(key, open)
      }
      const { builder, of } = open
      builder.append(record.timestamp, record.key, record.value, record.headers)
      if (builder.byteLength >= BATCH_BYTES_TARGET) batches.push(built(of, builder))
    }
    for (const { of, builder } of builders.values()) {
      if (builder.count > 0) batches.push(built(of, builder))
    }
    return batches
  }

  async #checkPartitions(batches: readonly CommitBatch[]): Promise<void> {
    for (const { topic, partition } of batches) {
      const key = keyOf({ topic, partition })
      if (this.#known.has(key)) continue
      checkPartition(await visibleTopic(this.#host.log, topic), partition)
      this.#known.add(key)
    }
  }

  /** W1. */
  #keep(transaction: Transaction, batches: readonly CommitBatch[]): void {
    for (const { batch } of batches) transaction.bytes += batch.length
    if (transaction.bytes > COMMIT_QUEUE_BYTES_MAX) {
      throw new MillraceError(
        'TRANSACTION_TOO_LARGE',
        `a transaction has ${transaction.bytes} bytes; expected were at most ${COMMIT_QUEUE_BYTES_MAX} in a data ` +
          'directory; commit sooner'
      )
    }
    transaction.batches.push(...batches)
  }

  async #commit(
    batches: readonly CommitBatch[],
    offsets: readonly CommitOffset[]
  ): Promise<{ readonly baseOffsets: readonly number[] }> {
    try {
      return await this.#host.log.commit({ batches, offsets })
    } catch (error) {
      this.#known.clear()
      if (!isMillraceError(error, 'TOPIC_UNKNOWN')) throw error
      throw topicUnknown(String(error.details['topic'] ?? batches[0]?.topic), error)
    }
  }
}

function built({ topic, partition }: RawRecord, builder: BatchBuilder): CommitBatch {
  return { topic, partition, batch: builder.build() }
}

/** Ends what a server's client left open under this id. */
async function abortOpen(host: Host, request: ProducerRequest): Promise<void> {
  const broker = await host.broker()
  for (;;) {
    const { errorCode } = await broker.call('InitProducerId', 3, {
      transactionalId: request.transactionalId,
      transactionTimeoutMs: request.transactionTimeoutMs,
      producerId: -1,
      producerEpoch: -1
    })
    if (errorCode !== ERROR_CODES.CONCURRENT_TRANSACTIONS) return
    await host.clock.sleep(10)
  }
}
