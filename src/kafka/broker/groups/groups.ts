// All groups of a broker: finds, makes, lists and removes them.
//
//   G1  A group is of one kind, classic or of KIP-848, as long as it has members.
//   G2  Names with a slash are those of the engine's own groups (dataflows, functions, feeds): clients read their
//       positions and change nothing. Other names are text that can be printed, of at most 512 characters.
import type { Clock, Random } from '../../../base/index.ts'
import type { Log } from '../../../log/index.ts'
import { isPlainName } from '../../../security/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import type { BrokerSettings } from '../context.ts'
import type { BrokerStore } from '../store.ts'
import type { TopicDirectory } from '../topics.ts'
import { ClassicGroup, type ClassicHost, type StoredClassicGroup } from './classic-group.ts'
import { CONSUMER_TYPE, subscribedTopics } from './classic-protocols.ts'
import {
  ConsumerGroup,
  type ConsumerHost,
  type StoredConsumerGroup,
  type TopicView
} from './consumer-group.ts'

const PREFIX = 'group:'
const ID_BYTES = 16
const ENGINE_MARK = '/'
const VIEW_MS = 1_000

/** What groups need. */
export interface GroupsOptions {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly store: BrokerStore
  readonly topics: TopicDirectory
  readonly settings: BrokerSettings
}

/** A group as it is listed. */
export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: string
  readonly groupType: 'classic' | 'consumer'
}

/** Who commits a position. */
export interface Committer {
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** Generation of a classic group, or the member's epoch; negative: no member. */
  readonly generationId: number
}

/** All groups. */
export class Groups {
  readonly #options: GroupsOptions
  readonly #groups = new Map<string, ClassicGroup | ConsumerGroup>()
  #view: { readonly topics: TopicView; readonly changes: number; readonly at: number } | null = null

  constructor(options: GroupsOptions) {
    this.#options = options
    for (const [id, value] of options.store.entries(PREFIX)) {
      const stored = value as StoredClassicGroup | StoredConsumerGroup
      const group =
        stored.kind === 'classic'
          ? ClassicGroup.restore(this.#classicHost(id), stored)
          : ConsumerGroup.restore(this.#consumerHost(id), stored)
      this.#groups.set(id, group)
    }
  }

  /** What is wrong with the name of a group that a client wants to change, or 0 (G2). */
  faultOfId(id: string): number {
    const isName = isPlainName(id) && !id.includes(ENGINE_MARK)
    return isName ? ERROR_CODES.NONE : ERROR_CODES.INVALID_GROUP_ID
  }

  /** The group, whatever its kind. */
  get(id: string): ClassicGroup | ConsumerGroup | undefined {
    return this.#groups.get(id)
  }

  /** The classic group; null when there is none. */
  classic(id: string): ClassicGroup | null {
    return this.#find(id, ClassicGroup)
  }

  /** The classic group, made if need be; null when the group is of the other kind (G1). */
  classicFor(id: string): ClassicGroup | null {
    return this.#findOr(id, ClassicGroup, () => new ClassicGroup(this.#classicHost(id)))
  }

  /** The group of KIP-848; null when there is none. */
  consumer(id: string): ConsumerGroup | null {
    return this.#find(id, ConsumerGroup)
  }

  /** The group of KIP-848, made if need be; null when the group is of the other kind (G1). */
  consumerFor(id: string): ConsumerGroup | null {
    return this.#findOr(id, ConsumerGroup, () => new ConsumerGroup(this.#consumerHost(id)))
  }

  #find<G>(id: string, kind: abstract new (...given: never[]) => G): G | null {
    const group = this.#groups.get(id)
    return group instanceof kind ? group : null
  }

  #findOr<G extends ClassicGroup | ConsumerGroup>(
    id: string,
    kind: abstract new (...given: never[]) => G,
    make: () => G
  ): G | null {
    const group = this.#groups.get(id)
    if (group instanceof kind) return group
    if (group !== undefined && group.members.size > 0) return null
    group?.close()
    const made = make()
    this.#groups.set(id, made)
    return made
  }

  /**
   * Topics as assignments need them. Every heartbeat asks for them, so the log is not asked each time: what others than
   * clients have changed is seen within a second. `isFresh`: at once.
   */
  async topicView({ isFresh }: { readonly isFresh: boolean }): Promise<TopicView> {
    const { clock, topics } = this.#options
    const known = this.#view
    const isYoung = known !== null && clock.monotonic() - known.at < VIEW_MS
    if (!isFresh && isYoung && known.changes === topics.changes) return known.topics
    const listed = await topics.list()
    const made = new Map(
      listed.map(topic => [
        topic.name,
        { id: topics.idOf(topic), partitions: topic.spec.partitions }
      ])
    )
    this.#view = { topics: made, changes: topics.changes, at: clock.monotonic() }
    return made
  }

