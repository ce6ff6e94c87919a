// Reading: kinds of timestamps, compressed records, and bytes that are no records.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { MillraceError } from '../base/index.ts'
import { RecordCursor, checkRecords, setBaseOffset } from './index.ts'
import {
  type PlainRecord,
  anyRecords,
  batchAround,
  batchOf,
  recordsOf,
  reseal
} from './samples.cases.ts'

function record(offset: number, timestamp: number): PlainRecord {
  const value = Buffer.from(`value ${offset}`)
  return { offset, timestamp, key: Buffer.from(`key ${offset}`), value, headers: [] }
}

test('offsets count from the base offset, also far out', () => {
  const batch = batchOf([record(0, 1), record(1, 2)])
  const base = Number.MAX_SAFE_INTEGER - 1
  setBaseOffset(batch, 0, base)
  assert.deepEqual(
    recordsOf(batch, 0).map(read => read.offset),
    [base, base + 1]
  )
})

test('reads a batch in the middle of other bytes, from a plain Uint8Array', () => {
  const batch = batchOf([record(0, 7), record(1, 8)])
  const around = new Uint8Array(batch.length + 20).fill(0xee)
  around.set(batch, 9)
  assert.deepEqual(recordsOf(around.subarray(2), 7), [record(0, 7), record(1, 8)])
})

test('a batch stamped by the log has one timestamp', () => {
  const batch = batchOf([record(0, 100), record(1, 50)])
  batch[22]! |= 0x08
  batch.writeBigInt64BE(777n, 35)
  assert.deepEqual(
    recordsOf(reseal(batch), 0).map(read => read.timestamp),
    [777, 777]
  )
})

test('one cursor serves batches one after the other, compressed or not', () => {
  const cursor = new RecordCursor()
  const seen: string[] = []
  for (const compression of ['zstd', 'none', 'gzip', 'none'] as const) {
    cursor.open(batchOf([record(0, 1), record(1, 2)], { compression }), 0)
    while (cursor.next()) seen.push(cursor.value()!.toString())
    assert.equal(cursor.next(), false, 'the end stays the end')
  }
  assert.deepEqual(seen, Array.from({ length: 4 }, () => ['value 0', 'value 1']).flat())
})

test('key and value are views, not copies', () => {
  const batch = batchOf([record(0, 1)])
  const cursor = new RecordCursor()
  cursor.open(batch, 0)
  assert.ok(cursor.next())
  const view = cursor.value()!
  batch[cursor.valueStart] = 0x56
  assert.equal(view.toString(), 'Value 0')
  assert.equal(cursor.data, batch)
})

test('a batch without records is empty, whatever its compression', () => {
  for (const attributes of [0, 1, 2, 3, 4]) {
    assert.deepEqual(recordsOf(batchAround(Buffer.alloc(0), 0, attributes), 0), [])
  }
})

const REFUSED: readonly (readonly [string, Buffer, number, string, RegExp])[] = [
  ['bytes that end before the header', Buffer.alloc(60), 0, 'BATCH_TRUNCATED', /60 bytes/],
  ['a place behind the bytes', Buffer.alloc(80), 99, 'BATCH_TRUNCATED', /0 bytes/],
  ['a place before the bytes', Buffer.alloc(80), -1, 'BATCH_TRUNCATED', /-1/],
  [
    'bytes that end before the records',
    batchOf([record(0, 1)]).subarray(0, -1),
    0,
    'BATCH_TRUNCATED',
    /expected 80/
  ],
  ['an older magic', Buffer.alloc(80, 1), 0, 'BATCH_CORRUPT', /magic 1/],
  ['a negative count', batchAround(Buffer.alloc(0), -1), 0, 'BATCH_CORRUPT', /-1 records/],
  ['an unknown compression', batchAround(Buffer.alloc(9), 1, 7), 0, 'BATCH_CORRUPT', /number 7/],
  ['no gzip', batchAround(Buffer.alloc(9), 1, 1), 0, 'BATCH_CORRUPT', /gzip data/],
  ['no snappy', batchAround(Buffer.alloc(9), 1, 2), 0, 'BATCH_CORRUPT', /snappy data/],
  ['no lz4', batchAround(Buffer.alloc(9), 1, 3), 0, 'BATCH_CORRUPT', /lz4 data/],
  ['no zstd', batchAround(Buffer.alloc(9), 1, 4), 0, 'BATCH_CORRUPT', /zstd data/]
]

