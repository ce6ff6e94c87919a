// A topic that is emptied by polling: each record is handed out once, in the order of time.
//
// The position moves, durably, before a record is handed out: whoever loses the response has lost the record for
// polling. It is still in the topic, for as long as the topic keeps it.
import type { Log } from '../../../log/log.ts'
import { readOnce } from '../../out/topic-reader.ts'

/** A record that waits to be handed out. */
interface Polled {
  readonly value: Buffer
  readonly timestamp: number
  readonly offset: number
}

interface PolledPartition {
  readonly partition: number
  /** Where to read on. */
  readFrom: number
  readonly records: Polled[]
}

/** One topic and a group that polls it. */
export class PolledTopic {
  readonly #log: Log
  readonly #group: string
  readonly #topic: string
  readonly #partitions: readonly PolledPartition[]
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(
    log: Log,
    group: string,
    topic: string,
    partitions: readonly PolledPartition[]
  ) {
    this.#log = log
    this.#group = group
    this.#topic = topic
    this.#partitions = partitions
  }

  /** Goes on where the group was; at the beginning when it is new. */
  static async open(log: Log, group: string, topic: string): Promise<PolledTopic> {
    const { status } = await log.describeTopic(topic)
    const positions = (await log.positions(group)).filter(one => one.topic === topic)
    const partitions = status.partitions.map(({ partition, startOffset }) => {
      const position = positions.find(one => one.partition === partition)
      return { partition, readFrom: position?.offset ?? startOffset, records: [] }
    })
    return new PolledTopic(log, group, topic, partitions)
  }

  /** The value of the next record, or null when there is none; resolves when that is durable. */
  async take(): Promise<Buffer | null> {
    const turn = this.#turn.then(() => this.#next())
    this.#turn = turn.catch(() => {})
    const taken = await turn
    if (taken === null) return null
    await taken.committed
    return taken.value
  }

  /** Resolves when there may be a next record; rejects with the signal's reason. */
  wait(signal: AbortSignal): Promise<void> {
    if (this.#partitions.some(({ records }) => records.length > 0)) return Promise.resolve()
    const positions = this.#partitions.map(({ partition, readFrom }) => ({
      topic: this.#topic,
      partition,
      offset: readFrom
    }))
    return this.#log.wait(positions, signal)
  }

  /** In turns, so that no record is handed out twice; commits of several turns go together. */
  async #next(): Promise<{ readonly value: Buffer; readonly committed: Promise<unknown> } | null> {
    let first: PolledPartition | null = null
    for (const one of this.#partitions) {
      if (one.records.length === 0) await this.#read(one)
      const head = one.records[0]
      if (head === undefined) continue
      if (first === null || head.timestamp < first.records[0]!.timestamp) first = one
    }
    if (first === null) return null
    const { value, offset } = first.records.shift()!
    const { partition } = first
    const position = { topic: this.#topic, partition, offset: offset + 1, metadata: '' }
    const committed = this.#log.commit({
      batches: [],
      offsets: [{ group: this.#group, ...position }]
    })
    // It is awaited outside the turn, by who asked.
    committed.catch(() => {})
    return { value, committed }
  }

  async #read(into: PolledPartition): Promise<void> {
    const { partition, readFrom, records } = into
    const range = { topic: this.#topic, partition, from: readFrom, until: Infinity }
    into.readFrom = await readOnce(this.#log, range, cursor => {
      const value = Buffer.from(cursor.value() ?? [])
      records.push({ value, timestamp: cursor.timestamp, offset: cursor.offset })
    })
  }
}
