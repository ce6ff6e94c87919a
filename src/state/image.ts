// The changes of one seal as bytes: encoded once, copied into changelog batches, kept until they are flushed.
//
// The image is its own memory, not the batches': a log may hand those to another thread. Keys and values stand one
// behind the other; `ends` has two positions a record, the end of its key and the end of its value. A replay makes
// images too, of records whose entries are made when somebody asks for them (tail.ts).
import { BATCH_BYTES_MAX, BATCH_BYTES_TARGET, ByteWriter, MillraceError } from '../base/index.ts'
import type { BatchBuilder } from '../record/index.ts'
import type { StoreChange } from './contract.ts'
import { ENTRY_BYTES, PRESENT, type Entry } from './entry.ts'
import type { HotState } from './hot-state.ts'

/** A value end that says: no value, the key is deleted. */
const DELETED = 0xffff_ffff
/** What an entry of a cold state takes: the object and its share of the map, and two short texts. */
const COLD_ENTRY_BYTES = ENTRY_BYTES + 160
/** What a batch has beside its records' keys and values, with room to spare. */
const BATCH_OVERHEAD_BYTES = 1024

/** Grows by records; after the seal it does not change any more (S4). */
export class Image {
  readonly epoch: number
  /** The changelog offset after the last record; -1 until the commit is durable. */
  nextPosition = -1
  count = 0
  /** The entries that the records are of; null for meta records, and for replayed ones that nobody asked for. */
  readonly entries: (Entry | null)[] = []
  /** Whose entries they are: runs of records, `[state, index after the last record of the run]`. */
  readonly runs: [HotState | null, number][] = []
  readonly #bytes: ByteWriter
  #ends: Uint32Array
  /** 1 at replayed records of whose key a newer one was replayed; null without such. */
  #outdated: Uint8Array | null = null

  constructor(epoch: number, bytesExpected: number, recordsExpected: number) {
    this.epoch = epoch
    this.#bytes = new ByteWriter(Math.max(bytesExpected, 256))
    this.#ends = new Uint32Array(Math.max(recordsExpected, 4) * 2)
  }

  /** Bytes of keys and values. */
  get byteLength(): number {
    return this.#bytes.length
  }

  /**
   * The same with what its entries of cold states have in memory until they are flushed, which is all that keeps those
   * there: of others most are there anyway.
   */
  get heldBytes(): number {
    let cold = 0
    let from = 0
    for (const [state, end] of this.runs) {
      if (state?.spec.isCold === true) cold += end - from
      from = end
    }
    return this.byteLength + cold * COLD_ENTRY_BYTES
  }

  /** Keys and values; replaced when the image grows. */
  get buffer(): Buffer {
    return this.#bytes.buffer
  }

  /** Where the key of a record begins in {@link buffer}, with its state's prefix. */
  keyStart(index: number): number {
    return this.#start(index)
  }

  keyEnd(index: number): number {
    return this.#ends[index * 2]!
  }

  /** Where the value of a record ends; it begins at the key's end. For a record that has one. */
  valueEnd(index: number): number {
    return this.#ends[index * 2 + 1]!
  }

  /** Whether the record sets its key, rather than deletes it. */
  hasValue(index: number): boolean {
    return this.#ends[index * 2 + 1] !== DELETED
  }

  /** Notes that a newer record of the same key is in this image. */
  outdate(index: number): void {
    if (this.#outdated === null || index >= this.#outdated.length) {
      const grown = new Uint8Array(this.#ends.length / 2)
      if (this.#outdated !== null) grown.set(this.#outdated)
      this.#outdated = grown
    }
    this.#outdated[index] = 1
  }

  /** Whether {@link outdate} was called for the record. */
  isOutdated(index: number): boolean {
    return this.#outdated !== null && this.#outdated[index] === 1
  }

  /** Encodes `entries` of `state` as they are now. */
  addEntries(state: HotState, entries: readonly Entry[]): void {
    // Hot: per record.
    const bytes = this.#bytes
    const { key: keys, value: values } = state.spec
    const prefix = state.prefix
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index]!
      const start = bytes.length
      bytes.bytes(prefix)
      keys.encode(entry.key, bytes)
      const keyEnd = bytes.length
      if (entry.flags & PRESENT) {
        values.encode(entry.value, bytes)
        this.#push(entry, keyEnd, bytes.length)
        if (bytes.length - start > BATCH_BYTES_MAX - BATCH_OVERHEAD_BYTES) {
          throw tooLarge(state, entry, bytes.length - start)
        }
      } else {
        this.#push(entry, keyEnd, DELETED)
      }
    }
    this.#closeRun(state)
  }

