// From records of users to records with a partition, as bytes.
//
// The number of a topic's partitions is believed for a while: who sends does not ask for each record.
import { partitionForKey, type RecordHeader } from '../record/index.ts'
import type { Codecs } from './codec.ts'
import type { ClientParts, RawRecord } from './driver.ts'
import { partitionUnknown } from './errors.ts'

/** A record to send. Without a partition its key chooses it; without a key a few after each other share one. */
export interface OutgoingRecord<K, V> {
  readonly topic: string
  readonly key?: K | null
  /** null: a tombstone. */
  readonly value: V | null
  /** Milliseconds since the epoch; default: now. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Uint8Array | null>>
  readonly partition?: number
}

/** Chooses a partition out of so many. */
export type Partitioner = (
  record: { readonly topic: string; readonly key: Uint8Array | null },
  partitions: number
) => number

/** How long the number of a topic's partitions is believed. */
const PARTITIONS_MS = 5_000

/** Places the records of one producer. */
export class Placer<K, V> {
  readonly #parts: Pick<ClientParts, 'driver' | 'clock'>
  readonly #types: Codecs<K, V>
  readonly #partitioner: Partitioner | undefined
  readonly #partitions = new Map<string, { readonly count: number; until: number }>()

  constructor(
    parts: Pick<ClientParts, 'driver' | 'clock'>,
    options: { readonly types: Codecs<K, V>; readonly partitioner?: Partitioner }
  ) {
    this.#parts = parts
    this.#types = options.types
    this.#partitioner = options.partitioner
  }

  /** From now on topics are asked for their partitions again. */
  doubt(): void {
    for (const known of this.#partitions.values()) known.until = 0
  }

  /**
   * The records as bytes with their partitions, of those without a key the one whose turn it is; null when a topic must
   * be asked for first.
   */
  placeNow(records: readonly OutgoingRecord<K, V>[], turn: number): readonly RawRecord[] | null {
    const now = this.#parts.clock.monotonic()
    for (const { topic, partition = 0 } of records) {
      if (!this.#isKnown(topic, partition, now)) return null
    }
    return records.map(record => this.#raw(record, turn))
  }

  /** The same, after asking for topics that are not known. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN */
  async place(
    records: readonly OutgoingRecord<K, V>[],
    turn: number
  ): Promise<readonly RawRecord[]> {
    const now = this.#parts.clock.monotonic()
    const asked = new Set<string>()
    for (const { topic, partition = 0 } of records) {
      if (asked.has(topic) || this.#isKnown(topic, partition, now)) continue
      asked.add(topic)
      const { partitions } = await this.#parts.driver.admin.topic(topic)
      this.#partitions.set(topic, { count: partitions.length, until: now + PARTITIONS_MS })
    }
    return records.map(record => this.#raw(record, turn))
  }

  /** Whether it is known how many partitions a topic has; where `partition` is none of them it may have grown. */
  #isKnown(topic: string, partition: number, now: number): boolean {
    const known = this.#partitions.get(topic)
    return known !== undefined && known.until > now && !(partition >= known.count)
  }

  #raw(record: OutgoingRecord<K, V>, turn: number): RawRecord {
    const { topic, timestamp = this.#parts.clock.now(), headers } = record
    const types = this.#types
    const key =
      record.key === undefined || record.key === null ? null : types.key.encode(record.key)
    const value = record.value === null ? null : types.value.encode(record.value)
    const partition = this.#partitionOf(record, key, turn)
    return { topic, partition, key, value, timestamp, headers: headersOf(headers) }
  }

  /** @throws PARTITION_UNKNOWN here, so that calls that go with the same request are not refused with it */
  #partitionOf(
    { topic, partition }: OutgoingRecord<K, V>,
    key: Uint8Array | null,
    turn: number
  ): number {
    const { count } = this.#partitions.get(topic)!
    const chosen = partition ?? this.#partitioner?.({ topic, key }, count)
    if (chosen === undefined) {
      return key === null ? turn % count : partitionForKey(key, 0, key.length, count)
    }
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < count) return chosen
    throw partitionUnknown(topic, chosen, count)
  }
}

const NO_HEADERS: readonly RecordHeader[] = []

function headersOf(
  headers: Readonly<Record<string, string | Uint8Array | null>> | undefined
): readonly RecordHeader[] {
  if (headers === undefined) return NO_HEADERS
  return Object.entries(headers).map(([key, value]) => {
    return { key, value: typeof value === 'string' ? Buffer.from(value) : value }
  })
}