for (const [name, bytes, at, code, message] of REFUSED) {
  test(`open refuses ${name}`, () => {
    assert.throws(() => new RecordCursor().open(bytes, at), { code, message })
  })
}

/** Records in hex: length, attributes, timestamp, offset, key, value, headers. */
const MISFITS: readonly (readonly [string, string, number, RegExp])[] = [
  ['fewer records than counted', '0c000000010100', 2, /end inside a varint/],
  ['more records than counted', '0c0000000101000c000002010100', 1, /7 bytes behind the last/],
  ['a record longer than the batch', '0e000000010100', 1, /its length is 7/],
  ['a record of no length', '00', 1, /its length is 0/],
  ['a negative length', '01', 1, /its length is -1/],
  ['a key longer than the record', '0c000000060100', 1, /key length is 3/],
  ['a key length of -2', '0c000000030100', 1, /key length is -2/],
  ['a value longer than the record', '0c000000010400', 1, /value length is 2/],
  ['a value length of -2', '0c000000010300', 1, /value length is -2/],
  ['a record shorter than its parts', '0a000000010100', 1, /end inside a varint/],
  ['a record longer than its parts', '0e00000001010000', 1, /header count is 0/],
  ['a negative header count', '0c000000010101', 1, /header count is -1/],
  ['more headers than bytes', '0e00000001010200', 1, /header count is 1/]
]

for (const [name, hex, count, message] of MISFITS) {
  test(`next refuses ${name}`, () => {
    const batch = batchAround(Buffer.from(hex, 'hex'), count)
    assert.throws(() => recordsOf(batch, 0), { code: 'BATCH_CORRUPT', message })
  })
}

const HEADER_MISFITS: readonly (readonly [string, string, RegExp])[] = [
  ['a key longer than the headers', '100000000101020400', /header key length is 2/],
  ['a null key', '100000000101020100', /header key length is -1/],
  ['a value longer than the headers', '100000000101020004', /header value length is 2/],
  ['a value length of -2', '100000000101020003', /header value length is -2/],
  ['bytes behind the headers', '12000000010102000000', /bytes behind the headers is 1/]
]

for (const [name, hex, message] of HEADER_MISFITS) {
  test(`headers refuses ${name}`, () => {
    const batch = batchAround(Buffer.from(hex, 'hex'), 1)
    assert.throws(() => recordsOf(batch, 0), { code: 'BATCH_CORRUPT', message })
  })
}

/** What reading gives, with whatever stands around the batch. */
function outcome(batch: Buffer, around: number): unknown {
  const bytes = Buffer.alloc(batch.length + 64, around)
  bytes.set(batch, 32)
  try {
    return recordsOf(bytes, 32)
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error))
    assert.match(error.code, /^BATCH_(CORRUPT|TRUNCATED|TOO_LARGE)$/)
    return error.code
  }
}

function checkStaysInside(batch: Buffer): void {
  const read = outcome(batch, 0)
  assert.deepEqual(outcome(batch, 0xff), read, 'what stands around the batch does not matter')
  if (typeof read === 'string') assert.equal(checkRecords(batch, 0)?.code, read)
}

test('any bytes as records are read inside the batch or refused', () => {
  const small = fc.integer({ min: 0, max: 12 })
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(small, { maxLength: 60 }).map(values => Uint8Array.from(values))
  )
  const attributes = fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 7, 8)
  const count = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer())
  fc.assert(
    fc.property(bytes, count, attributes, (content, count, attributes) => {
      checkStaysInside(batchAround(content, count, attributes))
    }),
    { numRuns: 500 }
  )
})

test('a changed byte in honest records is read inside the batch or refused', () => {
  fc.assert(
    fc.property(
      anyRecords,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (records, place, change) => {
        const batch = batchOf(records)
        const at = 61 + (place % (batch.length - 61))
        batch[at]! ^= change
        checkStaysInside(reseal(batch))
      }
    ),
    { numRuns: 300 }
  )
})
