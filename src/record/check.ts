// Says what is wrong with a batch: cheaply by header and checksum, or deeply, record by record.
import { isMillraceError } from '../base/index.ts'
import { decompressedBytesMax } from './compression.ts'
import { crc32c } from './crc32c.ts'
import {
  ATTRIBUTE,
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  COMPRESSIONS,
  FIELD,
  batchByteLength,
  readBatchHeader,
  readI32,
  readI64
} from './header.ts'
import { RecordCursor } from './record-cursor.ts'

/** Why a batch is refused. */
export interface BatchFault {
  /** BATCH_TOO_LARGE comes from {@link checkRecords} only: records that decompress beyond the limit. */
  readonly code: 'BATCH_TRUNCATED' | 'BATCH_CORRUPT' | 'BATCH_MAGIC' | 'BATCH_TOO_LARGE'
  readonly message: string
  readonly expected?: number
  readonly found?: number
}

/**
 * Checks the batch at `at` of `bytes`, of which bytes up to `end` may be used: length, magic, checksum,
 * and header values that the log relies on. Null when there is no fault. Any change of a byte from
 * byte 16 of the batch on is found.
 */
export function checkBatch(bytes: Uint8Array, at: number, end: number): BatchFault | null {
  const available = Math.min(end, bytes.length) - at
  if (available <= FIELD.magic) return truncated(at, available, BATCH_HEADER_BYTES)
  const magic = bytes[at + FIELD.magic]!
  if (magic !== 2) {
    const message = `the batch at position ${at} has magic ${magic}; expected 2`
    return { code: 'BATCH_MAGIC', message, expected: 2, found: magic }
  }
  const length = batchByteLength(bytes, at)
  if (length < BATCH_HEADER_BYTES) {
    return corrupt(
      at,
      'length',
      length - BATCH_PREFIX_BYTES,
      BATCH_HEADER_BYTES - BATCH_PREFIX_BYTES
    )
  }
  if (length > available) return truncated(at, available, length)
  const expected = readI32(bytes, at + FIELD.crc) >>> 0
  const found = crc32c(bytes.subarray(at + FIELD.attributes, at + length))
  if (expected !== found) {
    const message =
      `the batch at position ${at} has checksum 0x${hex(found)}; ` +
      `expected 0x${hex(expected)}, as it was written`
    return { code: 'BATCH_CORRUPT', message, expected, found }
  }
  return checkHeaderValues(bytes, at)
}

/** A valid checksum does not make a header honest: a client may send any number. */
function checkHeaderValues(bytes: Uint8Array, at: number): BatchFault | null {
  const compression = bytes[at + FIELD.attributes + 1]! & ATTRIBUTE.compression
  if (compression >= COMPRESSIONS.length) return corrupt(at, 'compression number', compression, 4)
  const lastOffsetDelta = readI32(bytes, at + FIELD.lastOffsetDelta)
  if (lastOffsetDelta < 0) return corrupt(at, 'last offset delta', lastOffsetDelta, 0)
  const count = readI32(bytes, at + FIELD.recordCount)
  if (count < 0 || count > lastOffsetDelta + 1) {
    return corrupt(at, 'record count', count, lastOffsetDelta + 1)
  }
  for (const field of ['firstTimestamp', 'maxTimestamp', 'producerId'] as const) {
    const value = readI64(bytes, at + FIELD[field])
    if (!Number.isSafeInteger(value)) return corrupt(at, field, value, Number.MAX_SAFE_INTEGER)
  }
  return null
}

/** How many bytes compressed records of several batches may still become, for {@link checkRecords}. */
export interface Growth {
  bytes: number
}

/**
 * Checks every record of a batch that {@link checkBatch} let pass: lengths add up, headers too, offsets
 * grow and stay within the batch, and there are as many as the header counts. For batches from outside.
 * With `contiguous`, as from a producer, offsets must also be 0, 1, 2 … without a gap. With `growth` what is
 * decompressed is taken off it; a compressed batch that comes when nothing is left of it is refused unread.
 */
export function checkRecords(
  bytes: Uint8Array,
  at: number,
  options: { readonly contiguous?: boolean; readonly growth?: Growth } = {}
): BatchFault | null {
  const { contiguous = false, growth } = options
  const cursor = new RecordCursor()
  try {
    const header = readBatchHeader(bytes, at)
    if (growth === undefined || header.compression === 'none') cursor.open(bytes, at)
    else {
      if (growth.bytes <= 0) return tooMuch(at)
      // What fails has cost as much as it might have become.
      const most = decompressedBytesMax(batchByteLength(bytes, at))
      growth.bytes -= most
      cursor.open(bytes, at)
      growth.bytes += most - cursor.data.length
    }
    let last = -1
    while (cursor.next()) {
      const delta = cursor.offset - header.baseOffset
      if (delta <= last || (contiguous && delta !== last + 1)) {
        return corrupt(at, 'offset delta', delta, last + 1)
      }
      last = delta
      if (cursor.headerCount > 0) cursor.headers()
    }
    if (last > header.lastOffsetDelta || (contiguous && last !== header.lastOffsetDelta)) {
      return corrupt(at, 'last offset delta', last, header.lastOffsetDelta)
    }
    return null
  } catch (error) {
    return faultOf(error)
  }
}

function tooMuch(at: number): BatchFault {
  const message =
    `the compressed batch at position ${at} comes behind others that became as much as is allowed for all; ` +
    'expected fewer in one request; send smaller ones'
  return { code: 'BATCH_TOO_LARGE', message }
}

function faultOf(error: unknown): BatchFault {
  for (const code of ['BATCH_CORRUPT', 'BATCH_TRUNCATED', 'BATCH_TOO_LARGE'] as const) {
    if (isMillraceError(error, code)) return { code, message: error.message }
  }
  throw error
}

function truncated(at: number, found: number, expected: number): BatchFault {
  const message = `${Math.max(0, found)} bytes of a batch at position ${at}; expected ${expected}`
  return { code: 'BATCH_TRUNCATED', message, expected, found }
}

function corrupt(at: number, what: string, found: number, expected: number): BatchFault {
  const message = `the batch at position ${at} has ${what} ${found}; expected ${expected}`
  return { code: 'BATCH_CORRUPT', message, expected, found }
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0')
}
