// Checksums against published values, and the two forms against each other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { crc32c, crc32cPortable, loadNative } from './crc32c.ts'

/** RFC 3720 B.4, and the check value of the CRC catalogue. */
const KNOWN: readonly (readonly [string, Buffer, number])[] = [
  ['nothing', Buffer.alloc(0), 0],
  ['the digits', Buffer.from('123456789'), 0xe306_9283],
  ['32 zeros', Buffer.alloc(32), 0x8a91_36aa],
  ['32 ones', Buffer.alloc(32, 0xff), 0x62a8_ab43],
  ['32 growing', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd_794e],
  ['32 falling', Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113f_db5c]
]

for (const [name, bytes, sum] of KNOWN) {
  test(`sums ${name} as published`, () => {
    assert.equal(crc32c(bytes), sum)
    assert.equal(crc32cPortable(bytes), sum)
    assert.equal(loadNative()(bytes, 0), sum)
  })
}

test('the native loads on this machine', () => {
  assert.notEqual(loadNative(), crc32cPortable)
})

test('without a native the portable form takes over', () => {
  assert.equal(loadNative(missing), crc32cPortable)
  assert.equal(
    loadNative(() => ({})),
    crc32cPortable
  )
})

function missing(): never {
  throw new Error('Cannot find module')
}

test('native, portable and the choice between them agree on any bytes and start', () => {
  const native = loadNative()
  const initials = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600, size: 'max' }), initials, (bytes, initial) => {
      const sum = native(bytes, initial)
      assert.equal(crc32cPortable(bytes, initial), sum)
      assert.equal(crc32c(bytes, initial), sum)
    })
  )
})

test('sums parts one after the other', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) & 0xff))
  for (const cut of [0, 1, 8, 159, 160, 161, 840, 999, 1000]) {
    assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes))
  }
})
