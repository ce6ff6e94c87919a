// Tests of the shop with the test kit: reservations that expire on the clock of the test.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { addressOf } from 'millrace/functions'
import { TestFunctions } from 'millrace/testing'
import { cart, inventory } from './functions.ts'

const module = join(import.meta.dirname, 'module.yaml')
const ann = addressOf('shop/cart', 'ann')
const QUARTER_MS = 15 * 60_000

test('a cart that is forgotten gives its goods to who waits for them', async () => {
  await using kit = await TestFunctions.open({ functions: [cart, inventory], module })
  await kit.feed('deliveries', [{ key: 'lamp', value: { quantity: 2 } }])
  await kit.feed('actions', [{ key: 'ann', value: { do: 'add', item: 'lamp', quantity: 2 } }])
  await kit.feed('actions', [{ key: 'bob', value: { do: 'add', item: 'lamp', quantity: 1 } }])
  deepStrictEqual(await kit.take('events'), ['ann gets 2 lamp', 'bob waits for 1 lamp'])
  strictEqual(kit.delayed(ann).length, 1)
  await kit.advance(QUARTER_MS - 1)
  deepStrictEqual(await kit.take('events'), [])
  await kit.advance(1)
  deepStrictEqual(await kit.take('events'), [
    'ann forgot the cart: 2 lamp back on the shelf',
    'bob gets 1 lamp'
  ])
})

test('what is bought does not come back, also after a crash', async () => {
  await using kit = await TestFunctions.open({ functions: [cart, inventory], module })
  await kit.feed('deliveries', [{ key: 'lamp', value: { quantity: 1 } }])
  await kit.feed('actions', [{ key: 'ann', value: { do: 'add', item: 'lamp', quantity: 1 } }])
  kit.inject({ at: 'shop/cart', action: 'crash' })
  await kit.feed('actions', [{ key: 'ann', value: { do: 'checkout' } }])
  await kit.recover()
  await kit.advance(2 * QUARTER_MS)
  deepStrictEqual(await kit.take('events'), ['ann gets 1 lamp', 'ann buys 1 lamp'])
  deepStrictEqual(kit.delayed(), [])
})
