// Administration of a cluster: each question one request, each change waited for until it is seen.
import { isMillraceError, type Clock, type MillraceError } from '../../base/index.ts'
import type {
  ClusterFacts,
  ConfigFacts,
  DriverAdmin,
  GroupFacts,
  Isolation,
  MemberFacts,
  NewTopic,
  OffsetQuery,
  PartitionOffset,
  TopicFacts,
  TopicPartition
} from '../driver.ts'
import { groupNotEmpty, groupUnknown, partitionUnknown, topicUnknown } from '../errors.ts'
import { byTopic, describedMembers, keyOf } from '../places.ts'
import { Calls, type Metadata } from './calls.ts'
import { apiIdsOf } from './errors.ts'
import { baseOptions, type Kafka, type KafkaOptions } from './library.ts'

const TOPIC_RESOURCE = 2
const SET = 0
const DELETE = 1
const AT_BEGINNING = -2n
const AT_END = -1n
/** Configurations that nobody set, and those of the whole cluster. */
const DEFAULT_SOURCE = 5
/** How soon to look again at positions that a transaction is about to change. */
const LOOK_MS = 20

/** Asks and changes what a cluster has. */
export class KafkaAdmin implements DriverAdmin {
  readonly #kafka: typeof Kafka
  readonly #admin: Kafka.Admin
  readonly #clock: Clock
  readonly #calls: Calls

  constructor(kafka: typeof Kafka, options: KafkaOptions, clock: Clock) {
    this.#kafka = kafka
    this.#clock = clock
    this.#admin = new kafka.Admin(baseOptions(options))
    this.#admin.on('error', () => {})
    this.#calls = new Calls(this.#admin, options.bootstrap, clock)
  }

  async cluster(): Promise<ClusterFacts> {
    const { id, controllerId, brokers } = await this.#calls.metadata([])
    return {
      id,
      controller: controllerId < 0 ? null : controllerId,
      nodes: [...brokers].map(([node, { host, port, rack }]) => {
        return { id: node, host, port, rack: rack ?? null }
      })
    }
  }

