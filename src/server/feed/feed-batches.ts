// Records of a feed on their way into batches, one open batch per partition of each topic.
import { MillraceError } from '../../base/index.ts'
import type { CommitBatch } from '../../log/log.ts'
import { BatchBuilder, partitionForKey } from '../../record/index.ts'
import type { Compression, RecordHeader } from '../../record/index.ts'

const NOTHING = Buffer.alloc(0)

/** Open batches of one topic. Records with a key go to its partition, others to one after the other. */
export class FeedBatches {
  readonly topic: string
  /** Records taken since the beginning. */
  records = 0
  readonly #builders: readonly BatchBuilder[]
  #next = 0

  constructor(topic: string, partitions: number, compression: Compression = 'none') {
    this.topic = topic
    this.#builders = Array.from({ length: partitions }, () => new BatchBuilder({ compression }))
  }

  /** Bytes in the open batches. */
  get byteLength(): number {
    let bytes = 0
    for (const builder of this.#builders) if (builder.count > 0) bytes += builder.byteLength
    return bytes
  }

  /**
   * Adds a record by ranges of bytes, which are copied; a key start of −1 is no key. Gives the bytes of its
   * batch.
   */
  // Hot: per record.
  addRange(
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number
  ): number {
    const builder = this.#builders[this.#choose(keyBytes, keyStart, keyEnd)]!
    builder.appendRange(
      timestampMs,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd,
      NOTHING,
      0,
      0,
      0
    )
    this.records++
    return builder.byteLength
  }

  /** Adds a record with headers; a null value is a record without one. Gives the bytes of its batch. */
  add(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[]
  ): number {
    const partition = this.#choose(key ?? NOTHING, key === null ? -1 : 0, key?.length ?? -1)
    const builder = this.#builders[partition]!
    builder.append(timestampMs, key, value, headers)
    this.records++
    return builder.byteLength
  }

  /** Closes the open batches and gives them. */
  take(): CommitBatch[] {
    const batches: CommitBatch[] = []
    for (const [partition, builder] of this.#builders.entries()) {
      if (builder.count > 0) batches.push({ topic: this.topic, partition, batch: builder.build() })
    }
    return batches
  }

  #choose(keyBytes: Uint8Array, keyStart: number, keyEnd: number): number {
    const count = this.#builders.length
    if (count === 1) return 0
    if (keyStart >= 0) return partitionForKey(keyBytes, keyStart, keyEnd, count)
    const partition = this.#next
    this.#next = partition + 1 === count ? 0 : partition + 1
    return partition
  }
}

/** A line that cannot become a record: where it stands, what it holds, why. */
export interface RejectedLine {
  readonly topic: string
  /** The file as the user named it. */
  readonly file: string
  readonly lineNumber: number
  /** The line, or its beginning when it is too long. */
  readonly bytes: Uint8Array
  readonly code: string
  readonly message: string
}

/** Bytes of a rejected line that are kept. */
const REJECTED_BYTES_MAX = 1024 * 1024

/** Topic of lines that a feed rejects. No dataflow can own it: their names begin with a letter. */
export const FEED_DEAD_LETTERS = '_feed.dead-letter'

/** The record that keeps a rejected line; the headers are those of a dataflow's dead letters. */
export function rejectedRecord(line: RejectedLine): {
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
} {
  return {
    value: line.bytes.subarray(0, REJECTED_BYTES_MAX),
    headers: [
      header('error-code', line.code),
      header('error-message', line.message),
      header('error-place', `${line.file}:${line.lineNumber}`),
      header('topic', line.topic)
    ]
  }
}

function header(name: string, text: string): RecordHeader {
  return { key: `millrace-${name}`, value: Buffer.from(text) }
}

/** The reason for a line over the limit. */
export function lineTooLong(bytes: number, bytesMax: number): MillraceError {
  return new MillraceError(
    'LINE_TOO_LONG',
    `a line of ${bytes} bytes; expected at most ${bytesMax}; split it, or produce it with a client`
  )
}
