// The map of keys against one of texts: random keys, long ones, and such that all fall into one place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/index.ts'
import { murmur2 } from '../record/index.ts'
import { KeyOffsets } from './key-offsets.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)

/** Does the same to both. */
function check(keys: readonly Buffer[], sets: number, seed: number): KeyOffsets {
  const random = new SeededRandom(seed)
  const offsets = new KeyOffsets()
  const model = new Map<string, number>()
  for (let offset = 0; offset < sets; offset++) {
    const key = keys[random.below(keys.length)]!
    assert.equal(offsets.get(key, 0, key.length), model.get(key.toString('latin1')) ?? -1)
    // Keys stand somewhere in a batch.
    const batch = Buffer.concat([Buffer.from('before'), key, Buffer.from('behind')])
    offsets.set(batch, 6, 6 + key.length, offset)
    model.set(key.toString('latin1'), offset)
  }
  for (const key of keys) {
    assert.equal(offsets.get(key, 0, key.length), model.get(key.toString('latin1')) ?? -1)
  }
  return offsets
}

test(`keys have the offsets that they were given (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  const keys = Array.from({ length: 20_000 }, () => {
    const key = Buffer.alloc(random.below(60))
    for (let at = 0; at < key.length; at++) key[at] = random.below(256)
    return key
  })
  const { bytes } = check(keys, 100_000, SEED)
  assert.ok(bytes < 20_000 * (30 + 16 + 16), `${bytes} bytes`)
})

test('keys of several megabytes stand beside short ones', () => {
  const lengths = [0, 1, 1_048_575, 1_048_576, 3_000_000, 5, 1_048_560, 2_097_152, 7]
  const keys = lengths.map((length, index) => Buffer.alloc(length, index))
  check(keys, 200, SEED)
})

test('keys of one hash cost no more than others', () => {
  // Those that fall into the same of 65,536 slots, until far more came than are looked at.
  const keys: Buffer[] = []
  for (let number = 0; keys.length < 1_000; number++) {
    const key = Buffer.from(String(number))
    if ((murmur2(key, 0, key.length) & 0xfff) === 7) keys.push(key)
  }
  check(keys, 20_000, SEED)
})
