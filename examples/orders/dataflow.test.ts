// Tests of the orders with the test kit: services that write for one another and read one another's states.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

test('orders of both shops are summed, and rewarded by tier', async () => {
  await using kit = await TestDataflow.open(flow)
  await kit.feed('profiles', [{ customer: 'ann', tier: 'gold' }])
  await kit.feed('web-orders', [{ user: 'ann', items: [{ product: 'book', price: 60 }] }])
  await kit.feed('store-orders', ['ann;lamp;100', 'bob;cup;100', 'nonsense'])
  deepStrictEqual(await kit.take('rewards'), ['ann has 1 for 160'])
  deepStrictEqual((await kit.take('large-orders')).length, 2)
})

test('a commit that fails is made up for', async () => {
  await using kit = await TestDataflow.open(flow)
  kit.inject({ at: 'commit', action: 'crash', isDurable: true })
  await kit.feed('store-orders', ['ann;lamp;100'])
  await kit.recover()
  await kit.feed('store-orders', ['ann;lamp;100'])
  deepStrictEqual(await kit.take('spending'), [
    { customer: 'ann', orders: 1, total: 100 },
    { customer: 'ann', orders: 2, total: 200 }
  ])
})
