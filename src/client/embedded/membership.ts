// A member of a consumer group in a data directory: heartbeats (KIP-848) to the broker of this process.
//
// The broker shares out the partitions; this tells a consumer of it, and gives up what the consumer gave up.
import { MillraceError, type Clock, type Random } from '../../base/index.ts'
import { ERROR_CODES, type LocalBroker } from '../../kafka/index.ts'
import type {
  JoinRequest,
  Membership,
  MembershipEvents,
  PartitionOffset,
  TopicPartition
} from '../driver.ts'
import { clientClosed, groupNotEmpty, groupRebalanced } from '../errors.ts'
import { byTopic, keyOf } from '../places.ts'

const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1
const LEAVE_FOR_NOW_EPOCH = -2
const REBALANCE_TIMEOUT_MS = 60_000
const ID_BYTES = 16
const COMMIT_ATTEMPTS = 20
const COMMIT_PAUSE_MS = 10

/** Codes after which a member joins anew. */
const LOST: ReadonlySet<number> = new Set([
  ERROR_CODES.FENCED_MEMBER_EPOCH,
  ERROR_CODES.UNKNOWN_MEMBER_ID
])

/** What a membership needs. */
export interface MembershipHost {
  readonly broker: LocalBroker
  readonly clock: Clock
  readonly random: Random
}

interface Share {
  readonly topicId: string
  readonly partitions: readonly number[]
}

/** A member. Make it by {@link EmbeddedMembership.join}. */
export class EmbeddedMembership implements Membership {
  readonly isMember = true
  readonly group: string
  readonly #host: MembershipHost
  readonly #request: JoinRequest
  readonly #events: MembershipEvents
  readonly #memberId: string
  readonly #names = new Map<string, string>()
  readonly #leaving = new AbortController()
  #epoch = JOIN_EPOCH
  #owned: readonly Share[] = []
  #partitions: readonly TopicPartition[] = []
  #loop: Promise<void> = Promise.resolve()
  readonly #commits = new Set<Promise<unknown>>()

  private constructor(host: MembershipHost, request: JoinRequest, events: MembershipEvents) {
    this.#host = host
    this.#request = request
    this.#events = events
    this.group = request.group
    this.#memberId = Buffer.from(host.random.bytes(ID_BYTES)).toString('base64url')
  }

  /** Joins the group; partitions come by events. @throws GROUP_NOT_EMPTY it has members of the classic kind */
  static async join(
    host: MembershipHost,
    request: JoinRequest,
    events: MembershipEvents
  ): Promise<EmbeddedMembership> {
    const membership = new EmbeddedMembership(host, request, events)
    const interval = await membership.#beat()
    membership.#loop = membership.#run(interval)
    return membership
  }

