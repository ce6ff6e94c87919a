// The ring of the newest bytes.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { SeededRandom } from '../../base/index.ts'
import { Tail } from './tail.ts'

suite('tail', () => {
  test('holds the last bytes and gives them back, over its edge too', () => {
    const tail = new Tail(16)
    const random = new SeededRandom(1)
    const all: number[] = []
    for (let round = 0; round < 500; round++) {
      const bytes = random.bytes(random.below(9))
      if (random.below(10) === 0) {
        tail.skip(bytes.length)
        all.fill(-1)
        for (const _ of bytes) all.push(-1)
      } else {
        tail.append(bytes)
        all.push(...bytes)
      }
      assert.equal(tail.end, all.length)
      const length = random.below(17)
      const position = Math.max(0, all.length - random.below(20))
      const expected = all.slice(position, position + length)
      const isHeld =
        expected.length === length && position >= all.length - 16 && !expected.includes(-1)
      if (length > 0) assert.equal(tail.holds(position, length), isHeld, `round ${round}`)
      if (!isHeld || length === 0) continue
      const into = new Uint8Array(20)
      tail.copy(position, length, into, 2)
      assert.deepEqual([...into.subarray(2, 2 + length)], expected)
    }
  })
})
