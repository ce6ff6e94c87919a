// Writes to a cluster for one producer. Calls come one at a time (T3 of library.ts).
//
//   K1  After a send of a transaction failed, the library's numbering of records may have a gap: the producer is made
//       anew when the transaction is aborted, which also makes sure that the cluster aborted it.
//   K2  A producer that was fenced stays so: made anew it would fence the later one.
import { isMillraceError, MillraceError } from '../../base/index.ts'
import type {
  Membership,
  PartitionOffset,
  ProducerRequest,
  RawRecord,
  SentTo,
  Writer
} from '../driver.ts'
import { clientClosed, producerFenced } from '../errors.ts'
import { keyOf } from '../places.ts'
import { asOurs, type CallContext } from './errors.ts'
import { baseOptions, NOBODY, type Kafka, type KafkaOptions } from './library.ts'
import type { KafkaMembership } from './membership.ts'

/** Of sends that are tried again: half a minute, which an election takes at most. */
const RETRIES = 30
const ACKS_ALL = -1
const TIME_REACH_MS = 2 ** 31

type OpenTransaction = Awaited<ReturnType<Kafka.Producer['beginTransaction']>>
type Message = Kafka.MessageToProduce<Buffer, Buffer, Buffer, Buffer>

/** A writer of one producer. */
export class KafkaWriter implements Writer {
  readonly #kafka: typeof Kafka
  readonly #options: KafkaOptions
  readonly #request: ProducerRequest
  readonly #onClose: () => unknown
  #producer: Kafka.Producer
  /** Partitions of topics as the library knows them (T8). */
  readonly #partitions = new Map<string, number>()
  #transaction: OpenTransaction | null = null
  #isBroken = false
  #isFenced = false
  #isClosed = false

  constructor(
    kafka: typeof Kafka,
    options: KafkaOptions,
    request: ProducerRequest,
    onClose: () => unknown
  ) {
    this.#onClose = onClose
    this.#kafka = kafka
    this.#options = options
    this.#request = request
    this.#producer = this.#make()
  }

  async send(records: readonly RawRecord[]): Promise<SentTo> {
    this.#check()
    const sent: PartitionOffset[] = []
    const first = new Set<string>()
    for (const part of withinReach(records)) {
      for (const place of await this.#sendPart(part)) {
        const key = keyOf(place)
        if (!first.has(key)) sent.push(place)
        first.add(key)
      }
    }
    return sent
  }

  async #sendPart(records: readonly RawRecord[]): Promise<SentTo> {
    const messages = records.map(messageOf)
    const { compression } = this.#request
    const options = { messages, compression, acks: ACKS_ALL }
    const call = (): Promise<Kafka.ProduceResult> =>
      this.#transaction === null ? this.#producer.send(options) : this.#transaction.send(options)
    try {
      const topic = records[0]?.topic
      const { offsets } = await asOurs(
        { ...this.#context('writing records'), ...(topic === undefined ? {} : { topic }) },
        async () => {
          await this.#learn(records)
          return await call()
        }
      )
      return (offsets ?? []).map(({ topic, partition, offset }) => {
        return { topic, partition, offset: Number(offset) }
      })
    } catch (error) {
      throw this.#noteFailure(error)
    }
  }

