// Windows and event time through whole dataflows: what the property tests of test/runtime/windows do not look at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { Plan, StepPlan, TimePlan, WindowPlan, WindowShape } from '../../dataflow/plan.ts'
import {
  Bench,
  type Line,
  eventTime,
  partition,
  plan,
  service,
  state,
  step,
  string,
  topic,
  u32,
  window,
  windowedState
} from '../test-kit.ts'

const TUMBLING: WindowShape = { kind: 'tumbling', durationMs: 10, offsetMs: 0 }
const byKey = step('assign-key', 'function byKey(v) { return v }', {
  input: string,
  outputKey: string
})
const count = step('update-state', 'function count(v, ctx) { ctx.state.n.update(n => n + 1) }')
const add = step('merge', 'function add(part, ctx) { ctx.state.n.update(n => n + part.n) }')
const each = step(
  'flush',
  `function each(ctx) {
    const { start, end, isFinal } = ctx.window
    return ctx.key + ctx.state.n.get() + ' ' + start + '-' + end + (isFinal ? '' : ' so far')
  }`
)

interface Parts {
  readonly time?: Partial<TimePlan>
  readonly window?: Partial<WindowPlan>
  readonly partitions?: number
  readonly steps?: readonly StepPlan[]
}

/** Counts values of `in` by window into `out`; late ones go to `late`. */
function counting(shape: WindowShape, parts: Parts = {}): Plan {
  const partitions = parts.partitions ?? 1
  const topics = ['in', 'out', 'late'].map(id => topic(id, string, { partitions }))
  return plan(topics, [
    service('count', {
      sources: ['in'],
      sinks: ['out'],
      states: [windowedState('n', string, u32)],
      steps: parts.steps ?? [],
      time: parts.window?.time === 'processing' ? null : eventTime(parts.time),
      window: window(shape, { flushKey: each, merge: null, ...parts.window }),
      partition: partition(byKey, count),
      emitsFromUpdateState: false
    })
  ])
}

/** As {@link counting}, with a flush, and an end to the dataflow when it fails. */
function failing(flush: string): Plan {
  const one = counting(TUMBLING, { window: { flushKey: step('flush', flush) } })
  const errors = { policy: 'fail', retries: 0, backoffMs: 0, backoffMaxMs: 0 } as const
  return { ...one, services: one.services.map(only => ({ ...only, errors })) }
}

/** `a1 b5 …`: values with their times. */
function lines(text: string): Line[] {
  return text.split(' ').map(word => ({ value: word[0]!, timestamp: Number(word.slice(1)) }))
}

/** Waits until so many records were taken, without moving the clock. */
async function taken(
  bench: Bench,
  running: Awaited<ReturnType<Bench['start']>>,
  records: number
): Promise<void> {
  while ((await running.metrics()).recordsIn < records) await bench.clock.yield()
  // What they lead to is committed: the log in memory needs a few turns for that.
  for (let turn = 0; turn < 20; turn++) await bench.clock.yield()
}

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

test('early results of sliding windows are put together from their panes', async () => {
  const bench = new Bench()
  const shape: WindowShape = { kind: 'sliding', durationMs: 10, slideMs: 5, offsetMs: 0 }
  const one = counting(shape, { window: { merge: add, early: { everyMs: null, records: 2 } } })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a6 a7'))
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), [
    'a1 -5-5',
    'a3 0-10 so far',
    'a2 5-15 so far',
    'a3 0-10',
    'a2 5-15'
  ])
})

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
