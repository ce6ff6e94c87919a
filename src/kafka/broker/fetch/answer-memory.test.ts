// Tests of the memory for answers: what is lent once, what idles, what is as long as it must be.
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom } from '../../../base/index.ts'
import { AnswerMemory } from './answer-memory.ts'

const KIB = 1_024
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)

test('a piece that came back is lent again, to one at a time', () => {
  const memory = new AnswerMemory()
  const loan = memory.lend()
  const piece = loan.take(1_000 * KIB)
  const other = loan.take(1_000 * KIB)
  notStrictEqual(piece, other)
  loan.giveBack()
  // Given back once, however often it is said.
  loan.giveBack()
  const again = memory.lend()
  const lent = [again.take(900 * KIB), again.take(900 * KIB), again.take(900 * KIB)]
  strictEqual(new Set(lent).size, 3)
  deepStrictEqual(
    [piece, other].map(each => lent.includes(each)),
    [true, true]
  )
})

test(`pieces are long enough, and at most twice as long; what idles is bounded (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  const memory = new AnswerMemory()
  let loans = Array.from({ length: 8 }, () => memory.lend())
  let lent = new Set<Buffer>()
  for (let step = 0; step < 5_000; step++) {
    const length = 2 ** random.below(25) + random.below(100)
    const piece = loans[random.below(loans.length)]!.take(length)
    const isFit = piece.length >= length && (piece.length <= 2 * length || piece.length <= 16 * KIB)
    ok(isFit, `${piece.length} bytes for ${length}`)
    ok(!lent.has(piece), 'nobody else has it')
    lent.add(piece)
    ok(memory.idleBytes <= 16 * KIB * KIB, `${memory.idleBytes} bytes idle`)
    if (step % 50 !== 49) continue
    for (const loan of loans) loan.giveBack()
    lent = new Set()
  }
  loans = []
})
