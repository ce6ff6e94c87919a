// Which transactions were aborted in which partitions: readers of committed records leave their records out.
//
// An entry is stored with the commit that writes its marker, when the marker's offset is not known yet; a process that
// starts later finds the offset in the partition.
import { isMillraceError } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { batchByteLength, readBatchHeader } from '../../record/index.ts'
import type { BrokerStore } from './store.ts'

const PREFIX = 'aborted:'

/** As the protocol tells it: a producer's records from an offset on, up to its next marker, do not count. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** An aborted transaction in a partition. */
export interface AbortedPartition {
  readonly producerId: number
  readonly topic: string
  readonly partition: number
  /** At or before its first record. */
  readonly from: number
}

interface Entry {
  readonly producerId: number
  readonly from: number
  /** Offset of its marker. */
  readonly to: number
}

const placeOf = (topic: string, partition: number): string => `${partition}:${topic}`
const keyOf = (each: AbortedPartition): string =>
  `${PREFIX}${each.producerId}:${each.from}:${placeOf(each.topic, each.partition)}`

/** All aborted transactions of a log. Make it by {@link openAbortedTransactions}. */
export class AbortedTransactions {
  readonly #byPlace = new Map<string, Entry[]>()

  /** What the store must change when transactions are aborted. */
  changes(aborts: readonly AbortedPartition[]): ReadonlyMap<string, unknown> {
    return new Map(aborts.map(each => [keyOf(each), 1]))
  }

  /** Notes where the markers of aborted transactions stand. */
  settle(aborts: readonly (AbortedPartition & { readonly to: number })[]): void {
    for (const { topic, partition, producerId, from, to } of aborts) {
      const place = placeOf(topic, partition)
      const entries = this.#byPlace.get(place) ?? []
      entries.push({ producerId, from, to })
      this.#byPlace.set(place, entries)
    }
  }

  /** Those with records between two offsets of a partition, both included. */
  between(topic: string, partition: number, from: number, to: number): AbortedTransaction[] {
    const entries = this.#byPlace.get(placeOf(topic, partition)) ?? []
    return entries
      .filter(entry => entry.to >= from && entry.from <= to)
      .map(({ producerId, from: firstOffset }) => ({ producerId, firstOffset }))
  }

  /** Whether anything was ever aborted in a partition. */
  has(topic: string, partition: number): boolean {
    return this.#byPlace.has(placeOf(topic, partition))
  }
}

/** Reads what was aborted, finds the markers, and forgets transactions of which no record is left. */
export async function openAbortedTransactions(
  log: Log,
  store: BrokerStore
): Promise<AbortedTransactions> {
  const aborted = new AbortedTransactions()
  const gone = new Map<string, null>()
  for (const [key] of [...store.entries(PREFIX)]) {
    const [producerId = '', from = '', partition = '', ...topic] = key.split(':')
    const each: AbortedPartition = {
      producerId: Number(producerId),
      from: Number(from),
      partition: Number(partition),
      topic: topic.join(':')
    }
    const to = await findMarker(log, each)
    if (to === null) gone.set(PREFIX + key, null)
    else aborted.settle([{ ...each, to }])
  }
  if (gone.size > 0) await store.change(gone)
  return aborted
}

/** Offset of the marker that ended the transaction; null when topic or marker are gone. */
async function findMarker(log: Log, each: AbortedPartition): Promise<number | null> {
  const { topic, partition, producerId } = each
  let offset = each.from
  try {
    for (;;) {
      const read = await log.read({ topic, partition, offset })
      for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
        const header = readBatchHeader(read.bytes, at)
        const isMarker = header.isControl && header.producerId === producerId
        if (isMarker && header.baseOffset >= each.from) return header.baseOffset
      }
      offset = read.nextOffset
      if (offset >= read.endOffset) return null
    }
  } catch (error) {
    if (isMillraceError(error)) return null
    throw error
  }
}
