// From what a fetch gave to records: markers and aborted transactions left out, places to go on noted (V2, V3).
//
// A fetch of committed records comes with the transactions that were aborted in it: producer and first offset. Walking
// the batches in order, a producer is aborted from there on until its marker (KIP-98), as in Kafka's own client.
import type { ReadRecord } from '../driver.ts'
import type { Kafka } from './library.ts'

const CONTROL = 1 << 5
const TRANSACTIONAL = 1 << 4
const APPEND_TIME = 1 << 3
/** Type of a marker that aborts, behind two bytes of version in its key. */
const ABORT = 0

/** A partition of an answer. */
export interface FetchedPartition {
  readonly records?: readonly Kafka.RecordsBatch[] | null
  readonly abortedTransactions:
    | readonly {
        readonly producerId: bigint
        readonly firstOffset: bigint
      }[]
    | null
}

/** The records from `offset` on, and where to go on. */
export function decodePartition(
  { records: batches, abortedTransactions }: FetchedPartition,
  offset: number,
  isCommitted: boolean
): { readonly records: ReadRecord[]; readonly nextOffset: number } {
  const records: ReadRecord[] = []
  const ranges = isCommitted ? abortedTransactions : null
  const aborted = ranges === null || ranges.length === 0 ? null : new Aborted(ranges)
  let nextOffset = offset
  for (const batch of batches ?? []) {
    const baseOffset = Number(batch.firstOffset)
    const lastOffset = baseOffset + batch.lastOffsetDelta
    aborted?.goTo(lastOffset)
    nextOffset = Math.max(nextOffset, lastOffset + 1)
    if ((batch.attributes & CONTROL) !== 0) aborted?.mark(batch)
    else if (aborted?.has(batch) !== true) readBatch(batch, baseOffset, offset, records)
  }
  return { records, nextOffset }
}

function readBatch(
  batch: Kafka.RecordsBatch,
  baseOffset: number,
  from: number,
  into: ReadRecord[]
): void {
  const isStamped = (batch.attributes & APPEND_TIME) !== 0
  const firstTimestamp = Number(batch.firstTimestamp)
  const maxTimestamp = Number(batch.maxTimestamp)
  // Hot: per record.
  for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
    const offset = baseOffset + offsetDelta
    if (offset < from) continue
    into.push({
      offset,
      timestamp: isStamped ? maxTimestamp : firstTimestamp + Number(timestampDelta),
      key,
      value,
      headers: headers.length === 0 ? NO_HEADERS : headers.map(headerOf)
    })
  }
}

const NO_HEADERS: ReadRecord['headers'] = []

function headerOf([key, value]: readonly [Buffer | null, Buffer | null]) {
  return { key: key?.toString() ?? '', value }
}

/** Who is aborted while the batches of one partition are walked. */
class Aborted {
  readonly #coming: { readonly producerId: bigint; readonly firstOffset: bigint }[]
  readonly #producers = new Set<bigint>()

  constructor(ranges: NonNullable<FetchedPartition['abortedTransactions']>) {
    this.#coming = ranges.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  }

  goTo(lastOffset: number): void {
    for (let next = this.#coming[0]; next !== undefined; next = this.#coming[0]) {
      if (Number(next.firstOffset) > lastOffset) return
      this.#producers.add(next.producerId)
      this.#coming.shift()
    }
  }

  mark(batch: Kafka.RecordsBatch): void {
    if (batch.records[0]?.key?.readInt16BE(2) === ABORT) this.#producers.delete(batch.producerId)
  }

  has({ attributes, producerId }: Kafka.RecordsBatch): boolean {
    return (attributes & TRANSACTIONAL) !== 0 && this.#producers.has(producerId)
  }
}
