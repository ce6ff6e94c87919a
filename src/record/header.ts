// The fixed header of a record batch, format v2 (KIP-98): where its fields are, reading and changing them.
//
//   byte  0  base offset            i64   the log's to change: offset of the first record
//         8  length of what follows i32
//        12  partition leader epoch i32   the log's to change
//        16  magic                  i8    2
//        17  CRC-32C of byte 21…    u32
//        21  attributes             i16   bits 0–2 compression, 3 append time, 4 transactional, 5 control
//        23  last offset delta      i32   ≥ 0; compaction leaves it as it is
//        27  first timestamp        i64   base of the records' timestamp deltas, ms
//        35  max timestamp          i64   ms
//        43  producer id            i64   −1: none
//        51  producer epoch         i16
//        53  base sequence          i32
//        57  record count           i32
//        61  records, compressed as one piece
import { MillraceError } from '../base/index.ts'
import type { Compression } from './compression.ts'

/** Bytes before the records. */
export const BATCH_HEADER_BYTES = 61
/** Bytes that the length field does not count: base offset and the length itself. */
export const BATCH_PREFIX_BYTES = 12

/** Where fields are, in bytes from the batch's start. */
export const FIELD = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57
} as const

/** Bits of the attributes field. */
export const ATTRIBUTE = {
  compression: 0x07,
  appendTime: 0x08,
  transactional: 0x10,
  control: 0x20
} as const

/** Compressions in the order of their numbers in the attributes. */
export const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The header's fields. Offsets, ids and timestamps (ms) are safe integers. */
export interface BatchHeader {
  readonly baseOffset: number
  /** Bytes of the whole batch, with the 12 bytes before what its length field counts. */
  readonly byteLength: number
  readonly recordCount: number
  /** Offset of the last record that was ever in the batch, minus the base offset. */
  readonly lastOffsetDelta: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly compression: Compression
  /** −1: none. */
  readonly producerId: number
  /** −1: none. */
  readonly producerEpoch: number
  /** Sequence number of the first record among those of its producer, −1: none. */
  readonly baseSequence: number
  readonly crc: number
  /** Transaction markers, not records of users. */
  readonly isControl: boolean
  readonly isTransactional: boolean
}

/**
 * Reads the header at `at`. Does not check the checksum: see `checkBatch`.
 * @throws BATCH_TRUNCATED fewer than 61 bytes from `at` on
 * @throws BATCH_CORRUPT the compression is none of Kafka's five
 */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader {
  if (at < 0 || bytes.length - at < BATCH_HEADER_BYTES) {
    throw new MillraceError(
      'BATCH_TRUNCATED',
      `only ${Math.max(0, bytes.length - at)} bytes from position ${at} on; ` +
        `expected a batch header of ${BATCH_HEADER_BYTES}; read on and try again with more bytes`,
      { details: { at, length: bytes.length } }
    )
  }
  const attributes = readI16(bytes, at + FIELD.attributes)
  return {
    baseOffset: readI64(bytes, at),
    byteLength: batchByteLength(bytes, at),
    recordCount: readI32(bytes, at + FIELD.recordCount),
    lastOffsetDelta: readI32(bytes, at + FIELD.lastOffsetDelta),
    firstTimestamp: readI64(bytes, at + FIELD.firstTimestamp),
    maxTimestamp: batchMaxTimestamp(bytes, at),
    compression: compressionOf(attributes),
    producerId: batchProducerId(bytes, at),
    producerEpoch: readI16(bytes, at + FIELD.producerEpoch),
    baseSequence: readI32(bytes, at + FIELD.baseSequence),
    crc: readI32(bytes, at + FIELD.crc) >>> 0,
    isControl: (attributes & ATTRIBUTE.control) !== 0,
    isTransactional: (attributes & ATTRIBUTE.transactional) !== 0
  }
}

/** The compression that attributes name. @throws BATCH_CORRUPT an unknown number */
export function compressionOf(attributes: number): Compression {
  const number = attributes & ATTRIBUTE.compression
  const compression = COMPRESSIONS[number]
  if (compression !== undefined) return compression
  throw new MillraceError(
    'BATCH_CORRUPT',
    `compression number ${number} in a batch; expected 0 to 4 (${COMPRESSIONS.join(', ')}); ` +
      `the batch was written wrongly, skip it`,
    { details: { compression: number } }
  )
}

/** Bytes of the whole batch at `at`, as its length field says; 12 bytes must be there. */
export function batchByteLength(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + FIELD.length) + BATCH_PREFIX_BYTES
}

/** Offset of the first record (or where it was, before compaction). */
export function batchBaseOffset(bytes: Uint8Array, at: number): number {
  return readI64(bytes, at)
}

/** Offset of the last record (or where it was); the next batch begins behind it. */
export function batchLastOffset(bytes: Uint8Array, at: number): number {
  return readI64(bytes, at) + readI32(bytes, at + FIELD.lastOffsetDelta)
}

/** Largest timestamp of the batch's records, ms. */
export function batchMaxTimestamp(bytes: Uint8Array, at: number): number {
  return readI64(bytes, at + FIELD.maxTimestamp)
}

/** Who wrote the batch, or −1. */
export function batchProducerId(bytes: Uint8Array, at: number): number {
  return readI64(bytes, at + FIELD.producerId)
}

/** Gives the batch its place in a partition. The checksum does not cover these bytes. */
export function setBaseOffset(bytes: Uint8Array, at: number, offset: number): void {
  writeI64(bytes, at, offset)
}

/** A 16-bit two's complement number, big endian. */
export function readI16(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) >> 16) | bytes[at + 1]!
}

/** A 32-bit two's complement number, big endian. */
export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** A 64-bit two's complement number, big endian; exact while it is a safe integer. */
export function readI64(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at) * 0x1_0000_0000 + (readI32(bytes, at + 4) >>> 0)
}

/** Writes a 16-bit number, big endian. */
export function writeI16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

/** Writes a 32-bit number, signed or unsigned, big endian. */
export function writeI32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}

/** Writes a safe integer as a 64-bit number, big endian. */
export function writeI64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  writeI32(bytes, at, high)
  writeI32(bytes, at + 4, value - high * 0x1_0000_0000)
}
