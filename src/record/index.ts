// The public face of record: the record batch (Kafka's format v2), encoded once and carried as bytes.
export { BatchBuilder, type BatchBuilderOptions } from './batch-builder.ts'
export { type BatchFault, checkBatch, checkRecords, type Growth } from './check.ts'
export { type Compression, DECOMPRESSED_BYTES_MAX, DECOMPRESSED_RATIO_MAX } from './compression.ts'
export { crc32c, crc32cPortable } from './crc32c.ts'
export {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchBaseOffset,
  batchByteLength,
  batchLastOffset,
  batchMaxTimestamp,
  batchProducerId,
  readBatchHeader,
  setBaseOffset
} from './header.ts'
export { murmur2, partitionForKey } from './murmur2.ts'
export { type HeaderRange, RecordCursor, type RecordHeader, readHeaders } from './record-cursor.ts'
export { rewriteBatch } from './rewrite.ts'
export { VarintReader, putVarint, varintSize } from './varint.ts'
