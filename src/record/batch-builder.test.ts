// Encoding: what goes in comes out, and the hot form writes the bytes of the clear one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import {
  BatchBuilder,
  type Compression,
  checkBatch,
  checkRecords,
  readBatchHeader
} from './index.ts'
import { RecordCursor } from './record-cursor.ts'
import { type PlainRecord, anyRecords, batchOf, recordsOf } from './samples.cases.ts'

const WRITTEN: readonly Compression[] = ['none', 'gzip', 'zstd']
const EMPTY = Buffer.alloc(0)

for (const compression of WRITTEN) {
  test(`gives back any records it took, ${compression}`, () => {
    fc.assert(
      fc.property(anyRecords, records => {
        const batch = batchOf(records, { compression })
        assert.equal(checkBatch(batch, 0, batch.length), null)
        assert.equal(checkRecords(batch, 0, { contiguous: true }), null)
        assert.deepEqual(recordsOf(batch, 0), records)
        const header = readBatchHeader(batch, 0)
        assert.equal(header.recordCount, records.length)
        assert.equal(header.lastOffsetDelta, records.length - 1)
        assert.equal(header.firstTimestamp, records[0]!.timestamp)
        assert.equal(header.maxTimestamp, Math.max(...records.map(record => record.timestamp)))
        assert.equal(header.compression, compression)
      }),
      { numRuns: compression === 'none' ? 200 : 40 }
    )
  })
}

test('the hot form writes the bytes of the clear form', () => {
  fc.assert(
    fc.property(anyRecords, records => {
      const clear = batchOf(records)
      const builder = new BatchBuilder()
      const cursor = new RecordCursor()
      cursor.open(clear, 0)
      while (cursor.next()) appendFrom(builder, cursor)
      assert.equal(builder.count, records.length)
      assert.equal(builder.byteLength, clear.length)
      assert.deepEqual(builder.build(), clear)
    })
  )
})

function appendFrom(builder: BatchBuilder, cursor: RecordCursor): void {
  const { data } = cursor
  builder.appendRange(
    cursor.timestamp,
    data,
    cursor.keyStart,
    cursor.keyEnd,
    data,
    cursor.valueStart,
    cursor.valueEnd,
    data,
    cursor.headersStart,
    cursor.headersEnd,
    cursor.headerCount
  )
}

test('counts records and bytes as it goes, and starts anew after a build', () => {
  const builder = new BatchBuilder({ producerId: 12 })
  assert.equal(builder.count, 0)
  assert.equal(builder.byteLength, 61)
  builder.append(5, Buffer.from('k'), Buffer.from('v'))
  assert.equal(builder.byteLength, 61 + 9)
  const first = builder.build()
  assert.equal(first.length, 70)
  assert.equal(builder.count, 0)
  assert.equal(builder.byteLength, 61)
  builder.append(3, null, Buffer.from('second'))
  const copy = Buffer.from(first)
  const second = builder.build()
  assert.deepEqual(first, copy, 'a batch is not touched by the next one')
  const header = readBatchHeader(second, 0)
  assert.equal(header.firstTimestamp, 3)
  assert.equal(header.maxTimestamp, 3)
  assert.equal(header.recordCount, 1)
  assert.equal(header.producerId, 12)
})

test('forgets records by clear', () => {
  const builder = new BatchBuilder()
  builder.append(9, Buffer.from('gone'), null)
  builder.clear()
  builder.append(1, Buffer.from('k'), null)
  const expected = [{ offset: 0, timestamp: 1, key: Buffer.from('k'), value: null, headers: [] }]
  assert.deepEqual(recordsOf(builder.build(), 0), expected)
})

test('writes the fixed fields of a batch without producer', () => {
  const batch = batchOf([{ timestamp: 1, key: null, value: null, headers: [] }])
  assert.equal(batch.readBigInt64BE(0), 0n, 'base offset')
  assert.equal(batch.readInt32BE(8), batch.length - 12, 'length')
  assert.equal(batch.readInt32BE(12), 0, 'leader epoch')
  assert.equal(batch[16], 2, 'magic')
  assert.equal(batch.readInt16BE(21), 0, 'attributes')
  assert.equal(batch.readBigInt64BE(43), -1n, 'producer id')
  assert.equal(batch.readInt16BE(51), -1, 'producer epoch')
  assert.equal(batch.readInt32BE(53), -1, 'base sequence')
})

test('grows over its first buffer, with records larger than it', () => {
  const value = Buffer.alloc(200_000, 'large')
  const records: PlainRecord[] = [0, 1, 2].map(offset => ({
    offset,
    timestamp: offset,
    key: null,
    value,
    headers: []
  }))
  assert.deepEqual(recordsOf(batchOf(records), 0), records)
  const builder = new BatchBuilder()
  for (const { timestamp } of records) {
    builder.appendRange(timestamp, EMPTY, -1, -1, value, 0, value.length, EMPTY, 0, 0, 0)
  }
  assert.deepEqual(builder.build(), batchOf(records))
})

for (const compression of ['snappy', 'lz4'] as const) {
  test(`refuses to write ${compression}`, () => {
    assert.throws(() => new BatchBuilder({ compression }), {
      code: 'COMPRESSION_UNSUPPORTED',
      message: /none, gzip or zstd/
    })
  })
}

test('leaves records uncompressed that a reader would refuse as a bomb', () => {
  const value = Buffer.alloc(17 * 1024 * 1024)
  const batch = batchOf([{ timestamp: 1, key: null, value, headers: [] }], { compression: 'zstd' })
  assert.equal(readBatchHeader(batch, 0).compression, 'none')
  const cursor = new RecordCursor()
  cursor.open(batch, 0)
  assert.ok(cursor.next())
  assert.equal(cursor.value()!.length, value.length)
})

test('refuses a batch that no reader would take, and keeps its records', () => {
  const builder = new BatchBuilder({ compression: 'zstd' })
  const value = Buffer.alloc(32 * 1024 * 1024)
  builder.append(1, null, value)
  builder.append(1, null, value)
  assert.throws(() => builder.build(), { code: 'BATCH_TOO_LARGE', message: /67108864/ })
  assert.equal(builder.count, 2)
})

test('an empty batch is a bug of the caller', () => {
  assert.throws(() => new BatchBuilder().build(), /a batch has a record/)
})
