// What the compiler of TypeScript knows of keys, fields, aggregates and joins; `tsc` reads what must not be accepted.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregateOf,
  type BuiltDataflow,
  change,
  compileBuilt,
  constant,
  type Dataflow,
  dataflow,
  events,
  from,
  join,
  lookUp,
  state,
  t,
  table,
  topic,
  tumbling,
  versions
} from './index.ts'

const buyer = t.object('buyer', { id: t.u32, name: t.optional(t.string) })
const order = t.object('order', {
  id: t.u32,
  shop: t.string,
  amount: t.f64,
  size: t.bigU64,
  at: t.timestamp,
  buyer: t.optional(buyer)
})
const orders = topic('orders', order)
const payment = t.object('payment', { order: t.u32, method: t.string, at: t.timestamp })
const payments = topic('payments', { key: t.u32, value: payment })

function compiled(flow: Dataflow): BuiltDataflow {
  return compileBuilt(flow.node, { file: 'flow.ts' })
}

function textOf(flow: Dataflow): string {
  const { plan, diagnostics } = compiled(flow)
  ok(plan, JSON.stringify(diagnostics))
  return flow.toYaml()
}

test('keys, times and ids may be fields, and have their types', () => {
  const byBuyer = from(orders).eventTime({ timestamp: 'at' }).keyBy('buyer.id')
  const doubled = byBuyer
    .typed(t.object('seen', { id: t.u32, at: t.timestamp }))
    .map((order, ctx) => {
      const key: number = ctx.key
      return { id: key, at: order.at }
    })
  const text = textOf(
    dataflow('keys').service(
      's',
      doubled.toFunction('example/buyer', { valueType: 'example/Order', assignId: 'id' })
    )
  )
  match(text, /assign-timestamp: \{ field: at \}/)
  match(text, /assign-key: \{ field: buyer\.id \}/)
  match(text, /assign-id: \{ field: id \}/)
  match(textOf(counting(from(orders).keyBy(['shop', 'id']))), /fields: \[shop, id\]/)
  match(textOf(counting(from(orders).keyBy(constant('all')))), /constant: all/)
  // @ts-expect-error there is no such field
  from(orders).keyBy('shopp')
  // @ts-expect-error an object is no key
  from(orders).keyBy('buyer')
  // @ts-expect-error a text is no time
  from(orders).eventTime({ timestamp: 'shop' })
})

function counting(stream: ReturnType<typeof keyed>): Dataflow {
  const counted = stream.aggregate(of => ({ key: of.key(), n: of.count() }))
  return dataflow('counting').service(
    's',
    counted.to(topic('counts', t.object({ key: t.string, n: t.u32 })))
  )
}

function keyed() {
  return from(orders).keyBy('shop')
}

test('aggregates give what their fields are', () => {
  const result = t.object('result', {
    shop: t.string,
    from: t.timestamp,
    orders: t.u32,
    total: t.f64,
    sizes: t.bigU64,
    mean: t.f64,
    cheapest: t.f64,
    name: t.option(t.string),
    last: order,
    best: t.list(t.u32)
  })
  const totals = from(orders)
    .window(tumbling('1h'), { timestamp: 'at', watermark: { outOfOrderness: '5s' } })
    .keyBy('shop')
    .dedup({ count: 100 })
    .aggregate(of => ({
      shop: of.key(),
      from: of.windowStart(),
      orders: of.count(),
      total: of.sum('amount'),
      sizes: of.sum('size'),
      mean: of.avg('amount'),
      cheapest: of.min('amount'),
      name: of.first('buyer.name'),
      last: of.last(),
      best: of.top(3, { by: 'amount', of: 'id', order: 'ascending' })
    }))
  const text = textOf(dataflow('totals').service('s', totals.to(topic('totals', result))))
  match(text, /dedup: \{ count: 100 \}/)
  match(text, /sizes: \{ sum: size \}/)
  match(text, /best: \{ top: 3, by: amount, of: id, order: ascending \}/)
  // @ts-expect-error texts have no sum
  keyed().aggregate(of => ({ wrong: of.sum('shop') }))
  // @ts-expect-error there is no window
  keyed().aggregate(of => ({ from: of.windowStart() }))
  const named = keyed().aggregate(of => ({ shop: of.key(), n: of.count() }))
  // @ts-expect-error the result has no such shape
  named.to(topic('others', t.object({ shop: t.string, count: t.u32 })))
})

