// What an epoch writes: one growing batch per output partition, closed when it reaches its target size.
//
//   P1  Batches of one partition stand in the order in which their records were appended.
//   P2  With staging, the current record's outputs are apart until `accept`, and `discard` forgets them.
import {
  BATCH_BYTES_MAX,
  BATCH_BYTES_TARGET,
  ByteWriter,
  MillraceError,
  assert
} from '../../base/index.ts'
import type { CommitBatch } from '../../log/log.ts'
import { BatchBuilder, type Compression } from '../../record/index.ts'

/** Room in a largest batch for its header and one record's lengths. */
const OVERHEAD_BYTES_MAX = 512
/** What a record costs beside its parts, roughly; for the epoch's bound. */
const RECORD_BYTES_BASE = 12

/** A topic that a task writes to. */
export interface OutputSpec {
  readonly topic: string
  readonly partitions: number
  readonly compression: Compression
  /** Producer id of the batches for a partition: the task's marker for what it processes itself, else −1. */
  producerId(partition: number): number
}

/** One output topic of a task. Partitions' builders are made when first needed. */
export class TopicOutput {
  readonly topic: string
  readonly partitions: number
  readonly #spec: OutputSpec
  readonly #epoch: EpochOutputs
  readonly #builders: (BatchBuilder | undefined)[] = []
  #closed: CommitBatch[] = []

  constructor(spec: OutputSpec, epoch: EpochOutputs) {
    this.topic = spec.topic
    this.partitions = spec.partitions
    this.#spec = spec
    this.#epoch = epoch
  }

  /**
   * Adds a record from ranges of bytes, which are copied; a start of −1 is null.
   * @throws RECORD_TOO_LARGE no batch can hold it; nothing was added
   */
  append(
    partition: number,
    timestamp: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headerBytes: Uint8Array,
    headersStart: number,
    headersEnd: number,
    headerCount: number
  ): void {
    // Hot: per record.
    const headersLength = headerCount === 0 ? 0 : headersEnd - headersStart
    const length = keyEnd - keyStart + (valueEnd - valueStart) + headersLength
    if (length > BATCH_BYTES_MAX - OVERHEAD_BYTES_MAX) throw tooLarge(this.topic, length)
    const epoch = this.#epoch
    if (epoch.staging !== null && !epoch.accepting) {
      epoch.staging.add(
        this,
        partition,
        timestamp,
        [
          keyStart < 0 ? null : copyOf(keyBytes, keyStart, keyEnd),
          valueStart < 0 ? null : copyOf(valueBytes, valueStart, valueEnd),
          copyOf(headerBytes, headersStart, headersStart + headersLength)
        ],
        headerCount
      )
      return
    }
    const builder = (this.#builders[partition] ??= this.#builder(partition))
    if (builder.byteLength + length > BATCH_BYTES_MAX - OVERHEAD_BYTES_MAX && builder.count > 0) {
      this.#close(partition, builder)
    }
    builder.appendRange(
      timestamp,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd,
      headerBytes,
      headersStart,
      headersEnd,
      headerCount
    )
    epoch.bytes += length + RECORD_BYTES_BASE
    epoch.records++
    if (builder.byteLength >= BATCH_BYTES_TARGET) this.#close(partition, builder)
  }

  /** Moves what was appended since the last call into `into`. */
  seal(into: CommitBatch[]): void {
    for (let partition = 0; partition < this.#builders.length; partition++) {
      const builder = this.#builders[partition]
      if (builder !== undefined && builder.count > 0) this.#close(partition, builder)
    }
    for (const batch of this.#closed) into.push(batch)
    this.#closed = []
  }

  #builder(partition: number): BatchBuilder {
    assert(partition >= 0 && partition < this.partitions, 'the partition is one of its topic')
    return new BatchBuilder({
      compression: this.#spec.compression,
      producerId: this.#spec.producerId(partition)
    })
  }

  #close(partition: number, builder: BatchBuilder): void {
    const batch = builder.build()
    assert(batch.length <= BATCH_BYTES_MAX, 'a batch is within BATCH_BYTES_MAX')
    this.#closed.push({ topic: this.topic, partition, batch })
  }
}

