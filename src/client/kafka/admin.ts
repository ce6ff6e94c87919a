// Administration of a cluster: each question one request, each change waited for until it is seen.
import { isMillraceError, type Clock } from '../../base/index.ts'
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
import { partitionUnknown } from '../errors.ts'
import { byTopic, keyOf } from '../places.ts'
import { Calls } from './calls.ts'
import { KafkaGroups } from './groups.ts'
import { InternalTopics } from './internal-topics.ts'
import { baseOptions, type Kafka, type KafkaOptions } from './library.ts'

const TOPIC_RESOURCE = 2
const SET = 0
const DELETE = 1
const AT_BEGINNING = -2n
const AT_END = -1n
/** Configurations that nobody set, and those of the whole cluster. */
const DEFAULT_SOURCE = 5

/** Asks and changes what a cluster has. */
export class KafkaAdmin implements DriverAdmin {
  readonly #admin: Kafka.Admin
  readonly #calls: Calls
  readonly #groups: KafkaGroups
  readonly #internal: InternalTopics

  constructor(kafka: typeof Kafka, options: KafkaOptions, clock: Clock) {
    this.#admin = new kafka.Admin(baseOptions(options))
    this.#admin.on('error', () => {})
    this.#calls = new Calls(this.#admin, options.bootstrap, clock)
    this.#groups = new KafkaGroups(kafka, this.#admin, this.#calls, clock)
    this.#internal = new InternalTopics(kafka, this.#admin, this.#calls)
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

  async topics(internal: boolean): Promise<readonly TopicFacts[]> {
    const names = await this.#calls.ask({ doing: 'listing topics' }, () =>
      this.#admin.listTopics({ includeInternals: false })
    )
    const { topics } = await this.#calls.metadata(names)
    const own = names.map(name => factsOf(name, topics.get(name)!))
    return internal ? [...own, ...(await this.#internal.find(null))] : own
  }

  async topic(name: string): Promise<TopicFacts> {
    try {
      return factsOf(name, await this.#calls.topic(name))
    } catch (error) {
      const [internal] = isMillraceError(error, 'TOPIC_UNKNOWN')
        ? await this.#internal.find(name)
        : []
      if (internal === undefined) throw error
      return internal
    }
  }

  async createTopic({ name, partitions, replicas, configs }: NewTopic): Promise<void> {
    const topic = { topic: name, partitions: partitions ?? -1, replicas: replicas ?? -1 }
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await this.#calls.ask(
      { doing: `creating topic ${name}`, topic: name, operation: 'create' },
      () => this.#admin.createTopics({ topics: [topic], configs: entries })
    )
    await this.#calls.until(async () => {
      try {
        const { partitions } = await this.topic(name)
        return partitions.every(partition => partition.leader !== null)
      } catch (error) {
        // Who may only make topics will not see it.
        return isMillraceError(error, 'ACCESS_DENIED')
      }
    })
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#calls.topic(name)
    await this.#calls.ask(
      { doing: `deleting topic ${name}`, topic: name, operation: 'delete' },
      () => this.#admin.deleteTopics({ topics: [name] })
    )
    await this.#calls.until(async () => {
      const names = await this.#admin.listTopics({ includeInternals: true })
      return !names.includes(name)
    })
  }

  async addPartitions(topic: string, total: number): Promise<void> {
    await this.#calls.topic(topic)
    // Not an empty list, which is refused: nobody says where.
    const asked = { name: topic, count: total, assignments: null }
    await this.#calls.ask(
      { doing: `adding partitions to topic ${topic}`, topic, operation: 'alter' },
      () => this.#admin.createPartitions({ topics: [asked] })
    )
    await this.#calls.until(async () => (await this.topic(topic)).partitions.length >= total)
  }

  async configs(topic: string): Promise<readonly ConfigFacts[]> {
    const resources = [
      { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }
    ] as const
    const ask = (): ReturnType<Kafka.Admin['describeConfigs']> =>
      this.#admin.describeConfigs({ resources: [...resources] })
    const context = { doing: `describing topic ${topic}`, topic, operation: 'describe-configs' }
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
    await this.#calls.topic(topic)
    const configs = Object.entries(changes).map(([name, value]) => {
      return value === null
        ? ({ name, configOperation: DELETE } as const)
        : ({ name, configOperation: SET, value } as const)
    })
    const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configs } as const
    await this.#calls.ask(
      { doing: `configuring topic ${topic}`, topic, operation: 'alter-configs' },
      () => this.#admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
    )
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    const topics = byTopic(before, ({ partition, offset }) => {
      return { partition, offset: BigInt(offset) }
    })
    const names = topics.map(each => each.name).join(', ')
    await this.#calls.ask(
      { doing: `deleting records of ${names}`, topic: names, operation: 'delete' },
      () => this.#admin.deleteRecords({ topics })
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
    const [own, internal] = [[] as OffsetQuery[], [] as OffsetQuery[]]
    for (const query of queries) {
      const { topic, partition } = query
      const count = topics.get(topic)?.partitionsCount
      if (count === undefined) internal.push(query)
      else if (partition >= 0 && partition < count) own.push(query)
      else throw partitionUnknown(topic, partition, count)
    }
    const offsets = new Map<OffsetQuery, number>()
    const note = (of: readonly OffsetQuery[], found: readonly number[]): void =>
      of.forEach((query, index) => offsets.set(query, found[index]!))
    note(own, await this.#listOffsets(own, isolation))
    if (internal.length > 0)
      note(internal, await this.#internal.offsets(internal, timestampOf, isolation))
    const found = queries.map(query => offsets.get(query)!)
    // A time behind the last record: the end.
    const late = [...found.keys()].filter(index => found[index]! < 0)
    if (late.length === 0) return found
    const ends = await this.offsets(
      late.map(index => ({ ...queries[index]!, at: 'end' })),
      isolation
    )
    return found.map((offset, index) => (offset < 0 ? ends[late.indexOf(index)]! : offset))
  }

  groups(): Promise<readonly GroupFacts[]> {
    return this.#groups.groups()
  }

  members(group: string): Promise<readonly MemberFacts[]> {
    return this.#groups.members(group)
  }

  deleteGroup(group: string): Promise<void> {
    return this.#groups.deleteGroup(group)
  }

  positions(group: string, isStable?: boolean): Promise<readonly PartitionOffset[]> {
    return this.#groups.positions(group, isStable)
  }

  setPositions(
    group: string,
    positions: Parameters<DriverAdmin['setPositions']>[1]
  ): Promise<void> {
    return this.#groups.setPositions(group, positions)
  }

  async close(): Promise<void> {
    await this.#admin.close()
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

function factsOf(name: string, { partitions }: Awaited<ReturnType<Calls['topic']>>): TopicFacts {
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

function timestampOf({ at }: OffsetQuery): bigint {
  if (at === 'beginning') return AT_BEGINNING
  return at === 'end' ? AT_END : BigInt(at.timeMs)
}
