// Which transactions were aborted in which partitions: readers of committed records leave their records out.
//
//   A1  An entry is stored with the commit that writes its marker, when the marker's offset is not known yet. The
//       offset is stored with a later commit; a process that starts in between finds it in the partition.
//   A2  Entries of a partition stand in the order of their markers.
//   A3  Each knows where the first of it and all behind it began: who looks for a range of offsets stops where no
//       other can be in it, however many follow.
import { isMillraceError } from '../../../base/index.ts'
import type { Log } from '../../../log/index.ts'
import { findBatch } from '../fetch/find-batch.ts'
import type { BrokerStore } from '../store.ts'

const PREFIX = 'aborted:'
/** Stored while the marker's offset is not known. */
const UNKNOWN = -1

/** An aborted transaction in a partition. */
export interface AbortedPartition {
  readonly producerId: number
  readonly topic: string
  readonly partition: number
  /** At or before its first record. */
  readonly from: number
}

/** Where an aborted transaction was in a partition. */
export interface AbortedRange {
  readonly producerId: number
  /** At or before its first record. */
  readonly from: number
  /** Offset of its marker. */
  readonly to: number
}

/** One that ended. */
type SettledAbort = AbortedPartition & AbortedRange

/** One that is remembered. */
interface Entry {
  readonly abort: SettledAbort
  /** A3. */
  lowest: number
}

const placeOf = (topic: string, partition: number): string => `${partition}:${topic}`
const keyOf = (each: AbortedPartition): string =>
  `${PREFIX}${each.producerId}:${each.from}:${placeOf(each.topic, each.partition)}`

/** All aborted transactions of a log. Make it by {@link openAbortedTransactions}. */
export class AbortedTransactions {
  readonly #byPlace = new Map<string, Entry[]>()
  /** Entries whose marker's offset is not stored yet (A1). */
  #unstored: SettledAbort[] = []

  /** What the store must change when transactions are aborted. */
  changes(aborts: readonly AbortedPartition[]): ReadonlyMap<string, unknown> {
    if (aborts.length === 0) return new Map()
    const known = this.#unstored
    this.#unstored = []
    return new Map([
      ...known.map(each => [keyOf(each), each.to] as const),
      ...aborts.map(each => [keyOf(each), UNKNOWN] as const)
    ])
  }

  /** Notes where the markers of aborted transactions stand. */
  settle(aborts: readonly SettledAbort[], options: { readonly isStored?: boolean } = {}): void {
    for (const each of aborts) {
      const place = placeOf(each.topic, each.partition)
      const entries = this.#byPlace.get(place) ?? []
      entries.push({ abort: each, lowest: each.from })
      for (let at = entries.length - 2; at >= 0 && entries[at]!.lowest > each.from; at--) {
        entries[at]!.lowest = each.from
      }
      this.#byPlace.set(place, entries)
      if (options.isStored !== true) this.#unstored.push(each)
    }
  }

  /** Those with records between two offsets of a partition, both included, in the order of their markers. */
  between(topic: string, partition: number, from: number, to: number): readonly AbortedRange[] {
    const entries = this.#byPlace.get(placeOf(topic, partition))
    if (entries === undefined) return []
    const found: AbortedRange[] = []
    for (let at = firstAtOrAfter(entries, from); at < entries.length; at++) {
      const { abort, lowest } = entries[at]!
      if (lowest > to) break
      if (abort.from <= to) found.push(abort)
    }
    return found
  }

  /** Partitions with aborted transactions. */
  *places(): Iterable<{ readonly topic: string; readonly partition: number }> {
    for (const [first] of this.#byPlace.values()) {
      if (first !== undefined) yield { topic: first.abort.topic, partition: first.abort.partition }
    }
  }

  /** Forgets what ended before an offset of a partition (Infinity: all); gives what the store must change. */
  forget(topic: string, partition: number, before: number): ReadonlyMap<string, null> {
    const place = placeOf(topic, partition)
    const entries = this.#byPlace.get(place) ?? []
    const count = firstAtOrAfter(entries, before)
    const gone = entries.slice(0, count).map(entry => entry.abort)
    if (gone.length === 0) return new Map()
    const left = entries.slice(gone.length)
    if (left.length === 0) this.#byPlace.delete(place)
    else this.#byPlace.set(place, left)
    const removed = new Set(gone)
    this.#unstored = this.#unstored.filter(each => !removed.has(each))
    return new Map(gone.map(each => [keyOf(each), null]))
  }
}

/** Index of the first entry whose marker is at or after an offset (A2). */
function firstAtOrAfter(entries: readonly Entry[], offset: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]!.abort.to < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Reads what was aborted, finds the markers, and forgets transactions of which no record is left. */
export async function openAbortedTransactions(
  log: Log,
  store: BrokerStore
): Promise<AbortedTransactions> {
  const aborted = new AbortedTransactions()
  const changes = new Map<string, number | null>()
  const settled: SettledAbort[] = []
  for (const [key, value] of store.entries(PREFIX)) {
    const each = parseKey(key)
    const stored = typeof value === 'number' ? value : UNKNOWN
    const to = stored === UNKNOWN ? await findMarker(log, each) : stored
    if (to !== stored) changes.set(PREFIX + key, to)
    if (to !== null) settled.push({ ...each, to })
  }
  aborted.settle(
    settled.toSorted((a, b) => a.to - b.to),
    { isStored: true }
  )
  if (changes.size > 0) await store.change(changes)
  return aborted
}

function parseKey(key: string): AbortedPartition {
  const [producerId = '', from = '', partition = '', ...topic] = key.split(':')
  return {
    producerId: Number(producerId),
    from: Number(from),
    partition: Number(partition),
    topic: topic.join(':')
  }
}

/** Offset of the marker that ended the transaction; null when topic or marker are gone. */
async function findMarker(log: Log, each: AbortedPartition): Promise<number | null> {
  try {
    return await findBatch(log, each, header => {
      return (
        header.isControl && header.producerId === each.producerId && header.baseOffset >= each.from
      )
    })
  } catch (error) {
    if (isMillraceError(error)) return null
    throw error
  }
}
