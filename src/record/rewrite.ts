// Drops records from a batch for compaction; what stays keeps its offset, timestamp and bytes.
import { sealBatch } from './batch-builder.ts'
import { type Compression, compress, decompressedBytesMax } from './compression.ts'
import {
  ATTRIBUTE,
  BATCH_HEADER_BYTES,
  COMPRESSIONS,
  FIELD,
  readBatchHeader,
  readI16,
  writeI16,
  writeI32,
  writeI64
} from './header.ts'
import { RecordCursor } from './record-cursor.ts'

/**
 * The batch at `at` without the records for which `keep` is false; null when nothing stays. Base offset,
 * last offset delta, first timestamp, producer and flags stay; the max timestamp becomes that of the
 * records that stay. When all stay the result is a view of `bytes`, otherwise the caller's own. Snappy
 * and lz4 become uncompressed. A control batch is always kept whole: it marks transactions.
 * @throws BATCH_CORRUPT, BATCH_TRUNCATED, BATCH_TOO_LARGE the batch cannot be read
 */
export function rewriteBatch(
  bytes: Uint8Array,
  at: number,
  keep: (cursor: RecordCursor) => boolean
): Buffer | null {
  const header = readBatchHeader(bytes, at)
  const cursor = new RecordCursor()
  cursor.open(bytes, at)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset + at, header.byteLength)
  if (header.isControl) return whole
  const kept: Buffer[] = []
  let maxTimestamp = Number.NEGATIVE_INFINITY
  while (cursor.next()) {
    if (!keep(cursor)) continue
    kept.push(cursor.data.subarray(cursor.recordStart, cursor.recordEnd))
    if (cursor.timestamp > maxTimestamp) maxTimestamp = cursor.timestamp
  }
  if (kept.length === 0) return null
  if (kept.length === header.recordCount) return whole

  const records = Buffer.concat(kept)
  const canWrite = header.compression === 'gzip' || header.compression === 'zstd'
  let compression: Compression = canWrite ? header.compression : 'none'
  let content: Uint8Array = compress(compression, records)
  if (records.length > decompressedBytesMax(content.length)) {
    compression = 'none'
    content = records
  }
  const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + content.length)
  whole.copy(batch, 0, 0, BATCH_HEADER_BYTES)
  batch.set(content, BATCH_HEADER_BYTES)
  const flags = readI16(batch, FIELD.attributes) & ~ATTRIBUTE.compression
  writeI16(batch, FIELD.attributes, flags | COMPRESSIONS.indexOf(compression))
  writeI64(batch, FIELD.maxTimestamp, maxTimestamp)
  writeI32(batch, FIELD.recordCount, kept.length)
  sealBatch(batch)
  return batch
}
