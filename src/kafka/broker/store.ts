// What the broker must not forget: values by key in one topic of the log.
//
// Owns: the topic, its records and the map in memory. Does not own: what keys and values mean.
// Producers change it with every batch, so now and then all values are written anew and what is before them is given
// up: to compact the topic, the log would write all records of all topics again that share its files.
//   B1  The map is what the topic says; it changes when a change is handed to the log, in the order of the calls.
//   B2  A change that takes effect together with batches is one commit with them (L1).
//   B3  A commit that the log refuses (a topic that is gone) takes its changes back, unless they were changed again.
//   B4  The topic begins at or before a checkpoint: all values as they were when it was handed to the log.
import { BROKER_TOPIC, MillraceError, type Clock } from '../../base/index.ts'
import type { Commit, CommitBatch, CommitResult, Log } from '../../log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../record/index.ts'

/** A checkpoint is written after so many bytes of changes, or more when it is large itself. */
const CHECKPOINT_AFTER_BYTES = 1024 * 1024
const CHECKPOINT_AFTER_TIMES = 4
/** Size from which a batch of a checkpoint is full. */
const CHECKPOINT_BATCH_BYTES = 1024 * 1024

/** Changes by key; null removes. Values are plain data that JSON carries. */
export type Changes = ReadonlyMap<string, unknown>

/** The broker's memory. Make it by {@link openStore}. */
export class BrokerStore {
  readonly #log: Log
  readonly #clock: Clock
  readonly #values: Map<string, unknown>
  readonly #builder = new BatchBuilder()
  /** Bytes of the topic behind the last checkpoint, and of that. */
  #changedBytes: number
  #checkpointBytes = 0
  #checkpoints = 0
  #isCheckpointing = false

  /** `bytes`: what the topic has now. */
  constructor(log: Log, clock: Clock, values: Map<string, unknown>, bytes: number) {
    this.#log = log
    this.#clock = clock
    this.#values = values
    this.#changedBytes = bytes
  }

  /** The value of a key, or undefined. Treat it as frozen. */
  get(key: string): unknown {
    return this.#values.get(key)
  }

  /** All keys with a prefix, without it, and their values. */
  *entries(prefix: string): Iterable<readonly [string, unknown]> {
    for (const [key, value] of this.#values) {
      if (key.startsWith(prefix)) yield [key.slice(prefix.length), value]
    }
  }

  /**
   * Changes values in one commit with other batches and positions, if given (B2). Handed to the log before this
   * returns; resolves when durable. @throws as Log.commit
   */
  async change(changes: Changes, beside: Partial<Commit> = {}): Promise<CommitResult> {
    const before = [...changes.keys()].map(key => [key, this.#values.get(key)] as const)
    const checkpoints = this.#checkpoints
    const batches = [...(beside.batches ?? []), this.#apply(changes)]
    const committed = this.#log.commit({ batches, offsets: beside.offsets ?? [] })
    this.#checkpointIfDue()
    try {
      return await committed
    } catch (error) {
      const restored = new Map<string, unknown>()
      for (const [key, value] of before) {
        if (this.#values.get(key) !== (changes.get(key) ?? undefined)) continue
        restored.set(key, value ?? null)
        if (value === undefined) this.#values.delete(key)
        else this.#values.set(key, value)
      }
      // A checkpoint meanwhile has them as if they had been taken; a crash before they are back leaves them so.
      if (checkpoints !== this.#checkpoints && restored.size > 0) {
        await this.change(restored).catch(() => undefined)
      }
      throw error
    }
  }

  #apply(changes: Changes): CommitBatch {
    for (const [key, value] of changes) {
      if (value === null) this.#values.delete(key)
      else this.#values.set(key, value)
      this.#append(key, value)
    }
    const batch = this.#batch()
    this.#changedBytes += batch.batch.length
    return batch
  }

  #append(key: string, value: unknown): void {
    const bytes = value === null ? null : Buffer.from(JSON.stringify(value))
    this.#builder.append(this.#clock.now(), Buffer.from(key), bytes)
  }

  #batch(): CommitBatch {
    return { topic: BROKER_TOPIC, partition: 0, batch: this.#builder.build() }
  }

  /** B4: handed to the log behind the changes that it has, and before all others. */
  #checkpointIfDue(): void {
    const due = Math.max(CHECKPOINT_AFTER_BYTES, CHECKPOINT_AFTER_TIMES * this.#checkpointBytes)
    if (this.#isCheckpointing || this.#changedBytes < due) return
    this.#isCheckpointing = true
    this.#checkpoints++
    const batches: CommitBatch[] = []
    for (const [key, value] of this.#values) {
      this.#append(key, value)
      if (this.#builder.byteLength >= CHECKPOINT_BATCH_BYTES) batches.push(this.#batch())
    }
    if (this.#builder.count > 0) batches.push(this.#batch())
    this.#changedBytes = 0
    this.#checkpointBytes = batches.reduce((sum, { batch }) => sum + batch.length, 0)
    // A log that takes it not, takes nothing more, and says so to whoever writes.
    void this.#writeCheckpoint(batches)
      .catch(() => undefined)
      .finally(() => (this.#isCheckpointing = false))
  }

  async #writeCheckpoint(batches: readonly CommitBatch[]): Promise<void> {
    const commits = batches.map(batch => this.#log.commit({ batches: [batch], offsets: [] }))
    const [first] = await Promise.all(commits)
    if (first !== undefined) await this.#log.deleteRecords(BROKER_TOPIC, 0, first.baseOffsets[0]!)
  }
}

/** Reads what the broker knew. @throws BROKER_STATE_DAMAGED a record is not what the broker writes */
export async function openStore(log: Log, clock: Clock): Promise<BrokerStore> {
  const topics = await log.listTopics({ internal: true })
  const topic = topics.find(each => each.name === BROKER_TOPIC)
  if (topic === undefined) await log.createTopic(BROKER_TOPIC, { partitions: 1, internal: true })
  else if (topic.spec.cleanup !== 'delete')
    await log.alterTopic(BROKER_TOPIC, { cleanup: 'delete' })
  const values = new Map<string, unknown>()
  const cursor = new RecordCursor()
  let offset = 0
  let bytes = 0
  for (;;) {
    const read = await log.read({ topic: BROKER_TOPIC, partition: 0, offset })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      cursor.open(read.bytes, at)
      while (cursor.next()) applyRecord(values, cursor)
    }
    bytes += read.bytes.length
    offset = read.nextOffset
    if (offset >= read.endOffset) return new BrokerStore(log, clock, values, bytes)
  }
}

function applyRecord(values: Map<string, unknown>, cursor: RecordCursor): void {
  const key = cursor.key()?.toString()
  const value = cursor.value()
  if (key === undefined) return
  if (value === null) {
    values.delete(key)
    return
  }
  try {
    values.set(key, JSON.parse(value.toString()))
  } catch (error) {
    throw new MillraceError(
      'BROKER_STATE_DAMAGED',
      `offset ${cursor.offset} of the topic ${BROKER_TOPIC} holds "${value.toString().slice(0, 80)}" under ` +
        `${key}; expected JSON that the broker wrote; run "millrace log verify" and restore the data directory`,
      { cause: error }
    )
  }
}
