// Creates, looks at, changes and deletes what a cluster has, as objects.
import { MillraceError } from '../base/index.ts'
import type {
  ClusterFacts,
  ConfigFacts,
  DriverAdmin,
  PartitionFacts,
  PartitionOffset,
  TopicFacts,
  TopicPartition
} from './driver.ts'
import { groupNotEmpty, groupUnknown } from './errors.ts'
import { startOffsets, type StartPosition } from './consumer/start.ts'
import { keyOf } from './places.ts'
import type {
  GroupDetails,
  GroupObject,
  PartitionObject,
  PartitionResolution,
  SpuGroupObject,
  SpuObject,
  TopicObject,
  TopicOptions
} from './objects.ts'

/** Administers one cluster. Get it as `client.admin`. */
export class Admin {
  readonly #driver: DriverAdmin

  constructor(driver: DriverAdmin) {
    this.#driver = driver
  }

  /**
   * All topics by name. When `internal`, with those of the engine in a data directory and those that a Kafka cluster
   * keeps for itself (`__consumer_offsets`), which can be looked at only; a server shows its own over HTTP alone.
   */
  async topics(options: { readonly internal?: boolean } = {}): Promise<TopicObject[]> {
    const facts = await this.#driver.topics(options.internal === true)
    return await this.#topicObjects(facts.toSorted(byName))
  }

  /** @throws TOPIC_UNKNOWN */
  async topic(name: string): Promise<TopicObject> {
    const [topic] = await this.#topicObjects([await this.#driver.topic(name)])
    return topic!
  }

  /** Resolves when the topic can be written to. @throws TOPIC_EXISTS, TOPIC_INVALID, CONFIG_INVALID */
  async createTopic(name: string, options: TopicOptions = {}): Promise<TopicObject> {
    const { partitions = null, replicas = null, configs = {} } = options
    await this.#driver.createTopic({ name, partitions, replicas, configs })
    return await this.topic(name)
  }

  /** Deletes a topic with its records and all positions in it. @throws TOPIC_UNKNOWN */
  async deleteTopic(name: string): Promise<void> {
    await this.#driver.deleteTopic(name)
  }

  /** Makes a topic have `total` partitions. @throws TOPIC_UNKNOWN, TOPIC_INVALID not more than there are */
  async addPartitions(topic: string, total: number): Promise<TopicObject> {
    await this.#driver.addPartitions(topic, total)
    return await this.topic(topic)
  }

  /** All configurations of a topic. @throws TOPIC_UNKNOWN */
  async configs(topic: string): Promise<readonly ConfigFacts[]> {
    await this.#driver.topic(topic)
    return await this.#driver.configs(topic)
  }

  /** Changes configurations; null is back to the default. @throws TOPIC_UNKNOWN, CONFIG_INVALID */
  async configure(
    topic: string,
    changes: Readonly<Record<string, string | null>>
  ): Promise<TopicObject> {
    await this.#driver.alterConfigs(topic, changes)
    return await this.topic(topic)
  }

