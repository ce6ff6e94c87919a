// Walks the records of one batch without allocating: positions in numbers, bytes on request.
//
//   record:  length varint | attributes i8 | timestamp delta varlong | offset delta varint
//            key length varint (−1: null) | key | value length varint (−1: null) | value
//            header count varint | (key length varint | key | value length varint (−1: null) | value)*
//
// Invariants: C1 no read leaves the batch, whatever its bytes are. C2 the walk ends after at most
// `recordCount` records. C3 what a record declares adds up to its length, else BATCH_CORRUPT.
import { MillraceError } from '../base/index.ts'
import { decompress } from './compression.ts'
import {
  ATTRIBUTE,
  BATCH_HEADER_BYTES,
  FIELD,
  batchByteLength,
  compressionOf,
  readI16,
  readI32,
  readI64
} from './header.ts'
import { VarintReader } from './varint.ts'

/** One header of a record. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Encoded headers, where they stand. A {@link RecordCursor} has them, and whatever hands its ranges on. */
export interface HeaderRange {
  readonly data: Buffer
  readonly headersStart: number
  readonly headersEnd: number
  readonly headerCount: number
}

const EMPTY = Buffer.alloc(0)

/** The headers in a range, in their order; values are views. @throws BATCH_CORRUPT they do not add up */
export function readHeaders(range: HeaderRange): RecordHeader[] {
  const { data, headersStart, headersEnd, headerCount } = range
  const headers: RecordHeader[] = []
  if (headerCount === 0) return headers
  const reader = new VarintReader()
  reader.open(data, headersStart, headersEnd)
  const skip = (length: number, what: string): number => {
    const start = reader.position
    if (length < 0 || length > headersEnd - start) throw misfit(what, length, headersStart)
    reader.position = start + length
    return start
  }
  for (let index = 0; index < headerCount; index++) {
    const keyStart = skip(reader.signed(), 'a header key length')
    const key = data.toString('utf8', keyStart, reader.position)
    const valueLength = reader.signed()
    if (valueLength === -1) {
      headers.push({ key, value: null })
    } else {
      const valueStart = skip(valueLength, 'a header value length')
      headers.push({ key, value: data.subarray(valueStart, reader.position) })
    }
  }
  if (reader.position !== headersEnd) {
    throw misfit('bytes behind the headers', headersEnd - reader.position, headersStart)
  }
  return headers
}

/**
 * A cursor over the records of a batch. One cursor serves any number of batches. Positions are in
 * {@link data}, which is the bytes given to {@link open}, or its own memory if they were compressed;
 * what `key()`, `value()` and `headers()` give are views of it, valid as long as those bytes are.
 */
export class RecordCursor {
  /** Holds the records. */
  data: Buffer = EMPTY
  /** Offset in the partition. */
  offset = 0
  /** Milliseconds since the epoch; −1 is none. */
  timestamp = 0
  /** −1 for a null key; `keyEnd` is then −1 too. */
  keyStart = -1
  keyEnd = -1
  /** −1 for a null value; `valueEnd` is then −1 too. */
  valueStart = -1
  valueEnd = -1
  /** The encoded headers, without their count. */
  headersStart = 0
  headersEnd = 0
  headerCount = 0
  /** The whole record, with its length, for copying it as it is. */
  recordStart = 0
  recordEnd = 0

  readonly #reader = new VarintReader()
  #end = 0
  #remaining = 0
  #baseOffset = 0
  #firstTimestamp = 0
  /** The batch's timestamp when the log stamped it (append time), else NaN. */
  #appendTimestamp = Number.NaN

  /**
   * Goes before the first record of the batch at `at`. Trusts the checksum to be checked already.
   * @throws BATCH_TRUNCATED the batch goes past the end of `bytes`
   * @throws BATCH_CORRUPT magic, length, count or compressed data are impossible
   * @throws BATCH_TOO_LARGE the records decompress to too many bytes
   */
  open(bytes: Uint8Array, at: number): void {
    this.#remaining = 0
    const end = batchEnd(bytes, at)
    const attributes = readI16(bytes, at + FIELD.attributes)
    const compression = compressionOf(attributes)
    const count = readI32(bytes, at + FIELD.recordCount)
    let start = at + BATCH_HEADER_BYTES
    if (compression === 'none') {
      this.data = Buffer.isBuffer(bytes) ? bytes : bufferOn(bytes)
      this.#end = end
    } else {
      this.data = count === 0 ? EMPTY : decompress(compression, bytes.subarray(start, end))
      this.#end = this.data.length
      start = 0
    }
    if (count < 0) throw corrupt(`${count} records in the header`, at)
    this.#baseOffset = readI64(bytes, at)
    this.#firstTimestamp = readI64(bytes, at + FIELD.firstTimestamp)
    this.#appendTimestamp =
      attributes & ATTRIBUTE.appendTime ? readI64(bytes, at + FIELD.maxTimestamp) : Number.NaN
    this.#reader.open(this.data, start, this.#end)
    this.#remaining = count
    this.recordEnd = start
  }

