// What a log must hold: a plain model of topics, records and positions, and its comparison with a real log.
//
// The model knows every record ever committed. Retention and compaction may remove some, so a comparison asks of
// each record: is it there unchanged, or is there a reason why it may be gone?
import { isMillraceError } from '../../src/base/index.ts'
import {
  TOPIC_SPEC_DEFAULT,
  type CommitOffset,
  type Log,
  type TopicSpec
} from '../../src/log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../src/record/index.ts'

/** One record as committed or as found. */
export interface ModelRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
}

/** Records for one partition that are committed as one batch. */
export interface StepBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly Omit<ModelRecord, 'offset'>[]
}

/** One commit. */
export interface CommitStep {
  readonly kind: 'commit'
  readonly batches: readonly StepBatch[]
  readonly offsets: readonly CommitOffset[]
}

/** One thing that a workload does to a log. */
export type Step =
  | CommitStep
  | { readonly kind: 'burst'; readonly commits: readonly CommitStep[] }
  | { readonly kind: 'create'; readonly topic: string; readonly spec: Partial<TopicSpec> }
  | { readonly kind: 'alter'; readonly topic: string; readonly changes: Partial<TopicSpec> }
  | { readonly kind: 'delete'; readonly topic: string }
  | {
      readonly kind: 'delete-records'
      readonly topic: string
      readonly partition: number
      readonly before: number
    }
  | { readonly kind: 'cleanup' }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reopen' }

/** What a log holds, read in one go. */
export interface Snapshot {
  readonly topics: ReadonlyMap<string, SnapshotTopic>
  /** `group topic partition` to `offset metadata`. */
  readonly positions: ReadonlyMap<string, string>
}

interface SnapshotTopic {
  readonly spec: TopicSpec
  readonly partitions: readonly SnapshotPartition[]
}

interface SnapshotPartition {
  readonly startOffset: number
  readonly endOffset: number
  readonly damage: string | null
  readonly records: readonly ModelRecord[]
}

interface ModelBatch {
  readonly records: readonly ModelRecord[]
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly bytes: number
}

interface ModelPartition {
  records: readonly ModelRecord[]
  batches: readonly ModelBatch[]
  /** The start is at least here: somebody was told so. */
  startMin: number
  /** Retention may have moved the start up to here. */
  startMax: number
}

interface ModelTopic {
  readonly spec: TopicSpec
  readonly compacted: boolean
  readonly partitions: readonly ModelPartition[]
}

/** The oracle. Steps are applied when they were acknowledged. */
export class LogModel {
  readonly topics: Map<string, ModelTopic> = new Map()
  readonly positions: Map<string, string> = new Map()

  /** A model to try a step on. Records are shared, for they never change. */
  clone(): LogModel {
    const clone = new LogModel()
    for (const [name, topic] of this.topics) {
      const partitions = topic.partitions.map(partition => ({ ...partition }))
      clone.topics.set(name, { ...topic, partitions })
    }
    for (const [key, position] of this.positions) clone.positions.set(key, position)
    return clone
  }

  /** Takes the step's effect at time `now`. */
  apply(step: Step, now: number): void {
    switch (step.kind) {
      case 'commit':
        return this.#commit(step)
      case 'burst':
        for (const commit of step.commits) this.#commit(commit)
        return
      case 'create':
        this.topics.set(step.topic, newTopic({ ...TOPIC_SPEC_DEFAULT, ...step.spec }))
        return
      case 'alter':
        return this.#alter(step.topic, step.changes, now)
      case 'delete':
        this.topics.delete(step.topic)
        for (const key of this.positions.keys()) {
          if (key.split(' ')[1] === step.topic) this.positions.delete(key)
        }
        return
      case 'delete-records': {
        const partition = this.partition(step.topic, step.partition)
        const before = Math.min(step.before, endOf(partition))
        partition.startMin = Math.max(partition.startMin, before)
        return
      }
      default:
    }
  }

  /** A partition that must exist. */
  partition(topic: string, partition: number): ModelPartition {
    const found = this.topics.get(topic)?.partitions[partition]
    if (found === undefined) throw new Error(`the model has no ${topic}/${partition}`)
    return found
  }

  /** Offset that the next record gets. */
  end(topic: string, partition: number): number {
    return endOf(this.partition(topic, partition))
  }

