// Groups of a cluster: who is in them, and the positions that they committed.
import type { Clock, MillraceError } from '../../base/index.ts'
import type {
  DriverAdmin,
  GroupFacts,
  MemberFacts,
  PartitionOffset,
  TopicPartition
} from '../driver.ts'
import { groupNotEmpty, groupUnknown } from '../errors.ts'
import { byTopic, describedMembers } from '../places.ts'
import type { Calls } from './calls.ts'
import { apiIdsOf } from './errors.ts'
import type { Kafka } from './library.ts'

/** How soon to look again at positions that a transaction is about to change. */
const LOOK_MS = 20

/** What administration has of groups. */
type GroupAdmin = Pick<
  DriverAdmin,
  'groups' | 'members' | 'deleteGroup' | 'positions' | 'setPositions'
>

/** Asks and changes what a cluster knows of groups. */
export class KafkaGroups implements GroupAdmin {
  readonly #kafka: typeof Kafka
  readonly #admin: Kafka.Admin
  readonly #clock: Clock
  readonly #calls: Calls

  constructor(kafka: typeof Kafka, admin: Kafka.Admin, calls: Calls, clock: Clock) {
    this.#kafka = kafka
    this.#admin = admin
    this.#calls = calls
    this.#clock = clock
  }

  async groups(): Promise<readonly GroupFacts[]> {
    const groups = await this.#calls.ask({ doing: 'listing groups' }, () =>
      this.#admin.listGroups({})
    )
    return [...groups.values()].map(({ id, state, groupType }) => {
      return { name: id, state: capitalised(state), type: groupType ?? 'classic' }
    })
  }

  async members(group: string): Promise<readonly MemberFacts[]> {
    const found = (await this.groups()).find(each => each.name === group)
    if (found === undefined) throw groupUnknown(group)
    if (found.type.toLowerCase() === 'consumer') return await this.#consumerMembers(group)
    const groups = await this.#calls.ask({ doing: `describing group ${group}`, group }, () =>
      this.#admin.describeGroups({ groups: [group] })
    )
    return [...(groups.get(group)?.members.values() ?? [])].map(member => ({
      id: member.id,
      instance: member.groupInstanceId ?? null,
      client: member.clientId,
      host: member.clientHost,
      partitions: [...(member.assignments?.values() ?? [])].flatMap(({ topic, partitions }) =>
        partitions.map(partition => ({ topic, partition }))
      )
    }))
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#calls.ask({ doing: `deleting group ${group}`, group, operation: 'delete' }, () =>
      this.#admin.deleteGroups({ groups: [group] })
    )
  }

  async positions(group: string, isStable = false): Promise<readonly PartitionOffset[]> {
    for (;;) {
      try {
        const [found] = await this.#calls.ask(
          { doing: `asking for positions of group ${group}`, group },
          () => this.#admin.listConsumerGroupOffsets({ groups: [group], requireStable: isStable })
        )
        return positionsOf(found?.topics ?? [])
      } catch (error) {
        // A transaction is being committed or is open: it ends in time.
        const { cause } = error as MillraceError
        if (!isStable || !apiIdsOf(cause).includes('UNSTABLE_OFFSET_COMMIT')) throw error
        await this.#clock.sleep(LOOK_MS)
      }
    }
  }

  async setPositions(
    group: string,
    positions: readonly (TopicPartition & { readonly offset: number | null })[]
  ): Promise<void> {
    const names = new Set(positions.map(each => each.topic))
    for (const name of names) await this.#calls.topic(name)
    const kept = positions.filter(each => each.offset !== null)
    const context = { doing: `setting positions of group ${group}`, group, operation: 'read' }
    try {
      if (kept.length > 0) {
        const topics = byTopic(kept, ({ partition, offset }) => {
          return { partition, offset: BigInt(offset!) }
        }).map(({ name, partitions }) => ({ name, partitionOffsets: partitions }))
        await this.#calls.ask(context, () =>
          this.#admin.alterConsumerGroupOffsets({ groupId: group, topics })
        )
      }
      const removed = positions.filter(each => each.offset === null)
      if (removed.length === 0) return
      const topics = byTopic(removed, each => each.partition).map(({ name, partitions }) => {
        return { name, partitionIndexes: partitions }
      })
      await this.#calls.ask(context, () =>
        this.#admin.deleteConsumerGroupOffsets({ groupId: group, topics })
      )
    } catch (error) {
      // Whoever is no member is refused so while there are some.
      if ((error as MillraceError).code === 'GROUP_REBALANCED') throw groupNotEmpty(group, error)
      throw error
    }
  }

  /** Groups of KIP-848 are described by a request of their own, asked of all nodes: one of them coordinates it. */
  async #consumerMembers(group: string): Promise<readonly MemberFacts[]> {
    const context = { doing: `describing group ${group}`, group }
    const coordinators = await this.#calls.ask(context, () =>
      this.#admin.findCoordinator({ keyType: 0, keys: [group] })
    )
    const { nodeId } = coordinators[0]!
    const response = await this.#calls.ask(context, async () => {
      const connections = await this.#admin.connectToBrokers([nodeId])
      return await this.#kafka.consumerGroupDescribeV0.api.async(
        connections.get(nodeId)!,
        [group],
        false
      )
    })
    return describedMembers(response.groups)
  }
}

type GroupTopics = Awaited<ReturnType<Kafka.Admin['listConsumerGroupOffsets']>>[number]['topics']

function positionsOf(topics: GroupTopics): PartitionOffset[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions
      .filter(({ committedOffset }) => committedOffset >= 0n)
      .map(({ partitionIndex, committedOffset }) => {
        return { topic: name, partition: partitionIndex, offset: Number(committedOffset) }
      })
  )
}

function capitalised(state: string): string {
  return state
    .toLowerCase()
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
