// Tests of the fraud detection with the test kit: functions that are remote have a stand-in of the test.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { addressOf, intType, messageTo, statefulFunction, valueSpec } from 'millrace/functions'
import { TestFunctions } from 'millrace/testing'
import { fraudCount, model, transactionManager } from './functions.ts'

const DAY_MS = 86_400_000
const reports = valueSpec({ name: 'reports', type: intType })
const ann = addressOf('fraud/count', 'ann')

/** Trusts nobody; the merchant "silent" does not answer. */
const merchantScorer = statefulFunction({
  typename: 'fraud/merchant-scorer',
  handler(context) {
    if (context.self.id !== 'silent') context.send(messageTo(context.caller!, 10, intType))
  }
})
const OPTIONS = {
  functions: [fraudCount, transactionManager, model, merchantScorer],
  module: join(import.meta.dirname, 'module.yaml')
}
const pays = (key: string, merchant: string, amount: number) => ({
  key,
  value: { account: 'ann', merchant, amount }
})

test('a payment of an account that was reported is an alert', async () => {
  await using kit = await TestFunctions.open(OPTIONS)
  await kit.feed('transactions', [pays('t1', 'shop', 100)])
  await kit.feed('fraud-reports', [
    { key: 'ann', value: { report: 1 } },
    { key: 'ann', value: { report: 2 } }
  ])
  await kit.feed('transactions', [pays('t2', 'shop', 100)])
  deepStrictEqual(await kit.take('alerts'), ['t2: ann pays 100 to shop, score 89'])
  deepStrictEqual(await kit.ids('fraud/transaction-manager'), [])
})

test('who does not answer within ten minutes is trusted a little', async () => {
  await using kit = await TestFunctions.open(OPTIONS)
  await kit.feed('transactions', [pays('t1', 'silent', 1_500)])
  await kit.advance(599_999)
  deepStrictEqual(await kit.ids('fraud/transaction-manager'), ['t1'])
  await kit.advance(1)
  deepStrictEqual(await kit.take('alerts'), ['t1: ann pays 1500 to silent, score 95'])
})

test('a report is forgotten after thirty days, over a crash as well', async () => {
  await using kit = await TestFunctions.open(OPTIONS)
  await kit.feed('fraud-reports', [{ key: 'ann', value: { report: 1 } }])
  strictEqual(kit.state(ann, reports), 1)
  kit.crash()
  await kit.recover()
  await kit.advance(30 * DAY_MS - 1)
  strictEqual(kit.state(ann, reports), 1)
  await kit.advance(1)
  strictEqual(kit.state(ann, reports), null)
  deepStrictEqual(await kit.take('cleared'), ['ann has no report any more'])
})