test('functions and joins of other services read what an aggregate gives', () => {
  const perShop = keyed().aggregate(of => ({
    shop: of.key(),
    orders: of.count(),
    highest: of.max('amount'),
    mean: of.avg('amount'),
    buyers: of.distinct('buyer.id')
  }))
  const seen = t.object('seen', {
    shop: t.string,
    orders: t.u32,
    buyers: t.u32,
    highest: t.option(t.f64),
    mean: t.option(t.f64)
  })
  const shops = aggregateOf(perShop).from('per-shop.aggregate')
  const reading = from(orders)
    .states({ shops })
    .typed(seen)
    .map((order, ctx) => {
      const kept: {
        readonly shop: string
        readonly orders: number
        readonly buyers: number
        readonly highest: number | null
        readonly mean: number | null
      } = ctx.state.shops.at(order.shop).get()
      return kept
    })
    .to(topic('seen', seen))
  const joined = join(events('order', from(orders), { key: 'shop' }), lookUp('shops', shops))
    .typed(seen)
    .map(({ shops: kept }) => {
      const { orders: count, mean } = kept
      // @ts-expect-error it keeps no sum
      void kept.sum
      return { ...kept, orders: count + 1, mean: mean === null ? null : mean * 2 }
    })
    .to(topic('joined', seen))
  const per = perShop.to(
    topic(
      'per',
      t.object({ shop: t.string, orders: t.u32, highest: t.f64, mean: t.f64, buyers: t.u32 })
    )
  )
  const flow = dataflow('reading')
    .service('per-shop', per)
    .service('reading', reading)
    .service('joined', joined)
  const { plan, diagnostics } = compiled(flow)
  ok(plan, JSON.stringify(diagnostics))
  const [reference] = plan.services[1]!.states
  strictEqual(reference?.kind === 'reference' && reference.state, 'aggregate')
  strictEqual(plan.services[2]!.join!.right.state, 'shops')
})

test('a window over all keys of an aggregate gives one result', () => {
  const busiest = from(orders)
    .window(tumbling('1h'), { timestamp: 'at' })
    .keyBy('shop')
    .aggregate(of => ({ orders: of.count() }))
    .typed(t.string)
    .flush(function most(ctx) {
      const all = [...ctx.state.aggregate.entries()]
      const [first] = all.toSorted(([, a], [, b]) => b.orders - a.orders)
      return first?.[0]
    })
    .to(topic('busiest', t.string))
  const { plan, diagnostics } = compiled(dataflow('busiest').service('s', busiest))
  ok(plan, JSON.stringify(diagnostics))
  strictEqual(plan.services[0]!.window!.flush!.name, 'most')
})

test('joins know both sides, and which of them may be missing', () => {
  const pairs = join(
    events('order', from(orders), { key: 'id', timestamp: 'at' }),
    events('payment', from(payments), { timestamp: 'at' }),
    { kind: 'left', within: { after: '10m' }, watermark: { gracePeriod: '1m' } }
  )
  const method = pairs.typed(t.string).map(function method(pair, ctx) {
    const key: number = ctx.key
    // @ts-expect-error it may be missing
    const wrong: string = pair.payment?.method
    return `${key} ${pair.order.shop} ${pair.payment?.method ?? wrong}`
  })
  const text = textOf(dataflow('pairs').service('s', method.to(topic('methods', t.string))))
  match(text, /left: \{ source: orders, key: id, as: order, timestamp: at \}/)
  match(text, /right: \{ source: payments, as: payment, timestamp: at \}/)
  match(text, /within: \{ after: 10m \}/)
  // @ts-expect-error a text against a number
  join(events('a', from(orders), { key: 'shop' }), table('b', from(payments)))
  // @ts-expect-error two streams without a bound
  join(events('a', from(orders), { key: 'id' }), events('b', from(payments)))
  // @ts-expect-error a table is only looked up
  join(events('a', from(orders), { key: 'id' }), table('b', from(payments)), { kind: 'outer' })
})

test('tables with many rows, and versions', () => {
  const rate = t.object('rate', { shop: t.string, factor: t.f64, at: t.timestamp })
  const rates = topic('rates', rate)
  const valued = join(
    events('order', from(orders), { key: 'shop', timestamp: 'at' }),
    versions('rate', from(rates), { key: 'shop', timestamp: 'at' })
  ).to(topic('valued', t.object('valued', { order, rate })))
  const both = join(
    table('order', from(orders), { key: 'id', row: 'shop' }),
    table('payment', from(payments)),
    { kind: 'outer' }
  ).to(topic('both', t.object('both', { order: t.optional(order), payment: t.optional(payment) })))
  const { plan, diagnostics } = compiled(
    dataflow('lookups').service('value', valued).service('both', both)
  )
  ok(plan, JSON.stringify(diagnostics))
  deepStrictEqual(
    plan.services.map(({ join }) => [join?.left.type, join?.right.type, join?.kind]),
    [
      ['stream', 'versions', 'inner'],
      ['table', 'table', 'outer']
    ]
  )
})

