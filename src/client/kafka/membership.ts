// A member of a consumer group of a cluster: the library joins, shares out and sends heartbeats; positions are
// committed by the bare request (T5 of library.ts).
//
// The classic protocol is used, which every cluster has. All members give up all partitions in a rebalance; those
// that a member gets again in the very next generation were nobody else's in between, so it may go on where it was.
import type {
  JoinRequest,
  Membership,
  MembershipEvents,
  PartitionOffset,
  TopicPartition
} from '../driver.ts'
import { clientClosed, groupRebalanced } from '../errors.ts'
import { byTopic } from '../places.ts'
import { asOurs, fromKafka, type CallContext } from './errors.ts'
import { baseOptions, type Kafka, type KafkaOptions } from './library.ts'

const HEARTBEATS_PER_SESSION = 3
const HEARTBEAT_MS_MAX = 1_000
const REBALANCE_TIMEOUT_MS = 60_000
const NO_EPOCH = -1

/** Of a member, as its transactions say it. */
export interface MemberIdentity {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly coordinatorId: number
}

/** A member. Make it by {@link KafkaMembership.join}. */
export class KafkaMembership implements Membership {
  readonly isMember = true
  readonly group: string
  readonly consumer: Kafka.Consumer
  readonly #kafka: typeof Kafka
  readonly #options: KafkaOptions
  readonly #request: JoinRequest
  readonly #events: MembershipEvents
  #generation = 0
  #isRevoked = true
  #hasLeft = false

  private constructor(
    kafka: typeof Kafka,
    options: KafkaOptions,
    request: JoinRequest,
    events: MembershipEvents
  ) {
    this.#kafka = kafka
    this.#options = options
    this.#request = request
    this.#events = events
    this.group = request.group
    const { sessionTimeoutMs: sessionTimeout, instance } = request
    this.consumer = new kafka.Consumer({
      ...baseOptions(options),
      groupId: request.group,
      sessionTimeout,
      heartbeatInterval: Math.min(HEARTBEAT_MS_MAX, sessionTimeout / HEARTBEATS_PER_SESSION),
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeout),
      protocols: [{ name: 'roundrobin', version: 1 }],
      ...(instance === null ? {} : { groupInstanceId: instance })
    })
    this.#listen()
  }

  static async join(
    kafka: typeof Kafka,
    options: KafkaOptions,
    request: JoinRequest,
    events: MembershipEvents
  ): Promise<KafkaMembership> {
    const membership = new KafkaMembership(kafka, options, request, events)
    membership.consumer.topics.trackAll(...request.topics)
    await asOurs(membership.#context('joining'), () => membership.consumer.joinGroup({}))
    return membership
  }

  async commit(positions: readonly PartitionOffset[]): Promise<void> {
    if (this.#hasLeft) throw clientClosed('consumer')
    await asOurs(this.#context('committing positions'), async () => {
      const { memberId, generationId, coordinatorId } = this.identity()
      const connections = await this.consumer.connectToBrokers([coordinatorId])
      const connection = connections.get(coordinatorId)
      if (connection === undefined) throw groupRebalanced(this.group)
      const topics = byTopic(positions, ({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: NO_EPOCH,
        committedMetadata: ''
      }))
      await this.#kafka.offsetCommitV8.api.async(
        connection,
        this.group,
        generationId,
        memberId,
        this.#request.instance,
        topics
      )
    })
  }

  /** @throws GROUP_REBALANCED it is no member now */
  identity(): MemberIdentity {
    const { memberId, generationId, coordinatorId } = this.consumer
    if (memberId === null || coordinatorId === null) throw groupRebalanced(this.group)
    return { groupId: this.group, memberId, generationId, coordinatorId }
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    // T9. A static member only stops, so its partitions stay its own until it is back or its session is over.
    if (this.#request.instance !== null) this.consumer.clearMetadata()
    // A cluster that is gone needs no farewell; the session ends by itself.
    await quietly(this.consumer.close(true))
  }

  #listen(): void {
    this.consumer.on('consumer:group:rebalance', () => {
      // It says so again whenever it is told so, until it has joined.
      if (this.#isRevoked || this.#hasLeft) return
      this.#isRevoked = true
      void this.#events.onRevoke()
    })
    this.consumer.on('consumer:group:join', ({ generationId = 0 }) => {
      if (this.#hasLeft) return
      const isNext = generationId === this.#generation + 1
      this.#generation = generationId
      this.#isRevoked = false
      const assigned = this.consumer.assignments ?? []
      const partitions: TopicPartition[] = assigned.flatMap(({ topic, partitions }) =>
        partitions.map(partition => ({ topic, partition }))
      )
      this.#events.onAssign(partitions, isNext)
    })
    this.consumer.on('error', error => {
      if (!this.#hasLeft) this.#events.onError(fromKafka(error, this.#context('being a member')))
    })
  }

  #context(doing: string): CallContext {
    return {
      doing: `${doing} of group ${this.group}`,
      group: this.group,
      topic: this.#request.topics[0]!,
      operation: 'read',
      bootstrap: this.#options.bootstrap
    }
  }
}

async function quietly(call: Promise<void> | void): Promise<void> {
  try {
    await call
  } catch {
    // Whoever leaves does not care.
  }
}
