// The fixed parts of a journal file: its header, and the header of a frame. Pure: bytes in, values out.
//
//   file header                          frame header
//   byte  0  "MILLRACE"                  byte  0  a7 4d 4a 46
//         8  format version  u16               4  length of the whole frame  u32
//        10  0               u16               8  sequence number            i64
//        12  file number     u32              16  length of the directory    u32
//        16  first sequence  i64              20  kind                       u8
//        24  salt            8 bytes          21  0                          7 bytes
//        32  0               u32              28  CRC-32C of the salt, bytes 0…27
//        36  CRC-32C of 0…35 u32                  and the directory          u32
//        40  the same again                   32  directory, then the batches
//        80  frames
//
// The file header stands there twice because without the salt no frame can be checked: one copy suffices.
// The salt makes a frame valid in its own file only: neither remains of another file on reused disk space nor a
// record that holds a copy of a journal can pass for a frame of this one.
import { type ByteWriter, MillraceError, assert } from '../../base/index.ts'
import { crc32c } from '../../record/index.ts'

/** Version that this code writes, and the only one it reads. */
export const FORMAT_VERSION = 1
/** Bytes before the first frame. */
export const FILE_HEADER_BYTES = 80
/** Bytes before a frame's directory. */
export const FRAME_HEADER_BYTES = 32
/** Length of the salt. */
export const SALT_BYTES = 8
/** How a frame begins. */
export const FRAME_MAGIC: Buffer = Buffer.from([0xa7, 0x4d, 0x4a, 0x46])

const FILE_MAGIC = Buffer.from('MILLRACE', 'latin1')
const FRAME_CRC_AT = 28
const HEADER_COPY_BYTES = 40

/** What a frame is for. */
export const FRAME_KIND = {
  /** One group commit, or one change of the catalog. */
  commit: 0,
  /** The whole catalog; first in every file but rewritten ones. */
  snapshot: 1,
  /** The log was closed in order; nothing follows until it is opened again. */
  close: 2,
  /** Batches that compaction or retention left over. */
  rewritten: 3
} as const

/** A value of {@link FRAME_KIND}. */
export type FrameKind = (typeof FRAME_KIND)[keyof typeof FRAME_KIND]

/** The header of a file. */
export interface FileHeader {
  readonly number: number
  readonly sequenceFirst: number
  /** CRC-32C of the salt: the initial value of all frames' checksums. Tells versions of a file apart. */
  readonly seed: number
}

/** The header of a frame whose checksum was right. */
export interface FrameHeader {
  readonly length: number
  readonly sequence: number
  readonly directoryLength: number
  readonly kind: number
}

/** Why bytes are not what they should be. */
export interface FormatFault {
  readonly message: string
  readonly expected?: number
  readonly found?: number
}

/** The bytes that a file begins with. */
export function encodeFileHeader(number: number, sequenceFirst: number, salt: Uint8Array): Buffer {
  assert(salt.length === SALT_BYTES, 'a salt has 8 bytes')
  const bytes = Buffer.alloc(HEADER_COPY_BYTES)
  FILE_MAGIC.copy(bytes)
  bytes.writeUInt16BE(FORMAT_VERSION, 8)
  bytes.writeUInt32BE(number, 12)
  bytes.writeBigInt64BE(BigInt(sequenceFirst), 16)
  bytes.set(salt, 24)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 36)), 36)
  return Buffer.concat([bytes, bytes])
}

/**
 * The header, from the first copy that is whole, or what is wrong with the first when none is.
 * @throws LOG_VERSION_UNKNOWN the file is whole and newer than this code
 */
export function decodeFileHeader(bytes: Buffer): FileHeader | FormatFault {
  const [fault, faultOfSecond] = headerFaults(bytes)
  if (fault !== null && faultOfSecond !== null) return fault
  const copy = bytes.subarray(fault === null ? 0 : HEADER_COPY_BYTES)
  const version = copy.readUInt16BE(8)
  if (version !== FORMAT_VERSION) {
    throw new MillraceError(
      'LOG_VERSION_UNKNOWN',
      `the journal has format version ${version}; version ${FORMAT_VERSION} was expected; ` +
        'use the release of millrace that wrote it, or a newer one',
      { details: { version, versionExpected: FORMAT_VERSION } }
    )
  }
  return {
    number: copy.readUInt32BE(12),
    sequenceFirst: Number(copy.readBigInt64BE(16)),
    seed: seedOf(copy.subarray(24, 24 + SALT_BYTES))
  }
}

