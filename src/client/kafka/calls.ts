// Calls of the library's administrator: errors as ours, a first contact that tells soon, changes waited for.
import { isMillraceError, type Clock } from '../../base/index.ts'
import { topicUnknown } from '../errors.ts'
import { asOurs, fromKafka, type CallContext } from './errors.ts'
import type { Kafka } from './library.ts'

/** What the library says of topics and nodes. */
type Metadata = Awaited<ReturnType<Kafka.Admin['metadata']>>

type TopicMetadata = Metadata['topics'] extends Map<string, infer Topic> ? Topic : never

/** Changes of topics are seen by all nodes a little later. */
const SEEN_MS_MAX = 10_000
const LOOK_MS = 20
const REACH_MS_MAX = 2_000

/** Calls of one administrator. */
export class Calls {
  readonly #admin: Kafka.Admin
  readonly #bootstrap: readonly string[]
  readonly #clock: Clock
  #isReached = false

  constructor(admin: Kafka.Admin, bootstrap: readonly string[], clock: Clock) {
    this.#admin = admin
    this.#bootstrap = bootstrap
    this.#clock = clock
  }

  /** Topics with their partitions and leaders, and the nodes, as they are now. */
  async metadata(topics: readonly string[]): Promise<Metadata> {
    const context = {
      doing: 'asking for topics',
      ...(topics.length === 1 ? { topic: topics[0]! } : {})
    }
    const options = { topics: [...topics], forceUpdate: true }
    try {
      return await this.ask(context, () => this.#admin.metadata({ ...options, retries: 0 }))
    } catch (error) {
      // T7: that a topic is not there needs no second look; a node that is away does.
      if (!isMillraceError(error) || !error.retriable) throw error
      return await this.ask(context, () => this.#admin.metadata(options))
    }
  }

  /** A topic with its partitions and their leaders. @throws TOPIC_UNKNOWN */
  async topic(name: string): Promise<TopicMetadata> {
    const { topics } = await this.metadata([name])
    const topic = topics.get(name)
    if (topic === undefined) throw topicUnknown(name)
    return topic
  }

  /** Calls and gives the library's error as ours. */
  async ask<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
    const ours = { bootstrap: this.#bootstrap, ...context }
    if (!this.#isReached) await this.#reach(ours)
    return await asOurs(ours, call)
  }

  /** The first contact, tried again for a moment only: wrong addresses, passwords and certificates are told soon. */
  async #reach(context: CallContext): Promise<void> {
    const deadline = this.#clock.monotonic() + REACH_MS_MAX
    for (;;) {
      try {
        await this.#admin.metadata({ topics: [], forceUpdate: true, retries: 0 })
        this.#isReached = true
        return
      } catch (error) {
        const ours = fromKafka(error, context)
        if (!ours.retriable || this.#clock.monotonic() > deadline) throw ours
        await this.#clock.sleep(LOOK_MS)
      }
    }
  }

  /** Looks until a change is seen by all, or for a while at most. */
  async until(isSeen: () => Promise<boolean>): Promise<void> {
    const deadline = this.#clock.monotonic() + SEEN_MS_MAX
    for (;;) {
      try {
        if (await isSeen()) return
      } catch (error) {
        throw fromKafka(error, {
          doing: 'waiting for a change to be seen',
          bootstrap: this.#bootstrap
        })
      }
      if (this.#clock.monotonic() > deadline) return
      await this.#clock.sleep(LOOK_MS)
    }
  }
}
