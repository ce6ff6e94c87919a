// Key hashes against Kafka's published values and an independent client.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { murmur2, partitionForKey } from './murmur2.ts'

/** From Apache Kafka's own UtilsTest. */
const KNOWN: readonly (readonly [string, number])[] = [
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107]
]

for (const [key, hash] of KNOWN) {
  test(`hashes ${key} as Kafka does`, () => {
    const bytes = Buffer.from(`<${key}>`)
    assert.equal(murmur2(bytes, 1, bytes.length - 1), hash)
  })
}

const load = createRequire(import.meta.url)
const kafkaJsMurmur2 = load('kafkajs/src/producer/partitioners/default/murmur2') as (
  key: Buffer
) => number

test('agrees with kafkajs on any key and partition count', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 1024 }),
      (key, count) => {
        const theirs = kafkaJsMurmur2(Buffer.from(key))
        assert.equal(murmur2(key, 0, key.length), theirs | 0)
        assert.equal(partitionForKey(key, 0, key.length, count), (theirs & 0x7fff_ffff) % count)
      }
    )
  )
})

test('a topic without partitions is a bug of the caller', () => {
  assert.throws(() => partitionForKey(Buffer.from('k'), 0, 1, 0), /a topic has a partition/)
})
