// For tests: records as plain objects, any records, and batches made of them.
import * as fc from 'fast-check'

import { BatchBuilder, type BatchBuilderOptions, sealBatch } from './batch-builder.ts'
import { BATCH_HEADER_BYTES, FIELD } from './header.ts'
import { RecordCursor, type RecordHeader } from './record-cursor.ts'

/** A record with everything that a batch says of it. */
export interface PlainRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** All records of the batch at `at`, copied. */
export function recordsOf(bytes: Uint8Array, at: number): PlainRecord[] {
  const records: PlainRecord[] = []
  const cursor = new RecordCursor()
  cursor.open(bytes, at)
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: copyOf(cursor.key()),
      value: copyOf(cursor.value()),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: copyOf(value) }))
    })
  }
  return records
}

function copyOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}

/** Any bytes or null. */
function bytesOrNull(maxLength: number): fc.Arbitrary<Buffer | null> {
  return fc.option(fc.uint8Array({ maxLength }).map(bytes => Buffer.from(bytes)))
}

/** Objects as code writes them, which deepEqual tells apart from those without a prototype. */
const PLAIN = { noNullPrototype: true }

/** Any records of one batch: timestamps go up and down, keys, values and headers may be null or empty. */
export const anyRecords: fc.Arbitrary<PlainRecord[]> = fc
  .array(
    fc.record(
      {
        timestamp: fc.oneof(
          fc.integer({ min: -1, max: 2 ** 31 - 1 }),
          fc.integer({ min: 1.6e12, max: 1.8e12 }),
          fc.integer({ min: -1, max: 2 ** 52 })
        ),
        key: bytesOrNull(40),
        value: bytesOrNull(200),
        headers: fc.array(
          fc.record(
            { key: fc.string({ unit: 'grapheme', maxLength: 5 }), value: bytesOrNull(20) },
            PLAIN
          ),
          { maxLength: 3 }
        )
      },
      PLAIN
    ),
    { minLength: 1, maxLength: 20 }
  )
  .map(records => records.map((record, offset) => ({ offset, ...record })))

/** A batch of `records` by the builder's clear form. */
export function batchOf(
  records: readonly Omit<PlainRecord, 'offset'>[],
  options: BatchBuilderOptions = {}
): Buffer {
  const builder = new BatchBuilder(options)
  for (const { timestamp, key, value, headers } of records) {
    builder.append(timestamp, key, value, headers)
  }
  return builder.build()
}

/** Makes the length and the checksum of a changed batch right again. */
export function reseal(batch: Buffer): Buffer {
  sealBatch(batch)
  return batch
}

/** A batch whose header counts `count` records and whose records are `content`, whatever that is. */
export function batchAround(content: Uint8Array, count: number, attributes = 0): Buffer {
  const batch = Buffer.alloc(BATCH_HEADER_BYTES + content.length)
  batch.set(content, BATCH_HEADER_BYTES)
  batch.writeInt16BE(attributes, FIELD.attributes)
  batch.writeInt32BE(Math.max(0, count - 1), FIELD.lastOffsetDelta)
  batch.writeInt32BE(count, FIELD.recordCount)
  return reseal(batch)
}
