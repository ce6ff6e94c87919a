// Reads topics for callers of the API: from any position on, within bounds, partition by partition in turn.
//
// Owns: positions of a reader. Does not own: how records are sent, who waits how long.
//   R1  What `take` gives stands before the position that `position` gives afterwards: reading from there goes on
//       without a gap and without a repetition.
import type { Log, PartitionStatus, Topic, WaitPosition } from '../../../../log/log.ts'
import { RecordCursor, batchByteLength } from '../../../../record/index.ts'
import { recordLine } from '../../../out/record-lines.ts'
import type { RecordForms } from '../../../out/record-lines.ts'
import { unknownPartition } from '../own-topic.ts'

/** Where a reader begins in each partition. */
export type ReadFrom =
  | { readonly kind: 'beginning' | 'end' }
  /** The same offset in each partition; below its start and past its end count as these. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** So many records before the end of each partition. */
  | { readonly kind: 'last'; readonly records: number }
  | { readonly kind: 'time'; readonly timestampMs: number }
  /** Positions by partition; the others begin at the beginning. */
  | { readonly kind: 'positions'; readonly offsets: ReadonlyMap<number, number> }
  /** Positions that a group has committed; others at the beginning. */
  | { readonly kind: 'group'; readonly group: string }

/** A record that was read. */
export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  /** JSON of the record, on one line. */
  readonly json: string
}

/** What one reading gives at most. */
export interface TakeBounds {
  readonly recordsMax: number
  readonly bytesMax: number
}

/** Reads one topic. */
export class TopicFollower {
  readonly topic: string
  readonly #log: Log
  readonly #forms: RecordForms
  readonly #positions: { readonly topic: string; readonly partition: number; offset: number }[]
  readonly #cursor = new RecordCursor()
  /** Whose turn it is. */
  #turn = 0

  private constructor(
    log: Log,
    topic: string,
    forms: RecordForms,
    positions: readonly WaitPosition[]
  ) {
    this.#log = log
    this.topic = topic
    this.#forms = forms
    this.#positions = positions.map(position => ({ ...position }))
  }

  /** @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN */
  static async open(
    log: Log,
    request: {
      readonly topic: string
      /** null: all. */
      readonly partitions: readonly number[] | null
      readonly from: ReadFrom
      readonly forms: RecordForms
    }
  ): Promise<TopicFollower> {
    const { topic, from, forms } = request
    const described = await log.describeTopic(topic)
    if (from.kind === 'positions') chosen(described, [...from.offsets.keys()])
    const positions: WaitPosition[] = []
    for (const status of chosen(described, request.partitions)) {
      const offset = await firstOffset(log, topic, status, from)
      positions.push({ topic, partition: status.partition, offset })
    }
    return new TopicFollower(log, topic, forms, positions)
  }

  get partitions(): number {
    return this.#positions.length
  }

  /** The next offset of each partition. */
  get offsets(): ReadonlyMap<number, number> {
    return new Map(this.#positions.map(({ partition, offset }) => [partition, offset]))
  }

  /** The same as text: `0:16,1:20`. */
  get position(): string {
    return this.#positions.map(({ partition, offset }) => `${partition}:${offset}`).join(',')
  }

  /** For `Log.wait`. */
  get waiting(): readonly WaitPosition[] {
    return this.#positions
  }

  /** Reads what is there, within the bounds; the first record always. `onRecord` is told of each. */
  async take(bounds: TakeBounds, onRecord: (record: ReadRecord) => void): Promise<number> {
    let records = 0
    let bytes = 0
    let empty = 0
    while (empty < this.#positions.length) {
      const position = this.#positions[this.#turn]!
      this.#turn = (this.#turn + 1) % this.#positions.length
      const before = position.offset
      const isFull = await this.#read(position, record => {
        records++
        bytes += record.json.length
        onRecord(record)
        return records >= bounds.recordsMax || bytes >= bounds.bytesMax
      })
      if (isFull) break
      empty = position.offset === before ? empty + 1 : 0
    }
    return records
  }

  /** Reads a partition once; true when `onRecord` has enough. */
  async #read(
    position: { readonly partition: number; offset: number },
    onRecord: (record: ReadRecord) => boolean
  ): Promise<boolean> {
    const { partition } = position
    const from = position.offset
    const { bytes, nextOffset } = await this.#log.read({
      topic: this.topic,
      partition,
      offset: from
    })
    const cursor = this.#cursor
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      cursor.open(bytes, at)
      while (cursor.next()) {
        const { offset } = cursor
        if (offset < from) continue
        position.offset = offset + 1
        const json = recordLine(cursor, partition, this.#forms, 'json')
        if (onRecord({ partition, offset, json })) return true
      }
    }
    position.offset = Math.max(position.offset, nextOffset)
    return false
  }
}

/** @throws PARTITION_UNKNOWN */
function chosen(
  { name, status }: Topic,
  partitions: readonly number[] | null
): readonly PartitionStatus[] {
  if (partitions === null) return status.partitions
  return partitions.map(partition => {
    const found = status.partitions.find(one => one.partition === partition)
    if (found !== undefined) return found
    throw unknownPartition(name, partition, status.partitions.length)
  })
}

async function firstOffset(
  log: Log,
  topic: string,
  { partition, startOffset, endOffset }: PartitionStatus,
  from: ReadFrom
): Promise<number> {
  const within = (offset: number): number => Math.min(Math.max(offset, startOffset), endOffset)
  switch (from.kind) {
    case 'beginning':
      return startOffset
    case 'end':
      return endOffset
    case 'offset':
      return within(from.offset)
    case 'last':
      return within(endOffset - from.records)
    case 'time':
      return await log.offsetForTime(topic, partition, from.timestampMs)
    case 'positions':
      return within(from.offsets.get(partition) ?? startOffset)
    case 'group': {
      const positions = await log.positions(from.group)
      const found = positions.find(one => one.topic === topic && one.partition === partition)
      return within(found?.offset ?? startOffset)
    }
  }
}
