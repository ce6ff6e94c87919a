// `ctx.state` as functions use it, and rows that end with their time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, SimulatedClock } from '../../base/index.ts'
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import type { RowType } from '../../dataflow/types.ts'
import { MemoryStore } from '../../state/index.ts'
import {
  Bench,
  partition,
  plan,
  reference,
  service,
  state,
  step,
  string,
  topic,
  u32
} from '../test-kit.ts'

const row: RowType = {
  kind: 'arrow-row',
  name: null,
  fields: [
    { name: 'n', readName: 'n', writeName: 'n', optional: false, type: u32 },
    { name: 'name', readName: 'name', writeName: 'name', optional: false, type: string }
  ]
}

/** One service with a scalar state `count` and a row state `rows`, keyed by the value's first letter. */
function keyedBy(
  update: string,
  more: Partial<ServicePlan> = {},
  ttlMs: number | null = null
): Plan {
  return plan(
    [topic('in'), topic('out')],
    [
      service('s', {
        states: [state('count', string, u32), state('rows', string, row, ttlMs)],
        partition: partition(
          step('assign-key', 'function first(v) { return v[0] }', { output: string }),
          step('update-state', update)
        ),
        ...more,
        sources: ['in'],
        sinks: ['out']
      })
    ]
  )
}

async function outputs(one: Plan, lines: readonly string[]): Promise<(string | null)[]> {
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', lines)
  await bench.drain(one)
  const letters = await bench.read('test.dead-letter')
  return [
    ...(await bench.values('out')),
    ...letters.map(
      ({ headers }) => `${headers['millrace-error-code']}: ${headers['millrace-error-message']}`
    )
  ]
}

test('get gives the zero of what is absent, has tells', async () => {
  const one = keyedBy(`function look(v, ctx) {
    const { count, rows } = ctx.state
    return JSON.stringify([count.has(), count.get(), rows.has(), rows.get()])
  }`)
  assert.deepEqual(await outputs(one, ['a']), ['[false,0,false,{"n":0,"name":""}]'])
})

test('set, update and delete act on the assigned key', async () => {
  const one = keyedBy(`function act(v, ctx) {
    const { count } = ctx.state
    if (v.endsWith('-')) return String(count.delete())
    if (v.endsWith('=')) { count.set(40); return String(count.get()) }
    return String(count.update(n => n + 1))
  }`)
  const lines = ['a', 'b', 'a', 'a-', 'a-', 'a', 'b=', 'b']
  assert.deepEqual(await outputs(one, lines), ['1', '1', '2', 'true', 'false', '1', '40', '41'])
})

test('update stores a row that was changed in place, or the one that is returned', async () => {
  const one = keyedBy(`function act(v, ctx) {
    const { rows } = ctx.state
    const after = v.length > 1
      ? rows.update(row => ({ ...row, name: v }))
      : rows.update(row => { row.n += 1 })
    return JSON.stringify(after)
  }`)
  assert.deepEqual(await outputs(one, ['a', 'a', 'ab', 'a']), [
    '{"n":1,"name":""}',
    '{"n":2,"name":""}',
    '{"n":2,"name":"ab"}',
    '{"n":3,"name":"ab"}'
  ])
})

test('rows given out are copies', async () => {
  const one = keyedBy(`function act(v, ctx) {
    const { rows } = ctx.state
    rows.get().n = 99
    const mine = { n: 1, name: 'x' }
    rows.set(mine)
    mine.n = 98
    rows.update(row => { row.n += 1 }).n = 97
    for (const [, row] of rows.entries()) row.n = 96
    return String(rows.get().n)
  }`)
  assert.deepEqual(await outputs(one, ['a']), ['2'])
})

test('at reaches any key, entries all of them', async () => {
  const one = keyedBy(`function act(v, ctx) {
    const { count } = ctx.state
    count.at(v[1]).update(n => n + 10)
    count.update(n => n + 1)
    return JSON.stringify([...count.entries()].sort())
  }`)
  assert.deepEqual(await outputs(one, ['ab', 'ba']), ['[["a",1],["b",10]]', '[["a",11],["b",11]]'])
})