/** What is wrong with each copy of a file header. */
export function headerFaults(bytes: Buffer): [FormatFault | null, FormatFault | null] {
  return [
    headerFault(bytes.subarray(0, HEADER_COPY_BYTES)),
    headerFault(bytes.subarray(HEADER_COPY_BYTES))
  ]
}

function headerFault(copy: Buffer): FormatFault | null {
  if (copy.length < HEADER_COPY_BYTES) {
    const numbers = { expected: HEADER_COPY_BYTES, found: copy.length }
    return { message: 'the file is shorter than its header', ...numbers }
  }
  const expected = copy.readUInt32BE(36)
  const found = crc32c(copy.subarray(0, 36))
  if (expected !== found)
    return { message: 'the file header has a wrong checksum', expected, found }
  return copy.subarray(0, 8).equals(FILE_MAGIC) ? null : { message: 'the file is no journal' }
}

/** What frames' checksums begin with. */
export function seedOf(salt: Uint8Array): number {
  return crc32c(salt)
}

/** Leaves room for the header of a frame; the directory is written behind it. */
export function beginFrame(writer: ByteWriter): void {
  writer.clear()
  writer.reserve(FRAME_HEADER_BYTES)
  writer.length = FRAME_HEADER_BYTES
}

/** Writes the header in front of the directory, which is complete; `bodyLength` bytes of batches follow. */
export function finishFrame(
  writer: ByteWriter,
  frame: {
    readonly seed: number
    readonly sequence: number
    readonly kind: FrameKind
    readonly bodyLength: number
  }
): void {
  const { buffer, length } = writer
  buffer.fill(0, 0, FRAME_HEADER_BYTES)
  FRAME_MAGIC.copy(buffer)
  buffer.writeUInt32BE(length + frame.bodyLength, 4)
  buffer.writeBigInt64BE(BigInt(frame.sequence), 8)
  buffer.writeUInt32BE(length - FRAME_HEADER_BYTES, 16)
  buffer[20] = frame.kind
  buffer.writeUInt32BE(checksumOf(buffer, 0, length, frame.seed), FRAME_CRC_AT)
}

/** Lengths that a header claims, before its checksum can be checked; undefined unless they are possible. */
export function frameLengths(
  bytes: Buffer,
  at: number,
  bytesLeft: number
): { readonly length: number; readonly directoryEnd: number } | undefined {
  if (bytesLeft < FRAME_HEADER_BYTES || bytes.readUInt32BE(at) !== FRAME_MAGIC.readUInt32BE(0)) {
    return undefined
  }
  const length = bytes.readUInt32BE(at + 4)
  const directoryEnd = FRAME_HEADER_BYTES + bytes.readUInt32BE(at + 16)
  return directoryEnd <= length && length <= bytesLeft ? { length, directoryEnd } : undefined
}

/** The header of the frame at `at`, whose directory ends at `end`; or the fault when the checksum is wrong. */
export function decodeFrameHeader(
  bytes: Buffer,
  at: number,
  end: number,
  seed: number
): FrameHeader | FormatFault {
  const expected = bytes.readUInt32BE(at + FRAME_CRC_AT)
  const found = checksumOf(bytes, at, end, seed)
  if (expected !== found) return { message: 'the frame has a wrong checksum', expected, found }
  return {
    length: bytes.readUInt32BE(at + 4),
    sequence: Number(bytes.readBigInt64BE(at + 8)),
    directoryLength: bytes.readUInt32BE(at + 16),
    kind: bytes[at + 20]!
  }
}

/** A checksum for people. */
export function hex(sum: number): string {
  return `0x${sum.toString(16).padStart(8, '0')}`
}

function checksumOf(bytes: Buffer, at: number, end: number, seed: number): number {
  const header = crc32c(bytes.subarray(at, at + FRAME_CRC_AT), seed)
  return crc32c(bytes.subarray(at + FRAME_HEADER_BYTES, end), header)
}
