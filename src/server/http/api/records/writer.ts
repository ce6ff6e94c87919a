// Writes the records of a request in one commit: all of them are durable, or none.
import { BATCH_BYTES_TARGET } from '../../../../base/index.ts'
import type { Clock } from '../../../../base/index.ts'
import type { CommitBatch, Log } from '../../../../log/log.ts'
import { BatchBuilder, partitionForKey } from '../../../../record/index.ts'
import { unknownPartition } from '../own-topic.ts'
import type { NewRecord } from './new-records.ts'

/** Where a record went. */
export interface RecordPlace {
  readonly partition: number
  readonly offset: number
}

/** Batches of a request, and which record stands where in them. */
export interface PreparedRecords {
  readonly batches: readonly CommitBatch[]
  /** The places, in the order of the records, once the first offsets of the batches are known. */
  places(baseOffsets: readonly number[]): RecordPlace[]
}

/** Topics in which the turn of keyless records is remembered. */
const TURNS_MAX = 10_000

/** Makes batches of records. */
export class RecordWriter {
  readonly #log: Log
  readonly #clock: Clock
  readonly #turns = new Map<string, number>()

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Writes the records; resolves when they are durable. @throws as Log.commit */
  async write(topic: string, records: readonly NewRecord[]): Promise<RecordPlace[]> {
    const prepared = await this.prepare(topic, records)
    const { baseOffsets } = await this.#log.commit({ batches: prepared.batches, offsets: [] })
    return prepared.places(baseOffsets)
  }

  /** The batches of the records, for a commit. @throws PARTITION_UNKNOWN */
  async prepare(topic: string, records: readonly NewRecord[]): Promise<PreparedRecords> {
    const { spec } = await this.#log.describeTopic(topic)
    const batches: CommitBatch[] = []
    const builders = new Map<number, { builder: BatchBuilder; batch: number }>()
    const at: { readonly batch: number; readonly index: number; readonly partition: number }[] = []
    const close = (partition: number, open: { builder: BatchBuilder; batch: number }): void => {
      batches[open.batch] = { topic, partition, batch: open.builder.build() }
      builders.delete(partition)
    }
    let count = 0
    const now = this.#clock.now()
    for (const record of records) {
      const partition = this.#partitionOf(topic, record, spec.partitions)
      let open = builders.get(partition)
      if (open === undefined) {
        open = { builder: new BatchBuilder(), batch: count++ }
        builders.set(partition, open)
      }
      at.push({ batch: open.batch, index: open.builder.count, partition })
      const { timestampMs, key, value, headers } = record
      open.builder.append(timestampMs ?? now, key, value, headers)
      if (open.builder.byteLength >= BATCH_BYTES_TARGET) close(partition, open)
    }
    for (const [partition, open] of builders) close(partition, open)
    return {
      batches,
      places: baseOffsets =>
        at.map(({ batch, index, partition }) => ({
          partition,
          offset: baseOffsets[batch]! + index
        }))
    }
  }

  #partitionOf(topic: string, { partition, key }: NewRecord, partitions: number): number {
    if (partition !== null) {
      if (partition < partitions) return partition
      throw unknownPartition(topic, partition, partitions)
    }
    if (partitions === 1) return 0
    if (key !== null) return partitionForKey(key, 0, key.length, partitions)
    const turn = this.#turns.get(topic) ?? 0
    if (this.#turns.size >= TURNS_MAX) this.#turns.clear()
    this.#turns.set(topic, (turn + 1) % partitions)
    return turn % partitions
  }
}
