// Makes requests durable: those that come together become one commit.
import type { Clock } from '../../../base/index.ts'
import type { CommitBatch, Log } from '../../../log/log.ts'
import { BatchBuilder, partitionForKey } from '../../../record/index.ts'
import type { RecordHeader } from '../../../record/index.ts'

/** Bytes of values after which the next commit takes the rest: half of what a largest batch holds. */
const COMMIT_BYTES_TARGET = 8 * 1024 * 1024

/** A request as a record. */
export interface RequestRecord {
  readonly timestampMs: number
  readonly key: Uint8Array
  /** The appender's until it is durable. */
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
}

/** Where a record is. */
export interface Place {
  readonly partition: number
  readonly offset: number
}

interface Pending {
  readonly record: RequestRecord
  resolve(place: Place): void
  reject(error: unknown): void
}

/** What an {@link Appender} is made from. */
export interface AppenderOptions {
  readonly log: Log
  readonly clock: Clock
  readonly topic: string
  readonly partitions: number
  /** Told of each commit, after its records' promises. */
  onDurable(partition: number, endOffset: number, bytes: number): void
}

/** Appends to one topic; one commit is under way at a time, and meanwhile the next one fills. */
export class Appender {
  readonly #options: AppenderOptions
  readonly #builders: readonly BatchBuilder[]
  #pending: Pending[] = []
  #running: Promise<void> | null = null

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#builders = Array.from({ length: options.partitions }, () => new BatchBuilder())
  }

  /** Resolves when the record is durable. @throws what `commit` of the log throws */
  append(record: RequestRecord): Promise<Place> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ record, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // What the same turn of the event loop still brings goes into the same commit.
    await this.#options.clock.yield()
    while (this.#pending.length > 0) await this.#commit(this.#take())
    this.#running = null
  }

  #take(): Pending[] {
    let bytes = 0
    let count = 0
    for (const { record } of this.#pending) {
      if (count > 0 && bytes + record.value.length > COMMIT_BYTES_TARGET) break
      bytes += record.value.length
      count++
    }
    return this.#pending.splice(0, count)
  }

  async #commit(taken: readonly Pending[]): Promise<void> {
    const { log, topic, onDurable } = this.#options
    const byPartition = new Map<number, Pending[]>()
    for (const pending of taken) {
      const { timestampMs, key, value, headers } = pending.record
      const partition = partitionForKey(key, 0, key.length, this.#builders.length)
      this.#builders[partition]!.append(timestampMs, key, value, headers)
      const fellows = byPartition.get(partition)
      if (fellows === undefined) byPartition.set(partition, [pending])
      else fellows.push(pending)
    }
    const partitions = [...byPartition]
    const batches = partitions.map(([partition]): CommitBatch => ({
      topic,
      partition,
      batch: this.#builders[partition]!.build()
    }))
    try {
      const { baseOffsets } = await log.commit({ batches, offsets: [] })
      for (const [index, [partition, fellows]] of partitions.entries()) {
        const base = baseOffsets[index]!
        for (const [at, { resolve }] of fellows.entries()) resolve({ partition, offset: base + at })
        onDurable(partition, base + fellows.length, batches[index]!.batch.length)
      }
    } catch (error) {
      for (const { reject } of taken) reject(error)
    }
  }
}
