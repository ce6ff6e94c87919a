// `ctx.sql` in functions: what it gives is what the states hold at that moment, whatever was written and taken back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock } from '../../base/index.ts'
import type { ErrorPolicy, Plan, StatePlan } from '../../dataflow/plan.ts'
import type { RowType } from '../../dataflow/types.ts'
import {
  Bench,
  DEAD_LETTER,
  type Line,
  eventTime,
  partition,
  plan,
  reference,
  service,
  state,
  step,
  string,
  topic,
  u32,
  window,
  windowedState
} from '../test-kit.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const RECORDS = 400

const row: RowType = {
  kind: 'arrow-row',
  name: null,
  fields: [
    { name: 'n', readName: 'n', writeName: 'n', optional: false, type: u32 },
    { name: 'name', readName: 'name', writeName: 'name', optional: false, type: string }
  ]
}
const byFirst = step('assign-key', 'function byFirst(v) { return v[0] }', { outputKey: string })

function at(value: string, timestamp: number): Line {
  return { value, timestamp }
}

function updating(update: string, states: StatePlan[], errors: ErrorPolicy = DEAD_LETTER): Plan {
  const parts = { states, errors, partition: partition(byFirst, step('update-state', update)) }
  return plan(
    [topic('in'), topic('out')],
    [service('s', { ...parts, sources: ['in'], sinks: ['out'] })]
  )
}

async function outputs(
  one: Plan,
  lines: readonly string[],
  bench = new Bench()
): Promise<string[]> {
  await bench.createTopics(one)
  await bench.feed('in', lines)
  await bench.drain(one)
  return (await bench.values('out')) as string[]
}

for (const policy of ['dead-letter', 'skip'] as const) {
  for (const [ttlMs, ttlAfter] of [[null], [50], [50, 'access']] as const) {
    const what = `${policy}, ttl ${ttlMs} ${ttlAfter ?? ''}`
    test(`tables are the states, also after failures: ${what} (seed ${SEED})`, async () => {
      const random = new SeededRandom(SEED)
      const lines = Array.from({ length: RECORDS }, () => {
        const key = 'abcdefgh'[random.below(8)]!
        return key + ['+', '+', '-', 'x', 'q'][random.below(5)]! + random.below(1000)
      })
      // q asks between its write and its failure: what it saw is taken back.
      const update = `function act(v, ctx) {
        const what = v[1]
        const n = Number(v.slice(2))
        if (what === '-') ctx.state.rows.delete()
        else ctx.state.rows.set({ n, name: v })
        if (what === 'q') ctx.sql('select count(*) from rows')
        if (what === 'q' || what === 'x') throw new Error('no')
        const rows = ctx.sql('select _key, n, name from rows order by _key')
        const plain = [...ctx.state.rows.entries()].sort(([a], [b]) => a < b ? -1 : 1)
          .map(([_key, { n, name }]) => ({ _key, n, name }))
        const [given, held] = [JSON.stringify(rows), JSON.stringify(plain)]
        return given === held ? String(rows.length) : 'not ' + given + held
      }`
      const rows = { ...state('rows', string, row, ttlMs), ...(ttlAfter && { ttlAfter }) }
      const one = updating(update, [rows as StatePlan], { ...DEAD_LETTER, policy })
      const bench = new Bench()
      const given = await outputs(one, lines, bench)
      assert.equal(given.length, lines.filter(line => !'xq'.includes(line[1]!)).length)
      assert.deepEqual(
        given.filter(text => text.startsWith('not')),
        []
      )
      assert.ok(given.some(text => Number(text) > 3))
    })
  }
}

test('rows that are not updated for their time to live are gone', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const update = `function act(v, ctx) {
    ctx.state.rows.set({ n: 1, name: v })
    const rows = ctx.sql('select _key, _updated_at as at from rows order by _key')
    return rows.map(r => r._key + r.at).join()
  }`
  const one = updating(update, [state('rows', string, row, 1_000)])
  const start = clock.now()
  assert.deepEqual(await outputs(one, ['a', 'b'], bench), [`a${start}`, `a${start},b${start}`])
  await clock.advance(1_000)
  assert.equal((await outputs(one, ['c'], bench)).at(-1), `c${start + 1_000}`)
})

