// What the writer writes, against bigint and Buffer as oracles.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { ByteWriter } from './byte-writer.ts'

const INT64 = BigInt.asIntN
const UINT64 = BigInt.asUintN

/** The varint as protobuf defines it, in bigint: the oracle. */
function varuintOf(value: bigint): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 0x80)
  bytes.push(Number(rest))
  return bytes
}

function zigzagOf(value: bigint): bigint {
  return UINT64(64, (value << 1n) ^ (value >> 63n))
}

const EDGES = [0, 1, 63, 64, 127, 128, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER]

test('writes fixed numbers big endian', () => {
  const writer = new ByteWriter(1)
  writer.u8(0xfe)
  writer.i16be(-2)
  writer.i32be(-3)
  writer.u32be(0xffff_fffe)
  writer.f64be(1.5)
  assert.equal(writer.slice().toString('hex'), 'fefffefffffffdfffffffe3ff8000000000000')
})

test('writes safe integers as 64-bit numbers', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      const writer = new ByteWriter(8)
      writer.i64be(value)
      assert.equal(writer.slice().readBigInt64BE(0), INT64(64, BigInt(value)))
    })
  )
})

test('writes unsigned varints of every size', () => {
  for (const value of EDGES) checkVaruint(value)
  fc.assert(fc.property(fc.maxSafeNat(), checkVaruint))
})

function checkVaruint(value: number): void {
  const writer = new ByteWriter(1)
  writer.varuint(value)
  assert.deepEqual(writer.slice(), Buffer.from(varuintOf(BigInt(value))))
}

test('writes zigzag varints of every size and sign', () => {
  for (const value of EDGES) {
    checkVarint(value)
    checkVarint(-value)
  }
  fc.assert(fc.property(fc.maxSafeInteger(), checkVarint))
})

function checkVarint(value: number): void {
  const writer = new ByteWriter(1)
  writer.varint(value)
  assert.deepEqual(writer.slice(), Buffer.from(varuintOf(zigzagOf(BigInt(value)))))
}

test('copies ranges of bytes, short and long', () => {
  const source = Uint8Array.from({ length: 300 }, (_, index) => index)
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), (one, other) => {
      const [start, end] = one < other ? [one, other] : [other, one]
      const writer = new ByteWriter(4)
      writer.u8(7)
      writer.bytes(source, start, end)
      assert.deepEqual(writer.slice(), Buffer.from([7, ...source.subarray(start, end)]))
    })
  )
  const whole = new ByteWriter(1)
  whole.bytes(source)
  assert.deepEqual(whole.slice(), Buffer.from(source))
})

test('writes text as UTF-8 and gives its bytes', () => {
  for (const text of [
    '',
    'a',
    'short',
    'grün',
    '16 characters ok',
    'x'.repeat(17),
    '水車🌊'.repeat(9)
  ]) {
    checkText(text)
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '~', 'ü', '水', '🌊', '\ud800'), maxLength: 40 }),
      checkText
    )
  )
})

function checkText(text: string): void {
  const writer = new ByteWriter(1)
  writer.u8(1)
  assert.equal(writer.utf8(text), Buffer.byteLength(text))
  assert.deepEqual(writer.slice(1), Buffer.from(text))
}

test('keeps what was written when it grows', () => {
  const writer = new ByteWriter(2)
  const expected: number[] = []
  for (let index = 0; index < 1000; index++) {
    writer.u8(index & 0xff)
    expected.push(index & 0xff)
  }
  assert.deepEqual(writer.slice(), Buffer.from(expected))
  assert.ok(writer.buffer.length < 4096, `grew to ${writer.buffer.length} bytes`)
})

test('undoes by length, forgets by clear, and gives copies', () => {
  const writer = new ByteWriter(8)
  writer.utf8('keep')
  const mark = writer.length
  writer.utf8('drop')
  writer.length = mark
  const copy = writer.slice()
  writer.clear()
  writer.utf8('over')
  assert.equal(copy.toString(), 'keep')
  assert.equal(writer.slice(1, 3).toString(), 've')
})
