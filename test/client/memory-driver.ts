// A log in memory behind the driver's contract, whose answers and refusals tests decide: for producers and consumers.
import { SimulatedClock } from '../../src/base/index.ts'
import type {
  Driver,
  DriverAdmin,
  Fetched,
  FetchRequest,
  Membership,
  MembershipEvents,
  PartitionOffset,
  RawRecord,
  Reader,
  SentTo,
  TopicFacts,
  Writer
} from '../../src/client/driver.ts'
import { topicUnknown } from '../../src/client/errors.ts'
import { keyOf } from '../../src/client/places.ts'

const NODE = 1

/** The log. */
export class MemoryDriver implements Driver {
  readonly clock: SimulatedClock = new SimulatedClock()
  /** Partitions by topic. */
  readonly topics: Map<string, number> = new Map()
  readonly records: Map<string, RawRecord[]> = new Map()
  readonly positions: Map<string, number> = new Map()
  readonly requests: (readonly RawRecord[])[] = []
  /** What answers to questions about topics wait for. */
  readonly gates: Map<string, Promise<void>> = new Map()
  /** Thrown by the next commits of positions. */
  readonly commitFailures: Error[] = []
  closed = 0
  member: MembershipEvents | null = null

  readonly admin: DriverAdmin = {
    topic: async (name: string): Promise<TopicFacts> => {
      await this.gates.get(name)
      const count = this.topics.get(name)
      if (count === undefined) throw topicUnknown(name)
      const partitions = Array.from({ length: count }, (_, partition) => ({
        partition,
        leader: NODE,
        replicas: [NODE],
        inSync: [NODE],
        offline: [],
        damage: null
      }))
      return { name, internal: false, partitions }
    },
    offsets: queries =>
      Promise.resolve(queries.map(query => (query.at === 'end' ? this.of(query).length : 0))),
    positions: () =>
      Promise.resolve(
        [...this.positions].map(([key, offset]) => {
          const [partition, topic] = key.split(':') as [string, string]
          return { topic, partition: Number(partition), offset }
        })
      )
  } as Partial<DriverAdmin> as DriverAdmin

  /** What a partition has. */
  of(place: { readonly topic: string; readonly partition: number }): RawRecord[] {
    const records = this.records.get(keyOf(place)) ?? []
    this.records.set(keyOf(place), records)
    return records
  }

  /** Puts texts into a partition. */
  write(topic: string, partition: number, values: readonly string[]): void {
    for (const value of values) {
      const record = { topic, partition, key: null, value: Buffer.from(value), timestamp: 0 }
      this.of(record).push({ ...record, headers: [] })
    }
  }

  reader(): Promise<Reader> {
    const ending = new AbortController()
    return Promise.resolve({
      leaders: async places => new Map([[NODE, [...places]]]),
      fetch: request => this.#fetch(request, ending.signal),
      close: async () => ending.abort()
    })
  }

  join(_request: unknown, events: MembershipEvents): Promise<Membership> {
    this.member = events
    return Promise.resolve({
      isMember: true,
      commit: async (positions: readonly PartitionOffset[]) => {
        const failure = this.commitFailures.shift()
        if (failure !== undefined) throw failure
        for (const place of positions) this.positions.set(keyOf(place), place.offset)
      },
      leave: async () => {
        this.closed++
      }
    })
  }

  /** A transaction is its records and positions at its commit. */
  writer(): Promise<Writer> {
    let open: { records: RawRecord[]; positions: readonly PartitionOffset[] } | null = null
    return Promise.resolve({
      send: async records => {
        this.requests.push(records)
        if (open === null) return this.#append(records)
        open.records.push(...records)
        return []
      },
      begin: async () => {
        open = { records: [], positions: [] }
      },
      addPositions: async (_membership, positions) => {
        open!.positions = positions
      },
      commit: async () => {
        const { records, positions } = open!
        open = null
        this.#append(records)
        for (const place of positions) this.positions.set(keyOf(place), place.offset)
      },
      abort: async () => {
        open = null
      },
      close: async () => {
        this.closed++
      }
    })
  }

  async close(): Promise<void> {
    this.closed++
  }

  #append(records: readonly RawRecord[]): SentTo {
    const first = new Map<string, PartitionOffset>()
    for (const record of records) {
      const { topic, partition } = record
      const there = this.of(record)
      const key = keyOf(record)
      if (!first.has(key)) first.set(key, { topic, partition, offset: there.length })
      there.push(record)
    }
    return [...first.values()]
  }

  async #fetch({ positions, waitMs }: FetchRequest, signal: AbortSignal): Promise<Fetched[]> {
    const found: Fetched[] = []
    for (const { topic, partition, offset } of positions) {
      const records = this.of({ topic, partition }).slice(offset)
      if (records.length === 0) continue
      found.push({
        topic,
        partition,
        records: records.map(({ timestamp, key, value }, index) => ({
          offset: offset + index,
          timestamp,
          key: key as Buffer | null,
          value: value as Buffer | null,
          headers: []
        })),
        nextOffset: offset + records.length,
        problem: null
      })
    }
    if (found.length === 0) await this.clock.sleep(waitMs, signal).catch(() => undefined)
    return found
  }
}
