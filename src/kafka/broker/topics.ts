// Topics as clients know them: by name or by id, without asking the log each time.
//
// Owns: the ids and what is remembered of topics. A topic that the log no longer has is forgotten when the log says
// so ({@link TopicDirectory.forget}); the log's answer always counts. Internal topics, which hold what dataflows and
// this broker know, do not exist for clients: who could write them could change what was processed.
import { createHash } from 'node:crypto'
import { TOPIC_PREFIX_RESERVED, isMillraceError } from '../../base/index.ts'
import type { Log, Topic } from '../../log/index.ts'

const ID_DIGITS = 32

/** Whether a name is kept for what the engine stores. */
export const isReserved = (name: string): boolean => name.startsWith(TOPIC_PREFIX_RESERVED)

/** Finds topics of the log by name and id. */
export class TopicDirectory {
  readonly #log: Log
  readonly #clusterId: string
  readonly #byId = new Map<string, string>()
  readonly #byName = new Map<string, Topic>()
  /** Ids of the topics of `#byName`, by the log's. */
  readonly #ids = new Map<number, string>()
  /** Grows whenever another topic, or another number of partitions, is seen. */
  changes = 0

  constructor(log: Log, clusterId: string) {
    this.#log = log
    this.#clusterId = clusterId
  }

  /** The topic's id: 32 hexadecimal digits, another one for a topic that is made anew. */
  idOf(topic: Topic): string {
    return this.#ids.get(topic.id) ?? this.#makeId(topic)
  }

  #makeId(topic: Topic): string {
    const digest = createHash('sha256').update(`${this.#clusterId}\n${topic.id}`).digest('hex')
    return digest.slice(0, ID_DIGITS)
  }

  /** The topic as the log has it now; null when there is none. */
  async describe(name: string): Promise<Topic | null> {
    try {
      const topic = await this.#log.describeTopic(name)
      return topic.spec.internal ? null : this.note(topic)
    } catch (error) {
      if (!isMillraceError(error, 'TOPIC_UNKNOWN')) throw error
      this.forget(name)
      return null
    }
  }

  /** For one request: see {@link TopicLookUps}. */
  lookUps(): TopicLookUps {
    return new TopicLookUps(this)
  }

  /** Whether a topic was seen, without asking the log. */
  isKnown(name: string): boolean {
    return this.#byName.has(name)
  }

  /** The topic as it was seen last, without asking the log. It may be gone, and have more partitions by now. */
  seen(name: string): Topic | null {
    return this.#byName.get(name) ?? null
  }

  /** The name of the topic with an id, without asking the log; null when none was seen. */
  nameSeen(id: string): string | null {
    return this.#byId.get(id) ?? null
  }

  /** All topics that clients see. */
  async list(): Promise<readonly Topic[]> {
    const topics = await this.#log.listTopics()
    for (const topic of topics) this.note(topic)
    return topics
  }

  /** Forgets a topic that is gone or was changed. */
  forget(name: string): void {
    const topic = this.#byName.get(name)
    if (topic === undefined) return
    this.changes++
    this.#byId.delete(this.idOf(topic))
    this.#ids.delete(topic.id)
    this.#byName.delete(name)
  }

  /** Remembers a topic as the log has it now. */
  note(topic: Topic): Topic {
    const before = this.#byName.get(topic.name)
    if (before !== undefined && before.id !== topic.id) this.forget(topic.name)
    if (before?.id !== topic.id) {
      const id = this.#makeId(topic)
      this.#byId.set(id, topic.name)
      this.#ids.set(topic.id, id)
    }
    if (before?.id !== topic.id || before.spec.partitions !== topic.spec.partitions) this.changes++
    this.#byName.set(topic.name, topic)
    return topic
  }
}

/** From so many topics on that one request names, the log is asked for all of them. */
const LISTED_FROM = 100

/**
 * What one request asks about topics. The log is asked about each topic once, and for all of them once, however often
 * a request names what is not there: its work grows with its length and no faster.
 */
export class TopicLookUps {
  readonly #directory: TopicDirectory
  readonly #topics = new Map<string, Promise<Topic | null>>()
  #all: Promise<ReadonlyMap<string, Topic>> | null = null

  constructor(directory: TopicDirectory) {
    this.#directory = directory
  }

  /** The topic as it is now; null when there is none. */
  topic(name: string): Promise<Topic | null> {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const topic =
      this.#topics.size < LISTED_FROM ? this.#directory.describe(name) : this.#listed(name)
    this.#topics.set(name, topic)
    return topic
  }

  async #listed(name: string): Promise<Topic | null> {
    const topic = (await this.#list()).get(name) ?? null
    if (topic === null) this.#directory.forget(name)
    return topic
  }

  #list(): Promise<ReadonlyMap<string, Topic>> {
    this.#all ??= this.#directory
      .list()
      .then(topics => new Map(topics.map(topic => [topic.name, topic])))
    return this.#all
  }

  /** The name of the topic with an id; null when there is none. */
  async nameOf(id: string): Promise<string | null> {
    const seen = this.#directory.nameSeen(id)
    if (seen !== null || this.#all !== null) return seen
    await this.#list()
    return this.#directory.nameSeen(id)
  }

  /** Whether there is such a partition; asks the log only about what was not seen yet. */
  async hasPartition(name: string, partition: number): Promise<boolean> {
    const has = (topic: Topic | null): boolean => topic?.status.partitions[partition] !== undefined
    return has(this.#directory.seen(name)) || has(await this.topic(name))
  }
}
