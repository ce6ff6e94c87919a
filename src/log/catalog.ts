// What a log knows beside the records: topics, their partitions' bounds, and groups' positions.
//
// Owns: this state and the changes that lead from one to the next. Does not own: bytes, files, promises.
//   C1  State changes only in `apply`, from a change that is plain data: the same changes in the same order give
//       the same catalog. The disk log replays them.
//   C2  A topic's id is never used again, also not for a later topic of the same name.
//   C3  A position belongs to a partition that exists: it goes when the topic goes.
import { assert, unreachable } from '../base/index.ts'
import { offsetOutOfRange, partitionUnknown, topicExists, topicUnknown } from './errors.ts'
import type { GroupPosition, ReadRequest, TopicSpec, WaitPosition } from './log.ts'
import { alteredSpec } from './spec.ts'

/** One step from a catalog to the next. Topics are named by id; ids are whole numbers from 1 on. */
export type CatalogChange =
  | {
      readonly kind: 'topic-created'
      readonly topicId: number
      readonly name: string
      readonly spec: TopicSpec
      /** Bounds per partition; missing ones are 0. A snapshot gives them all. */
      readonly bounds: readonly PartitionBounds[]
    }
  | { readonly kind: 'topic-altered'; readonly topicId: number; readonly spec: TopicSpec }
  | { readonly kind: 'topic-deleted'; readonly topicId: number }
  | {
      readonly kind: 'start-moved'
      readonly topicId: number
      readonly partition: number
      readonly startOffset: number
    }
  | {
      readonly kind: 'position'
      readonly group: string
      readonly topicId: number
      readonly partition: number
      /** Null removes the position. */
      readonly offset: number | null
      readonly metadata: string
    }
  | { readonly kind: 'ids-used'; readonly topicIdLast: number }

/** First offset that is there, and the offset that the next record gets. */
export interface PartitionBounds {
  readonly startOffset: number
  readonly endOffset: number
}

/** From which offset on a partition is refused, and the sentence that says why. */
export interface PartitionDamage {
  readonly offset: number
  readonly reason: string
}

/** A partition; `data` is what the implementation keeps with it. */
export class PartitionState<Data> {
  readonly topic: TopicState<Data>
  readonly partition: number
  readonly data: Data
  startOffset = 0
  /** Visible end: everything below is durable. */
  endOffset = 0
  damage: PartitionDamage | null = null

  constructor(topic: TopicState<Data>, partition: number, data: Data) {
    this.topic = topic
    this.partition = partition
    this.data = data
  }
}

/** A topic. `deleted` tells holders of a reference that the name may mean another one by now. */
export class TopicState<Data> {
  readonly id: number
  readonly name: string
  readonly partitions: PartitionState<Data>[] = []
  spec: TopicSpec
  deleted = false

  constructor(id: number, name: string, spec: TopicSpec) {
    this.id = id
    this.name = name
    this.spec = spec
  }
}

interface Position {
  readonly offset: number
  readonly metadata: string
}

/** All topics and positions of one log. `createData` makes what an implementation keeps per partition. */
export class Catalog<Data> {
  readonly topics: Map<string, TopicState<Data>> = new Map()
  readonly #topicsById = new Map<number, TopicState<Data>>()
  readonly #groups = new Map<string, Map<PartitionState<Data>, Position>>()
  readonly #createData: () => Data
  #topicIdLast = 0

  constructor(createData: () => Data) {
    this.#createData = createData
  }

  /** The id that the next topic gets (C2). */
  get topicIdNext(): number {
    return this.#topicIdLast + 1
  }

  /** @throws TOPIC_UNKNOWN */
  topic(name: string): TopicState<Data> {
    const topic = this.topics.get(name)
    if (topic === undefined) throw topicUnknown(name)
    return topic
  }

  /** @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN */
  partition(name: string, partition: number): PartitionState<Data> {
    const topic = this.topic(name)
    const state = topic.partitions[partition]
    if (state === undefined) throw partitionUnknown(name, partition, topic.partitions.length)
    return state
  }

  /** The partition that a request reads. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, OFFSET_OUT_OF_RANGE */
  partitionToRead({ topic, partition, offset }: ReadRequest): PartitionState<Data> {
    const state = this.partition(topic, partition)
    const { startOffset, endOffset } = state
    if (offset <= endOffset) return state
    throw offsetOutOfRange(topic, partition, { offset, startOffset, endOffset })
  }

  /** Partitions with the offsets that a waiter has reached. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN */
  targets(positions: readonly WaitPosition[]): Map<PartitionState<Data>, number> {
    return new Map(
      positions.map(({ topic, partition, offset }) => [this.partition(topic, partition), offset])
    )
  }

  /** Topics as lists show them: internal ones only where they are asked for. */
  listed({ internal = false }: { readonly internal?: boolean }): TopicState<Data>[] {
    return [...this.topics.values()].filter(topic => internal || !topic.spec.internal)
  }

  /** The change that makes a topic of `spec`. @throws TOPIC_EXISTS */
  creation(name: string, spec: TopicSpec): CatalogChange {
    if (this.topics.has(name)) throw topicExists(name)
    return { kind: 'topic-created', topicId: this.topicIdNext, name, spec, bounds: [] }
  }