  /**
   * Goes to the next record; false behind the last one.
   * @throws BATCH_CORRUPT the bytes are no record, or bytes are left behind the last one
   */
  next(): boolean {
    // Hot: per record, 35–55 ns.
    const reader = this.#reader
    if (this.#remaining === 0) {
      if (this.recordEnd !== this.#end) throw this.#surplus()
      return false
    }
    const start = this.recordEnd
    reader.position = start
    reader.end = this.#end
    const length = reader.signed()
    const recordEnd = reader.position + length
    if (length <= 0 || recordEnd > this.#end) throw misfit('its length', length, start)
    reader.end = recordEnd
    reader.position++
    const timestampDelta = reader.signed()
    const offsetDelta = reader.signed()
    const keyLength = reader.signed()
    let position = reader.position
    if (keyLength < 0) {
      if (keyLength !== -1) throw misfit('a key length', keyLength, start)
      this.keyStart = this.keyEnd = -1
    } else {
      if (keyLength > recordEnd - position) throw misfit('a key length', keyLength, start)
      this.keyStart = position
      this.keyEnd = position += keyLength
      reader.position = position
    }
    const valueLength = reader.signed()
    position = reader.position
    if (valueLength < 0) {
      if (valueLength !== -1) throw misfit('a value length', valueLength, start)
      this.valueStart = this.valueEnd = -1
    } else {
      if (valueLength > recordEnd - position) {
        throw misfit('a value length', valueLength, start)
      }
      this.valueStart = position
      this.valueEnd = position += valueLength
      reader.position = position
    }
    const headerCount = reader.signed()
    position = reader.position
    // A header takes two bytes at least; none takes none.
    const headerBytes = recordEnd - position
    if (
      headerCount < 0 ||
      headerCount * 2 > headerBytes ||
      (headerCount === 0 && headerBytes > 0)
    ) {
      throw misfit('a header count', headerCount, start)
    }
    this.headerCount = headerCount
    this.headersStart = position
    this.headersEnd = recordEnd
    this.offset = this.#baseOffset + offsetDelta
    const appendTimestamp = this.#appendTimestamp
    this.timestamp =
      appendTimestamp === appendTimestamp ? appendTimestamp : this.#firstTimestamp + timestampDelta
    this.recordStart = start
    this.recordEnd = recordEnd
    this.#remaining--
    return true
  }

  /** A view of the key, or null. */
  key(): Buffer | null {
    return this.keyStart < 0 ? null : this.data.subarray(this.keyStart, this.keyEnd)
  }

  /** A view of the value, or null. */
  value(): Buffer | null {
    return this.valueStart < 0 ? null : this.data.subarray(this.valueStart, this.valueEnd)
  }

  /** The headers, in their order; values are views. @throws BATCH_CORRUPT they do not add up */
  headers(): RecordHeader[] {
    return readHeaders(this)
  }

  #surplus(): MillraceError {
    const left = this.#end - this.recordEnd
    return corrupt(`${left} bytes behind the last record that the header counts`, this.recordEnd)
  }
}

/** Where the batch at `at` ends. @throws BATCH_TRUNCATED, BATCH_CORRUPT */
function batchEnd(bytes: Uint8Array, at: number): number {
  const available = bytes.length - at
  if (at < 0 || available < BATCH_HEADER_BYTES) throw truncated(available, BATCH_HEADER_BYTES, at)
  const magic = bytes[at + FIELD.magic]!
  if (magic !== 2) throw corrupt(`magic ${magic}, 2 is known`, at)
  const length = batchByteLength(bytes, at)
  if (length < BATCH_HEADER_BYTES) throw corrupt(`a length of ${length} bytes`, at)
  if (length > available) throw truncated(available, length, at)
  return at + length
}

function misfit(what: string, found: number, start: number): MillraceError {
  return corrupt(`a record at position ${start} in which ${what} is ${found}`, start)
}

function bufferOn(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function truncated(found: number, expected: number, at: number): MillraceError {
  return new MillraceError(
    'BATCH_TRUNCATED',
    `${Math.max(0, found)} bytes of a batch at position ${at}; expected ${expected}; ` +
      `read on and try again with more bytes`,
    { details: { at, found, expected } }
  )
}

function corrupt(what: string, position: number): MillraceError {
  return new MillraceError(
    'BATCH_CORRUPT',
    `found ${what}; expected a record batch of format v2 whose lengths add up; ` +
      `the batch was damaged or written wrongly, read it from another copy or skip it`,
    { details: { position } }
  )
}
