// Windows through whole dataflows: what the property tests of test/runtime/windows do not look at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { Plan, WindowShape } from '../../dataflow/plan.ts'
import { Bench, partition, state, step, string, u32 } from '../test-kit.ts'

import { TUMBLING, add, byKey, counting, failing, lines, taken } from './counting.cases.ts'

test('a result has the last millisecond of its window for its time', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING)
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a3 a12'))
  await bench.drain(one)
  const read = await bench.read('out')
  assert.deepEqual(
    read.map(({ value, timestamp }) => [value, timestamp]),
    [
      ['a2 0-10', 9],
      ['a1 10-20', 19]
    ]
  )
})

test('a late record goes to the topic for it, with why and whence', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING, { window: { lateTopic: 'late' } })
  await bench.createTopics(one)
  await bench.feed('in', [
    ...lines('a1 a12'),
    { key: 'k', value: 'b', timestamp: 4, headers: { h: 'x' } }
  ])
  const running = await bench.drain(one)
  const [late] = await bench.read('late')
  assert.equal(late!.value, 'b')
  assert.equal(late!.key, 'k')
  assert.equal(late!.timestamp, 4)
  assert.deepEqual(late!.headers, {
    h: 'x',
    'millrace-late-window-end': '10',
    'millrace-late-watermark': '12',
    'millrace-service': 'count',
    'millrace-topic': 'in',
    'millrace-partition': '0',
    'millrace-offset': '2'
  })
  assert.equal((await running.metrics()).times[0]!.late, 1)
  assert.match(
    bench.lines[0]!.message,
    /is too late, its window ended at 10 and the watermark is 12/
  )
})

test('the open windows of a state are shown with their bounds', async () => {
  const bench = new Bench()
  const one = counting({ kind: 'session', gapMs: 5 }, { window: { merge: add } })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a3 b4'))
  const running = await bench.start(one)
  await taken(bench, running, 3)
  assert.deepEqual(await running.stateEntries('n', {}), [
    { key: 'a', value: 2, window: { start: 1, end: 8 } },
    { key: 'b', value: 1, window: { start: 4, end: 9 } }
  ])
  assert.deepEqual(await running.stateEntries('n', { key: 'b' }), [
    { key: 'b', value: 1, window: { start: 4, end: 9 } }
  ])
  assert.equal((await running.metrics()).times[0]!.openWindows, 2)
  await running.stop()
})

test('early results come with every so many records, and every so often of what has changed', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { window: { early: { everyMs: 100, records: 3 } } })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a2 a3 a4'))
  const running = await bench.start(one)
  await taken(bench, running, 4)
  assert.deepEqual(await bench.values('out'), ['a3 0-10 so far'])
  await clock.advance(100)
  await clock.advance(500)
  assert.deepEqual(await bench.values('out'), ['a3 0-10 so far', 'a4 0-10 so far'])
  await running.drain()
  assert.deepEqual((await bench.values('out')).at(-1), 'a4 0-10')
})

for (const merge of [add, null]) {
  const how = merge === null ? 'counted one by one' : 'put together from their panes'
  test(`early results of sliding windows come with every so many records of a window, ${how}`, async () => {
    const bench = new Bench()
    const shape: WindowShape = { kind: 'sliding', durationMs: 10, slideMs: 5, offsetMs: 0 }
    const one = counting(shape, { window: { merge, early: { everyMs: null, records: 2 } } })
    await bench.createTopics(one)
    await bench.feed('in', lines('a1 a6 a7'))
    await bench.drain(one)
    assert.deepEqual(await bench.values('out'), [
      'a2 0-10 so far',
      'a1 -5-5',
      'a2 5-15 so far',
      'a3 0-10',
      'a2 5-15'
    ])
  })
}

for (const [how, records, text, early] of [
  ['with the record that merges them', 3, 'a2 a20 a11', ['a3 2-30 so far']],
  ['once, when both had one', 2, 'a1 a2 a20 a21 a11', ['a2 1-12 so far', 'a2 20-31 so far']],
  ['by what both have had since theirs', 3, 'a1 a2 a20 a21 a11', ['a5 1-31 so far']]
] as const) {
  test(`sessions that merge give an early result: ${how}`, async () => {
    const bench = new Bench()
    const shape: WindowShape = { kind: 'session', gapMs: 10 }
    const one = counting(shape, {
      time: { outOfOrdernessMs: 100 },
      window: { merge: add, early: { everyMs: null, records } }
    })
    await bench.createTopics(one)
    await bench.feed('in', lines(text))
    await bench.drain(one)
    const values = await bench.values('out')
    assert.deepEqual(values.slice(0, -1), early)
  })
}

