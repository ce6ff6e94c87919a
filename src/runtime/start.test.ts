// Dataflows end to end on the log in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../dataflow/plan.ts'
import {
  Bench,
  counting,
  object,
  partition,
  plan,
  reference,
  service,
  sink,
  source,
  state,
  step,
  string,
  topic,
  topicOfNumbers,
  u32
} from './test-kit.ts'

const wordCount = plan(
  [topic('sentences'), topic('counts', object('word-count', { word: string, count: u32 }))],
  [
    service('count', {
      sources: ['sentences'],
      states: [state('countPerWord', string, u32)],
      steps: [
        step(
          'flat-map',
          'function splitWords(sentence) { return sentence.toLowerCase().match(/\\w+/g) ?? [] }'
        )
      ],
      partition: partition(
        step('assign-key', 'function byWord(word) { return word }', { output: string }),
        step(
          'update-state',
          `function countUp(word, ctx) {
            const count = ctx.state.countPerWord.update(n => n + 1)
            return keyed(word, { word, count })
          }`
        )
      ),
      sinks: ['counts']
    })
  ],
  'word-count'
)

/** A dataflow of one service that passes text through steps. */
function through(...steps: ReturnType<typeof step>[]): Plan {
  return plan(
    [topic('in'), topic('out')],
    [service('pass', { sources: ['in'], steps, sinks: ['out'] })]
  )
}

async function valuesThrough(one: Plan, lines: readonly string[]): Promise<(string | null)[]> {
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', lines)
  await bench.drain(one)
  return bench.values('out')
}

test('counts words, and goes on counting after a restart', async () => {
  const bench = new Bench()
  await bench.createTopics(wordCount)
  await bench.feed('sentences', ['The cat and the hat', 'the end'])
  const running = await bench.drain(wordCount)
  assert.equal(running.status, 'stopped')
  await bench.feed('sentences', ['the'])
  await bench.drain(wordCount)
  const counts = await bench.read('counts')
  assert.deepEqual(
    counts.map(line => `${line.key} ${line.value}`),
    [
      'the {"word":"the","count":1}',
      'cat {"word":"cat","count":1}',
      'and {"word":"and","count":1}',
      'the {"word":"the","count":2}',
      'hat {"word":"hat","count":1}',
      'the {"word":"the","count":3}',
      'end {"word":"end","count":1}',
      'the {"word":"the","count":4}'
    ]
  )
})

test('runs without a drain: a record is answered when it comes', async () => {
  const bench = new Bench()
  const running = await bench.start(wordCount)
  await bench.feed('sentences', ['one'])
  await bench.log.wait([{ topic: 'counts', partition: 0, offset: 0 }])
  await bench.feed('sentences', ['two'])
  await bench.log.wait([{ topic: 'counts', partition: 0, offset: 1 }])
  await running.stop()
  await running.finished
  assert.equal(running.status, 'stopped')
})

test('keeps the order of records through asynchronous functions', async () => {
  const slow = through(
    step(
      'map',
      `async function wait(v) {
        for (let turn = 0; turn < Number(v); turn++) await null
        return v
      }`
    ),
    step('filter', 'async function odd(v) { return Number(v) % 2 === 1 }')
  )
  assert.deepEqual(await valuesThrough(slow, ['9', '2', '1', '7', '3']), ['9', '1', '7', '3'])
})

