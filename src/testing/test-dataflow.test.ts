// The test kit on dataflows of its own: typed records in and out, state, both times, failures, crashes.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Dataflow,
  dataflow,
  from,
  keyed,
  session,
  state,
  t,
  type Topic,
  topic,
  tumbling
} from '../builder/index.ts'
import { compile } from '../dataflow/index.ts'
import { TestDataflow } from './index.ts'

const total = t.object('total', { word: t.string, count: t.u32 })
const lines: Topic<string, string> = topic('lines', { key: t.string, value: t.string })
const totals = topic('totals', { key: t.string, value: total })

function counting(options: { readonly policy?: 'dead-letter' | 'fail' | 'skip' } = {}): Dataflow {
  const stream = from(lines)
    .states({ counts: state(t.string, t.u32) })
    .typed(t.string)
    .flatMap(function split(line) {
      if (line === 'bad') throw new Error('a bad line')
      return line.split(' ')
    })
    .keyBy(word => word)
    .typed(t.keyValue(t.string, total))
    .updateState(function countUp(word, ctx) {
      return keyed(word, { word, count: ctx.state.counts.update(n => n + 1) })
    })
    .to(totals)
  return dataflow('counting', { errors: { ...options, backoff: '1s' } }).service('count', stream)
}

test('feeds values, reads typed records, looks into state', async () => {
  await using kit = await TestDataflow.open(counting())
  await kit.feed(lines, ['a b a'])
  const records = await kit.read(totals)
  deepStrictEqual(
    records.map(({ key, value }) => [key, value?.count]),
    [
      ['a', 1],
      ['b', 1],
      ['a', 2]
    ]
  )
  deepStrictEqual([...(await kit.state('count.counts'))].toSorted(), [
    ['a', 2],
    ['b', 1]
  ])
  await kit.take(totals)
  await kit.feed('lines', ['b'])
  deepStrictEqual(await kit.take(totals), [{ word: 'b', count: 2 }])
})

test('a value that is not of the topic’s type is refused', async () => {
  await using kit = await TestDataflow.open(counting())
  await rejects(kit.feed('totals', [{ word: 1 }]), { code: 'RECORD_VALUE' })
})

test('names that are nearly right are told', async () => {
  await using kit = await TestDataflow.open(counting())
  await rejects(kit.feed('line', ['x']), /did you mean lines\?/)
  throws(() => kit.inject({ at: 'count/splitt' }), /did you mean count\/split\?/)
})

test('what fails by itself is in the dead letters with its reason', async () => {
  await using kit = await TestDataflow.open(counting())
  await kit.feed(lines, ['a', 'bad', 'a'])
  const [letter] = await kit.deadLetters()
  strictEqual(letter?.value, 'bad')
  strictEqual(letter.headers['millrace-error-message'], 'a bad line')
  strictEqual((await kit.read(totals)).length, 2)
})

test('a function fails as often as the test wants, and what it wrote is undone', async () => {
  await using kit = await TestDataflow.open(counting())
  kit.inject({ at: 'count/count-up', after: 1, times: 2, error: new RangeError('no more') })
  await kit.feed(lines, ['a', 'a', 'a', 'a'])
  deepStrictEqual(kit.pendingFaults, [])
  deepStrictEqual(
    (await kit.take(totals)).map(({ count }) => count),
    [1, 2]
  )
  const letters = await kit.deadLetters()
  deepStrictEqual(
    letters.map(({ headers }) => headers['millrace-error-message']),
    ['RangeError: no more', 'RangeError: no more']
  )
})

for (const isDurable of [false, true]) {
  test(`a crash at a commit ${isDurable ? 'behind' : 'before'} the log loses and doubles nothing`, async () => {
    await using kit = await TestDataflow.open(counting())
    await kit.feed(lines, ['a b'])
    kit.inject({ at: 'commit', action: 'crash', isDurable })
    await kit.feed(lines, ['a'])
    strictEqual(kit.isRunning, false)
    strictEqual((await kit.read(totals)).length, isDurable ? 3 : 2)
    await kit.recover()
    deepStrictEqual(
      (await kit.read(totals)).map(({ value }) => `${value?.word} ${value?.count}`),
      ['a 1', 'b 1', 'a 2']
    )
    deepStrictEqual((await kit.state('counts')).get('a'), 2)
  })
}

test('a crash in a function runs it again, with effects once', async () => {
  await using kit = await TestDataflow.open(counting())
  kit.inject({ at: 'count/count-up', action: 'crash', after: 2 })
  await kit.feed(lines, ['a a a'])
  strictEqual(kit.isRunning, false)
  await rejects(kit.settle(), { code: 'DATAFLOW_STOPPED' })
  await kit.recover()
  deepStrictEqual(
    (await kit.take(totals)).map(({ count }) => count),
    [1, 2, 3]
  )
})

test('a commit that fails stops the dataflow, which starts again', async () => {
  await using kit = await TestDataflow.open(counting())
  kit.inject({ at: 'commit' })
  await rejects(kit.feed(lines, ['a']), { code: 'LOG_FENCED' })
  strictEqual(kit.isRunning, false)
  await kit.recover()
  deepStrictEqual(await kit.take(totals), [{ word: 'a', count: 1 }])
})

test('the policy fail stops at the record, at every start', async () => {
  await using kit = await TestDataflow.open(counting({ policy: 'fail' }))
  await rejects(kit.feed(lines, ['bad']), { code: 'DATAFLOW_FAILED' })
  await rejects(kit.recover(), { code: 'DATAFLOW_FAILED' })
})

const event = t.object('event', { user: t.string, at: t.s64 })
const events = topic('events', event)
const visit = t.object('visit', { user: t.string, events: t.u32 })
const visits = topic('visits', visit)
const late = topic('late', event)

