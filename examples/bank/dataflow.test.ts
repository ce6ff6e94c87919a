// Tests of the bank with the test kit: reader and owner of a state stay in step, over several tasks and crashes.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

test('a booking that is done again after a crash is watched with the same balance', async () => {
  await using kit = await TestDataflow.open(flow)
  await kit.feed('customers', [{ account: 'A', name: 'Ann', limit: 0 }])
  await kit.feed('transfers', [{ id: 1, account: 'A', amount: 10 }])
  kit.inject({ at: 'accounts/book', action: 'crash' })
  await kit.feed('transfers', [{ id: 2, account: 'A', amount: -30 }])
  await kit.recover()
  deepStrictEqual(await kit.take('overdrafts'), [
    { transfer: 2, name: 'Ann', balance: 10, wanted: 30, short: 20 }
  ])
  deepStrictEqual([...(await kit.state('accounts.balances'))], [['A', -20]])
})

test('four tasks see what one sees', async () => {
  await using kit = await TestDataflow.open(flow, { partitions: 4 })
  const accounts = Array.from({ length: 12 }, (_, index) => `A-${index}`)
  await kit.feedRecords(
    'customers',
    accounts.map(account => ({ key: account, value: { account, name: account, limit: 5 } }))
  )
  await kit.feedRecords(
    'transfers',
    accounts.map((account, id) => ({ key: account, value: { id, account, amount: -id } }))
  )
  const found = (await kit.read('overdrafts')).map(({ key }) => String(key))
  deepStrictEqual(found.toSorted(), accounts.slice(6).toSorted())
})
