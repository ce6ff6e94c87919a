// Reads partitions of a cluster for one consumer: bare fetches, without a group, sessions of its own.
import type { Fetched, FetchRequest, PartitionOffset, Reader, TopicPartition } from '../driver.ts'
import { clientClosed, partitionUnknown, topicUnknown } from '../errors.ts'
import { keyOf } from '../places.ts'
import { decodePartition } from './decode.ts'
import { apiIdsOf, fromKafka } from './errors.ts'
import { baseOptions, type Kafka, type KafkaOptions } from './library.ts'

const OUT_OF_RANGE = 1
const NOT_KNOWN = -1
/** Few: the consumer tries again itself, after it has asked who leads. */
const RETRIES = 2

type FetchResponse = Awaited<ReturnType<Kafka.Consumer['fetch']>>
type AskedTopics = Kafka.FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics']
type Metadata = Awaited<ReturnType<Kafka.Consumer['metadata']>>

/** A reader of one consumer. */
export class KafkaReader implements Reader {
  readonly #consumer: Kafka.Consumer
  readonly #options: KafkaOptions
  readonly #onClose: () => unknown
  #isClosed = false

  constructor(kafka: typeof Kafka, options: KafkaOptions, onClose: () => unknown) {
    this.#options = options
    this.#onClose = onClose
    this.#consumer = new kafka.Consumer({
      ...baseOptions(options, RETRIES),
      groupId: `${options.clientId}-reader`
    })
    // Errors come with the calls.
    this.#consumer.on('error', () => {})
  }

  async leaders(
    partitions: readonly TopicPartition[]
  ): Promise<ReadonlyMap<number, TopicPartition[]>> {
    const metadata = await this.#metadata(partitions, true)
    const leaders = new Map<number, TopicPartition[]>()
    for (const place of partitions) {
      const topic = metadata.topics.get(place.topic)
      if (topic === undefined) throw topicUnknown(place.topic)
      const found = topic.partitions[place.partition]
      if (found === undefined) {
        throw partitionUnknown(place.topic, place.partition, topic.partitionsCount)
      }
      const led = leaders.get(found.leader)
      if (led === undefined) leaders.set(found.leader, [place])
      else led.push(place)
    }
    return leaders
  }

  async fetch(request: FetchRequest): Promise<readonly Fetched[]> {
    const { positions, isolation } = request
    const metadata = await this.#metadata(positions, false)
    const byTopic = Map.groupBy(positions, position => position.topic)
    const names = new Map<string, string>()
    const topics = [...byTopic].map(([topic, of]) => {
      const topicId = metadata.topics.get(topic)?.id
      if (topicId === undefined) throw topicUnknown(topic)
      names.set(topicId, topic)
      return { topicId, partitions: of.map(position => asked(position, request)) }
    })
    const response = await this.#ask(request, topics, names)
    const offsets = new Map(positions.map(each => [keyOf(each), each.offset]))
    const found: Fetched[] = []
    for (const { topicId, partitions } of response.responses) {
      const topic = names.get(topicId)
      if (topic === undefined) continue
      for (const partition of partitions) {
        const place = { topic, partition: partition.partitionIndex }
        const offset = offsets.get(keyOf(place))
        if (offset === undefined) continue
        if (partition.errorCode === OUT_OF_RANGE) {
          found.push({ ...place, records: [], nextOffset: offset, problem: 'OFFSET_OUT_OF_RANGE' })
        } else if (partition.errorCode === 0) {
          const decoded = decodePartition(partition, offset, isolation === 'committed')
          if (decoded.nextOffset > offset) found.push({ ...place, ...decoded, problem: null })
        }
      }
    }
    return found
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    await this.#consumer.close(true)
  }

  async #ask(
    { node, isolation, bytesMax, waitMs }: FetchRequest,
    topics: AskedTopics,
    names: ReadonlyMap<string, string>
  ): Promise<FetchResponse> {
    try {
      return await this.#consumer.fetch({
        node,
        topics,
        isolationLevel: isolation === 'committed' ? 1 : 0,
        maxBytes: bytesMax,
        maxWaitTime: waitMs,
        minBytes: 1
      })
    } catch (error) {
      if (this.#isClosed) throw clientClosed('consumer')
      // Among other partitions one that is out of range makes an error, which has the whole answer with it.
      const response = responseOf(error)
      const isRange = apiIdsOf(error).every(id => id === 'OFFSET_OUT_OF_RANGE')
      if (response !== null && isRange) return response
      throw fromKafka(error, { ...this.#context('reading'), topicNames: names })
    }
  }

  async #metadata(partitions: readonly TopicPartition[], isFresh: boolean): Promise<Metadata> {
    if (this.#isClosed) throw clientClosed('consumer')
    const topics = [...new Set(partitions.map(each => each.topic))]
    for (const topic of topics)
      if (!this.#consumer.topics.has(topic)) this.#consumer.topics.track(topic)
    try {
      return await this.#consumer.metadata({ topics, forceUpdate: isFresh })
    } catch (error) {
      if (this.#isClosed) throw clientClosed('consumer')
      throw fromKafka(error, { ...this.#context('asking for partitions'), topic: topics[0]! })
    }
  }

  #context(doing: string) {
    return { doing, operation: 'read', bootstrap: this.#options.bootstrap }
  }
}

function asked({ partition, offset }: PartitionOffset, { partitionBytesMax }: FetchRequest) {
  return {
    partition,
    fetchOffset: BigInt(offset),
    partitionMaxBytes: partitionBytesMax,
    currentLeaderEpoch: NOT_KNOWN,
    lastFetchedEpoch: NOT_KNOWN
  }
}

function responseOf(error: unknown): FetchResponse | null {
  const { response } = error as { readonly response?: FetchResponse }
  return response?.responses === undefined ? null : response
}
