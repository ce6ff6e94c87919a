// Topics that a cluster keeps for itself, as `__consumer_offsets`: looked at, and nothing else.
//
// The library leaves them out of all that it knows of topics, so they are asked for by bare requests.
import type { Isolation, OffsetQuery, TopicFacts } from '../driver.ts'
import { partitionUnknown } from '../errors.ts'
import { byTopic } from '../places.ts'
import type { Calls } from './calls.ts'
import type { Kafka } from './library.ts'

const NO_REPLICA = -1
const ANY_EPOCH = -1

type Connection = Parameters<typeof Kafka.metadataV9.api.async>[0]

/** Looks at internal topics. */
export class InternalTopics {
  readonly #kafka: typeof Kafka
  readonly #admin: Kafka.Admin
  readonly #calls: Calls

  constructor(kafka: typeof Kafka, admin: Kafka.Admin, calls: Calls) {
    this.#kafka = kafka
    this.#admin = admin
    this.#calls = calls
  }

  /** All that are internal, or one of them; none where the cluster shows none, as a server does. */
  async find(name: string | null): Promise<readonly TopicFacts[]> {
    return await this.#calls.ask({ doing: 'listing internal topics' }, async () => {
      const all = await this.#admin.listTopics({ includeInternals: true })
      const own = new Set(await this.#admin.listTopics({ includeInternals: false }))
      const names = all.filter(each => !own.has(each) && (name === null || each === name))
      return names.length === 0 ? [] : await this.#describe(names)
    })
  }

  /** One for each query; -1 for a time behind the last record. @throws PARTITION_UNKNOWN */
  async offsets(
    queries: readonly OffsetQuery[],
    timestampOf: (query: OffsetQuery) => bigint,
    isolation: Isolation
  ): Promise<readonly number[]> {
    const facts = new Map((await this.find(null)).map(topic => [topic.name, topic]))
    const leaders = queries.map(({ topic, partition }) => {
      const partitions = facts.get(topic)?.partitions ?? []
      const found = partitions.find(each => each.partition === partition)
      if (found === undefined) throw partitionUnknown(topic, partition, partitions.length)
      return found.leader ?? NO_REPLICA
    })
    const offsets: number[] = []
    for (const leader of new Set(leaders)) {
      const indexes = [...queries.keys()].filter(index => leaders[index] === leader)
      const found = await this.#calls.ask({ doing: 'asking for offsets' }, async () =>
        this.#kafka.listOffsetsV6.api.async(
          await this.#connection(leader),
          NO_REPLICA,
          isolation === 'committed' ? 1 : 0,
          byTopic(
            indexes.map(index => queries[index]!),
            query => ({
              partitionIndex: query.partition,
              currentLeaderEpoch: ANY_EPOCH,
              timestamp: timestampOf(query)
            })
          )
        )
      )
      for (const index of indexes) {
        const { topic, partition } = queries[index]!
        const answer = found.topics.find(each => each.name === topic)
        const place = answer?.partitions.find(each => each.partitionIndex === partition)
        offsets[index] = Number(place?.offset ?? -1n)
      }
    }
    return offsets
  }

  async #describe(names: readonly string[]): Promise<readonly TopicFacts[]> {
    const { controllerId } = await this.#admin.metadata({ topics: [] })
    const connection = await this.#connection(controllerId)
    const { topics } = await this.#kafka.metadataV9.api.async(
      connection,
      [...names],
      false,
      false,
      false
    )
    return topics.map(({ name, partitions }) => ({
      name: name!,
      internal: true,
      partitions: partitions
        .toSorted((one, other) => one.partitionIndex - other.partitionIndex)
        .map(({ partitionIndex, leaderId, replicaNodes, isrNodes, offlineReplicas }) => ({
          partition: partitionIndex,
          leader: leaderId < 0 ? null : leaderId,
          replicas: replicaNodes,
          inSync: isrNodes,
          offline: offlineReplicas,
          damage: null
        }))
    }))
  }

  async #connection(node: number): Promise<Connection> {
    return (await this.#admin.connectToBrokers([node])).get(node)!
  }
}
