// Records that this very process hands to an ingress: they, and what comes of them, become durable in one commit.
//
// The record still goes into the ingress's topic, in a batch with the application's marker: after a restart it is
// skipped there, for its effects are in the same commit (runtime/task/source-reader.ts F3).
//
//   I1  A record is taken only when the reader has processed everything of its partition that was durable when it came.
//   I2  Where the reader has to wait (valves.ts) nothing is taken: what is here goes back to its sender.
//   I3  What is refused has left nothing behind. It may be written to the topic, from which it is read as ever.
import { ByteWriter, assert } from '../../../base/index.ts'
import type { RecordHeader } from '../../../record/index.ts'
import type {
  Budget,
  EpochOutputs,
  RecordFacts,
  RecordTaker,
  SourceReader,
  TopicOutput
} from '../../../runtime/task/index.ts'
import { Fifo } from '../fifo.ts'
import type { Lane, Placements, Told } from '../egress/placements.ts'

/** So many records the reader may be behind for others to wait for it in memory. */
const BEHIND_MAX = 1_024

/** A record for an ingress, and whoever wants to know what becomes of it. */
export interface HandedRecord {
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
  readonly key: Uint8Array
  /** Not to be changed until the record is durable or refused. */
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
  /** It is durable at this offset, and all that came of it in its task. */
  durable(offset: number): void
  /** It was not taken (I3). */
  refused(): void
}

/** One ingress partition that records may be handed to. */
export interface EntrancePlace {
  /** How many its topic has. */
  readonly partitions: number
  /** Reads what is in the topic. */
  readonly reader: SourceReader
  readonly taker: RecordTaker
  wake(): void
}

/** What an {@link Entrance} is made from. */
export interface EntranceOptions extends EntrancePlace {
  readonly marker: number
  readonly outputs: EpochOutputs
  readonly placements: Placements
}

/** The way into one ingress partition. */
export class Entrance implements Told {
  /** Records that were taken. */
  records = 0
  readonly #options: EntranceOptions
  readonly #output: TopicOutput
  readonly #lane: Lane
  readonly #waiting = new Fifo<HandedRecord>()
  /** Durable and not told of, in order. */
  readonly #taken = new Fifo<HandedRecord>()
  readonly #scratch = new ByteWriter(1024)
  #after = 0
  #hasEnded = false

  constructor(options: EntranceOptions) {
    this.#options = options
    const { partitions, marker, outputs, placements } = options
    const { topic, partition } = options.reader
    const producerId = (): number => marker
    this.#lane = placements.lane(topic, partition)
    this.#output = outputs.open({ topic, partitions, compression: 'none', producerId })
  }

  /** Topic and partition. */
  get name(): string {
    const { topic, partition } = this.#options.reader
    return `${topic}/${partition}`
  }

  /** Records that wait to be taken. */
  get length(): number {
    return this.#waiting.length
  }

  /** Whether {@link take} has something to do. */
  get isReady(): boolean {
    if (this.#waiting.length === 0) return false
    const { reader } = this.#options
    return reader.isPaused || reader.position >= this.#after
  }

  /** Hands records over that come behind `after` of the topic; false: they are to be written there instead (I1, I2). */
  offer(records: readonly HandedRecord[], after: number): boolean {
    const { reader, wake } = this.#options
    if (this.#hasEnded || reader.isPaused || after - reader.position > BEHIND_MAX) return false
    this.#after = Math.max(this.#after, after)
    for (const record of records) this.#waiting.push(record)
    wake()
    return true
  }

  /** Takes records, up to the budget. */
  take(budget: Budget): void {
    const { reader } = this.#options
    while (this.#waiting.length > 0 && budget.left > 0) {
      if (reader.isPaused) return this.#refuse()
      budget.left--
      this.#take(this.#waiting.shift())
    }
  }

  durable(offset: number): void {
    this.#taken.shift().durable(offset)
  }

  lost(): void {
    this.#taken.shift().refused()
  }

  /** The task has ended. */
  end(): void {
    this.#hasEnded = true
    this.#refuse()
  }

  #refuse(): void {
    while (this.#waiting.length > 0) this.#waiting.shift().refused()
  }

  #take(record: HandedRecord): void {
    // Hot: per record.
    const { taker, reader } = this.#options
    const { topic, partition } = reader
    const facts = this.#factsOf(record)
    const { data, keyStart, keyEnd, valueStart, valueEnd } = facts
    const { headersStart, headersEnd, headerCount, timestamp } = facts
    try {
      this.#output.append(
        partition,
        timestamp,
        data,
        keyStart,
        keyEnd,
        data,
        valueStart,
        valueEnd,
        data,
        headersStart,
        headersEnd,
        headerCount
      )
    } catch {
      // Too large: its sender hears so from the log.
      record.refused()
      return
    }
    this.records++
    this.#taken.push(record)
    this.#lane.noted.push(this)
    const pending = taker.accept(facts, topic, partition)
    assert(pending === undefined, 'an ingress takes its records at once')
  }

  #factsOf({ timestampMs, key, value, headers }: HandedRecord): RecordFacts {
    const scratch = this.#scratch
    scratch.clear()
    scratch.bytes(key, 0, key.length)
    scratch.bytes(value, 0, value.length)
    for (const header of headers) {
      scratch.varint(Buffer.byteLength(header.key))
      scratch.utf8(header.key)
      const bytes = header.value
      scratch.varint(bytes === null ? -1 : bytes.length)
      if (bytes !== null) scratch.bytes(bytes, 0, bytes.length)
    }
    const valueEnd = key.length + value.length
    return {
      data: Buffer.from(scratch.buffer.subarray(0, scratch.length)),
      // Not known before the commit: others may write to the topic as well.
      offset: -1,
      timestamp: timestampMs,
      keyStart: 0,
      keyEnd: key.length,
      valueStart: key.length,
      valueEnd,
      headersStart: valueEnd,
      headersEnd: scratch.length,
      headerCount: headers.length
    }
  }
}
