// The judge of the crash test: it must see what is lost, doubled or made up, or the test could not fail.
import { throws } from 'node:assert/strict'
import { test } from 'node:test'
import { type FirstOrder, IDS, nextChecksum } from './commands.ts'
import { type Found, Judge } from './judge.ts'

/** Id 1 counts once and sends to 2, which writes a text; id 3 arms, disarms and arms again. */
const orders: readonly FirstOrder[] = [
  { id: 1, order: { n: 0, c: [['i'], ['s', 2, { n: 1, c: [['e', 'text'], ['i']] }]] } },
  { id: 3, order: { n: 2, c: [['a', { n: 3, c: [['e', 'never']] }]] } },
  { id: 3, order: { n: 4, c: [['x']] } },
  { id: 3, order: { n: 5, c: [['a', { n: 6, c: [['e', 'never']] }]] } }
]

function found(change: Partial<Found> = {}): Found {
  const told = Array.from({ length: IDS }, (_, id) => ({ id, count: 0, checksum: 0 }))
  for (const id of [1, 2]) told[id] = { id, count: 1, checksum: nextChecksum(0, id - 1) }
  const checksum = [2, 4, 5].reduce(nextChecksum, 0)
  told[3] = { id: 3, count: 0, checksum }
  return { told, texts: ['text'], dead: [], ...change }
}

function judge(all: Found): void {
  const { dead } = all
  const one = new Judge(dead)
  for (const order of orders) one.take(order)
  one.compare(all)
}

function withTold(id: number, change: object): Found {
  return found({ told: found().told.map(each => (each.id === id ? { ...each, ...change } : each)) })
}

test('what has happened once each is right', () => {
  judge(found())
})

test('counts that are too high and too low, and a message in the place of another', () => {
  throws(() => judge(withTold(1, { count: 2 })), /1 counted over: 2, expected 1/)
  throws(() => judge(withTold(2, { count: 0 })), /2 counted under: 0, expected 1/)
  throws(() => judge(withTold(1, { checksum: nextChecksum(0, 7) })), /1 counted wrongly/)
})

test('texts that are missing, come twice or were never to come', () => {
  throws(() => judge(found({ texts: [] })), /each text once/)
  throws(() => judge(found({ texts: ['text', 'text'] })), /each text once/)
  throws(() => judge(found({ texts: ['text', 'never'] })), /each text once/)
})

test('dead letters: twice, beside their effects, of nothing, and of a token that was free', () => {
  throws(
    () =>
      judge(
        found({
          dead: [
            [1, 'X'],
            [1, 'X']
          ]
        })
      ),
    /dead letter twice/
  )
  throws(() => judge(found({ dead: [[1, 'X']] })), /each text once/)
  throws(() => judge(found({ dead: [[99, 'X']] })), /never sent/)
  throws(() => judge(found({ dead: [[2, 'TIMER_TOKEN_LIVE']] })), /the token of 3 is free/)
  throws(() => judge(found({ dead: [[4, 'X']] })), /the token of 3 was live/)
})