test('filters and maps without code know the fields, and what they leave', () => {
  const picked = t.object('picked', { id: t.u32, buyer: t.option(t.string), kind: t.string })
  const stream = from(orders)
    .where({
      any: [
        { field: 'amount', atLeast: 10, below: 1e6 },
        { field: 'size', above: 2n ** 60n }
      ]
    })
    .where({ not: { field: 'shop', in: ['a', 'b'] } })
    .pick({ id: 'id', buyer: 'buyer.name', kind: constant('web') })
  const text = textOf(dataflow('chosen').service('s', stream.to(topic('picked', picked))))
  match(text, /above: 1152921504606846976/)
  match(text, /buyer: buyer\.name/)
  const names = from(orders).pick('buyer').where({ exists: true }).pick('name')
  match(
    textOf(dataflow('names').service('s', names.to(topic('names', t.option(t.string))))),
    /where: \{ exists: true \}/
  )
  // @ts-expect-error a number is not compared with a text
  from(orders).where({ field: 'amount', is: 'ten' })
  // @ts-expect-error there is no such field
  from(orders).where({ field: 'amout', is: 10 })
  // @ts-expect-error there is no such field
  from(orders).pick({ id: 'idd' })
  // @ts-expect-error what is picked has another shape
  stream.to(topic('wrong', t.object({ id: t.string })))
})

test('a join looks a state of another service up', () => {
  const totals = state(t.string, t.row({ n: t.u32 }))
  const count = from(orders)
    .states({ totals })
    .keyBy('shop')
    .updateState((_order, ctx) => void ctx.state.totals.update(row => void (row.n += 1)))
  const pairs = join(
    events('order', from(orders), { key: 'shop' }),
    lookUp('seen', totals.from('count.totals')),
    { kind: 'left' }
  ).pick({ id: 'order.id', n: 'seen.n' })
  const out = topic('out', t.object('out', { id: t.u32, n: t.optional(t.u32) }))
  const text = textOf(dataflow('look').service('count', count).service('s', pairs.to(out)))
  match(text, /right: \{ state: seen, as: seen \}/)
  // @ts-expect-error a number against a text
  join(events('order', from(orders), { key: 'id' }), lookUp('seen', totals.from('count.totals')))
})

test('migrations are said as in a file', () => {
  const total = t.object('total', { sum: t.u64, unit: t.string })
  const totals = state(t.string, total, {
    migrate: {
      renameFrom: 'old.sums',
      change: change(t.u32, sum => ({ sum, unit: 'EUR' }))
    }
  })
  const stream = from(orders).states({ totals }).keyBy('shop')
  const flow = dataflow('moved', { migrate: { drop: ['gone'] } }).service(
    's',
    stream.updateState(
      (order, ctx) => void ctx.state.totals.set({ sum: order.amount, unit: 'USD' })
    ),
    { migrate: { renameFrom: 'before' } }
  )
  const text = textOf(flow)
  match(text, /function migrate\(sum: u32\): Total \{/)
  match(text, /rename-from: old\.sums/)
  match(text, /migrate: \{ rename-from: before \}/)
  // @ts-expect-error what is made lacks a field
  state(t.string, total, { migrate: { change: change(t.u32, sum => ({ sum })) } })
})

test('what is wrong in a join is found where it was called', () => {
  const flow = dataflow('wrong').service(
    's',
    join(events('same', from(orders), { key: 'id' }), events('same', from(payments)), {
      within: { after: '1m' }
    }).to(topic('out', t.object({ same: payment })) as never)
  )
  const [found] = compiled(flow).diagnostics
  strictEqual(found?.code, 'NAME_DUPLICATE')
  match(found.file, /typed\.test\.ts$/)
})

const readSchema = (): string =>
  'syntax = "proto3"; message Line { string text = 1; } message Order { uint64 id = 3; }'

test('registries, numbers of fields, access and imported types are said as in a file', () => {
  const imported = t.imported<{ id: number }>('order', './order.proto', { message: 'Order' })
  const numbered = t.object('numbered', { a: t.numbered(t.optional(t.string), 4), b: t.u32 })
  const flow = dataflow('schemas')
    .service(
      'copy',
      from(topic('in', imported, { converter: 'protobuf' })).to(
        topic('out', imported, {
          converter: 'protobuf',
          registry: { url: 'http://127.0.0.1:8081', authEnv: 'AUTH' }
        })
      )
    )
    .service(
      'keep',
      from(topic('numbers', numbered))
        .states({
          kept: state(t.u32, t.u32, { ttl: '1h', ttlAfter: 'access' })
        })
        .keyBy('b')
        .updateState((value, ctx) => void ctx.state.kept.set(value.b))
    )
  const { plan, diagnostics } = compileBuilt(flow.node, { file: 'flow.ts', readSchema })
  ok(plan, JSON.stringify(diagnostics))
  strictEqual(plan.topics['out']?.value.schema?.message, 'Order')
  deepStrictEqual(plan.topics['out'].value.registry, {
    url: 'http://127.0.0.1:8081',
    authEnv: 'AUTH'
  })
  const type = plan.types['numbered']
  strictEqual(type?.kind === 'object' && type.fields[0]?.number, 4)
  const [kept] = plan.services[1]!.states
  strictEqual(kept?.kind === 'owned' && kept.ttlAfter, 'access')
  const wrong = compileBuilt(flow.node, { file: 'flow.ts', readSchema: () => 'message {' })
  match(wrong.diagnostics[0]!.message, /./)
  strictEqual(wrong.plan, null)
})