  /** Those that a cluster keeps for itself are nobody else's: the library says nothing of their partitions either. */
  async topics(): Promise<readonly TopicFacts[]> {
    const names = await this.#calls.ask({ doing: 'listing topics' }, () =>
      this.#admin.listTopics({ includeInternals: false })
    )
    if (names.length === 0) return []
    const { topics } = await this.#calls.metadata(names)
    return names.map(name => factsOf(name, topics.get(name)!))
  }

  async topic(name: string): Promise<TopicFacts> {
    const { topics } = await this.#calls.metadata([name])
    const topic = topics.get(name)
    if (topic === undefined) throw topicUnknown(name)
    return factsOf(name, topic)
  }

  async createTopic({ name, partitions, replicas, configs }: NewTopic): Promise<void> {
    const topic = { topic: name, partitions: partitions ?? -1, replicas: replicas ?? -1 }
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await this.#calls.ask({ doing: `creating topic ${name}` }, () =>
      this.#admin.createTopics({ topics: [topic], configs: entries })
    )
    await this.#calls.until(async () => {
      const found = await this.topic(name).catch(() => null)
      return found !== null && found.partitions.every(partition => partition.leader !== null)
    })
  }

  async deleteTopic(name: string): Promise<void> {
    await this.topic(name)
    await this.#calls.ask({ doing: `deleting topic ${name}`, topic: name }, () =>
      this.#admin.deleteTopics({ topics: [name] })
    )
    await this.#calls.until(async () => {
      const names = await this.#admin.listTopics({ includeInternals: true })
      return !names.includes(name)
    })
  }

  async addPartitions(topic: string, total: number): Promise<void> {
    await this.topic(topic)
    // Not an empty list, which is refused: nobody says where.
    const asked = { name: topic, count: total, assignments: null }
    await this.#calls.ask({ doing: `adding partitions to topic ${topic}`, topic }, () =>
      this.#admin.createPartitions({ topics: [asked] })
    )
    await this.#calls.until(async () => (await this.topic(topic)).partitions.length >= total)
  }

  async configs(topic: string): Promise<readonly ConfigFacts[]> {
    const resources = [
      { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }
    ] as const
    const ask = (): ReturnType<Kafka.Admin['describeConfigs']> =>
      this.#admin.describeConfigs({ resources: [...resources] })
    const context = { doing: `describing topic ${topic}`, topic }
    const [found] = await unlessDenied(this.#calls.ask(context, ask), [])
    return (found?.configs ?? []).map(({ name, value, readOnly, configSource }) => {
      return {
        name,
        value: value ?? null,
        isDefault: configSource >= DEFAULT_SOURCE || configSource === 0,
        isFixed: readOnly
      }
    })
  }

  async alterConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>
  ): Promise<void> {
    await this.topic(topic)
    const configs = Object.entries(changes).map(([name, value]) => {
      return value === null
        ? ({ name, configOperation: DELETE } as const)
        : ({ name, configOperation: SET, value } as const)
    })
    const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configs } as const
    await this.#calls.ask({ doing: `configuring topic ${topic}`, topic }, () =>
      this.#admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
    )
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    const topics = byTopic(before, ({ partition, offset }) => {
      return { partition, offset: BigInt(offset) }
    })
    const names = topics.map(each => each.name).join(', ')
    await this.#calls.ask({ doing: `deleting records of ${names}`, topic: names }, () =>
      this.#admin.deleteRecords({ topics })
    )
  }

  async sizes(topics: readonly string[]): Promise<(partition: TopicPartition) => number | null> {
    const facts = new Map<string, TopicFacts>()
    for (const name of topics) facts.set(name, await this.topic(name))
    const asked = [...facts.values()].map(({ name, partitions }) => {
      return { name, partitions: partitions.map(each => each.partition) }
    })
    const sizes = new Map<string, number>()
    if (asked.length > 0) {
      const ask = (): ReturnType<Kafka.Admin['describeLogDirs']> =>
        this.#admin.describeLogDirs({ topics: asked })
      // Who may not look at the disks of nodes may look at topics all the same.
      const nodes = await unlessDenied(this.#calls.ask({ doing: 'asking for sizes' }, ask), [])
      for (const { broker, results } of nodes) {
        for (const { name, partitions } of results.flatMap(each => each.topics)) {
          for (const { partitionIndex, partitionSize } of partitions) {
            const { leader } = facts.get(name)?.partitions[partitionIndex] ?? {}
            if (leader === broker) {
              sizes.set(keyOf({ topic: name, partition: partitionIndex }), Number(partitionSize))
            }
          }
        }
      }
    }
    return place => sizes.get(keyOf(place)) ?? null
  }

  async offsets(queries: readonly OffsetQuery[], isolation: Isolation): Promise<readonly number[]> {
    const names = [...new Set(queries.map(query => query.topic))]
    const { topics } = await this.#calls.metadata(names)
    for (const { topic, partition } of queries) {
      const count = topics.get(topic)?.partitionsCount ?? 0
      if (partition < 0 || partition >= count) throw partitionUnknown(topic, partition, count)
    }
    const found = await this.#listOffsets(queries, isolation)
    // A time behind the last record: the end.
    const late = [...found.keys()].filter(index => found[index]! < 0)
    if (late.length === 0) return found
    const ends = await this.#listOffsets(
      late.map(index => ({ ...queries[index]!, at: 'end' })),
      isolation
    )
    return found.map((offset, index) => (offset < 0 ? ends[late.indexOf(index)]! : offset))
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
    await this.#calls.ask({ doing: `deleting group ${group}`, group }, () =>
      this.#admin.deleteGroups({ groups: [group] })
    )
  }

  async positions(group: string, isStable = false): Promise<readonly PartitionOffset[]> {
    for (;;) {
      try {
        const [found] = await this.#calls.ask(
          { doing: `asking for positions of group ${group}` },
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
    for (const name of names) await this.topic(name)
    const kept = positions.filter(each => each.offset !== null)
    const context = { doing: `setting positions of group ${group}`, group }
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

  async close(): Promise<void> {
    await this.#admin.close()
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

  async #listOffsets(queries: readonly OffsetQuery[], isolation: Isolation): Promise<number[]> {
    // A partition may be asked once in a request: one request for each kind of question about it.
    const rounds: OffsetQuery[][] = []
    for (const query of queries) {
      const isFree = (round: readonly OffsetQuery[]): boolean =>
        !round.some(other => other.topic === query.topic && other.partition === query.partition)
      const round = rounds.find(isFree)
      if (round === undefined) rounds.push([query])
      else round.push(query)
    }
    const offsets = new Map<OffsetQuery, number>()
    for (const round of rounds) {
      const topics = byTopic(round, query => {
        return { partitionIndex: query.partition, timestamp: timestampOf(query) }
      })
      const found = await this.#calls.ask(
        { doing: 'asking for offsets', topic: round[0]!.topic },
        () => this.#admin.listOffsets({ topics, isolationLevel: isolation === 'committed' ? 1 : 0 })
      )
      for (const query of round) {
        const topic = found.find(each => each.name === query.topic)
        const place = topic?.partitions.find(each => each.partitionIndex === query.partition)
        offsets.set(query, Number(place?.offset ?? -1n))
      }
    }
    return queries.map(query => offsets.get(query)!)
  }
}

/** What was asked for, or `otherwise` where this user may not know it. */
async function unlessDenied<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (isMillraceError(error, 'ACCESS_DENIED')) return otherwise
    throw error
  }
}

function factsOf(
  name: string,
  { partitions }: Metadata['topics'] extends Map<string, infer Topic> ? Topic : never
): TopicFacts {
  return {
    name,
    internal: false,
    partitions: partitions.map(({ leader, replicas, isr, offlineReplicas }, partition) => ({
      partition,
      leader: leader < 0 ? null : leader,
      replicas,
      inSync: isr ?? [],
      offline: offlineReplicas ?? [],
      damage: null
    }))
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

function timestampOf({ at }: OffsetQuery): bigint {
  if (at === 'beginning') return AT_BEGINNING
  return at === 'end' ? AT_END : BigInt(at.timeMs)
}

function capitalised(state: string): string {
  return state
    .toLowerCase()
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