  /** T8. */
  async #learn(records: readonly RawRecord[]): Promise<void> {
    const grown = records
      .filter(({ topic, partition }) => partition >= (this.#partitions.get(topic) ?? 0))
      .map(record => record.topic)
    if (grown.length === 0) return
    const asked = { topics: [...new Set(grown)], forceUpdate: true }
    const { topics } = await this.#producer.metadata(asked)
    for (const [name, { partitionsCount }] of topics) this.#partitions.set(name, partitionsCount)
  }

  async begin(): Promise<void> {
    this.#check()
    if (this.#isBroken) await this.#renew()
    try {
      this.#transaction = await asOurs(this.#context('beginning a transaction'), () =>
        this.#producer.beginTransaction()
      )
    } catch (error) {
      throw this.#noteFailure(error)
    }
  }

  async addPositions(membership: Membership, positions: readonly PartitionOffset[]): Promise<void> {
    this.#check()
    const transaction = this.#transaction!
    const own = membership as KafkaMembership
    const context = { ...this.#context('adding positions'), group: own.group }
    try {
      await asOurs(context, async () => {
        await transaction.addConsumer(own.consumer)
        const consumer = own.identity()
        for (const { topic, partition, offset } of positions) {
          // It commits the offset behind the record that it is given.
          const record = { topic, partition, offset: BigInt(offset - 1), metadata: { consumer } }
          await transaction.addOffset(
            record as unknown as Kafka.Message<Buffer, Buffer, Buffer, Buffer>
          )
        }
      })
    } catch (error) {
      throw this.#noteFailure(error)
    }
  }

  async commit(): Promise<void> {
    this.#check()
    if (this.#isBroken) throw incomplete()
    await this.#end(transaction => transaction.commit(), 'committing a transaction')
  }

  async abort(): Promise<void> {
    this.#check()
    if (this.#isBroken) {
      await this.#renew()
      return
    }
    await this.#end(transaction => transaction.abort(), 'aborting a transaction')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    // Else readers of committed records wait for it until it times out.
    if (!this.#isBroken) await this.#transaction?.abort().catch(() => undefined)
    await this.#producer.close(true)
  }

  async #end(call: (transaction: OpenTransaction) => Promise<void>, doing: string): Promise<void> {
    const transaction = this.#transaction!
    try {
      await asOurs(this.#context(doing), () => call(transaction))
    } catch (error) {
      throw this.#noteFailure(error)
    }
    this.#transaction = null
  }

  /** K1, K2. */
  #noteFailure(error: unknown): unknown {
    if (isMillraceError(error, 'PRODUCER_FENCED')) this.#isFenced = true
    this.#isBroken = this.#request.transactionalId !== null
    return error
  }

  /** K1. */
  async #renew(): Promise<void> {
    const before = this.#producer
    this.#producer = this.#make()
    this.#partitions.clear()
    this.#transaction = null
    this.#isBroken = false
    await before.close(true).catch(() => undefined)
    // A new epoch of the same id aborts what the one before left open.
    await asOurs(this.#context('aborting a transaction'), async () => {
      const transaction = await this.#producer.beginTransaction()
      await transaction.cancel()
    })
  }

  #make(): Kafka.Producer {
    const { retries, idempotent, transactionalId, transactionTimeoutMs } = this.#request
    const producer = new this.#kafka.Producer({
      ...baseOptions(this.#options, retries ? RETRIES : 0),
      ...NOBODY,
      idempotent,
      timeout: transactionTimeoutMs,
      repeatOnStaleMetadata: retries,
      ...(transactionalId === null ? {} : { transactionalId })
    })
    producer.on('error', () => {})
    return producer
  }

  #check(): void {
    if (this.#isClosed) throw clientClosed('producer')
    if (this.#isFenced) throw producerFenced(this.#request.transactionalId)
  }

  #context(doing: string): CallContext {
    const { transactionalId } = this.#request
    return { doing, transactionalId, operation: 'write', bootstrap: this.#options.bootstrap }
  }
}

/** Parts of records whose times are near enough to the first one of their partition (T6). */
function* withinReach(records: readonly RawRecord[]): Iterable<readonly RawRecord[]> {
  const first = new Map<string, number>()
  let from = 0
  for (const [at, record] of records.entries()) {
    const { timestamp } = record
    const key = keyOf(record)
    const delta = timestamp - (first.get(key) ?? timestamp)
    if (delta < -TIME_REACH_MS || delta >= TIME_REACH_MS) {
      yield records.slice(from, at)
      from = at
      first.clear()
    }
    if (!first.has(key)) first.set(key, timestamp)
  }
  yield from === 0 ? records : records.slice(from)
}

function messageOf({ topic, partition, key, value, timestamp, headers }: RawRecord): Message {
  const message = { topic, partition, timestamp: BigInt(timestamp) }
  const bytes = { key: bufferOf(key), value: bufferOf(value) }
  if (headers.length === 0) return { ...message, ...bytes } as Message
  // Keyed by buffers, so that a name may come twice.
  const entries = headers.map(header => [Buffer.from(header.key), bufferOf(header.value)] as const)
  return { ...message, ...bytes, headers: new Map(entries) } as Message
}

function bufferOf(bytes: Uint8Array | null): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function incomplete(): MillraceError {
  return new MillraceError(
    'TRANSACTION_INCOMPLETE',
    'a send of this transaction failed, so it cannot be committed; expected were sends that all succeeded; ' +
      'abort it and do its work again'
  )
}