  async commit(positions: readonly PartitionOffset[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.check(positions)
      const { topics } = await this.#host.broker.call('OffsetCommit', 9, {
        groupId: this.group,
        generationIdOrMemberEpoch: this.#epoch,
        memberId: this.#memberId,
        groupInstanceId: this.#request.instance,
        topics: byTopic(positions, ({ partition, offset }) => {
          return { partitionIndex: partition, committedOffset: offset }
        })
      })
      const code = topics.flatMap(each => each.partitions).find(each => each.errorCode !== 0)
      if (code === undefined) return
      const isLate = code.errorCode === ERROR_CODES.STALE_MEMBER_EPOCH
      if (!isLate || attempt === COMMIT_ATTEMPTS) throw groupRebalanced(this.group)
      // The loop's next heartbeat learns the epoch.
      await this.#host.clock.sleep(COMMIT_PAUSE_MS)
    }
  }

  /** @throws GROUP_REBALANCED a partition is not this member's */
  check(positions: readonly TopicPartition[]): void {
    if (this.#leaving.signal.aborted) throw clientClosed('consumer')
    const own = new Set(this.#partitions.map(keyOf))
    if (!positions.every(place => own.has(keyOf(place)))) throw groupRebalanced(this.group)
  }

  /** Keeps the partitions until a commit of their positions has ended: who has them next must begin behind these. */
  keepUntil(commit: Promise<unknown>): void {
    const ended: Promise<unknown> = commit.then(
      () => this.#commits.delete(ended),
      () => this.#commits.delete(ended)
    )
    this.#commits.add(ended)
  }

  async leave(): Promise<void> {
    if (this.#leaving.signal.aborted) return
    this.#leaving.abort()
    await this.#loop
    await Promise.all(this.#commits)
    const isStatic = this.#request.instance !== null
    await this.#send(isStatic ? LEAVE_FOR_NOW_EPOCH : LEAVE_EPOCH)
  }

  async #run(firstMs: number): Promise<void> {
    let waitMs = firstMs
    try {
      for (;;) {
        await this.#host.clock.sleep(waitMs, this.#leaving.signal)
        waitMs = await this.#beat()
      }
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.#events.onError(error as Error)
    }
  }

  /** One heartbeat, and another one at once when there is something to tell; gives the time until the next. */
  async #beat(): Promise<number> {
    for (;;) {
      const answer = await this.#send(this.#epoch)
      if (LOST.has(answer.errorCode)) {
        await this.#take([], false)
        this.#epoch = JOIN_EPOCH
        continue
      }
      if (answer.errorCode !== ERROR_CODES.NONE) throw this.#refused(answer)
      this.#epoch = answer.memberEpoch
      const isNews = answer.assignment !== null && !isSame(answer.assignment, this.#owned)
      if (!isNews) return answer.heartbeatIntervalMs
      await this.#take(answer.assignment!.topicPartitions, true)
    }
  }

  async #send(epoch: number) {
    const { group, topics, instance } = this.#request
    const isJoin = epoch === JOIN_EPOCH
    return await this.#host.broker.call('ConsumerGroupHeartbeat', 1, {
      groupId: group,
      memberId: this.#memberId,
      memberEpoch: epoch,
      instanceId: instance,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      subscribedTopicNames: topics,
      topicPartitions: isJoin ? [] : this.#owned
    })
  }

  /** Gives up what is no longer its own, then takes what is. */
  async #take(shares: readonly Share[], goesOn: boolean): Promise<void> {
    const partitions = await this.#named(shares)
    const kept = new Set(partitions.map(keyOf))
    if (!this.#partitions.every(own => kept.has(keyOf(own)))) {
      await this.#events.onRevoke()
      await Promise.all(this.#commits)
    }
    this.#owned = shares
    this.#partitions = partitions
    this.#events.onAssign(partitions, goesOn)
  }

  async #named(shares: readonly Share[]): Promise<readonly TopicPartition[]> {
    if (shares.some(({ topicId }) => !this.#names.has(topicId))) await this.#learnNames()
    return shares.flatMap(({ topicId, partitions }) => {
      const topic = this.#names.get(topicId)
      // A topic that is gone by now: the next heartbeat says so.
      return topic === undefined ? [] : partitions.map(partition => ({ topic, partition }))
    })
  }

  async #learnNames(): Promise<void> {
    const wanted = this.#request.topics.map(name => ({ name }))
    const { topics } = await this.#host.broker.call('Metadata', 12, { topics: wanted })
    for (const { name, topicId } of topics) if (name !== null) this.#names.set(topicId, name)
  }

  #refused({
    errorCode,
    errorMessage
  }: {
    readonly errorCode: number
    readonly errorMessage: string | null
  }): MillraceError {
    if (errorCode === ERROR_CODES.GROUP_ID_NOT_FOUND) return groupNotEmpty(this.group)
    return new MillraceError(
      'GROUP_REFUSED',
      `group ${this.group} does not take this consumer (code ${errorCode}): ` +
        `${errorMessage ?? 'no reason is given'}; expected was a name without "/"; choose another group`
    )
  }
}

function isSame(
  { topicPartitions }: { readonly topicPartitions: readonly Share[] },
  owned: readonly Share[]
): boolean {
  const textOf = (shares: readonly Share[]): string =>
    shares
      .flatMap(({ topicId, partitions }) => partitions.map(each => `${topicId}:${each}`))
      .toSorted()
      .join()
  return textOf(topicPartitions) === textOf(owned)
}
