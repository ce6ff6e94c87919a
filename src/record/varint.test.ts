// Varints against the clear writer, at every edge, and damaged ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { ByteWriter } from '../base/index.ts'
import { VarintReader, putVarint, varintSize } from './varint.ts'

const POWERS = Array.from({ length: 53 }, (_, power) => 2 ** power)
const EDGES = POWERS.flatMap(power => [power - 1, power, power + 1]).filter(Number.isSafeInteger)

test('sizes, writes and reads numbers as the clear writer does', () => {
  const writer = new ByteWriter()
  const check = (value: number) => {
    writer.clear()
    writer.varint(value)
    assert.equal(varintSize(value), writer.length, `size of ${value}`)
    const bytes = Buffer.alloc(writer.length + 2, 0xff)
    assert.equal(putVarint(bytes, 1, value), writer.length + 1)
    assert.deepEqual(bytes.subarray(1, -1), writer.slice())
    assert.equal(bytes[0]! + bytes.at(-1)!, 510, 'nothing else is touched')
    const reader = new VarintReader()
    reader.open(bytes, 1, bytes.length - 1)
    assert.equal(reader.signed(), value)
    assert.equal(reader.position, reader.end)
  }
  for (const edge of EDGES) {
    check(edge)
    check(0 - edge)
  }
  fc.assert(fc.property(fc.maxSafeInteger(), check))
})

test('reads one number after the other', () => {
  const reader = new VarintReader()
  reader.open(Buffer.from('00010203feff038001', 'hex'), 0, 9)
  const values = Array.from({ length: 6 }, () => reader.signed())
  assert.deepEqual(values, [0, -1, 1, -2, 32767, 64])
  assert.equal(reader.position, 9)
})

const DAMAGED: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /end inside/],
  ['only the first byte', '80', /end inside/],
  ['only the first bytes', 'ffffffff', /end inside/],
  ['eleven bytes', 'ffffffffffffffffffffff', /longer than 10/],
  ['the smallest 64-bit number', 'ffffffffffffffffff01', /beyond 2\^53/],
  ['2^53', '8080808080808020', /beyond 2\^53/]
]

for (const [name, hex, message] of DAMAGED) {
  test(`refuses ${name}`, () => {
    const reader = new VarintReader()
    const bytes = Buffer.from(hex + '00', 'hex')
    reader.open(bytes, 0, bytes.length - 1)
    assert.throws(() => reader.signed(), { code: 'BATCH_CORRUPT', message })
  })
}

test('a long form of a small number is read', () => {
  const reader = new VarintReader()
  reader.open(Buffer.from('82808080808080808000', 'hex'), 0, 10)
  assert.equal(reader.signed(), 1)
  assert.equal(reader.position, 10)
})