  /** The change of a topic's bounds and policy. @throws TOPIC_UNKNOWN, TOPIC_INVALID */
  alteration(name: string, changes: Partial<TopicSpec>): CatalogChange {
    const { id, spec } = this.topic(name)
    return { kind: 'topic-altered', topicId: id, spec: alteredSpec(name, spec, changes) }
  }

  /** The topic with this id; undefined when it was deleted. */
  topicById(topicId: number): TopicState<Data> | undefined {
    return this.#topicsById.get(topicId)
  }

  /** The partition by its topic's id; undefined when that topic was deleted. */
  partitionById(topicId: number, partition: number): PartitionState<Data> | undefined {
    return this.#topicsById.get(topicId)?.partitions[partition]
  }

  /** Groups that have positions. */
  groups(): string[] {
    return [...this.#groups.keys()]
  }

  positions(group: string): GroupPosition[] {
    const positions: GroupPosition[] = []
    for (const [state, { offset, metadata }] of this.#groups.get(group) ?? []) {
      positions.push({ topic: state.topic.name, partition: state.partition, offset, metadata })
    }
    return positions
  }

  /** Takes one change (C1). A change that names an unknown topic is a bug or a damaged file. */
  apply(change: CatalogChange): void {
    switch (change.kind) {
      case 'topic-created':
        return this.#create(change.topicId, change.name, change.spec, change.bounds)
      case 'topic-altered':
        return this.#resize(this.#known(change.topicId), change.spec)
      case 'topic-deleted':
        return this.#delete(this.#known(change.topicId))
      case 'start-moved': {
        const state = this.#known(change.topicId).partitions[change.partition]
        assert(state !== undefined, 'a start moves in a partition that exists')
        assert(change.startOffset >= state.startOffset, 'a start moves up')
        assert(change.startOffset <= state.endOffset, 'a start stays within the partition')
        state.startOffset = change.startOffset
        return
      }
      case 'position':
        return this.#place(change)
      case 'ids-used':
        this.#topicIdLast = Math.max(this.#topicIdLast, change.topicIdLast)
        return
      default:
        unreachable(change)
    }
  }

  /** Changes that lead from an empty catalog to this one. */
  snapshot(): CatalogChange[] {
    const changes: CatalogChange[] = [{ kind: 'ids-used', topicIdLast: this.#topicIdLast }]
    for (const topic of this.topics.values()) {
      const bounds = topic.partitions.map(({ startOffset, endOffset }) => ({
        startOffset,
        endOffset
      }))
      changes.push({
        kind: 'topic-created',
        topicId: topic.id,
        name: topic.name,
        spec: topic.spec,
        bounds
      })
    }
    for (const [group, positions] of this.#groups) {
      for (const [state, { offset, metadata }] of positions) {
        const { partition } = state
        changes.push({
          kind: 'position',
          group,
          topicId: state.topic.id,
          partition,
          offset,
          metadata
        })
      }
    }
    return changes
  }

  #known(topicId: number): TopicState<Data> {
    const topic = this.#topicsById.get(topicId)
    assert(topic !== undefined, `topic ${topicId} exists when it is changed`)
    return topic
  }

  #create(
    topicId: number,
    name: string,
    spec: TopicSpec,
    bounds: readonly PartitionBounds[]
  ): void {
    assert(!this.topics.has(name), 'a new topic has a free name')
    assert(!this.#topicsById.has(topicId), 'a new topic has a fresh id')
    const topic = new TopicState<Data>(topicId, name, spec)
    this.topics.set(name, topic)
    this.#topicsById.set(topicId, topic)
    this.#topicIdLast = Math.max(this.#topicIdLast, topicId)
    this.#resize(topic, spec)
    for (const [index, { startOffset, endOffset }] of bounds.entries()) {
      const state = topic.partitions[index]
      assert(state !== undefined, 'bounds belong to a partition')
      state.startOffset = startOffset
      state.endOffset = endOffset
    }
  }

  #resize(topic: TopicState<Data>, spec: TopicSpec): void {
    topic.spec = spec
    while (topic.partitions.length < spec.partitions) {
      topic.partitions.push(new PartitionState(topic, topic.partitions.length, this.#createData()))
    }
  }

  #delete(topic: TopicState<Data>): void {
    topic.deleted = true
    this.topics.delete(topic.name)
    this.#topicsById.delete(topic.id)
    for (const [group, positions] of this.#groups) {
      for (const state of topic.partitions) positions.delete(state)
      if (positions.size === 0) this.#groups.delete(group)
    }
  }

  #place(change: CatalogChange & { readonly kind: 'position' }): void {
    const { group, topicId, partition, offset, metadata } = change
    const state = this.partitionById(topicId, partition)
    assert(state !== undefined, 'a position is in a partition that exists')
    const positions = this.#groups.get(group)
    if (offset !== null) {
      if (positions !== undefined) positions.set(state, { offset, metadata })
      else this.#groups.set(group, new Map([[state, { offset, metadata }]]))
      return
    }
    positions?.delete(state)
    if (positions?.size === 0) this.#groups.delete(group)
  }
}