  /** Deletes the records before an offset. @throws OFFSET_OUT_OF_RANGE */
  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    await this.#driver.deleteRecords(before)
  }

  /** Partitions of all topics, or of one; owned by their topics. @throws TOPIC_UNKNOWN */
  async partitions(topic?: string): Promise<PartitionObject[]> {
    const facts =
      topic === undefined ? await this.#driver.topics(false) : [await this.#driver.topic(topic)]
    return await this.#partitionObjects(facts.toSorted(byName))
  }

  /** Streaming processing units: the nodes that hold partitions. */
  async spus(): Promise<SpuObject[]> {
    const [cluster, topics] = [await this.#driver.cluster(), await this.#driver.topics(false)]
    const partitions = topics.flatMap(topic => topic.partitions)
    return cluster.nodes.map(({ id, host, port, rack }) => ({
      kind: 'spu',
      name: spuName(id),
      spec: { id, type: 'custom', endpoint: { host, port }, rack },
      status: {
        resolution: 'online',
        controller: id === cluster.controller,
        leads: partitions.filter(each => each.leader === id).length,
        holds: partitions.filter(each => each.replicas.includes(id)).length
      },
      owner: { kind: 'spu-group', name: cluster.id }
    }))
  }

  /** Groups of SPUs: the cluster's nodes are one. */
  async spuGroups(): Promise<SpuGroupObject[]> {
    const cluster = await this.#driver.cluster()
    return [spuGroup(cluster)]
  }

  /** Consumer groups, with those of dataflows. */
  async groups(): Promise<GroupObject[]> {
    const groups: GroupObject[] = []
    for (const { name, state, type } of (await this.#driver.groups()).toSorted(byName)) {
      const isEmpty = state === 'Empty' || state === 'Dead'
      const members = isEmpty ? 0 : (await this.#driver.members(name)).length
      groups.push({ kind: 'group', name, spec: { type }, status: { state, members }, owner: null })
    }
    return groups
  }

  /** A group with its members, positions and how far they are behind. @throws GROUP_UNKNOWN */
  async group(name: string): Promise<GroupDetails> {
    const found = (await this.#driver.groups()).find(group => group.name === name)
    if (found === undefined) throw groupUnknown(name)
    const members = await this.#driver.members(name)
    const positions = (await this.#driver.positions(name)).toSorted(byPlace)
    const ends = await this.#driver.offsets(
      positions.map(({ topic, partition }) => ({ topic, partition, at: 'end' })),
      'uncommitted'
    )
    const readers = new Map(
      members.flatMap(({ id, partitions }) => partitions.map(place => [keyOf(place), id] as const))
    )
    return {
      kind: 'group',
      name,
      spec: { type: found.type },
      status: {
        state: found.state,
        members,
        positions: positions.map((position, index) => ({
          ...position,
          endOffset: ends[index]!,
          lag: Math.max(0, ends[index]! - position.offset),
          member: readers.get(keyOf(position)) ?? null
        }))
      },
      owner: null
    }
  }

  /** Deletes a group with its positions. @throws GROUP_UNKNOWN, GROUP_NOT_EMPTY */
  async deleteGroup(name: string): Promise<void> {
    await this.#driver.deleteGroup(name)
  }

  /**
   * Moves positions of a group without members: in the topics that are named, else in those where it has some. Gives
   * what it set; with `isTrial` only what it would.
   * @throws GROUP_NOT_EMPTY, TOPIC_UNKNOWN · GROUP_UNKNOWN no topic is named and there are no positions
   */
  async resetOffsets(
    group: string,
    options: {
      readonly to: StartPosition
      readonly topics?: readonly string[]
      readonly partitions?: readonly number[]
      readonly isTrial?: boolean
    }
  ): Promise<readonly PartitionOffset[]> {
    const known = (await this.#driver.positions(group)).map(each => each.topic)
    const topics = options.topics ?? [...new Set(known)]
    if (topics.length === 0) {
      const { status } = await this.group(group)
      throw status.members.length > 0 ? groupNotEmpty(group) : groupUnknown(group)
    }
    const places: TopicPartition[] = []
    for (const topic of topics) {
      for (const { partition } of (await this.#driver.topic(topic)).partitions) {
        if (options.partitions?.includes(partition) ?? true) places.push({ topic, partition })
      }
    }
    const found = new Set(places.map(place => place.partition))
    const missing = options.partitions?.find(partition => !found.has(partition))
    if (missing !== undefined) {
      throw new MillraceError(
        'PARTITION_UNKNOWN',
        `there is no partition ${missing} in ${topics.join(', ')}; expected was one that is there; ` +
          'see millrace partition list'
      )
    }
    const positions = await startOffsets(this.#driver, places, options.to, 'uncommitted')
    if (options.isTrial !== true) await this.#driver.setPositions(group, positions)
    return positions
  }

  /** First and next offset of each partition of a topic. @throws TOPIC_UNKNOWN */
  async offsets(
    topic: string
  ): Promise<
    readonly { readonly partition: number; readonly start: number; readonly end: number }[]
  > {
    const { partitions } = await this.#driver.topic(topic)
    const places = partitions.map(({ partition }) => ({ topic, partition }))
    const [starts, ends] = [
      await startOffsets(this.#driver, places, 'beginning', 'uncommitted'),
      await startOffsets(this.#driver, places, 'end', 'uncommitted')
    ]
    return places.map(({ partition }, index) => {
      return { partition, start: starts[index]!.offset, end: ends[index]!.offset }
    })
  }

  async #topicObjects(facts: readonly TopicFacts[]): Promise<TopicObject[]> {
    const partitions = await this.#partitionObjects(facts)
    const objects: TopicObject[] = []
    for (const { name, internal, partitions: found } of facts) {
      const configs = await this.#driver.configs(name)
      const own = partitions.filter(each => each.spec.topic === name)
      const resolutions = new Set(own.map(each => each.status.resolution))
      objects.push({
        kind: 'topic',
        name,
        spec: {
          partitions: found.length,
          replicas: found[0]?.replicas.length ?? 0,
          internal,
          configs: Object.fromEntries(
            configs.filter(each => !each.isDefault).map(({ name, value }) => [name, value])
          )
        },
        status: {
          resolution: resolutions.has('damaged')
            ? 'damaged'
            : resolutions.has('leader-offline') || resolutions.has('offline')
              ? 'pending'
              : 'provisioned',
          records: own.reduce(
            (sum, { status }) => sum + (status.endOffset ?? 0) - (status.startOffset ?? 0),
            0
          ),
          bytes: sumOf(own.map(each => each.status.bytes))
        },
        owner: null
      })
    }
    return objects
  }

  async #partitionObjects(facts: readonly TopicFacts[]): Promise<PartitionObject[]> {
    const sizeOf = await this.#driver.sizes(facts.map(topic => topic.name))
    const all = facts.flatMap(({ name, partitions }) =>
      partitions.map(partition => ({ topic: name, ...partition }))
    )
    // Nobody knows the offsets of others.
    const led = all.filter(each => each.leader !== null)
    const ask = async (at: 'beginning' | 'end'): Promise<ReadonlyMap<string, number>> => {
      const queries = led.map(({ topic, partition }) => ({ topic, partition, at }))
      const offsets = await this.#driver.offsets(queries, 'uncommitted')
      return new Map(led.map((place, index) => [keyOf(place), offsets[index]!]))
    }
    const [starts, ends] = [await ask('beginning'), await ask('end')]
    return all.map(place => {
      const { topic, partition, leader, replicas, inSync, damage } = place
      return {
        kind: 'partition',
        name: `${topic}-${partition}`,
        spec: { topic, partition, replicas },
        status: {
          resolution: resolutionOf(place),
          leader,
          inSync,
          startOffset: starts.get(keyOf(place)) ?? null,
          endOffset: ends.get(keyOf(place)) ?? null,
          bytes: sizeOf(place),
          damage
        },
        owner: { kind: 'topic', name: topic }
      }
    })
  }
}

function resolutionOf({ leader, replicas, offline, damage }: PartitionFacts): PartitionResolution {
  if (damage !== null) return 'damaged'
  if (leader !== null) return 'online'
  return offline.length >= replicas.length ? 'offline' : 'leader-offline'
}

function spuGroup({ id, nodes }: ClusterFacts): SpuGroupObject {
  return {
    kind: 'spu-group',
    name: id,
    spec: { replicas: nodes.length, minId: Math.min(...nodes.map(node => node.id)) },
    status: { resolution: 'reserved', spus: nodes.map(node => spuName(node.id)) },
    owner: null
  }
}

function spuName(id: number): string {
  return `spu-${id}`
}

function sumOf(bytes: readonly (number | null)[]): number | null {
  let sum = 0
  for (const each of bytes) {
    if (each === null) return null
    sum += each
  }
  return sum
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : Number(one.name > other.name)
}

function byPlace(one: TopicPartition, other: TopicPartition): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1
  return one.partition - other.partition
}
