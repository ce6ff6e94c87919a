// Both sources of randomness; the seeded one against another implementation.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Random, SeededRandom, SystemRandom } from './random.ts'

function take(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.u32())
}

test('a seed gives the same sequence in every version', () => {
  assert.deepEqual(take(new SeededRandom(42), 100), take(new SeededRandom(42), 100))
  assert.deepEqual(take(new SeededRandom(1), 3), FIRST_OF_SEED_1)
})

/** From another implementation of sfc32. Seeds of failing runs must replay after an update: change only knowingly. */
const FIRST_OF_SEED_1 = [3_739_678_614, 2_725_338_478, 3_923_878_172]

test('seeds that are close give sequences that are not', () => {
  const seen = new Set<number>()
  for (let seed = 0; seed < 100; seed++)
    for (const value of take(new SeededRandom(seed), 10)) seen.add(value)
  assert.ok(seen.size > 990, `${seen.size} different numbers of 1,000`)
})

for (const [name, random] of [
  ['seeded', new SeededRandom(7)],
  ['system', new SystemRandom()]
] as const) {
  test(`${name} numbers keep their ranges`, () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (let round = 0; round < 10_000; round++) {
      const whole = random.u32()
      assert.ok(Number.isInteger(whole) && whole >= 0 && whole < 2 ** 32)
      const fraction = random.fraction()
      assert.ok(fraction >= 0 && fraction < 1)
      const digit = random.below(10)
      assert.ok(Number.isInteger(digit) && digit >= 0 && digit < 10)
      counts[digit]!++
    }
    // 1,000 expected, standard deviation 30: ten of them away is no chance.
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 300, `${count} of 10,000`)
    assert.equal(random.below(1), 0)
    assert.ok(random.below(2 ** 32) < 2 ** 32)
  })

  test(`${name} bytes are as many as asked for, and fresh`, () => {
    assert.equal(random.bytes(0).length, 0)
    const one = random.bytes(32)
    assert.equal(one.length, 32)
    assert.notDeepEqual(one, random.bytes(32))
  })
}
