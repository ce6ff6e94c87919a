// Compaction of one batch: what stays keeps its offset, timestamp and bytes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'

import {
  type Compression,
  batchLastOffset,
  checkBatch,
  checkRecords,
  readBatchHeader,
  rewriteBatch,
  setBaseOffset
} from './index.ts'
import { anyRecords, batchOf, recordsOf, reseal } from './samples.cases.ts'

const BASE = 1_000_000

test('keeps any choice of records as they are', () => {
  const compressions = fc.constantFrom<Compression>('none', 'none', 'none', 'gzip', 'zstd')
  fc.assert(
    fc.property(
      anyRecords,
      fc.infiniteStream(fc.boolean()),
      compressions,
      (records, coins, compression) => {
        const batch = batchOf(records, { compression, producerId: 77 })
        setBaseOffset(batch, 0, BASE)
        const chosen = new Set<number>()
        for (const { offset } of records) if (coins.next().value) chosen.add(BASE + offset)
        const bytes = Buffer.concat([Buffer.alloc(5), batch])
        const before = readBatchHeader(bytes, 5)
        const rewritten = rewriteBatch(bytes, 5, cursor => chosen.has(cursor.offset))
        const expected = recordsOf(batch, 0).filter(record => chosen.has(record.offset))
        if (expected.length === 0) return assert.equal(rewritten, null)
        assert.deepEqual(recordsOf(rewritten!, 0), expected)
        assert.equal(checkBatch(rewritten!, 0, rewritten!.length), null)
        assert.equal(checkRecords(rewritten!, 0), null)
        const after = readBatchHeader(rewritten!, 0)
        assert.deepEqual(after, {
          ...before,
          byteLength: rewritten!.length,
          crc: after.crc,
          recordCount: expected.length,
          maxTimestamp: Math.max(...expected.map(record => record.timestamp))
        })
        assert.equal(batchLastOffset(rewritten!, 0), BASE + records.length - 1)
        if (expected.length === records.length) assert.deepEqual(rewritten, batch)
      }
    ),
    { numRuns: 200 }
  )
})

const TWO = [0, 1].map(index => ({
  timestamp: 10 + index,
  key: Buffer.from([index]),
  value: null,
  headers: []
}))

test('gives the same bytes, not a copy, when all records stay', () => {
  const batch = batchOf(TWO)
  const same = rewriteBatch(batch, 0, () => true)!
  batch[0] = 1
  assert.deepEqual(same, batch)
})

test('a rewritten batch is its owner’s', () => {
  const batch = batchOf(TWO)
  const rewritten = rewriteBatch(batch, 0, cursor => cursor.offset === 1)!
  batch.fill(0)
  assert.equal(checkBatch(rewritten, 0, rewritten.length), null)
})

test('keeps the one timestamp of a batch that the log stamped', () => {
  const batch = batchOf(TWO)
  batch[22]! |= 0x08
  batch.writeBigInt64BE(999n, 35)
  const rewritten = rewriteBatch(reseal(batch), 0, cursor => cursor.offset === 0)!
  assert.equal(recordsOf(rewritten, 0)[0]!.timestamp, 999)
})

test('keeps a control batch whole', () => {
  const batch = batchOf(TWO)
  batch[22]! |= 0x20
  assert.deepEqual(
    rewriteBatch(reseal(batch), 0, () => false),
    batch
  )
})

const golden = JSON.parse(
  readFileSync(new URL('golden/kafka-python.json', import.meta.url), 'utf8')
) as { readonly batches: readonly { readonly compression: string; readonly hex: string }[] }

for (const { compression, hex } of golden.batches.filter(({ compression }) =>
  ['snappy', 'lz4'].includes(compression)
)) {
  test(`what stays of ${compression} records becomes uncompressed (${hex.length / 2} bytes)`, () => {
    const batch = Buffer.from(hex, 'hex')
    const expected = recordsOf(batch, 0).filter(record => record.offset % 2 === 1)
    const rewritten = rewriteBatch(batch, 0, cursor => cursor.offset % 2 === 1)!
    assert.equal(readBatchHeader(rewritten, 0).compression, 'none')
    assert.deepEqual(recordsOf(rewritten, 0), expected)
  })
}
