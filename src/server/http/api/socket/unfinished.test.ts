// Messages that are not whole: what counts of them, however they are cut into frames and chunks.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import { BodyBudget } from '../../exchange.ts'
import { UnfinishedMessage } from './unfinished.ts'

const TEXT = 1
const PIECE = 0
const PING = 9
const CLOSE = 8
const BUDGET = 1_000_000

/** A frame as a client sends it. */
function frame(opcode: number, length: number, isLast = true): Buffer {
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8)
  if (extended.length === 2) extended.writeUInt16BE(length)
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length))
  const short = length < 126 ? length : extended.length === 2 ? 126 : 127
  const head = Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | short])
  return Buffer.concat([head, extended, Buffer.alloc(4, 7), Buffer.alloc(length, 0xff)])
}

/** Bytes that a budget has. */
function taken(budget: BodyBudget): number {
  let free = BUDGET
  for (let step = 2 ** 20; step >= 1; step /= 2) {
    if (free - step < 0) continue
    try {
      budget.take(free - step + 1)
      budget.give(free - step + 1)
    } catch {
      free -= step
    }
  }
  return BUDGET - free
}

test('of a message counts what came of it until it is whole, and pings beside it do not', () => {
  const budget = new BodyBudget(BUDGET)
  const message = new UnfinishedMessage(budget)
  const steps: readonly (readonly [Buffer, number])[] = [
    [frame(TEXT, 5), 0],
    [frame(TEXT, 200, false), 328],
    [frame(PING, 100), 328],
    [frame(PIECE, 70_000, false).subarray(0, 60_014), 60_456],
    [Buffer.alloc(10_000), 70_456],
    [Buffer.concat([frame(PIECE, 0), frame(TEXT, 20, false)]), 148],
    [Buffer.concat([frame(PIECE, 1), frame(CLOSE, 2)]), 0],
    [frame(TEXT, 300, false), 0]
  ]
  for (const [chunk, bytes] of steps) {
    message.take(chunk)
    strictEqual(taken(budget), bytes)
  }
})

test('chunks may be cut anywhere', () => {
  const piece = fc.record({
    length: fc.constantFrom(0, 1, 125, 126, 300, 65_536),
    ping: fc.boolean()
  })
  const messages = fc.array(fc.array(piece, { minLength: 1, maxLength: 4 }), { maxLength: 4 })
  const property = fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
    const frames = sent.flatMap(pieces =>
      pieces.flatMap(({ length, ping }, index) => [
        frame(index === 0 ? TEXT : PIECE, length, index === pieces.length - 1),
        ...(ping ? [frame(PING, 3)] : [])
      ])
    )
    const bytes = Buffer.concat([...frames, frame(TEXT, 50, false)])
    const budget = new BodyBudget(BUDGET)
    const message = new UnfinishedMessage(budget)
    const places = [0, ...cuts.map(cut => cut % bytes.length).toSorted((a, b) => a - b)]
    for (const [index, from] of places.entries()) {
      message.take(bytes.subarray(from, places[index + 1] ?? bytes.length))
    }
    deepStrictEqual([taken(budget), message.current], [178, sent.length])
    message.release()
    deepStrictEqual([taken(budget), message.current], [0, null])
  })
  fc.assert(property, { numRuns: 200 })
})

test('where there is no room nothing of the message counts any more', () => {
  const budget = new BodyBudget(1_000)
  const message = new UnfinishedMessage(budget)
  message.take(frame(TEXT, 800, false))
  throws(() => message.take(frame(PIECE, 100, false)), { code: 'BODIES_TOO_LARGE' })
  budget.take(1_000)
})
