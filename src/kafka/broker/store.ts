// What the broker must not forget: values by key in one compacted topic of the log.
//
// Owns: the topic, its records and the map in memory. Does not own: what keys and values mean.
//   B1  The map is what the topic says; it changes when a change is handed to the log, in the order of the calls.
//   B2  A change that takes effect together with batches is one commit with them (L1).
//   B3  A commit that the log refuses (a topic that is gone) takes its changes back, unless they were changed again.
import { BROKER_TOPIC, MillraceError, type Clock } from '../../base/index.ts'
import type { Commit, CommitBatch, CommitResult, Log } from '../../log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../record/index.ts'

/** Changes by key; null removes. Values are plain data that JSON carries. */
export type Changes = ReadonlyMap<string, unknown>

/** The broker's memory. Make it by {@link openStore}. */
export class BrokerStore {
  readonly #log: Log
  readonly #clock: Clock
  readonly #values: Map<string, unknown>
  readonly #builder = new BatchBuilder()

  constructor(log: Log, clock: Clock, values: Map<string, unknown>) {
    this.#log = log
    this.#clock = clock
    this.#values = values
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
    const batches = [...(beside.batches ?? []), this.#apply(changes)]
    try {
      return await this.#log.commit({ batches, offsets: beside.offsets ?? [] })
    } catch (error) {
      for (const [key, value] of before) {
        if (this.#values.get(key) !== (changes.get(key) ?? undefined)) continue
        if (value === undefined) this.#values.delete(key)
        else this.#values.set(key, value)
      }
      throw error
    }
  }

  #apply(changes: Changes): CommitBatch {
    for (const [key, value] of changes) {
      if (value === null) this.#values.delete(key)
      else this.#values.set(key, value)
      const bytes = value === null ? null : Buffer.from(JSON.stringify(value))
      this.#builder.append(this.#clock.now(), Buffer.from(key), bytes)
    }
    return { topic: BROKER_TOPIC, partition: 0, batch: this.#builder.build() }
  }
}

/** Reads what the broker knew. @throws BROKER_STATE_DAMAGED a record is not what the broker writes */
export async function openStore(log: Log, clock: Clock): Promise<BrokerStore> {
  const topics = await log.listTopics({ internal: true })
  if (!topics.some(topic => topic.name === BROKER_TOPIC)) {
    await log.createTopic(BROKER_TOPIC, { partitions: 1, cleanup: 'compact', internal: true })
  }
  const values = new Map<string, unknown>()
  const cursor = new RecordCursor()
  let offset = 0
  for (;;) {
    const read = await log.read({ topic: BROKER_TOPIC, partition: 0, offset })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      cursor.open(read.bytes, at)
      while (cursor.next()) applyRecord(values, cursor)
    }
    offset = read.nextOffset
    if (offset >= read.endOffset) return new BrokerStore(log, clock, values)
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
