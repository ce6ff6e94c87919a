// Topics as clients know them: by name or by id, without asking the log each time.
//
// Owns: the ids and what is remembered of topics. A topic that the log no longer has is forgotten when the log says
// so ({@link TopicDirectory.forget}); the log's answer always counts. Internal topics, which hold what dataflows and
// this broker know, do not exist for clients: who could write them could change what was processed.
import { createHash } from 'node:crypto'
import { isMillraceError } from '../../base/index.ts'
import type { Log, Topic } from '../../log/index.ts'

const ID_DIGITS = 32

/** Finds topics of the log by name and id. */
export class TopicDirectory {
  readonly #log: Log
  readonly #clusterId: string
  readonly #byId = new Map<string, string>()
  readonly #byName = new Map<string, Topic>()

  constructor(log: Log, clusterId: string) {
    this.#log = log
    this.#clusterId = clusterId
  }

  /** The topic's id: 32 hexadecimal digits, another one for a topic that is made anew. */
  idOf(topic: Topic): string {
    const digest = createHash('sha256').update(`${this.#clusterId}\n${topic.id}`).digest('hex')
    return digest.slice(0, ID_DIGITS)
  }

  /** The topic as the log has it now; null when there is none. */
  async describe(name: string): Promise<Topic | null> {
    try {
      const topic = await this.#log.describeTopic(name)
      return topic.spec.internal ? null : this.#note(topic)
    } catch (error) {
      if (!isMillraceError(error, 'TOPIC_UNKNOWN')) throw error
      this.forget(name)
      return null
    }
  }

  /** Whether a topic was seen, without asking the log. */
  isKnown(name: string): boolean {
    return this.#byName.has(name)
  }

  /** Whether there is such a partition; asks the log only about what was not seen yet. */
  async hasPartition(name: string, partition: number): Promise<boolean> {
    const has = (topic: Topic | null | undefined): boolean =>
      topic?.status.partitions[partition] !== undefined
    return has(this.#byName.get(name)) || has(await this.describe(name))
  }

  /** All topics that clients see. */
  async list(): Promise<readonly Topic[]> {
    const topics = await this.#log.listTopics()
    for (const topic of topics) this.#note(topic)
    return topics
  }

  /** The name of the topic with an id; null when there is none. */
  async nameOf(id: string): Promise<string | null> {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    await this.list()
    return this.#byId.get(id) ?? null
  }

  /** Forgets a topic that is gone or was changed. */
  forget(name: string): void {
    const topic = this.#byName.get(name)
    if (topic !== undefined) this.#byId.delete(this.idOf(topic))
    this.#byName.delete(name)
  }

  #note(topic: Topic): Topic {
    const before = this.#byName.get(topic.name)
    if (before !== undefined && before.id !== topic.id) this.forget(topic.name)
    if (before?.id !== topic.id) this.#byId.set(this.idOf(topic), topic.name)
    this.#byName.set(topic.name, topic)
    return topic
  }
}