  /** Whether positions may be committed, as a code; a member of a classic group lives if so. */
  checkMember(
    id: string,
    { memberId, groupInstanceId, generationId }: Committer,
    { isTransactional }: { readonly isTransactional: boolean }
  ): number {
    const fault = this.faultOfId(id)
    if (fault !== ERROR_CODES.NONE) return fault
    const group = this.#groups.get(id)
    if (group === undefined) {
      return generationId < 0 ? ERROR_CODES.NONE : ERROR_CODES.ILLEGAL_GENERATION
    }
    if (group instanceof ConsumerGroup) {
      return group.mayCommit(memberId, generationId, isTransactional)
    }
    const identity = { memberId, instanceId: groupInstanceId }
    return group.mayCommit(identity, generationId, isTransactional)
  }

  /** All groups, with those that only have positions. */
  async list(): Promise<readonly GroupListing[]> {
    const listed = [...this.#groups].map(([groupId, group]): GroupListing => {
      const isClassic = group instanceof ClassicGroup
      return {
        groupId,
        protocolType: isClassic ? (group.protocolType ?? '') : CONSUMER_TYPE,
        groupState: group.state,
        groupType: isClassic ? 'classic' : 'consumer'
      }
    })
    const others = (await this.#options.log.listGroups()).filter(id => !this.#groups.has(id))
    const empty = { protocolType: '', groupState: 'Empty', groupType: 'classic' } as const
    return [...listed, ...others.map(groupId => ({ groupId, ...empty }))]
  }

  /** Whether there is a group: with members, or with positions. */
  async exists(id: string): Promise<boolean> {
    return this.#groups.has(id) || (await this.#options.log.positions(id)).length > 0
  }

  /** Those of the topics that members of a group read now; all when a member says so in words that are not known. */
  subscribed(id: string, topics: readonly string[]): ReadonlySet<string> {
    const group = this.#groups.get(id)
    if (group instanceof ConsumerGroup) {
      const members = [...group.members.values()]
      return new Set(topics.filter(topic => members.some(member => member.wants(topic))))
    }
    if (group === undefined || group.protocolType !== CONSUMER_TYPE) return new Set()
    const read = [...group.members.values()].flatMap(
      member => subscribedTopics(member.metadataOf(group.protocol)) ?? topics
    )
    return new Set(read)
  }

  /** Removes an empty group with its positions. */
  async delete(id: string): Promise<number> {
    const fault = this.faultOfId(id)
    if (fault !== ERROR_CODES.NONE) return fault
    if (!(await this.exists(id))) return ERROR_CODES.GROUP_ID_NOT_FOUND
    const group = this.#groups.get(id)
    if (group !== undefined && group.members.size > 0) return ERROR_CODES.NON_EMPTY_GROUP
    group?.close()
    this.#groups.delete(id)
    const { log, store } = this.#options
    const offsets = (await log.positions(id)).map(({ topic, partition }) => {
      return { group: id, topic, partition, offset: null, metadata: '' }
    })
    await store.change(new Map([[PREFIX + id, null]]), { offsets })
    return ERROR_CODES.NONE
  }

  /** Forgets groups without members and positions; gives what the store must change. */
  async expired(): Promise<ReadonlyMap<string, null>> {
    const positioned = new Set(await this.#options.log.listGroups())
    const changes = new Map<string, null>()
    for (const [id, group] of this.#groups) {
      if (!group.isIdle || positioned.has(id)) continue
      group.close()
      this.#groups.delete(id)
      changes.set(PREFIX + id, null)
    }
    return changes
  }

  /** Ends all groups: who waits in one is answered. */
  close(): void {
    for (const group of this.#groups.values()) group.close()
  }

  #classicHost(id: string): ClassicHost {
    const { clock, random, settings } = this.#options
    return {
      clock,
      initialDelayMs: settings.initialDelayMs,
      newMemberId: prefix => `${prefix}-${Buffer.from(random.bytes(ID_BYTES)).toString('hex')}`,
      store: group => this.#store(id, group)
    }
  }

  #consumerHost(id: string): ConsumerHost {
    const { clock, settings } = this.#options
    const { memberTimeoutMs } = settings
    return { clock, memberTimeoutMs, store: group => this.#store(id, group) }
  }

  async #store(id: string, group: StoredClassicGroup | StoredConsumerGroup): Promise<void> {
    await this.#options.store.change(new Map([[PREFIX + id, group]]))
  }
}
