// Event time through whole dataflows: what moves it, what holds it back, and how it comes to other services and tasks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import {
  Bench,
  eventTime,
  partition,
  service,
  step,
  string,
  topic,
  u32,
  window,
  windowedState
} from '../test-kit.ts'

import { TUMBLING, byKey, count, counting, lines, taken } from '../windows/counting.cases.ts'

test('a time that is no number, or too far ahead, fails the record and moves no watermark', async () => {
  const bench = new Bench()
  const now = bench.clock.now()
  const when = step(
    'assign-timestamp',
    `function when(v, ctx) {
    return v === 'x' ? 'noon' : v === 'y' ? NaN : v === 'z' ? -1 : ctx.timestamp
  }`
  )
  const one = counting(TUMBLING, { time: { assignTimestamp: when, futureBoundMs: 1_000 } })
  await bench.createTopics(one)
  await bench.feed('in', [
    ...lines('a1 x2 y2 z2'),
    { value: 'a', timestamp: now + 1_001 },
    ...lines('a5')
  ])
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a2 0-10'])
  const letters = (await bench.read('test.dead-letter')).map(letter => letter.headers)
  assert.deepEqual(
    letters.map(headers => headers['millrace-error-code']),
    ['RECORD_TIMESTAMP', 'RECORD_TIMESTAMP', 'RECORD_TIMESTAMP', 'RECORD_TIMESTAMP']
  )
  assert.match(
    letters[0]!['millrace-error-message']!,
    /gave the time a string; expected milliseconds/
  )
  assert.match(
    letters[3]!['millrace-error-message']!,
    /1001 ms ahead of the clock; expected at most 1000 ms/
  )
})

test('records without assign-timestamp are held to the bound too', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING, { time: { futureBoundMs: 0 } })
  await bench.createTopics(one)
  await bench.feed('in', [...lines('a1'), { value: 'a', timestamp: bench.clock.now() + 1 }])
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a1 0-10'])
  assert.equal((await bench.read('test.dead-letter')).length, 1)
})

test('a window that was closed stays closed over a restart, and time does not go back', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING)
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a12'))
  const first = await bench.start(one)
  await taken(bench, first, 2)
  await first.stop()
  assert.deepEqual(await bench.values('out'), ['a1 0-10'])
  const second = await bench.start(one)
  assert.equal((await second.metrics()).times[0]!.watermark, 12)
  await bench.feed('in', lines('b4 b14'))
  await taken(bench, second, 2)
  await second.drain()
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a1 0-10', 'a1 10-20', 'b1 10-20'])
  assert.equal((await second.metrics()).times[0]!.late, 1)
})

test('somebody is told when windows are open and event time stands still', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { partitions: 2 })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1'), 1)
  const running = await bench.start(one)
  await taken(bench, running, 1)
  for (let minutes = 0; minutes < 5; minutes++) await clock.advance(60_000)
  const said = bench.lines.filter(line => line.message.includes('event time has not moved'))
  assert.equal(said.length, 1)
  assert.match(
    said[0]!.message,
    /1 windows are open .* waits for a record of in\/0. Set watermark.idleness/
  )
  await running.stop()
})

test('a service behind another gets its watermark, also when what moves time is filtered out there', async () => {
  const keep = step('filter', `function keep(v) { return v !== 'x' }`)
  const behind = (one: Plan): Plan => ({
    ...one,
    topics: { ...one.topics, raw: topic('raw') },
    services: [
      service('clean', { sources: ['raw'], sinks: ['in'], steps: [keep] }),
      ...one.services
    ]
  })
  const bench = new Bench()
  const one = behind(counting(TUMBLING))
  await bench.createTopics(one)
  await bench.feed('raw', lines('a1 a4 x30'))
  const running = await bench.start(one)
  await taken(bench, running, 3)
  assert.deepEqual(await bench.values('out'), ['a2 0-10'])
  assert.equal((await running.metrics()).times[0]!.watermark, 30)
  assert.equal((await running.metrics()).times[0]!.heldBackBy, 'service clean')
  await running.stop()
})

