// What is seen of the state that an aggregate keeps: results, to joins, functions, SQL and people alike.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import { ChangelogReader, changelogOfPlan } from '../changelog-changes.ts'
import { Bench } from '../test-kit.ts'

function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text, { file: 'dataflow.yaml' })
  ok(plan !== null, JSON.stringify(diagnostics, null, 1))
  return plan
}

const HEAD = `apiVersion: 1.0.0
meta: { name: shops }
types:
  order: { type: object, properties: { shop: string, amount: f64, customer: string, at: timestamp } }
  ask: { type: object, properties: { shop: string } }
  amounts: { type: list, items: f64 }
  shop: { type: object, properties: { shop: string, n: u32, mean: f64, customers: u32, best: amounts, last: string } }
  found: { type: object, properties: { ask: ask, shop: { type: shop, optional: true } } }
topics:
  orders: { partitions: 2, schema: { value: { type: order, converter: json } } }
  asks: { partitions: 2, schema: { value: { type: ask, converter: json } } }
  found: { schema: { key: string, value: { type: found, converter: json } } }
  told: { schema: { value: string } }
services:
`
const AGGREGATE = `assign-key: { field: shop }
      aggregate:
        shop: key
        n: count
        mean: { avg: amount }
        customers: { distinct: customer }
        best: { top: 1, by: amount, of: amount }
        last: { last: customer }`

// The look-up stands before what it looks up.
const LOOK_UPS = planOf(`${HEAD}
  look-up:
    sources: [{ type: topic, id: asks }]
    states: { shops: { from: per-shop.aggregate } }
    join:
      kind: left
      left: { source: asks, key: shop, as: ask }
      right: { state: shops, as: shop }
    sinks: [{ type: topic, id: found }]
  per-shop:
    sources: [{ type: topic, id: orders }]
    partition:
      ${AGGREGATE}
  read:
    sources: [{ type: topic, id: asks }]
    states: { shops: { from: per-shop.aggregate } }
    partition:
      assign-key: { field: shop }
      transforms:
        - operator: map
          run: |
            function tell({ shop }: Ask, ctx: Context): string {
              const [row = null] = ctx.sql('select n, mean, customers, best, last from shops where _key = ?', shop)
              const all = [...ctx.state.shops.entries()].length
              return JSON.stringify([ctx.state.shops.get(), row, all > 0])
            }
    sinks: [{ type: topic, id: told }]
`)

const A = { shop: 'a', n: 2, mean: 2.5, customers: 1, best: [4], last: 'c' }
const NOTHING = { shop: 'x', n: 0, mean: null, customers: 0, best: [], last: null }

async function ordered(): Promise<Bench> {
  const bench = new Bench()
  await bench.createTopics(LOOK_UPS)
  await bench.feed(
    'orders',
    ['1', '4'].map(amount => `{"shop":"a","amount":${amount},"customer":"c","at":1}`)
  )
  await bench.drain(LOOK_UPS)
  await bench.feed('asks', ['{"shop":"a"}', '{"shop":"x"}'])
  return bench
}

test('a join looks up what an aggregate gives', async () => {
  const bench = await ordered()
  await bench.drain(LOOK_UPS)
  deepEqual((await bench.values('found')).map(value => JSON.parse(value!)).toSorted(byShop), [
    { ask: { shop: 'a' }, shop: A },
    { ask: { shop: 'x' } }
  ])
})

function byShop(one: { ask: { shop: string } }, other: { ask: { shop: string } }): number {
  return one.ask.shop < other.ask.shop ? -1 : 1
}

test('functions of other services and their SQL see results, zeros where there was no record', async () => {
  const bench = await ordered()
  await bench.drain(LOOK_UPS)
  const told = (await bench.values('told')).map(value => JSON.parse(value!))
  const { shop: _, ...row } = A
  deepEqual(
    told.find(([seen]) => seen.shop === 'a'),
    [A, row, true]
  )
  deepEqual(told.find(([seen]) => seen.shop === 'x').slice(0, 2), [NOTHING, null])
})

