// A log as readers of committed records see it: what dataflows, functions and people read.
//
//   V1  Nothing at or past the last stable offset of a partition is given, and the partition seems to end there.
//   V2  Markers and records of aborted transactions are left out; `nextOffset` goes past them.
//   V3  Partitions without open or aborted transactions are read through as they are, but for their markers.
//   V4  Whoever waits at the last stable offset is woken when a transaction has ended.
//   V5  What was aborted or is open in a topic goes with the topic: a later one of its name has other records.
import {
  delegateLog,
  type Log,
  type PartitionStatus,
  type ReadRequest,
  type ReadResult,
  type Topic,
  type WaitPosition
} from '../../log/index.ts'
import { batchByteLength, batchLastOffset, readBatchHeader } from '../../record/index.ts'
import type { AbortedRange, Transactions } from './transactions/transactions.ts'

/** The committed view of a log. Writing goes through unchanged; `transactions` are those of the same log. */
export function committedLog(log: Log, transactions: Transactions): Log {
  const view = new CommittedView(log, transactions)
  return delegateLog(log, {
    read: request => view.read(request),
    wait: (positions, signal) => view.wait(positions, signal),
    describeTopic: async name => view.seen(await log.describeTopic(name)),
    listTopics: async options => (await log.listTopics(options)).map(topic => view.seen(topic)),
    createTopic: async (name, spec) => view.seen(await log.createTopic(name, spec)),
    alterTopic: async (name, changes) => view.seen(await log.alterTopic(name, changes)),
    offsetForTime: async (topic, partition, timestampMs) => {
      const offset = await log.offsetForTime(topic, partition, timestampMs)
      return Math.min(offset, transactions.lastStableOffset(topic, partition))
    },
    deleteTopic: async name => {
      await log.deleteTopic(name)
      await transactions.topicDeleted(name)
    }
  })
}

class CommittedView {
  readonly #log: Log
  readonly #transactions: Transactions

  constructor(log: Log, transactions: Transactions) {
    this.#log = log
    this.#transactions = transactions
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const { topic, partition } = request
    let { offset } = request
    for (;;) {
      const stableBefore = this.#transactions.lastStableOffset(topic, partition)
      if (offset >= stableBefore) return await this.#nothing(request, offset, stableBefore)
      const found = await this.#log.read({ ...request, offset })
      // A transaction that ended meanwhile has its aborts noted by now; one that began is held back.
      const stable = this.#transactions.lastStableOffset(topic, partition)
      const result = this.#cut(request, found, offset, stable)
      const isDone = found.bytes.length === 0 || result.nextOffset >= result.endOffset
      if (isDone || result.bytes.length > 0) return result
      offset = result.nextOffset
    }
  }

  /** At the last stable offset there is nothing. @throws as Log.read */
  async #nothing(request: ReadRequest, offset: number, end: number): Promise<ReadResult> {
    const bounds = { bytesMax: 0, isBounded: true }
    const { startOffset } = await this.#log.read({ ...request, offset, ...bounds })
    return { bytes: NO_BYTES, nextOffset: offset, startOffset, endOffset: Math.max(offset, end) }
  }

  /** V1, V2. */
  #cut(
    { topic, partition }: ReadRequest,
    found: ReadResult,
    offset: number,
    stable: number
  ): ReadResult {
    const { bytes } = found
    const endOffset = Math.max(offset, Math.min(found.endOffset, stable))
    const ranges = this.#transactions.aborted(topic, partition, offset, found.nextOffset)
    const aborted = new AbortedBatches(ranges)
    const kept: Uint8Array[] = []
    let nextOffset = found.nextOffset
    let from = 0
    let at = 0
    while (at < bytes.length) {
      const start = at
      const last = batchLastOffset(bytes, start)
      if (last >= stable) {
        nextOffset = Math.min(nextOffset, endOffset)
        break
      }
      at += batchByteLength(bytes, start)
      if (!isLeftOut(bytes, start, aborted)) continue
      if (start > from) kept.push(bytes.subarray(from, start))
      from = at
    }
    if (from === 0 && at === bytes.length) return { ...found, nextOffset, endOffset }
    if (at > from) kept.push(bytes.subarray(from, at))
    const left = kept.length === 1 ? kept[0]! : Buffer.concat(kept)
    return { ...found, bytes: left, nextOffset, endOffset }
  }

  /** V4. */
  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    for (;;) {
      const isHeld = ({ topic, partition, offset }: WaitPosition): boolean =>
        this.#transactions.lastStableOffset(topic, partition) <= offset
      const held = positions.filter(isHeld)
      if (held.length === 0) return await this.#log.wait(positions, signal)
      const free = positions.filter(position => !held.includes(position))
      if (await this.#waitBeside(free, signal)) return
    }
  }

  /** Waits for records of some partitions (true) or the end of a transaction (false). */
  async #waitBeside(free: readonly WaitPosition[], signal?: AbortSignal): Promise<boolean> {
    const ended = new AbortController()
    const forget = this.#transactions.onEnd(() => ended.abort())
    const either = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal])
    try {
      await this.#log.wait(free, either)
      return true
    } catch (error) {
      if (!ended.signal.aborted || signal?.aborted === true) throw error
      return false
    } finally {
      forget()
    }
  }

  /** The topic with the ends that readers of committed records see (V1). */
  seen(topic: Topic): Topic {
    const partitions = topic.status.partitions.map((status): PartitionStatus => {
      const stable = this.#transactions.lastStableOffset(topic.name, status.partition)
      return stable < status.endOffset
        ? { ...status, endOffset: Math.max(stable, status.startOffset) }
        : status
    })
    return { ...topic, status: { partitions } }
  }
}

const NO_BYTES = new Uint8Array(0)

/** V2: markers, and batches of transactions that were aborted. */
function isLeftOut(bytes: Uint8Array, at: number, aborted: AbortedBatches): boolean {
  const { isControl, isTransactional, producerId, baseOffset } = readBatchHeader(bytes, at)
  if (isControl) return true
  if (!isTransactional) return false
  return aborted.has(producerId, baseOffset)
}

/** Finds out of aborted transactions in the order of their markers, for batches in the order of their offsets. */
class AbortedBatches {
  /** Of each producer, the last one first: those before a batch are taken off. */
  readonly #left: ReadonlyMap<number, AbortedRange[]>

  constructor(ranges: readonly AbortedRange[]) {
    this.#left = Map.groupBy(ranges.toReversed(), each => each.producerId)
  }

  /** Whether a batch was part of one: a producer’s do not overlap, so the first that ends after the batch decides. */
  has(producerId: number, baseOffset: number): boolean {
    const ranges = this.#left.get(producerId)
    if (ranges === undefined) return false
    while (ranges.length > 0 && ranges.at(-1)!.to <= baseOffset) ranges.pop()
    return ranges.length > 0 && ranges.at(-1)!.from <= baseOffset
  }
}
