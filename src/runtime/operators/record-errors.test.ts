// What becomes of records that fail: every policy, retries, roll-back, and the text of a dead letter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { ErrorPolicy, Plan } from '../../dataflow/plan.ts'
import {
  Bench,
  DEAD_LETTER,
  object,
  partition,
  plan,
  service,
  sink,
  state,
  step,
  string,
  topic,
  u32
} from '../test-kit.ts'

const item = object('item', { n: u32 })
const notThree = step(
  'map',
  'function notThree(v) { if (v.n === 3) throw new Error("no 3"); return v }'
)

function checked(policy: Partial<ErrorPolicy>, ...steps: ReturnType<typeof step>[]): Plan {
  return plan(
    [topic('in', item), topic('out', item)],
    [
      service('check', {
        sources: ['in'],
        steps,
        sinks: ['out'],
        errors: { ...DEAD_LETTER, ...policy }
      })
    ]
  )
}

async function fed(one: Plan, lines: readonly string[]): Promise<Bench> {
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', lines)
  return bench
}

test('a dead letter has the original bytes and headers, and says what failed where', async () => {
  const one = checked({}, notThree)
  const bench = new Bench()
  await bench.createTopics(one)
  const value = '{ "n": 3 }'
  await bench.feed('in', ['{"n":1}', { key: 'k', value, timestamp: 9, headers: { a: 'b' } }])
  await bench.drain(one)
  const [letter, ...more] = await bench.read('test.dead-letter')
  assert.deepEqual(more, [])
  const { 'millrace-error-place': place, ...headers } = letter!.headers
  assert.match(place!, /dataflow\.yaml:1/)
  assert.deepEqual(
    { ...letter, headers },
    {
      key: 'k',
      value,
      timestamp: 9,
      partition: 0,
      offset: 0,
      headers: {
        a: 'b',
        'millrace-error-code': 'FUNCTION_FAILED',
        'millrace-error-message': 'no 3',
        'millrace-service': 'check',
        'millrace-operator': 'not-three',
        'millrace-topic': 'in',
        'millrace-partition': '0',
        'millrace-offset': '1',
        'millrace-timestamp': '9',
        'millrace-attempts': '1'
      }
    }
  )
  assert.deepEqual(await bench.values('out'), ['{"n":1}'])
})

test('undecodable, out of type, without a value, not encodable: each is a dead letter of its own code', async () => {
  const one = checked({}, step('map', 'function tooBig(v) { return v.n === 7 ? { n: -1 } : v }'))
  const bench = await fed(one, ['{"n":1}', 'not json', '{"n":-5}', '{"n":7}', '{"n":2}'])
  await bench.feed('in', [{ key: 'k', value: null }])
  await bench.drain(one)
  const letters = await bench.read('test.dead-letter')
  assert.deepEqual(
    letters.map(({ value, headers }) => [
      value,
      headers['millrace-error-code'],
      headers['millrace-operator']
    ]),
    [
      ['not json', 'RECORD_UNDECODABLE', 'source/in'],
      ['{"n":-5}', 'RECORD_VALUE', 'source/in'],
      ['{"n":7}', 'RECORD_VALUE', 'sink/out'],
      [null, 'RECORD_UNDECODABLE', 'source/in']
    ]
  )
  assert.deepEqual(await bench.values('out'), ['{"n":1}', '{"n":2}'])
})

test('skip drops the record, counts it and says so', async () => {
  const one = checked({ policy: 'skip' }, notThree)
  const bench = await fed(one, ['{"n":3}', '{"n":4}'])
  const running = await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['{"n":4}'])
  const { failed, deadLetters } = await running.metrics()
  assert.deepEqual([failed, deadLetters], [1, 0])
  assert.match(bench.lines[0]!.message, /in\/0, offset 0: no 3.*skipped/)
  await assert.rejects(bench.read('test.dead-letter'), { code: 'TOPIC_UNKNOWN' })
})

test('fail commits everything before the record, then stops with the reason', async () => {
  const one = checked({ policy: 'fail' }, notThree)
  const bench = await fed(one, ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}'])
  const running = await bench.start(one)
  await assert.rejects(running.finished, {
    code: 'DATAFLOW_FAILED',
    message: /service check, operator not-three: record in in\/0, offset 2: no 3/
  })
  assert.equal(running.status, 'failed')
  assert.deepEqual(await bench.values('out'), ['{"n":1}', '{"n":2}'])
  const [position] = await bench.log.positions('examples/test')
  assert.equal(position!.offset, 2)
  await assert.rejects(bench.drain(one), { code: 'DATAFLOW_FAILED' })
  assert.deepEqual(await bench.values('out'), ['{"n":1}', '{"n":2}'])
})