test('people see results, and so does who follows the changelog', async () => {
  const bench = await ordered()
  const running = await bench.start(LOOK_UPS)
  deepEqual(await running.stateEntries('aggregate', {}), [{ key: 'a', value: A }])
  deepEqual(await running.stateEntries('aggregate', { key: 'a' }), [{ key: 'a', value: A }])
  await running.stop()
  const reader = new ChangelogReader(LOOK_UPS)
  const values: unknown[] = []
  for (const partition of [0, 1]) {
    const { bytes } = await bench.log.read({
      topic: changelogOfPlan(LOOK_UPS),
      partition,
      offset: 0
    })
    reader.read(bytes, 0, Number.MAX_SAFE_INTEGER, ({ value }) => values.push(value))
  }
  deepEqual(values, [A])
})

const WINDOW = planOf(`${HEAD}
  per-shop:
    sources: [{ type: topic, id: orders }]
    window:
      sliding: { duration: 20ms, slide: 10ms }
      assign-timestamp: { field: at }
      partition:
        assign-key: { field: shop }
        transforms:
          - operator: filter
            run: |
              function few(order: Order, ctx: Context): boolean {
                if (order.amount < 0) ctx.state.aggregate.set({})
                return ctx.state.aggregate.get().mean !== 3
              }
        aggregate: { shop: key, mean: { avg: amount }, from: window-start, to: window-end }
      flush:
        run: |
          function all(ctx: Context): string { return JSON.stringify([...ctx.state.aggregate.entries()]) }
    sinks: [{ type: topic, id: told }]
`)

function order(amount: number, at: number): string {
  return `{"shop":"a","amount":${amount},"customer":"c","at":${at}}`
}

function of(mean: number, from: number): object {
  return { shop: 'a', mean, from, to: from + 20 }
}

test('functions of a window see the results of its aggregate, and cannot write them', async () => {
  const bench = new Bench()
  await bench.createTopics(WINDOW)
  await bench.feed('orders', [order(2, 1), order(4, 2), order(100, 3), order(-1, 4), order(5, 15)])
  const running = await bench.start(WINDOW)
  await running.drain()
  deepEqual(
    (await bench.values('told')).map(value => JSON.parse(value!)),
    [[['a', of(3, -10)]], [['a', of(11 / 3, 0)]], [['a', of(5, 10)]]]
  )
  const { flushed } = await running.windowRows('aggregate')
  deepEqual(flushed, [{ key: 'a', value: of(5, 10), start: 10, end: 30 }])
  const [dead, ...others] = await bench.read('shops.dead-letter')
  equal(others.length, 0)
  equal(dead!.headers['millrace-error-code'], 'STATE_READ_ONLY')
  match(dead!.headers['millrace-error-message']!, /which an aggregate keeps.*a state of your own/)
})

test('the end of a global window is a timestamp', async () => {
  const plan = planOf(`apiVersion: 1.0.0
meta: { name: everything }
types:
  all: { type: object, properties: { n: u32, from: timestamp, to: timestamp } }
topics:
  in: { schema: { value: string } }
  out: { schema: { value: { type: all, converter: json } } }
services:
  count:
    sources: [{ type: topic, id: in }]
    window:
      global: {}
      partition:
        assign-key: { constant: all }
        aggregate: { n: count, from: window-start, to: window-end }
    sinks: [{ type: topic, id: out }]
`)
  const bench = new Bench()
  await bench.createTopics(plan)
  await bench.feed('in', ['one', 'two'])
  await bench.drain(plan)
  deepEqual(await bench.values('out'), ['{"n":2,"from":0,"to":8640000000000000}'])
  equal(new Date(8_640_000_000_000_000).getTime(), 8_640_000_000_000_000)
})
