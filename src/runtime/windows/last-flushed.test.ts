// What was closed last stays to be looked at over a restart, from the store and from the changelog alone.
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { Plan, WindowShape } from '../../dataflow/plan.ts'
import type { RunningDataflow } from '../contract.ts'
import { Bench, step } from '../test-kit.ts'
import { TUMBLING, add, counting, lines, taken } from './counting.cases.ts'

const SHAPES: readonly (readonly [string, WindowShape, readonly string[]])[] = [
  ['tumbling', TUMBLING, ['a1 10-20', 'b2 10-20']],
  [
    'sliding',
    { kind: 'sliding', durationMs: 20, slideMs: 10, offsetMs: 0 },
    ['a2 0-20', 'b2 0-20']
  ],
  ['session', { kind: 'session', gapMs: 5 }, ['a1 11-16', 'b2 12-18']],
  ['count', { kind: 'count', records: 2 }, ['a2 1-12', 'b2 12-14']]
]

async function flushed(running: RunningDataflow): Promise<string[]> {
  const rows = await running.windowRows('n')
  return rows.flushed
    .map(({ key, value, start, end }) => `${key}${value} ${start}-${end}`)
    .toSorted()
}

function planOf(shape: WindowShape, inPanes: boolean): Plan {
  const merge = shape.kind === 'session' || inPanes ? add : null
  return counting(shape, { window: { merge } })
}

for (const [name, shape, expected] of SHAPES) {
  for (const inPanes of name === 'sliding' ? [false, true] : [false]) {
    const what = `${name}${inPanes ? ' in panes' : ''}`
    test(`the last ${what} windows are there after a restart, with and without the store`, async () => {
      const clock = new SimulatedClock()
      const bench = new Bench({ clock })
      const one = planOf(shape, inPanes)
      await bench.createTopics(one)
      await bench.feed('in', lines('a1 a11 b12 b13'))
      const first = await bench.start(one)
      await taken(bench, first, 4)
      // 21 closes the windows before it; of counted ones nothing is open then.
      await bench.feed('in', lines('c23'))
      await taken(bench, first, 5)
      deepEqual(await flushed(first), expected)
      await first.stop()
      deepEqual(await flushed(first), expected, 'after the stop')
      for (const [where, next] of Object.entries({
        store: bench,
        changelog: new Bench({ clock, log: bench.log })
      })) {
        const again = await next.start(one)
        deepEqual(await flushed(again), expected, where)
        const [state] = await again.states()
        // Of sliding ones c is in two windows, and a and b are in one, or in a pane of it.
        equal(state!.keys, name !== 'sliding' ? 1 : inPanes ? 3 : 4, 'keys of open windows')
        await again.stop()
      }
    })
  }
}

test('one window replaces the other, also behind a restart, and leaves nothing', async () => {
  const bench = new Bench()
  const one = counting(TUMBLING)
  await bench.createTopics(one)
  const found: string[][] = []
  for (const text of ['a1 b2 a11', 'c12 a21', 'b35']) {
    await bench.feed('in', lines(text))
    const running = await bench.start(one)
    await taken(bench, running, text.split(' ').length)
    found.push(await flushed(running))
    await running.stop()
  }
  deepEqual(found, [['a1 0-10', 'b1 0-10'], ['a1 10-20', 'c1 10-20'], ['a1 20-30']])
})

test('a global window begins anew behind one that was closed, which stays to be looked at', async () => {
  const bench = new Bench()
  const one = counting({ kind: 'global' })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a2 b3'))
  const first = await bench.drain(one)
  deepEqual(
    (await flushed(first)).map(row => row.slice(0, 2)),
    ['a2', 'b1']
  )
  await bench.feed('in', lines('a4'))
  const second = await bench.start(one)
  await taken(bench, second, 1)
  deepEqual(
    (await flushed(second)).map(row => row.slice(0, 2)),
    ['a2', 'b1']
  )
  await second.stop()
  const third = await bench.start(one)
  deepEqual(
    (await flushed(third)).map(row => row.slice(0, 2)),
    ['a2', 'b1']
  )
  await third.drain()
  deepEqual(
    (await bench.values('out')).toSorted().map(line => line!.slice(0, 2)),
    ['a1', 'a2', 'b1']
  )
  deepEqual(
    (await flushed(third)).map(row => row.slice(0, 2)),
    ['a1']
  )
})

test('what was closed last is not among what is open', async () => {
  const bench = new Bench()
  const one = counting({ kind: 'count', records: 2 })
  await bench.createTopics(one)
  await bench.feed('in', lines('a1 a2'))
  const running = await bench.start(one)
  await taken(bench, running, 2)
  await bench.feed('in', lines('a3'))
  await taken(bench, running, 3)
  const { open, flushed: closed } = await running.windowRows('n')
  deepEqual(open, [{ key: 'a', value: 1, start: 3, end: 4 }])
  deepEqual(closed, [{ key: 'a', value: 2, start: 1, end: 3 }])
  await running.stop()
})

test('an open global window keeps its states where the one before it held none', async () => {
  const bench = new Bench()
  const one = counting({ kind: 'global' })
  const some = step(
    'update-state',
    "function some(v, ctx) { if (v !== '-') ctx.state.n.update(n => n + 1) }"
  )
  const services = one.services.map(only => ({
    ...only,
    partition: { ...only.partition!, updateState: some }
  }))
  const plan: Plan = { ...one, services }
  await bench.createTopics(plan)
  await bench.feed('in', lines('-1'))
  await bench.drain(plan)
  await bench.feed('in', lines('a2 a3'))
  for (const records of [2, 0]) {
    const running = await bench.start(plan)
    await taken(bench, running, records)
    const [entry] = await running.stateEntries('n', {})
    deepEqual([entry?.key, entry?.value], ['a', 2])
    await running.stop()
  }
  const last = await bench.drain(plan)
  deepEqual(
    (await bench.values('out')).map(line => line!.slice(0, 2)),
    ['a2']
  )
  deepEqual(
    (await flushed(last)).map(row => row.slice(0, 2)),
    ['a2']
  )
})

test('of windows of keys the oldest go beyond ten thousand, also from what is kept', async () => {
  const bench = new Bench()
  const byValue = step('assign-key', 'function whole(v) { return v }')
  const one = counting({ kind: 'count', records: 1 })
  const plan: Plan = {
    ...one,
    services: one.services.map(only => ({
      ...only,
      partition: { ...only.partition!, assignKey: { ...byValue, outputKey: { kind: 'string' } } }
    }))
  }
  await bench.createTopics(plan)
  const feed = (from: number, count: number): Promise<void> =>
    bench.feed(
      'in',
      Array.from({ length: count }, (_, index) => `${from + index}`)
    )
  await feed(0, 9_000)
  await bench.drain(plan)
  await feed(9_000, 2_500)
  await bench.drain(plan)
  const running = await bench.start(plan)
  const { flushed: rows } = await running.windowRows('n')
  equal(rows.length, 10_000)
  deepEqual(
    rows
      .map(({ key }) => Number(key))
      .toSorted((a, b) => a - b)
      .at(-1),
    11_499
  )
  const [state] = await running.states()
  equal(state!.keys, 0)
  await running.stop()
})
