// Makes requests durable: those that come together become one commit, where possible with what comes of them.
//
//   P1  Where the functions of this process take records, they get them at once, and commit them with their effects.
//   P2  What they refuse is written to the topic, from which they read it: a commit of its own.
import type { Clock } from '../../../base/index.ts'
import type { HandedRecord, RunningFunctions } from '../../../functions/index.ts'
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

/** What an {@link Appender} is made from. */
export interface AppenderOptions {
  readonly log: Log
  readonly clock: Clock
  readonly topic: string
  readonly partitions: number
  /** Where each partition ends. */
  readonly endOffsets: readonly number[]
  /** P1; null: everything is written to the topic. */
  readonly functions: Pick<RunningFunctions, 'hand'> | null
  /** Told of each commit of its own, after its records' promises. */
  onDurable(partition: number, endOffset: number, bytes: number): void
  /** Told of each record that is durable with its effects. */
  onTaken(partition: number, endOffset: number): void
}

/** Appends to one topic; one commit of its own is under way at a time, and meanwhile the next one fills. */
export class Appender {
  readonly #options: AppenderOptions
  readonly #builders: readonly BatchBuilder[]
  /** The functions have to read up to here before they take anything else. */
  readonly #ends: number[]
  #pending: Pending[] = []
  #running: Promise<void> | null = null
  /** Records that the functions have. */
  #handed = 0
  #idle: (() => void)[] = []

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#builders = Array.from({ length: options.partitions }, () => new BatchBuilder())
    this.#ends = [...options.endOffsets]
  }

  /** Resolves when the record is durable. @throws what `commit` of the log throws */
  append(record: RequestRecord): Promise<Place> {
    return new Promise((resolve, reject) => {
      const { length } = this.#builders
      const partition = partitionForKey(record.key, 0, record.key.length, length)
      this.#add(new Pending(this, record, partition, resolve, reject))
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#handed > 0) {
      if (this.#running !== null) await this.#running
      else await new Promise<void>(resolve => void this.#idle.push(resolve))
    }
  }

  /** The functions have made a record durable, or not taken it (P2). */
  settled(pending: Pending, offset: number | null): void {
    this.#handed--
    if (offset === null) {
      pending.mayBeHanded = false
      this.#add(pending)
    } else {
      this.#options.onTaken(pending.partition, offset + 1)
    }
    if (this.#handed === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #add(pending: Pending): void {
    this.#pending.push(pending)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // What the same turn of the event loop still brings goes into the same commit.
    await this.#options.clock.yield()
    while (this.#pending.length > 0) {
      const rest = this.#hand(this.#take())
      if (rest.size > 0) await this.#commit(rest)
    }
    this.#running = null
  }

  #take(): Pending[] {
    let bytes = 0
    let count = 0
    for (const { value } of this.#pending) {
      if (count > 0 && bytes + value.length > COMMIT_BYTES_TARGET) break
      bytes += value.length
      count++
    }
    return this.#pending.splice(0, count)
  }

  /** Gives the functions what they take; the rest by partition. */
  #hand(taken: readonly Pending[]): Map<number, readonly Pending[]> {
    const byPartition = new Map<number, Pending[]>()
    for (const pending of taken) {
      const fellows = byPartition.get(pending.partition)
      if (fellows === undefined) byPartition.set(pending.partition, [pending])
      else fellows.push(pending)
    }
    const { functions, topic } = this.#options
    if (functions === null) return byPartition
    for (const [partition, fellows] of byPartition) {
      if (!fellows.every(({ mayBeHanded }) => mayBeHanded)) continue
      this.#handed += fellows.length
      if (functions.hand(topic, partition, fellows, this.#ends[partition]!)) {
        byPartition.delete(partition)
      } else {
        this.#handed -= fellows.length
      }
    }
    return byPartition
  }

  async #commit(byPartition: ReadonlyMap<number, readonly Pending[]>): Promise<void> {
    const { log, topic, onDurable } = this.#options
    const partitions = [...byPartition]
    const batches = partitions.map(([partition, fellows]): CommitBatch => {
      const builder = this.#builders[partition]!
      for (const { timestampMs, key, value, headers } of fellows) {
        builder.append(timestampMs, key, value, headers)
      }
      return { topic, partition, batch: builder.build() }
    })
    try {
      const { baseOffsets } = await log.commit({ batches, offsets: [] })
      for (const [index, [partition, fellows]] of partitions.entries()) {
        const base = baseOffsets[index]!
        this.#ends[partition] = base + fellows.length
        for (const [at, { resolve }] of fellows.entries()) resolve({ partition, offset: base + at })
        onDurable(partition, base + fellows.length, batches[index]!.batch.length)
      }
    } catch (error) {
      for (const [, fellows] of partitions) for (const { reject } of fellows) reject(error)
    }
  }
}

/** A record on its way. */
class Pending implements HandedRecord {
  readonly timestampMs: number
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
  readonly partition: number
  /** False once the functions have refused it. */
  mayBeHanded = true
  readonly resolve: (place: Place) => void
  readonly reject: (error: unknown) => void
  readonly #appender: Appender

  constructor(
    appender: Appender,
    { timestampMs, key, value, headers }: RequestRecord,
    partition: number,
    resolve: (place: Place) => void,
    reject: (error: unknown) => void
  ) {
    this.#appender = appender
    this.timestampMs = timestampMs
    this.key = key
    this.value = value
    this.headers = headers
    this.partition = partition
    this.resolve = resolve
    this.reject = reject
  }

  durable(offset: number): void {
    this.resolve({ partition: this.partition, offset })
    this.#appender.settled(this, offset)
  }

  refused(): void {
    this.#appender.settled(this, null)
  }
}