  /** Adds a record as ranges of `source`, which are copied; a value start of -1 deletes. */
  addBytes(
    state: HotState | null,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number
  ): void {
    const bytes = this.#bytes
    bytes.bytes(source, keyStart, keyEnd)
    const keyEndHere = bytes.length
    if (valueStart >= 0) bytes.bytes(source, valueStart, valueEnd)
    this.#push(null, keyEndHere, valueStart >= 0 ? bytes.length : DELETED)
    this.#closeRun(state)
  }

  /** Adds a meta record; the bytes are copied. */
  addMeta(key: Uint8Array, value: Uint8Array): void {
    this.#bytes.bytes(key)
    const keyEnd = this.#bytes.length
    this.#bytes.bytes(value)
    this.#push(null, keyEnd, this.#bytes.length)
    this.#closeRun(null)
  }

  /** Record `index` as a change of the store: views of the image. */
  change(index: number): StoreChange {
    const buffer = this.#bytes.buffer
    const start = this.#start(index)
    const keyEnd = this.#ends[index * 2]!
    const valueEnd = this.#ends[index * 2 + 1]!
    const value = valueEnd === DELETED ? null : buffer.subarray(keyEnd, valueEnd)
    return { key: buffer.subarray(start, keyEnd), value }
  }

  /** All records as batches of about BATCH_BYTES_TARGET, none over BATCH_BYTES_MAX, with their record counts. */
  batches(
    builder: BatchBuilder,
    timestampMs: number
  ): { batches: Buffer[]; recordCounts: number[] } {
    // Hot: per record.
    const buffer = this.#bytes.buffer
    const ends = this.#ends
    const batches: Buffer[] = []
    const recordCounts: number[] = []
    let start = 0
    for (let index = 0; index < this.count; index++) {
      const keyEnd = ends[index * 2]!
      const valueEnd = ends[index * 2 + 1]!
      const deleted = valueEnd === DELETED
      const end = deleted ? keyEnd : valueEnd
      if (builder.count > 0 && builder.byteLength + end - start > BATCH_BYTES_TARGET) {
        recordCounts.push(builder.count)
        batches.push(builder.build())
      }
      const valueStart = deleted ? -1 : keyEnd
      builder.appendRange(
        timestampMs,
        buffer,
        start,
        keyEnd,
        buffer,
        valueStart,
        end,
        buffer,
        0,
        0,
        0
      )
      start = end
    }
    if (builder.count > 0) {
      recordCounts.push(builder.count)
      batches.push(builder.build())
    }
    return { batches, recordCounts }
  }

  #start(index: number): number {
    if (index === 0) return 0
    const end = this.#ends[index * 2 - 1]!
    return end === DELETED ? this.#ends[index * 2 - 2]! : end
  }

  #push(entry: Entry | null, keyEnd: number, valueEnd: number): void {
    const at = this.count * 2
    if (at === this.#ends.length) {
      const grown = new Uint32Array(at * 2)
      grown.set(this.#ends)
      this.#ends = grown
    }
    this.#ends[at] = keyEnd
    this.#ends[at + 1] = valueEnd
    this.entries.push(entry)
    this.count++
  }

  #closeRun(state: HotState | null): void {
    const last = this.runs.at(-1)
    if (last !== undefined && last[0] === state) last[1] = this.count
    else this.runs.push([state, this.count])
  }
}

function tooLarge(state: HotState, entry: Entry, bytes: number): MillraceError {
  return new MillraceError(
    'STATE_VALUE_TOO_LARGE',
    `the value under the key ${String(entry.key).slice(0, 100)} of the state ${state.spec.name} ` +
      `is ${bytes} bytes encoded; ` +
      `expected at most ${BATCH_BYTES_MAX - BATCH_OVERHEAD_BYTES} with its key; keep less under one key`,
    { details: { state: state.spec.name, bytes } }
  )
}