test('merges sources, splits to sinks, and lets each have its own steps', async () => {
  const one = plan(
    [topic('a'), topic('b'), topic('big'), topic('small')],
    [
      service('merge', {
        sources: [source('a', step('map', 'function fromA(v) { return "a" + v }')), 'b'],
        sinks: [
          sink('big', step('filter', 'function long(v) { return v.length > 2 }')),
          sink('small', step('filter', 'function brief(v) { return v.length <= 2 }'))
        ]
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('a', ['1', '22'])
  await bench.feed('b', ['3', '444'])
  await bench.drain(one)
  assert.deepEqual((await bench.values('big')).toSorted(), ['444', 'a22'])
  assert.deepEqual((await bench.values('small')).toSorted(), ['3', 'a1'])
})

test('sinks do not see what the functions of another sink did to the value', async () => {
  const item = object('item', { n: u32 })
  const one = plan(
    [topic('in', item), topic('changed', item), topic('same', item)],
    [
      service('split', {
        sources: ['in'],
        steps: [step('map', 'function copy(v) { return { ...v } }')],
        sinks: [sink('changed', step('map', 'function bump(v) { v.n += 1; return v }')), 'same']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['{"n":1}'])
  await bench.drain(one)
  assert.deepEqual(await bench.values('changed'), ['{"n":2}'])
  assert.deepEqual(await bench.values('same'), ['{"n":1}'])
})

test('a path of filters passes the original bytes, key, timestamp and headers on', async () => {
  const item = object('item', { n: u32 })
  const one = plan(
    [topic('in', item), topic('out', item)],
    [
      service('pass', {
        sources: ['in'],
        steps: [step('filter', 'function even(v) { return v.n % 2 === 0 }')],
        sinks: ['out']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  const line = { key: 'k', value: '{ "n": 2, "more": true }', timestamp: 77, headers: { h: 'x' } }
  await bench.feed('in', [{ ...line, value: '{"n":1}' }, line])
  await bench.drain(one)
  assert.deepEqual(await bench.read('out'), [{ ...line, partition: 0, offset: 0 }])
})

test('outputs go by their key, without one beside their input, and keep timestamp and headers', async () => {
  const one = plan(
    [topic('in', string, { partitions: 3 }), topic('out', string, { partitions: 2 })],
    [
      service('pass', {
        sources: ['in'],
        steps: [step('map', 'function up(v) { return v.toUpperCase() }')],
        sinks: ['out']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', [{ value: 'x', timestamp: 5, headers: { a: '1' } }], 2)
  await bench.feed('in', [{ value: 'y', key: 'apple' }], 1)
  await bench.drain(one)
  const [x, y] = (await bench.read('out')).toSorted((a, b) => (a.value! < b.value! ? -1 : 1))
  assert.deepEqual([x!.partition, x!.timestamp, x!.headers], [0, 5, { a: '1' }])
  const probe = new Bench()
  await probe.log.createTopic('probe', { partitions: 2 })
  await probe.feed('probe', [{ key: 'apple', value: '' }])
  assert.equal(y!.partition, (await probe.read('probe'))[0]!.partition)
})

test('several tasks count each key in one place', async () => {
  const bench = new Bench()
  const one = counting({ partitions: 3 })
  await bench.createTopics(one)
  await bench.feed('in', topicOfNumbers(300))
  const running = await bench.drain(one)
  assert.equal(running.tasks, 3)
  const last = await bench.lastByKey('out')
  assert.deepEqual(last, Object.fromEntries([...'0123456789'].map(digit => [digit, `${digit}:30`])))
  assert.equal((await running.states())[0]!.keys, 10)
})

test('functions behind a change of tasks see where the record came from', async () => {
  const one = plan(
    [topic('in', string, { partitions: 2 }), topic('out')],
    [
      service('origin', {
        sources: ['in'],
        partition: partition(
          step('assign-key', 'function byValue(v) { return v }', { input: string, output: string }),
          null,
          step(
            'map',
            `function where(v, ctx) {
              return [v, ctx.key, ctx.topic, ctx.partition, ctx.offset, ctx.timestamp, ctx.headers.h].join(' ')
            }`
          )
        ),
        sinks: ['out']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  const lines = ['a', 'b', 'c', 'd'].map((value, n) => ({
    value,
    timestamp: n,
    headers: { h: 'x' }
  }))
  await bench.feed('in', lines, 1)
  await bench.drain(one)
  const values = (await bench.values('out')).toSorted()
  assert.deepEqual(values, ['a a in 1 0 0 x', 'b b in 1 1 1 x', 'c c in 1 2 2 x', 'd d in 1 3 3 x'])
  const travelled = await bench.read('_millrace.examples.test.origin.repartition')
  assert.ok(travelled.length > 0, 'a record changed tasks')
})

test('chained services work depth first: a reader sees all earlier records, its own only downstream', async () => {
  const one = plan(
    [topic('in'), topic('counted'), topic('beside'), topic('below')],
    [
      service('before', {
        sources: ['in'],
        states: [{ ...reference('count', 'n') }],
        steps: [
          step('map', 'function peekBefore(v, ctx) { return v + ctx.state.n.at("k").get() }')
        ],
        sinks: ['beside']
      }),
      service('count', {
        sources: ['in'],
        states: [state('n', string, u32)],
        partition: partition(
          step('assign-key', 'function one() { return "k" }', { output: string }),
          step(
            'update-state',
            'function up(v, ctx) { ctx.state.n.update(n => n + 1); return keyed(ctx.key, v) }'
          )
        ),
        sinks: ['counted']
      }),
      service('after', {
        sources: ['counted'],
        states: [reference('count', 'n')],
        steps: [step('map', 'function peekAfter(v, ctx) { return v + ctx.state.n.get() }')],
        sinks: ['below']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b', 'c'])
  await bench.drain(one)
  assert.deepEqual(await bench.values('beside'), ['a0', 'b1', 'c2'])
  assert.deepEqual(await bench.values('below'), ['a1', 'b2', 'c3'])
  assert.deepEqual(await bench.values('counted'), ['a', 'b', 'c'])
})

test('a topic between services takes records from outside too', async () => {
  const one = plan(
    [topic('in'), topic('middle'), topic('out')],
    [
      service('first', { sources: ['in'], sinks: ['middle'] }),
      service('second', { sources: ['middle'], sinks: ['out'] })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a'])
  await bench.feed('middle', ['b'])
  await bench.drain(one)
  await bench.feed('middle', ['c'])
  await bench.feed('in', ['d'])
  await bench.drain(one)
  assert.deepEqual((await bench.values('out')).toSorted(), ['a', 'b', 'c', 'd'])
})

test('a service that comes to read a topic later gets what was written before', async () => {
  const topics = [topic('in'), topic('middle'), topic('out')]
  const first = service('first', { sources: ['in'], sinks: ['middle'] })
  const second = service('second', { sources: ['middle'], sinks: ['out'] })
  const bench = new Bench()
  await bench.createTopics(plan(topics, [first]))
  await bench.feed('in', ['a', 'b'])
  await bench.drain(plan(topics, [first]))
  await bench.feed('in', ['c'])
  await bench.drain(plan(topics, [first, second]))
  assert.deepEqual((await bench.values('out')).toSorted(), ['a', 'b', 'c'])
})

test('a loop of services goes over the log and ends', async () => {
  const one = plan(
    [topic('loop'), topic('out')],
    [
      service('step', {
        sources: ['loop'],
        steps: [step('filter-map', 'function less(v) { return v.length > 1 ? v.slice(1) : null }')],
        sinks: ['loop', 'out']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('loop', ['abcd'])
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['bcd', 'cd', 'd'])
})

test('a first start begins where the topic says, a second where the first ended', async () => {
  const starts = [
    { start: { position: 'beginning', value: 1 }, first: ['b', 'c'] },
    { start: { position: 'end', value: 1 }, first: ['c'] },
    { start: { position: 'offset', value: 2 }, first: ['c'] },
    { start: { position: 'end', value: 0 }, first: [] }
  ] as const
  for (const { start, first } of starts) {
    const one = plan(
      [topic('in', string, { start }), topic('out')],
      [service('pass', { sources: ['in'], sinks: ['out'] })]
    )
    const bench = new Bench()
    await bench.createTopics(one)
    await bench.feed('in', ['a', 'b', 'c'])
    await bench.drain(one)
    assert.deepEqual(await bench.values('out'), first)
    await bench.feed('in', ['d'])
    await bench.drain(one)
    assert.deepEqual(await bench.values('out'), [...first, 'd'])
  }
})

test('another number of tasks is refused with the way out', async () => {
  const bench = new Bench()
  const one = counting({ partitions: 2 })
  await bench.drain(one)
  await bench.log.alterTopic('in', { partitions: 3 })
  await bench.log.alterTopic('_millrace.examples.test.changelog', { partitions: 3 })
  await bench.log.alterTopic('_millrace.examples.test.count.repartition', { partitions: 3 })
  await assert.rejects(bench.start(one), { code: 'TASKS_CHANGED', message: /2 tasks.*ask for 3/ })
})

test('a missing topic and a changelog with too few partitions are refused', async () => {
  const one = counting({ partitions: 2 })
  const bench = new Bench()
  await bench.createTopics(counting({ partitions: 1 }))
  await bench.log.alterTopic('in', { partitions: 2 })
  await assert.rejects(bench.start(one), { code: 'TOPIC_INVALID', message: /changelog/ })
  await bench.log.deleteTopic('in')
  const { startDataflow } = await import('./start.ts')
  const options = { log: bench.log, clock: bench.clock, plan: one }
  await assert.rejects(startDataflow(options as never), { code: 'TOPIC_UNKNOWN' })
})

test('records that are filtered away cost no commit each', async () => {
  const one = through(step('filter', 'function none() { return false }'))
  const bench = new Bench()
  const running = await bench.start(one)
  for (let turn = 0; turn < 20; turn++) {
    await bench.feed('in', [String(turn)])
    for (let yields = 0; yields < 5; yields++) await bench.clock.yield()
  }
  const before = await running.metrics()
  assert.equal(before.recordsIn, 20)
  assert.equal(before.commits, 0)
  await running.stop()
  assert.equal((await running.metrics()).commits, 1)
  await bench.drain(one)
  assert.equal((await bench.start(one).then(again => again.metrics())).recordsIn, 0)
})

test('counts what passes each operator', async () => {
  const one = through(
    step('filter', 'function notB(v) { return v !== "b" }'),
    step('map', 'function fail(v) { if (v === "c") throw new Error("c"); return v }')
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b', 'c', 'd'])
  const running = await bench.drain(one)
  const metrics = await running.metrics()
  assert.deepEqual(
    metrics.operators.map(({ operator, in: into, out, failed, lastErrorOffset }) => [
      operator,
      into,
      out,
      failed,
      lastErrorOffset
    ]),
    [
      ['source/in', 4, 4, 0, -1],
      ['not-b', 4, 3, 0, -1],
      ['fail', 3, 2, 1, 2],
      ['sink/out', 2, 2, 0, -1]
    ]
  )
  assert.deepEqual(
    [metrics.recordsIn, metrics.recordsOut, metrics.failed, metrics.deadLetters, metrics.lag],
    [4, 2, 1, 1, 0]
  )
  assert.ok(metrics.commits >= 1)
})

test('a failing log fails the dataflow and nothing is committed after it', async () => {
  const bench = new Bench()
  let commits = 0
  const log = {
    commit: (commit: Parameters<typeof bench.log.commit>[0]) =>
      ++commits === 2 ? Promise.reject(new Error('fenced')) : bench.log.commit(commit),
    read: bench.log.read.bind(bench.log),
    wait: bench.log.wait.bind(bench.log),
    positions: bench.log.positions.bind(bench.log),
    describeTopic: bench.log.describeTopic.bind(bench.log),
    offsetForTime: bench.log.offsetForTime.bind(bench.log)
  }
  const one = through()
  const running = await bench.start(one, { log })
  await bench.feed('in', ['a'])
  await assert.rejects(running.finished, /fenced/)
  assert.equal(running.status, 'failed')
  assert.equal(commits, 2)
  await assert.rejects(running.drain(), /fenced/)
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a'])
})

test('takes records of several topics by timestamp, equal ones in the order of the topics', async () => {
  const one = plan(
    [topic('left'), topic('right'), topic('third'), topic('out')],
    [service('merge', { sources: ['left', 'right', 'third'], sinks: ['out'] })]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('third', timed('t', 2, 3, 9))
  await bench.feed('right', timed('r', 1, 3, 4, 10, 11))
  await bench.feed('left', timed('l', 3, 5, 6, 7))
  await bench.feed('left', timed('l', 8, 12))
  await bench.drain(one)
  const expected = [
    'r1',
    't2',
    'l3',
    'r3',
    't3',
    'r4',
    'l5',
    'l6',
    'l7',
    'l8',
    't9',
    'r10',
    'r11',
    'l12'
  ]
  assert.deepEqual(await bench.values('out'), expected)
})

function timed(name: string, ...timestamps: number[]): { value: string; timestamp: number }[] {
  return timestamps.map(timestamp => ({ value: `${name}${timestamp}`, timestamp }))
}
