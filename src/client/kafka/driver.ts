// Reaches a cluster of Kafka's protocol: Apache Kafka, a server of millrace, or another.
import type { Clock } from '../../base/index.ts'
import type {
  Driver,
  JoinRequest,
  Membership,
  MembershipEvents,
  ProducerRequest
} from '../driver.ts'
import { KafkaAdmin } from './admin.ts'
import { loadKafka, type Kafka, type KafkaOptions } from './library.ts'
import { KafkaMembership } from './membership.ts'
import { KafkaReader } from './reader.ts'
import { KafkaWriter } from './writer.ts'

/** Connections to one cluster, made when they are needed. */
export class KafkaDriver implements Driver {
  readonly admin: KafkaAdmin
  readonly #kafka: typeof Kafka
  readonly #options: KafkaOptions
  readonly #open = new Set<{ close(): Promise<void> }>()

  private constructor(kafka: typeof Kafka, options: KafkaOptions, clock: Clock) {
    this.#kafka = kafka
    this.#options = options
    this.admin = new KafkaAdmin(kafka, options, clock)
  }

  /** Loads the library; connects to nothing yet. */
  static async open(options: KafkaOptions, clock: Clock): Promise<KafkaDriver> {
    return new KafkaDriver(await loadKafka(), options, clock)
  }

  reader(): Promise<KafkaReader> {
    const reader = new KafkaReader(this.#kafka, this.#options, () => this.#open.delete(reader))
    this.#open.add(reader)
    return Promise.resolve(reader)
  }

  async join(request: JoinRequest, events: MembershipEvents): Promise<Membership> {
    const membership = await KafkaMembership.join(this.#kafka, this.#options, request, events)
    const open = { close: () => membership.leave() }
    this.#open.add(open)
    membership.consumer.once('client:close', () => this.#open.delete(open))
    return membership
  }

  writer(request: ProducerRequest): Promise<KafkaWriter> {
    const onClose = (): unknown => this.#open.delete(writer)
    const writer = new KafkaWriter(this.#kafka, this.#options, request, onClose)
    this.#open.add(writer)
    return Promise.resolve(writer)
  }

  async close(): Promise<void> {
    const open = [...this.#open]
    this.#open.clear()
    for (const each of open) await each.close()
    await this.admin.close()
  }
}