function visiting(time: 'event' | 'processing'): Dataflow {
  const stream = from(events)
    .states({ count: state(t.string, t.u32) })
    .window(tumbling('10s'), {
      time,
      ...(time === 'event' ? { timestamp: (event: { at: number }) => event.at, late } : {})
    })
    .keyBy(event => event.user)
    .updateState((_event, ctx) => {
      ctx.state.count.update(n => n + 1)
    })
    .typed(visit)
    .flushKey(ctx => ({ user: String(ctx.key), events: ctx.state.count.get() }))
    .to(visits)
  return dataflow('visiting').service('visit', stream)
}

test('event time is moved by records, and ends when the test says so', async () => {
  await using kit = await TestDataflow.open(visiting('event'), { now: 1_000_000 })
  await kit.feed(events, [
    { user: 'a', at: 1_000 },
    { user: 'a', at: 9_000 }
  ])
  deepStrictEqual(await kit.take(visits), [])
  strictEqual((await kit.windows('count')).length, 1)
  await kit.feed(events, [
    { user: 'b', at: 20_000 },
    { user: 'c', at: 2_000 }
  ])
  deepStrictEqual(await kit.take(visits), [{ user: 'a', events: 2 }])
  deepStrictEqual(await kit.take(late), [{ user: 'c', at: 2_000 }])
  await kit.endEventTime()
  deepStrictEqual(await kit.take(visits), [{ user: 'b', events: 1 }])
  strictEqual(kit.isRunning, true)
})

test('processing time is moved by the test', async () => {
  await using kit = await TestDataflow.open(visiting('processing'), { now: 1_000_000 })
  await kit.feed(events, [{ user: 'a', at: 1 }])
  await kit.advance(9_000)
  deepStrictEqual(await kit.take(visits), [])
  await kit.advance(1_000)
  deepStrictEqual(await kit.take(visits), [{ user: 'a', events: 1 }])
})

test('a window that is open at a crash goes on where it was', async () => {
  const stream = from(lines)
    .states({ n: state(t.string, t.u32) })
    .window(session('5s'))
    .keyBy(line => line)
    .updateState((_line, ctx) => {
      ctx.state.n.update(n => n + 1)
    })
    .merge((part, ctx) => {
      ctx.state.n.update(n => n + part.n)
    })
    .flushKey(ctx => `${ctx.key} ${ctx.state.n.get()}`)
    .to(topic('sessions', t.string))
  await using kit = await TestDataflow.open(dataflow('sessions').service('one', stream))
  await kit.feedRecords(lines, [{ value: 'a', timestamp: 1_000 }])
  kit.crash()
  await kit.recover()
  await kit.feedRecords(lines, [
    { value: 'a', timestamp: 3_000 },
    { value: 'b', timestamp: 60_000 }
  ])
  deepStrictEqual(await kit.take('sessions'), ['a 2'])
})

test('retries wait on the clock of the test', async () => {
  const flow = dataflow('retrying', { errors: { retries: 3, backoff: '10s' } }).service(
    'copy',
    from(lines)
      .map(function copy(line) {
        return line
      })
      .to(topic('copies', t.string))
  )
  await using kit = await TestDataflow.open(flow)
  const { now } = kit
  kit.inject({ at: 'copy/copy', times: 2 })
  await kit.feed(lines, ['a'])
  deepStrictEqual(await kit.take('copies'), ['a'])
  ok(kit.now - now >= 20_000, `${kit.now - now} ms of the clock went by`)
})

test('types of schema files are read beside the test', async () => {
  const order = t.imported<{ id: number }>('order', './test-dataflow.test.avsc')
  const flow = dataflow('schemas').service(
    'copy',
    from(topic('orders', order, { converter: 'avro' })).to(topic('copies', order))
  )
  await rejects(TestDataflow.open(flow), /test-dataflow\.test\.avsc.* does not exist/)
})

test('a topic behind a registry is tested without it', async () => {
  const text = `apiVersion: 1.0.0
meta: { name: shop }
config: { registry: { url: "http://127.0.0.1:9", auth-env: NOBODY_SETS_THIS } }
types: { order: { type: object, properties: { id: u32 } } }
topics:
  orders: { schema: { value: { type: order, converter: avro } } }
  copies: { schema: { value: { type: order, converter: protobuf } } }
services:
  copy: { sources: [{ type: topic, id: orders }], sinks: [{ type: topic, id: copies }] }
`
  const { plan } = compile(text, { file: 'shop.yaml' })
  await using kit = await TestDataflow.open(plan!)
  await kit.feed('orders', [{ id: 1 }, { id: 2 }])
  deepStrictEqual(await kit.take('copies'), [{ id: 1 }, { id: 2 }])
})

test('several partitions are several tasks', async () => {
  await using kit = await TestDataflow.open(counting(), { partitions: 3 })
  const words = Array.from({ length: 30 }, (_, n) => ({ key: `k${n}`, value: `w${n % 10}` }))
  await kit.feedRecords(lines, words)
  const counts = await kit.state('counts')
  deepStrictEqual([...counts.values()], Array(10).fill(3))
})

test('a dataflow that does not compile is refused with the places in its source', async () => {
  const stream = from(lines)
    .map(function twice(line) {
      return line + line
    })
    .map(
      function twice(line) {
        return line
      },
      { name: 'twice' }
    )
    .to(totals as unknown as Topic<string, string>)
  const open = TestDataflow.open(dataflow('wrong name!').service('s', stream))
  await rejects(open, { code: 'DATAFLOW_INVALID', message: /test-dataflow\.test\.ts:\d+:\d+/ })
})
