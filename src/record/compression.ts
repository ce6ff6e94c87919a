// Compression of a batch's records: what is written, what is only read, and how far it may grow.
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import { BATCH_BYTES_MAX, MillraceError, assert, messageOf } from '../base/index.ts'
import { DecodeError } from './decode-error.ts'
import { decodeLz4Frames } from './lz4.ts'
import { decodeSnappy } from './snappy.ts'

/** How the records of a batch are compressed. `snappy` and `lz4` are read, never written. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Most bytes that a batch's records may have when decompressed. Four times the largest batch. */
export const DECOMPRESSED_BYTES_MAX: number = 4 * BATCH_BYTES_MAX
/** Most times that records may grow, beyond a size that is harmless anyway. */
export const DECOMPRESSED_RATIO_MAX = 1_000
/** Whatever the ratio, records may have this many bytes: the largest uncompressed batch. */
const DECOMPRESSED_BYTES_HARMLESS: number = BATCH_BYTES_MAX

assert(DECOMPRESSED_BYTES_MAX === 64 * 1024 * 1024, 'a batch decompresses to 64 MiB at most')

/** How many bytes `compressedBytes` bytes may become. */
export function decompressedBytesMax(compressedBytes: number): number {
  return Math.min(
    DECOMPRESSED_BYTES_MAX,
    Math.max(DECOMPRESSED_BYTES_HARMLESS, compressedBytes * DECOMPRESSED_RATIO_MAX)
  )
}

/**
 * Refuses a compression that cannot be written.
 * @throws COMPRESSION_UNSUPPORTED snappy and lz4
 */
export function assertWritable(compression: Compression): void {
  if (compression !== 'snappy' && compression !== 'lz4') return
  throw new MillraceError(
    'COMPRESSION_UNSUPPORTED',
    `batches cannot be written with ${compression} compression, only read; ` +
      `expected none, gzip or zstd; choose zstd, which compresses better at the same speed`,
    { details: { compression } }
  )
}

/** Compresses whole records; the result is owned by the caller. @throws COMPRESSION_UNSUPPORTED */
export function compress(compression: Compression, records: Uint8Array): Uint8Array {
  assertWritable(compression)
  if (compression === 'gzip') return gzipSync(records)
  if (compression === 'zstd') return zstdCompressSync(records)
  return records
}

/**
 * Decompresses the records of one batch into memory of their own.
 * @throws BATCH_TOO_LARGE they are more than {@link decompressedBytesMax} bytes; do not retry
 * @throws BATCH_CORRUPT they are no valid compressed data
 */
export function decompress(compression: Compression, compressed: Uint8Array): Buffer {
  const limit = decompressedBytesMax(compressed.length)
  try {
    switch (compression) {
      case 'none':
        return Buffer.from(compressed)
      case 'gzip':
        return gunzipSync(compressed, { maxOutputLength: limit })
      case 'zstd':
        return zstdDecompressSync(compressed, { maxOutputLength: limit })
      case 'snappy':
        return decodeSnappy(compressed, limit)
      case 'lz4':
        return decodeLz4Frames(compressed, limit)
    }
  } catch (error) {
    throw refusal(error, compression, compressed.length, limit)
  }
}

function refusal(error: unknown, compression: Compression, length: number, limit: number): Error {
  const details = { compression, length, limit }
  const tooLarge =
    error instanceof DecodeError
      ? error.tooLarge
      : (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
  if (tooLarge) {
    return new MillraceError(
      'BATCH_TOO_LARGE',
      `${length} bytes of ${compression} data decompress to more than ${limit} bytes; ` +
        `expected at most ${DECOMPRESSED_BYTES_MAX}, and above ${DECOMPRESSED_BYTES_HARMLESS} at most ` +
        `${DECOMPRESSED_RATIO_MAX} times the compressed size; write smaller batches`,
      { details, cause: error }
    )
  }
  return new MillraceError(
    'BATCH_CORRUPT',
    `${length} bytes of ${compression} data cannot be decompressed (${messageOf(error)}); ` +
      `expected whole ${compression} data; the batch was damaged or written wrongly, ` +
      `read it from another copy or skip it`,
    { details, cause: error }
  )
}
