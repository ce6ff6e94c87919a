// Faults: every damaged byte is found, every dishonest header refused, each with its code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { type BatchFault, checkBatch, checkRecords, setBaseOffset } from './index.ts'
import { FIELD, writeI32, writeI64 } from './header.ts'
import { anyRecords, batchAround, batchOf, reseal } from './samples.cases.ts'

const SAMPLE = batchOf(
  [1, 2, 3].map(index => ({
    timestamp: index,
    key: Buffer.from(`key ${index}`),
    value: Buffer.from(`value ${index}`),
    headers: [{ key: 'h', value: null }]
  }))
)

test('any flip of any byte from byte 16 on is found', () => {
  for (let at = 16; at < SAMPLE.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(SAMPLE)
      damaged[at]! ^= 1 << bit
      const fault = checkBatch(damaged, 0, damaged.length)
      assert.equal(
        fault?.code,
        at === 16 ? 'BATCH_MAGIC' : 'BATCH_CORRUPT',
        `byte ${at} bit ${bit}`
      )
    }
  }
})

test('any change of a byte in any batch from byte 16 on is found', () => {
  const changes = fc.integer({ min: 1, max: 255 })
  const compressions = fc.constantFrom('none', 'gzip', 'zstd')
  fc.assert(
    fc.property(
      anyRecords,
      compressions,
      fc.nat(),
      changes,
      (records, compression, place, change) => {
        const batch = batchOf(records, { compression })
        batch[16 + (place % (batch.length - 16))]! ^= change
        assert.notEqual(checkBatch(batch, 0, batch.length), null)
      }
    ),
    { numRuns: 300 }
  )
})

test('the base offset and the leader epoch are the log’s to change', () => {
  const batch = Buffer.from(SAMPLE)
  setBaseOffset(batch, 0, 2 ** 53 - 10)
  writeI32(batch, FIELD.leaderEpoch, 5)
  assert.equal(checkBatch(batch, 0, batch.length), null)
})

test('a batch cut anywhere is truncated', () => {
  for (let end = 0; end < SAMPLE.length; end++) {
    assert.equal(checkBatch(SAMPLE, 0, end)?.code, 'BATCH_TRUNCATED', `cut at ${end}`)
    assert.equal(checkBatch(SAMPLE.subarray(0, end), 0, SAMPLE.length)?.code, 'BATCH_TRUNCATED')
  }
  assert.equal(checkBatch(SAMPLE, SAMPLE.length + 5, SAMPLE.length)?.code, 'BATCH_TRUNCATED')
})

test('a batch is checked where it stands', () => {
  const bytes = Buffer.concat([Buffer.alloc(7, 9), SAMPLE, Buffer.alloc(7, 9)])
  assert.equal(checkBatch(bytes, 7, bytes.length), null)
  assert.equal(checkBatch(bytes, 6, bytes.length)?.code, 'BATCH_MAGIC')
  assert.equal(checkRecords(bytes, 7, { contiguous: true }), null)
})

test('a fault has both checksums, in the message and beside it', () => {
  const damaged = Buffer.from(SAMPLE)
  damaged[70]! ^= 1
  const fault = checkBatch(damaged, 0, damaged.length)!
  assert.equal(fault.expected, SAMPLE.readUInt32BE(17))
  assert.notEqual(fault.found, fault.expected)
  assert.ok(fault.message.includes(fault.expected!.toString(16).padStart(8, '0')), fault.message)
  assert.ok(fault.message.includes(fault.found!.toString(16).padStart(8, '0')), fault.message)
})