test('a value outside the type, no value, and a promise fail the record and change nothing', async () => {
  const one = keyedBy(`function act(v, ctx) {
    const { count } = ctx.state
    count.update(n => n + 1)
    if (v === 'a1') count.set(-1)
    if (v === 'a2') count.update(n => {})
    if (v === 'a3') count.update(async n => n)
    return String(count.get())
  }`)
  const found = await outputs(one, ['a0', 'a1', 'a2', 'a3', 'a4'])
  assert.deepEqual(found.slice(0, 2), ['1', '2'])
  assert.match(found[2]!, /^RECORD_VALUE: /)
  assert.match(found[3]!, /^RECORD_VALUE: .*returned nothing/)
  assert.match(found[4]!, /^RECORD_VALUE: .*returned a promise/)
})

test('without a key, and in another service, a state says what it is not for', async () => {
  const one = keyedBy('function act(v) { return v }', {
    steps: [
      step(
        'map',
        `function early(v, ctx) {
          if (v === 'key') return String(ctx.state.count.get())
          if (v === 'write') ctx.state.other.at('x').set(1)
          return v
        }`
      )
    ],
    states: [state('count', string, u32), { ...reference('t', 'seen'), property: 'other' }]
  })
  const owner = service('t', { sources: ['in'], states: [state('seen', string, u32)], sinks: [] })
  const found = await outputs({ ...one, services: [...one.services, owner] }, ['key', 'write', 'x'])
  assert.equal(found[0], 'x')
  assert.match(found[1]!, /^STATE_KEY_MISSING: /)
  assert.match(found[2]!, /^STATE_READ_ONLY: set on state t\.seen/)
})

test('rows end when they were not updated for their time, and leave the state by themselves', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = keyedBy(
    `function act(v, ctx) {
      const { rows } = ctx.state
      if (v === 'a?') return rows.has() + ' ' + rows.get().n
      return String(rows.update(row => { row.n += 1 }).n)
    }`,
    {},
    10_000
  )
  const running = await bench.start(one)
  const say = async (value: string) => {
    const { endOffset } = (await bench.log.describeTopic('out')).status.partitions[0]!
    await bench.feed('in', [value])
    await bench.log.wait([{ topic: 'out', partition: 0, offset: endOffset }])
    return (await bench.values('out')).at(-1)
  }
  assert.equal(await say('a'), '1')
  await clock.advance(6_000)
  assert.equal(await say('a'), '2')
  await clock.advance(9_999)
  assert.equal(await say('a?'), 'true 2')
  await clock.advance(2)
  assert.equal(await say('a?'), 'false 0')
  assert.equal(await say('a'), '1')
  assert.deepEqual(
    (await running.states()).map(({ name, keys }) => [name, keys]),
    [
      ['count', 0],
      ['rows', 1]
    ]
  )
  await clock.advance(30_000)
  assert.deepEqual(await running.stateEntries('rows', {}), [])
  assert.equal((await running.states())[1]!.keys, 0)
  await running.stop()
  await bench.drain(one)
})

test('people see entries by key text, or the first ones', async () => {
  const bench = new Bench()
  const one = keyedBy('function act(v, ctx) { ctx.state.count.update(n => n + 1); return v }')
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b', 'a', 'c'])
  const running = await bench.start(one)
  await bench.log.wait([{ topic: 'out', partition: 0, offset: 3 }])
  assert.deepEqual(await running.stateEntries('count', { key: 'a' }), [{ key: 'a', value: 2 }])
  assert.deepEqual(await running.stateEntries('s.count', { key: 'z' }), [])
  assert.equal((await running.stateEntries('count', { limit: 2 })).length, 2)
  await assert.rejects(running.stateEntries('no', {}), {
    code: 'STATE_UNKNOWN',
    message: /s\.count/
  })
  await running.stop()
})

test('a store that fails ends the dataflow; the record is not to blame', async () => {
  const one = keyedBy('function act(v, ctx) { return String(ctx.state.count.update(n => n + 1)) }')
  const bench = new Bench()
  const store = new MemoryStore()
  store.close = () => Promise.resolve()
  const options = { openStore: () => Promise.resolve(store) }
  await bench.createTopics(one)
  await bench.feed('in', ['a'])
  await bench.drain(one, options)
  const running = await bench.start(one, options)
  store.get = () => {
    throw new MillraceError('STATE_STORE_FAILED', 'the disk is gone')
  }
  await bench.feed('in', ['a'])
  await assert.rejects(running.finished, { code: 'STATE_STORE_FAILED' })
  assert.deepEqual(await bench.values('out'), ['1'])
  assert.deepEqual(await bench.read('test.dead-letter'), [])
})
