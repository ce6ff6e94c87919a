// Tests of the prices with the test kit: when a trade is sure of its price, and a crash while it waits.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const NINE = Date.UTC(2024, 4, 17, 9)
const quote = (seconds: number, price: number) => ({
  symbol: 'ACME',
  price,
  at: NINE + seconds * 1_000
})
const trade = (seconds: number, id: number) => ({
  id,
  symbol: 'ACME',
  shares: 3,
  at: NINE + seconds * 1_000
})

test('a trade waits for prices that may still come, over a crash as well', async () => {
  await using kit = await TestDataflow.open(flow, { now: NINE })
  await kit.feed('quotes', [quote(0, 10)])
  await kit.feed('trades', [trade(5, 1)])
  kit.crash()
  await kit.recover()
  await kit.feed('quotes', [quote(12, 30), quote(4, 20)])
  deepStrictEqual(await kit.take('valued'), [])
  // Both sides are 10 seconds behind the trade: nothing older is expected.
  await kit.feed('quotes', [quote(16, 40)])
  await kit.feed('trades', [trade(16, 2)])
  deepStrictEqual(await kit.take('valued'), [
    { trade: 1, symbol: 'ACME', shares: 3, price: 20, worth: 60 }
  ])
  await kit.endEventTime()
  deepStrictEqual(await kit.take('turnovers'), [
    { symbol: 'ACME', trades: 1, shares: 3, worth: 60 },
    { symbol: 'ACME', trades: 2, shares: 6, worth: 180 }
  ])
})
