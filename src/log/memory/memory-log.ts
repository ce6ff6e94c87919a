// The log in memory: the contract's plainest form, for tests and for what need not survive the process.
//
// Everything happens inside the call: a commit is visible and as durable as it gets before `commit` returns its
// promise, so L1–L3 hold by construction. There is nothing to fence (L6).
import { type Clock, READ_BYTES_MAX, assert } from '../../base/index.ts'
import { batchLastOffset, batchMaxTimestamp, setBaseOffset } from '../../record/index.ts'
import { Catalog, type PartitionState, type TopicState } from '../catalog.ts'
import { checkCommit } from '../check-commit.ts'
import { logClosed, topicUnknown } from '../errors.ts'
import type {
  CleanupReport,
  Commit,
  CommitResult,
  GroupPosition,
  Log,
  ReadRequest,
  ReadResult,
  Topic,
  TopicSpec,
  WaitPosition
} from '../log.ts'
import { firstOffsetAt } from '../offset-for-time.ts'
import { checkTopicName, specOf } from '../spec.ts'
import { Waiters } from '../waiters.ts'
import { MemoryPartition } from './memory-partition.ts'

/** What the memory log needs of the world. */
export interface MemoryLogOptions {
  readonly clock: Clock
}

/** A log that lives as long as the object. */
export function openMemoryLog(options: MemoryLogOptions): Log {
  return new MemoryLog(options.clock)
}

type State = PartitionState<MemoryPartition>

class MemoryLog implements Log {
  readonly #clock: Clock
  readonly #catalog = new Catalog<MemoryPartition>(() => new MemoryPartition())
  readonly #waiters = new Waiters<MemoryPartition>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async commit(commit: Commit): Promise<CommitResult> {
    this.#assertOpen()
    const { states, positionStates } = checkCommit(this.#catalog, commit)
    const baseOffsets: number[] = []
    for (const [index, state] of states.entries()) {
      const bytes = Buffer.from(commit.batches[index]!.batch)
      const baseOffset = state.endOffset
      setBaseOffset(bytes, 0, baseOffset)
      const lastOffset = batchLastOffset(bytes, 0)
      const maxTimestamp = batchMaxTimestamp(bytes, 0)
      state.data.batches.push({ baseOffset, lastOffset, maxTimestamp, bytes })
      state.endOffset = lastOffset + 1
      baseOffsets.push(baseOffset)
    }
    for (const [index, state] of positionStates.entries()) {
      const { group, partition, offset, metadata } = commit.offsets[index]!
      const topicId = state.topic.id
      this.#catalog.apply({ kind: 'position', group, topicId, partition, offset, metadata })
    }
    for (const state of states) this.#waiters.wake(state)
    return { baseOffsets }
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    this.#assertOpen()
    const { offset, bytesMax = READ_BYTES_MAX, isBounded = false } = request
    const state = this.#catalog.partitionToRead(request)
    const { startOffset, endOffset } = state
    const { bytes, nextOffset } = state.data.read(
      Math.max(offset, startOffset),
      bytesMax,
      isBounded
    )
    return { bytes, nextOffset: nextOffset ?? endOffset, startOffset, endOffset }
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    this.#assertOpen()
    return this.#waiters.wait(this.#catalog.targets(positions), signal)
  }

  async positions(group: string): Promise<readonly GroupPosition[]> {
    this.#assertOpen()
    return this.#catalog.positions(group)
  }

  async listGroups(): Promise<readonly string[]> {
    this.#assertOpen()
    return this.#catalog.groups()
  }

  async createTopic(name: string, asked?: Partial<TopicSpec>): Promise<Topic> {
    this.#assertOpen()
    checkTopicName(name)
    this.#catalog.apply(this.#catalog.creation(name, specOf(name, asked)))
    return describe(this.#catalog.topic(name))
  }

  async listTopics(options: { readonly internal?: boolean } = {}): Promise<readonly Topic[]> {
    this.#assertOpen()
    return this.#catalog.listed(options).map(describe)
  }

  async describeTopic(name: string): Promise<Topic> {
    this.#assertOpen()
    return describe(this.#catalog.topic(name))
  }

  async alterTopic(name: string, changes: Partial<TopicSpec>): Promise<Topic> {
    this.#assertOpen()
    this.#catalog.apply(this.#catalog.alteration(name, changes))
    return describe(this.#catalog.topic(name))
  }

  async deleteTopic(name: string): Promise<void> {
    this.#assertOpen()
    const topic = this.#catalog.topic(name)
    this.#catalog.apply({ kind: 'topic-deleted', topicId: topic.id })
    for (const state of topic.partitions) {
      this.#waiters.fail(topicUnknown(name), state)
    }
  }

  async deleteRecords(topic: string, partition: number, beforeOffset: number): Promise<void> {
    this.#assertOpen()
    assert(Number.isSafeInteger(beforeOffset), 'an offset is a whole number')
    const state = this.#catalog.partition(topic, partition)
    this.#moveStart(state, Math.min(beforeOffset, state.endOffset))
  }

  async offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    this.#assertOpen()
    const state = this.#catalog.partition(topic, partition)
    for (const batch of state.data.batches) {
      if (batch.maxTimestamp < timestampMs) continue
      const offset = firstOffsetAt(batch.bytes, 0, timestampMs, state.startOffset)
      if (offset !== undefined) return offset
    }
    return state.endOffset
  }

  async cleanup(): Promise<CleanupReport> {
    this.#assertOpen()
    let recordsRemoved = 0
    let bytesFreed = 0
    for (const topic of this.#catalog.topics.values()) {
      for (const state of topic.partitions) {
        const bytesBefore = state.data.bytes
        const startBefore = state.startOffset
        this.#moveStart(state, state.data.retainedFrom(topic.spec, this.#clock.now()))
        recordsRemoved += state.startOffset - startBefore
        if (topic.spec.cleanup === 'compact') {
          recordsRemoved += state.data.compact(state, this.#clock.monotonic())
        }
        bytesFreed += bytesBefore - state.data.bytes
      }
    }
    return { recordsRemoved, bytesFreed }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#waiters.fail(logClosed())
  }

  #moveStart(state: State, startOffset: number): void {
    if (startOffset <= state.startOffset) return
    const { topic, partition } = state
    this.#catalog.apply({ kind: 'start-moved', topicId: topic.id, partition, startOffset })
    state.data.dropBefore(startOffset)
  }

  #assertOpen(): void {
    if (this.#closed) throw logClosed()
  }
}

function describe(topic: TopicState<MemoryPartition>): Topic {
  const partitions = topic.partitions.map(({ partition, startOffset, endOffset, data }) => {
    return { partition, startOffset, endOffset, bytes: data.bytes, damage: null }
  })
  return { name: topic.name, id: topic.id, spec: topic.spec, status: { partitions } }
}