type Change = (batch: Buffer) => void
const DISHONEST: readonly (readonly [string, RegExp, Change])[] = [
  [
    'a negative last offset delta',
    /last offset delta -1/,
    b => writeI32(b, FIELD.lastOffsetDelta, -1)
  ],
  ['more records than offsets', /record count 3/, b => writeI32(b, FIELD.lastOffsetDelta, 1)],
  ['a negative count', /record count -3/, b => writeI32(b, FIELD.recordCount, -3)],
  ['an unknown compression', /compression number 6/, b => writeI32(b, FIELD.attributes - 2, 6)],
  [
    'a timestamp beyond numbers',
    /firstTimestamp/,
    b => b.writeBigInt64BE(1n << 60n, FIELD.firstTimestamp)
  ],
  [
    'a max timestamp beyond numbers',
    /maxTimestamp/,
    b => b.writeBigInt64BE(-(1n << 60n), FIELD.maxTimestamp)
  ],
  ['a producer beyond numbers', /producerId/, b => b.writeBigInt64BE(1n << 62n, FIELD.producerId)]
]

for (const [name, message, change] of DISHONEST) {
  test(`a header with ${name} is refused although its checksum is right`, () => {
    const batch = Buffer.from(SAMPLE)
    const crc = batch.readUInt32BE(FIELD.crc)
    change(batch)
    assert.match(refusal(checkBatch(reseal(batch), 0, batch.length)), message)
    assert.notEqual(batch.readUInt32BE(FIELD.crc), crc)
  })
}

test('a length below the header’s is refused', () => {
  const batch = Buffer.from(SAMPLE)
  for (const length of [48, 0, -1, -(2 ** 31)]) {
    writeI32(batch, FIELD.length, length)
    assert.match(refusal(checkBatch(batch, 0, batch.length)), /length/)
  }
})

function refusal(fault: BatchFault | null): string {
  assert.equal(fault?.code, 'BATCH_CORRUPT')
  return fault!.message
}

/** Two empty records at the given offset deltas, in hex. */
function recordsAt(first: string, second: string): Buffer {
  return Buffer.from(`0c0000${first}0101000c0000${second}010100`, 'hex')
}

test('offsets of records grow, stay in the batch, and have no gap from a producer', () => {
  const growing = batchAround(recordsAt('00', '02'), 2)
  assert.equal(checkRecords(growing, 0, { contiguous: true }), null)
  for (const [first, second] of [
    ['02', '02'],
    ['02', '00'],
    ['01', '00']
  ] as const) {
    const batch = batchAround(recordsAt(first, second), 2)
    assert.match(refusal(checkRecords(batch, 0)), /offset delta/)
  }
  const beyond = batchAround(recordsAt('00', '04'), 2)
  assert.match(refusal(checkRecords(beyond, 0)), /last offset delta 2; expected 1/)
  const gap = batchAround(recordsAt('00', '04'), 2)
  writeI32(gap, FIELD.lastOffsetDelta, 2)
  assert.equal(checkRecords(reseal(gap), 0), null)
  assert.match(refusal(checkRecords(gap, 0, { contiguous: true })), /offset delta 2; expected 1/)
  const tail = batchAround(recordsAt('00', '02'), 2)
  writeI32(tail, FIELD.lastOffsetDelta, 7)
  assert.equal(checkRecords(reseal(tail), 0), null)
  assert.match(
    refusal(checkRecords(tail, 0, { contiguous: true })),
    /last offset delta 1; expected 7/
  )
})

test('damaged headers of records are found', () => {
  const batch = batchAround(Buffer.from('100000000101020400', 'hex'), 1)
  assert.equal(checkBatch(batch, 0, batch.length), null)
  assert.match(refusal(checkRecords(batch, 0)), /header key length is 2/)
})

test('records that decompress to too much are told apart', () => {
  const batch = batchAround(Buffer.from('ffffff3f00', 'hex'), 1, 2)
  assert.equal(checkRecords(batch, 0)?.code, 'BATCH_TOO_LARGE')
})

test('a bug is not taken for a fault of the batch', () => {
  assert.throws(() => checkRecords(null as unknown as Uint8Array, 0), TypeError)
})

test('writes and reads numbers at the edges of their range', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [
    0,
    -1,
    1,
    2 ** 32,
    -(2 ** 32),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER
  ]) {
    writeI64(bytes, 0, value)
    assert.equal(bytes.readBigInt64BE(0), BigInt(value))
  }
})