  /**
   * Says how `found` differs from what may be there at time `now`, or null. With `damageAllowed` a partition may
   * refuse to be read from some record on, but what it gives must be right.
   */
  difference(
    found: Snapshot,
    now: number,
    options: { readonly damageAllowed?: boolean } = {}
  ): string | null {
    const names = [...this.topics.keys()].toSorted().join()
    const foundNames = [...found.topics.keys()].toSorted().join()
    if (names !== foundNames) return `topics ${foundNames}, expected ${names}`
    for (const [name, topic] of this.topics) {
      const other = found.topics.get(name) as SnapshotTopic
      if (JSON.stringify(other.spec) !== JSON.stringify(topic.spec)) {
        return `${name}: spec ${JSON.stringify(other.spec)}, expected ${JSON.stringify(topic.spec)}`
      }
      this.#noteRetention(topic, now)
      for (const [index, partition] of topic.partitions.entries()) {
        const otherPartition = other.partitions[index] as SnapshotPartition
        const difference =
          otherPartition.damage !== null && options.damageAllowed
            ? differenceOfPart(partition, otherPartition)
            : compare(topic, partition, otherPartition)
        if (difference !== null) return `${name}/${index}: ${difference}`
      }
    }
    return differenceOfMaps(this.positions, found.positions)
  }

  /** Says which record was never written so, or null: of what a repaired log still has. */
  contradiction(found: Snapshot): string | null {
    for (const [name, topic] of found.topics) {
      for (const [index, partition] of topic.partitions.entries()) {
        const expected = this.topics.get(name)?.partitions[index]
        if (expected === undefined) continue
        const difference = differenceOfPart(expected, partition)
        if (difference !== null) return `${name}/${index}: ${difference}`
      }
    }
    return null
  }

  /** Takes starts that were seen, so that they may not move back. */
  adopt(found: Snapshot): void {
    for (const [name, topic] of this.topics) {
      for (const [index, partition] of topic.partitions.entries()) {
        const start = found.topics.get(name)?.partitions[index]?.startOffset ?? 0
        partition.startMin = Math.max(partition.startMin, start)
      }
    }
  }

  #commit(step: CommitStep): void {
    for (const batch of step.batches) {
      const partition = this.partition(batch.topic, batch.partition)
      const end = endOf(partition)
      const records = batch.records.map((record, index) => ({ ...record, offset: end + index }))
      partition.records = [...partition.records, ...records]
      const lastOffset = end + records.length - 1
      const maxTimestamp = Math.max(...records.map(record => record.timestamp))
      const bytes = encodeBatch(batch).length
      partition.batches = [...partition.batches, { records, lastOffset, maxTimestamp, bytes }]
    }
    for (const { group, topic, partition, offset, metadata } of step.offsets) {
      const key = `${group} ${topic} ${partition}`
      if (offset === null) this.positions.delete(key)
      else this.positions.set(key, `${offset} ${metadata}`)
    }
  }

  #alter(name: string, changes: Partial<TopicSpec>, now: number): void {
    const topic = this.topics.get(name) as ModelTopic
    this.#noteRetention(topic, now)
    const altered = newTopic({ ...topic.spec, ...changes })
    this.topics.set(name, {
      ...altered,
      compacted: altered.compacted || topic.compacted,
      partitions: altered.partitions.map((fresh, index) => topic.partitions[index] ?? fresh)
    })
  }

  /** Moves `startMax` up to where retention may have dropped batches by now. */
  #noteRetention(topic: ModelTopic, now: number): void {
    const { retentionMs, retentionBytes } = topic.spec
    const timestampMin = retentionMs === null ? 0 : now - retentionMs
    for (const partition of topic.partitions) {
      const latest = topic.compacted ? latestOffsets(partition) : null
      let rest = partition.batches.reduce((sum, batch) => sum + batch.bytes, 0)
      for (const batch of partition.batches) {
        const { lastOffset, maxTimestamp, bytes } = batch
        // What compaction left of a batch may be older than the batch was.
        const old =
          latest === null
            ? maxTimestamp < timestampMin
            : batch.records.every(
                record => record.timestamp < timestampMin || isSuperseded(record, latest)
              )
        const surplus = retentionBytes !== null && rest - bytes >= retentionBytes
        const gone = lastOffset < Math.max(partition.startMin, partition.startMax)
        if (!gone && !old && !surplus) break
        rest -= bytes
        partition.startMax = Math.max(partition.startMax, lastOffset + 1)
      }
    }
  }
}

/** The bytes that a step commits; the same each time. */
export function encodeBatch(batch: StepBatch): Uint8Array {
  const builder = new BatchBuilder()
  for (const { timestamp, key, value } of batch.records) {
    builder.append(timestamp, encode(key), encode(value))
  }
  return builder.build()
}