test('parameters are values, and names and errors are those of the file', async () => {
  const update = `function act(v, ctx) {
    ctx.state['by-name'].set(v.length)
    if (v === 'd') return JSON.stringify(ctx.sql('select * from "by-name" where _key = ?', "x' or 1=1 --"))
    if (v === 'e') return JSON.stringify(ctx.sql('select _key, value, ? as b from s.by_name where _key = ?', true, 'd'))
    if (v === 'f') return ctx.sql('delete from by_name')
    return ctx.sql('select * from by_nam')
  }`
  const bench = new Bench()
  const given = await outputs(
    updating(update, [state('by-name', string, u32)]),
    ['d', 'e', 'f', 'g'],
    bench
  )
  assert.deepEqual(given, ['[]', '[{"_key":"d","value":1,"b":1}]'])
  const letters = (await bench.read('test.dead-letter')).map(
    line => line.headers['millrace-error'] ?? JSON.stringify(line.headers)
  )
  assert.match(letters[0]!, /1:1: delete is no query/)
  assert.match(letters[1]!, /no such table: by_nam; did you mean by_name\?/)
})

test('flush sees its window joined with a state of another service; readers see the window closed last', async () => {
  const names = service('names', {
    sources: ['names'],
    sinks: [],
    states: [state('title', string, string)],
    partition: partition(
      byFirst,
      step('update-state', 'function name(v, ctx) { ctx.state.title.set(v) }')
    )
  })
  const counts = service('counts', {
    sources: ['in'],
    sinks: ['out'],
    states: [windowedState('count', string, u32), reference('names', 'title')],
    time: eventTime(),
    window: window(
      { kind: 'tumbling', durationMs: 1_000, offsetMs: 0 },
      {
        flush: step(
          'flush',
          `function top(ctx) {
            const rows = ctx.sql(
              'select coalesce(t.value, c._key) as k, c.value as n, c._window_start as s' +
                ' from count c left join names.title t using (_key) order by 1')
            return rows.map(({ k, n, s }) => k + n + '@' + s).join()
          }`
        )
      }
    ),
    partition: partition(
      byFirst,
      step('update-state', 'function add(v, ctx) { ctx.state.count.update(n => n + 1) }')
    )
  })
  const reader = service('reader', {
    sources: ['ask'],
    sinks: ['told'],
    states: [reference('counts', 'count')],
    steps: [
      step(
        'map',
        `function tell(v, ctx) {
          return ctx.sql('select * from count order by 1').map(r => r._key + r.value + '@' + r._window_end).join()
        }`
      )
    ]
  })
  const one = plan(
    [topic('names'), topic('in'), topic('out'), topic('ask'), topic('told')],
    [names, counts, reader]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('names', ['a is a name'])
  await bench.drain(one)
  await bench.feed('in', [at('a', 1_100), at('b', 1_200), at('a', 1_900), at('c', 2_100)])
  await bench.feed('ask', [at('?', 2_200)])
  const running = await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a is a name2@1000,b1@1000', 'c1@2000'])
  const [told] = await bench.values('told')
  assert.ok(told === '' || told === 'a2@2000,b1@2000', told!)
  const rows = await running.windowRows('counts.count')
  assert.deepEqual(rows, { open: [], flushed: [{ key: 'c', value: 1, start: 2_000, end: 3_000 }] })
})

test('every kind of window leaves its last one', async () => {
  const merge = step(
    'merge',
    'function join(part, ctx) { ctx.state.count.update(n => n + part.count) }'
  )
  const shapes = [
    {
      shape: { kind: 'sliding', durationMs: 2_000, slideMs: 1_000, offsetMs: 0 },
      merge: null,
      last: 'a1@5000'
    },
    {
      shape: { kind: 'sliding', durationMs: 2_000, slideMs: 1_000, offsetMs: 0 },
      merge,
      last: 'a1@5000'
    },
    { shape: { kind: 'session', gapMs: 500 }, merge, last: 'a1@3900,b1@1600' },
    { shape: { kind: 'count', records: 2 }, merge: null, last: 'a1@3401,b1@1101' },
    { shape: { kind: 'global' }, merge: null, last: 'a3@8640000000000000,b1@8640000000000000' }
  ] as const
  for (const { shape, merge: parts, last } of shapes) {
    const counts = service('counts', {
      sources: ['in'],
      sinks: [],
      states: [windowedState('count', string, u32)],
      time: eventTime(),
      window: window(shape, { merge: parts }),
      partition: partition(
        byFirst,
        step('update-state', 'function add(v, ctx) { ctx.state.count.update(n => n + 1) }')
      )
    })
    const one = plan([topic('in')], [counts])
    const bench = new Bench()
    await bench.createTopics(one)
    await bench.feed('in', [at('a', 1_000), at('b', 1_100), at('a', 1_200), at('a', 3_400)])
    const running = await bench.drain(one)
    const { flushed } = await running.windowRows('count')
    const texts = flushed.map(({ key, value, end }) => `${key}${value}@${end}`).toSorted()
    assert.equal(texts.join(), last, JSON.stringify(shape))
  }
})