test('a service behind another gets its watermark over tasks too, behind the records that it is of', async () => {
  const keep = step('flat-map', `function keep(v) { return v === 'x' ? [] : [keyed(v, v)] }`)
  const one = counting(TUMBLING, { partitions: 3 })
  const behind: Plan = {
    ...one,
    topics: { ...one.topics, raw: topic('raw', string, { partitions: 3 }) },
    services: [
      service('clean', { sources: ['raw'], sinks: ['in'], steps: [keep] }),
      ...one.services
    ]
  }
  const bench = new Bench()
  await bench.createTopics(behind)
  const running = await bench.start(behind)
  await bench.feed('raw', lines('a1 b2 c3 x30'), 0)
  await bench.feed('raw', lines('a4 b5 x31'), 1)
  for (let turn = 0; turn < 300; turn++) await bench.clock.yield()
  assert.deepEqual(await bench.values('out'), [])
  await bench.feed('raw', lines('d6 x12'), 2)
  for (let turn = 0; turn < 300; turn++) await bench.clock.yield()
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a2 0-10', 'b2 0-10', 'c1 0-10', 'd1 0-10'])
  assert.equal((await running.metrics()).times[0]!.watermark, 12)
  await running.stop()
  const again = await bench.start(behind)
  for (let turn = 0; turn < 100; turn++) await bench.clock.yield()
  assert.equal((await again.metrics()).times[0]!.watermark, 12)
  await again.stop()
})

test('windows behind windows close in their order at the end of time', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING)
  const total = step(
    'flush',
    `function total(ctx) {
    return ctx.window.start + '-' + ctx.window.end + ' ' + [...ctx.state.n.entries()].length
  }`
  )
  const both: Plan = {
    ...one,
    topics: { ...one.topics, totals: topic('totals') },
    services: [
      ...one.services,
      service('totals', {
        sources: ['out'],
        sinks: ['totals'],
        states: [windowedState('n', string, u32)],
        time: eventTime(),
        window: window({ kind: 'tumbling', durationMs: 20, offsetMs: 0 }, { flush: total }),
        partition: partition(byKey, count)
      })
    ]
  }
  await bench.createTopics(both)
  await bench.feed('in', lines('a1 b2 a11 a21 c22 a45'))
  const running = await bench.start(both)
  await taken(bench, running, 6)
  assert.deepEqual(await bench.values('totals'), ['0-20 3', '20-40 2'])
  await running.drain()
  assert.deepEqual(await bench.values('totals'), ['0-20 3', '20-40 2', '40-60 1'])
})

test('windows of several tasks close as soon as all of them have gone past the end', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING, { partitions: 3 })
  await bench.createTopics(one)
  const running = await bench.start(one)
  await bench.feed('in', lines('a1 b2 a12'), 0)
  await bench.feed('in', lines('a3 c4 b13'), 1)
  // Records that another task owns are taken twice, and so are marks.
  await taken(bench, running, 6)
  assert.deepEqual(await bench.values('out'), [], 'the third partition holds time back')
  await bench.feed('in', lines('c5 a11'), 2)
  for (let turn = 0; turn < 200; turn++) await bench.clock.yield()
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a2 0-10', 'b1 0-10', 'c2 0-10'])
  assert.equal((await running.metrics()).times[0]!.watermark, 11)
  await running.stop()
})

test('an idle partition of another task holds nothing back', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { partitions: 2, time: { idlenessMs: 1_000 } })
  await bench.createTopics(one)
  const running = await bench.start(one)
  await bench.feed('in', lines('a1 b2 a12'), 0)
  await taken(bench, running, 3)
  assert.deepEqual(await bench.values('out'), [])
  await clock.advance(999)
  await bench.feed('in', lines('a13'), 0)
  await taken(bench, running, 4)
  await clock.advance(1)
  for (let turn = 0; turn < 100; turn++) await bench.clock.yield()
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a1 0-10', 'b1 0-10'])
  await running.stop()
})

test('time that went on without an idle partition does not go back when that is known no more', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { time: { idlenessMs: 1_000 } })
  const two: Plan = {
    ...one,
    topics: { ...one.topics, other: topic('other') },
    services: one.services.map(only => ({
      ...only,
      sources: [...only.sources, { topic: 'other', steps: [], at: only.at }]
    }))
  }
  await bench.createTopics(two)
  await bench.feed('in', lines('a1 a12'))
  await bench.feed('other', lines('b3'))
  const first = await bench.start(two)
  await taken(bench, first, 3)
  assert.deepEqual(await bench.values('out'), [])
  await clock.advance(999)
  await bench.feed('in', lines('a13'))
  await taken(bench, first, 4)
  await clock.advance(1)
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a1 0-10', 'b1 0-10'])
  await first.stop()
  const second = await bench.start(two)
  assert.equal((await second.metrics()).times[0]!.watermark, 13)
  await bench.feed('other', lines('b4'))
  await taken(bench, second, 1)
  assert.equal((await second.metrics()).times[0]!.late, 1)
  await second.stop()
})