/** Reads everything that a log holds. @throws when the log contradicts itself, or refuses to read */
export async function takeSnapshot(log: Log): Promise<Snapshot> {
  const topics = new Map<string, SnapshotTopic>()
  for (const topic of await log.listTopics({ internal: true })) {
    const partitions: SnapshotPartition[] = []
    for (const status of topic.status.partitions) {
      const { startOffset, endOffset } = status
      const records: ModelRecord[] = []
      let { damage } = status
      try {
        await readAll(log, topic.name, status, records)
      } catch (error) {
        if (!isMillraceError(error, 'PARTITION_DAMAGED')) throw error
        damage = error.message
      }
      partitions.push({ startOffset, endOffset, damage, records })
    }
    topics.set(topic.name, { spec: topic.spec, partitions })
  }
  const positions = new Map<string, string>()
  for (const group of await log.listGroups()) {
    for (const { topic, partition, offset, metadata } of await log.positions(group)) {
      positions.set(`${group} ${topic} ${partition}`, `${offset} ${metadata}`)
    }
  }
  return { topics, positions }
}

async function readAll(
  log: Log,
  topic: string,
  status: { readonly partition: number; readonly startOffset: number; readonly endOffset: number },
  records: ModelRecord[]
): Promise<void> {
  const { partition, startOffset, endOffset } = status
  const cursor = new RecordCursor()
  let offset = startOffset
  while (offset < endOffset) {
    const { bytes, nextOffset } = await log.read({ topic, partition, offset, bytesMax: 1000 })
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      cursor.open(bytes, at)
      while (cursor.next()) {
        if (cursor.offset < startOffset) continue
        const last = records.at(-1)
        if (last !== undefined && cursor.offset <= last.offset) {
          throw new Error(`${topic}/${partition}: ${cursor.offset} follows ${last.offset}`)
        }
        const { offset, timestamp } = cursor
        records.push({
          offset,
          timestamp,
          key: decode(cursor.key()),
          value: decode(cursor.value())
        })
      }
    }
    if (nextOffset <= offset || nextOffset > endOffset) {
      throw new Error(`${topic}/${partition}: read at ${offset} goes on at ${nextOffset}`)
    }
    offset = nextOffset
  }
}

function newTopic(spec: TopicSpec): ModelTopic {
  const partitions = Array.from({ length: spec.partitions }, () => ({
    records: [],
    batches: [],
    startMin: 0,
    startMax: 0
  }))
  return { spec, compacted: spec.cleanup === 'compact', partitions }
}

function endOf(partition: ModelPartition): number {
  return (partition.batches.at(-1)?.lastOffset ?? -1) + 1
}

function compare(
  topic: ModelTopic,
  expected: ModelPartition,
  found: SnapshotPartition
): string | null {
  if (found.damage !== null) return `damaged: ${found.damage}`
  const end = endOf(expected)
  if (found.endOffset !== end) return `end ${found.endOffset}, expected ${end}`
  const startMax = Math.max(expected.startMin, expected.startMax)
  if (found.startOffset < expected.startMin || found.startOffset > startMax) {
    return `start ${found.startOffset}, expected ${expected.startMin} to ${startMax}`
  }
  const byOffset = new Map(found.records.map(record => [record.offset, record]))
  const latest = topic.compacted ? latestOffsets(expected) : null
  for (const record of expected.records) {
    const other = byOffset.get(record.offset)
    if (other === undefined) {
      const superseded = latest !== null && isSuperseded(record, latest)
      if (record.offset < found.startOffset || superseded) continue
      return `offset ${record.offset} is missing (${record.key}=${record.value})`
    }
    if (!isSame(other, record)) {
      return `offset ${record.offset} is ${JSON.stringify(other)}, expected ${JSON.stringify(record)}`
    }
    byOffset.delete(record.offset)
  }
  for (const record of byOffset.values()) return `offset ${record.offset} was never committed`
  return null
}

function differenceOfPart(expected: ModelPartition, found: SnapshotPartition): string | null {
  for (const record of found.records) {
    const other = expected.records[record.offset]
    if (other === undefined || !isSame(other, record)) {
      return `offset ${record.offset} is ${JSON.stringify(record)}, expected ${JSON.stringify(other)}`
    }
  }
  return null
}

function latestOffsets(partition: ModelPartition): ReadonlyMap<string | null, number> {
  return new Map(partition.records.map(record => [record.key, record.offset]))
}

function isSuperseded(record: ModelRecord, latest: ReadonlyMap<string | null, number>): boolean {
  return record.key !== null && record.offset < (latest.get(record.key) ?? 0)
}

function isSame(one: ModelRecord, other: ModelRecord): boolean {
  return (
    one.offset === other.offset &&
    one.timestamp === other.timestamp &&
    one.key === other.key &&
    one.value === other.value
  )
}

function differenceOfMaps(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>
): string | null {
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    if (expected.get(key) !== found.get(key)) {
      return `position ${key} is ${found.get(key)}, expected ${expected.get(key)}`
    }
  }
  return null
}

function encode(text: string | null): Uint8Array | null {
  return text === null ? null : new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes)
}