test('fail takes back what other services did with the failing record', async () => {
  const one = plan(
    [topic('in'), topic('counts'), topic('out')],
    [
      service('count', {
        sources: ['in'],
        states: [state('n', string, u32)],
        partition: partition(
          step('assign-key', 'function one() { return "k" }', { output: string }),
          step('update-state', 'function up(v, ctx) { return v + ctx.state.n.update(n => n + 1) }')
        ),
        sinks: ['counts']
      }),
      service('check', {
        sources: ['in'],
        steps: [step('map', 'function noX(v) { if (v === "x") throw new Error("x"); return v }')],
        sinks: ['out'],
        errors: { ...DEAD_LETTER, policy: 'fail' }
      })
    ]
  )
  const bench = await fed(one, ['a', 'b', 'x', 'c'])
  const running = await bench.start(one)
  await assert.rejects(running.finished, { code: 'DATAFLOW_FAILED' })
  assert.deepEqual(await bench.values('counts'), ['a1', 'b2'])
  const services = one.services.map(found => ({ ...found, errors: DEAD_LETTER }))
  await bench.drain({ ...one, services })
  assert.deepEqual(await bench.values('counts'), ['a1', 'b2', 'x3', 'c4'])
  assert.deepEqual(await bench.values('out'), ['a', 'b', 'c'])
})

test('a failing function is tried again after growing waits, its writes taken back each time', async () => {
  const one = plan(
    [topic('in'), topic('out')],
    [
      service('retry', {
        sources: ['in'],
        states: [state('tries', string, u32), state('done', string, u32)],
        partition: partition(
          step('assign-key', 'function key() { return "k" }', { output: string }),
          step(
            'update-state',
            `function third(v, ctx) {
              ctx.state.done.update(n => n + 1)
              const now = ctx.env.clock()
              ctx.env.calls.push(now)
              if (ctx.env.calls.length < 3) throw new Error('not yet')
              return v + ctx.state.done.get() + ctx.state.tries.get()
            }`
          )
        ),
        sinks: ['out'],
        errors: { policy: 'dead-letter', retries: 3, backoffMs: 100, backoffMaxMs: 150 }
      })
    ]
  )
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  await bench.createTopics(one)
  await bench.feed('in', ['v'])
  const calls: number[] = []
  const env = { clock: () => clock.now(), calls } as unknown as Record<string, string>
  const running = await bench.start(one, { env })
  for (let turn = 0; turn < 10; turn++) await clock.advance(50)
  await running.stop()
  assert.deepEqual(
    calls.map(at => at - calls[0]!),
    [0, 100, 250]
  )
  assert.deepEqual(await bench.values('out'), ['v10'])
})

test('when all tries fail the dead letter counts them', async () => {
  const one = checked(
    { retries: 2 },
    step('map', 'async function never() { throw new Error("no") }')
  )
  const bench = await fed(one, ['{"n":1}'])
  await bench.drain(one)
  const [letter] = await bench.read('test.dead-letter')
  assert.equal(letter!.headers['millrace-attempts'], '3')
})

test('stopping inside a wait between tries leaves the record for the next start', async () => {
  const failing = step(
    'map',
    'function fail(v, ctx) { if (ctx.env.bad) throw new Error(); return v }'
  )
  const one = checked({ retries: 1, backoffMs: 1_000, backoffMaxMs: 1_000 }, failing)
  const bench = await fed(one, ['{"n":1}'])
  const running = await bench.start(one, { env: { bad: 'yes' } })
  for (let yields = 0; yields < 5; yields++) await bench.clock.yield()
  await running.stop()
  assert.equal(running.status, 'stopped')
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['{"n":1}'])
  assert.deepEqual(await bench.read('test.dead-letter'), [])
})

test('the siblings of a failing element of a flat-map go on', async () => {
  const one = plan(
    [topic('in'), topic('out')],
    [
      service('split', {
        sources: ['in'],
        steps: [
          step('flat-map', 'function letters(v) { return [...v] }'),
          step('map', 'function noB(v) { if (v === "b") throw new Error("b"); return v }')
        ],
        sinks: [sink('out')]
      })
    ]
  )
  const bench = await fed(one, ['abcb'])
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a', 'c'])
  assert.deepEqual(await bench.values('test.dead-letter'), ['abcb', 'abcb'])
})

test('what functions return is checked: nothing, no boolean, no iterable, no key', async () => {
  const cases = [
    [step('map', 'function m() {}'), /returned nothing/],
    [step('filter', 'function f(v) { return v.n }'), /returned a number; expected true or false/],
    [step('flat-map', 'function g() { return "text" }'), /returned a string; expected an array/]
  ] as const
  for (const [one, message] of cases) {
    const dataflow = checked({}, one)
    const bench = await fed(dataflow, ['{"n":1}'])
    await bench.drain(dataflow)
    const [letter] = await bench.read('test.dead-letter')
    assert.match(letter!.headers['millrace-error-message']!, message)
  }
})