/** All outputs of a task's current epoch. */
export class EpochOutputs {
  /** Estimated bytes appended since the last seal. */
  bytes = 0
  /** Records appended since the last seal. */
  records = 0
  readonly staging: Staging | null
  /** True while staged records move into the batches. */
  accepting = false
  readonly #topics = new Map<string, TopicOutput>()

  constructor(options: { readonly staged: boolean }) {
    this.staging = options.staged ? new Staging() : null
  }

  /** The output to a topic; `spec` counts the first time. */
  open(spec: OutputSpec): TopicOutput {
    let output = this.#topics.get(spec.topic)
    if (output === undefined) {
      output = new TopicOutput(spec, this)
      this.#topics.set(spec.topic, output)
    }
    return output
  }

  /** The current record succeeded: what it wrote belongs to the epoch (P2). */
  accept(): void {
    if (this.staging === null) return
    this.accepting = true
    this.staging.flush()
    this.accepting = false
  }

  /** The current record ends the dataflow: what it wrote never was (P2). */
  discard(): void {
    this.staging?.clear()
  }

  /** The epoch's batches, in the order of the topics' first use (P1). */
  seal(): CommitBatch[] {
    const batches: CommitBatch[] = []
    for (const topic of this.#topics.values()) topic.seal(batches)
    this.bytes = 0
    this.records = 0
    return batches
  }
}

type Parts = readonly [Uint8Array | null, Uint8Array | null, Uint8Array]

/** The outputs of one record, in order; used only where a service's policy is `fail`. */
class Staging {
  #entries: (() => void)[] = []

  add(
    output: TopicOutput,
    partition: number,
    timestamp: number,
    [key, value, headers]: Parts,
    headerCount: number
  ): void {
    const none = headers
    this.#entries.push(() =>
      output.append(
        partition,
        timestamp,
        key ?? none,
        key === null ? -1 : 0,
        key === null ? -1 : key.length,
        value ?? none,
        value === null ? -1 : 0,
        value === null ? -1 : value.length,
        headers,
        0,
        headers.length,
        headerCount
      )
    )
  }

  flush(): void {
    const entries = this.#entries
    this.#entries = []
    for (const append of entries) append()
  }

  clear(): void {
    this.#entries = []
  }
}

/** Encodes headers in the batch's form: more of them behind (or before) those that a record has. */
export class HeaderWriter {
  readonly writer: ByteWriter = new ByteWriter(512)
  count = 0

  clear(): void {
    this.writer.clear()
    this.count = 0
  }

  /** Appends headers that are encoded already. */
  encoded(bytes: Uint8Array, start: number, end: number, count: number): void {
    if (count > 0) this.writer.bytes(bytes, start, end)
    this.count += count
  }

  /** A header whose value is a range of bytes; a start of −1 is null. */
  range(name: string, bytes: Uint8Array, start: number, end: number): void {
    const writer = this.writer
    writer.varint(Buffer.byteLength(name))
    writer.utf8(name)
    writer.varint(start < 0 ? -1 : end - start)
    if (start >= 0) writer.bytes(bytes, start, end)
    this.count++
  }

  text(name: string, value: string): void {
    const writer = this.writer
    writer.varint(Buffer.byteLength(name))
    writer.utf8(name)
    writer.varint(Buffer.byteLength(value))
    writer.utf8(value)
    this.count++
  }
}

function tooLarge(topic: string, bytes: number): MillraceError {
  const bytesMax = BATCH_BYTES_MAX - OVERHEAD_BYTES_MAX
  return new MillraceError(
    'RECORD_TOO_LARGE',
    `a record of ${bytes} bytes for topic ${topic}; expected at most ${bytesMax}; ` +
      `write less into one record`,
    { details: { topic, bytes, bytesMax } }
  )
}

/** Not `slice`, which gives a view where the bytes are a Buffer. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}