test('windows by processing time close by the clock, also while nothing comes', async () => {
  const clock = new SimulatedClock(1_000)
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { window: { time: 'processing' } })
  await bench.createTopics(one)
  await bench.feed('in', lines('a77 a5'))
  const running = await bench.start(one)
  await taken(bench, running, 2)
  await clock.advance(9)
  assert.deepEqual(await bench.values('out'), [])
  await clock.advance(1)
  assert.deepEqual(await bench.values('out'), ['a2 1000-1010'])
  await bench.feed('in', lines('a1'))
  await taken(bench, running, 3)
  await running.stop()
  await clock.advance(500)
  const again = await bench.start(one)
  await clock.advance(1)
  assert.deepEqual(await bench.values('out'), ['a2 1000-1010', 'a1 1010-1020'])
  await again.stop()
})

test('sessions by processing time end with silence by the clock', async () => {
  const clock = new SimulatedClock(1_000)
  const bench = new Bench({ clock })
  const one = counting(
    { kind: 'session', gapMs: 20 },
    { window: { time: 'processing', merge: add } }
  )
  await bench.createTopics(one)
  const running = await bench.start(one)
  await bench.feed('in', lines('a1'))
  await taken(bench, running, 1)
  await clock.advance(15)
  await bench.feed('in', lines('a1'))
  await taken(bench, running, 2)
  await clock.advance(15)
  assert.deepEqual(await bench.values('out'), [])
  await clock.advance(5)
  assert.deepEqual(await bench.values('out'), ['a2 1000-1035'])
  await running.stop()
})

test('a window over all keys has them in one task', async () => {
  const bench = new Bench()
  const all = step(
    'flush',
    `function all(ctx) {
    return [...ctx.state.n.entries()].map(([key, n]) => key + n).sort().join()
  }`
  )
  const one = counting(TUMBLING, { partitions: 3, window: { flush: all, flushKey: null } })
  await bench.createTopics(one)
  for (const [at, text] of ['a1 b2 a11', 'b3 c4 c12', 'a5 d9 d11'].entries()) {
    await bench.feed('in', lines(text), at)
  }
  await bench.drain(one)
  assert.deepEqual((await bench.values('out')).toSorted(), ['a1,c1,d1', 'a2,b2,c1,d1'])
})

test('a state that is not windowed lives on beside those that are', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING)
  const both = step(
    'update-state',
    `function both(v, ctx) {
    ctx.state.n.update(n => n + 1)
    return v + ctx.state.ever.update(n => n + 1)
  }`
  )
  const [only] = one.services
  const mixed: Plan = {
    ...one,
    services: [
      {
        ...only!,
        states: [...only!.states, state('ever', string, u32)],
        partition: partition(byKey, both),
        emitsFromUpdateState: true
      }
    ]
  }
  await bench.createTopics(mixed)
  await bench.feed('in', lines('a1 a2 a11'))
  await bench.drain(mixed)
  assert.deepEqual(await bench.values('out'), ['a1', 'a2', 'a3', 'a2 0-10', 'a1 10-20'])
})

test('a flush that fails is a dead letter that names its window, and the others go on', async () => {
  const bench = new Bench()
  const bad = step(
    'flush',
    `function bad(ctx) {
    if (ctx.key === 'b') throw new Error('no b')
    return ctx.key
  }`
  )
  const one = counting(TUMBLING, { window: { flushKey: bad } })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 b2 c3'))
  const running = await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a', 'c'])
  const [letter] = await bench.read('test.dead-letter')
  assert.equal(letter!.value, '{"window":{"start":0,"end":10,"isFinal":true},"key":"b"}')
  assert.equal(letter!.headers['millrace-operator'], 'bad')
  assert.deepEqual(await running.states(), [
    { name: 'n', service: 'count', keys: 0, kind: 'scalar' }
  ])
})

test('under the policy fail a flush that throws loses no window: the next start does it again', async () => {
  const bench = new Bench()
  const broken = failing(`function end() { throw new Error('broken') }`)
  await bench.createTopics(broken)
  await bench.feed('in', lines('a1 a2 a12'))
  await assert.rejects(bench.drain(broken), { code: 'DATAFLOW_FAILED' })
  await bench.drain(failing(`function end(ctx) { return ctx.key + ctx.state.n.get() }`))
  assert.deepEqual(await bench.values('out'), ['a2', 'a1'])
})

test('a state of windows is no use outside of them', async () => {
  const bench = new Bench()
  const peek = step('map', `function peek(v, ctx) { return v + ctx.state.n.at(v).get() }`)
  const one = counting(TUMBLING, { steps: [peek] })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1'))
  await bench.drain(one)
  const [letter] = await bench.read('test.dead-letter')
  assert.equal(letter!.headers['millrace-error-code'], 'STATE_OUTSIDE_WINDOW')
})
