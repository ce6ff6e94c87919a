// Built-in aggregates in windows of all kinds and without, killed at random commits, against naive ones.
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { builtinFunction } from '../../../src/runtime/builtin/index.ts'
import type { AggregatePlan } from '../../../src/dataflow/plan.ts'
import { type Event, naiveWindows } from '../windows/oracle.ts'
import { type Row, SEED, World, cases, planOf, streams } from './world.ts'

const WINDOWS = cases(400)
const RUNNING = cases(200)

const AGGREGATE = `aggregate:
          key: key
          records: count
          amounts: { count: amount }
          total: { sum: amount }
          least: { min: amount }
          most: { max: amount }
          mean: { avg: amount }
          keys: { distinct: id }
          first: { first: id }
          latest: { last: id }
          best: { top: 2, by: amount, of: id }
          worst: { top: 3, by: amount, order: ascending, of: amount }`
const shapes = {
  tumbling: {
    text: 'tumbling: { duration: 40ms }',
    shape: { kind: 'tumbling', durationMs: 40, offsetMs: 0 }
  },
  sliding: {
    text: 'sliding: { duration: 40ms, slide: 10ms }',
    shape: { kind: 'sliding', durationMs: 40, slideMs: 10, offsetMs: 0 }
  },
  session: { text: 'session: { gap: 12ms }', shape: { kind: 'session', gapMs: 12 } }
} as const

test(`aggregates of windows come to what the oracle says (seed ${SEED}, ${WINDOWS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<keyof typeof shapes>('tumbling', 'sliding', 'session'),
      streams,
      async (kind, stream) => {
        const plan = planOf(
          `    window:
      ${shapes[kind].text}
      assign-timestamp: { field: time }
      watermark: { out-of-orderness: 8ms }
      partition:
        assign-key: { field: key }
        ${AGGREGATE}
          start: window-start
          end: window-end`,
          '${JSON.stringify(one)}'
        )
        const rows = stream.parts.flat()
        const events = stream.parts.flatMap((part): Event[] => [
          ...part.map(({ id, key, time, topic }): Event => {
            return {
              kind: 'record',
              record: { id: String(id), key, time, input: topic === 'l' ? 0 : 1 }
            }
          }),
          { kind: 'end' }
        ])
        const setup = { shape: shapes[kind].shape, outOfOrdernessMs: 8, graceMs: 0, inputs: 2 }
        const expected = naiveWindows(setup, events).windows.map(line => {
          const [key = '', bounds = '', ids = ''] = line.split(' ')
          const [start, end] = bounds.split('-').map(Number)
          const of = rows.filter(row => ids.split(',').includes(String(row.id)))
          return JSON.stringify({ ...naive(key, of), start, end })
        })
        const found = await new World(plan, stream.crashes).run(stream)
        deepEqual(found.toSorted(), expected.toSorted())
      }
    ),
    { seed: SEED, numRuns: WINDOWS }
  )
})

test(`running aggregates come to what the oracle says (seed ${SEED}, ${RUNNING} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(streams, async stream => {
      const plan = planOf(
        `    assign-timestamp: { field: time }
    partition:
        assign-key: { field: key }
        ${AGGREGATE}`,
        '${JSON.stringify(one)}'
      )
      const rows = stream.parts.flat()
      const expected = rows.map((row, index) => {
        const of = rows.slice(0, index + 1).filter(one => one.key === row.key)
        return JSON.stringify(naive(row.key, of))
      })
      deepEqual(await new World(plan, stream.crashes).run(stream), expected)
    }),
    { seed: SEED, numRuns: RUNNING }
  )
})

test('distinct is within three standard errors, from one to 20,000, and merged alike', () => {
  const add = sketcher('add')
  const merge = sketcher('merge')
  const [whole, even, odd] = [add(), add(), add()]
  let next = 10
  for (let count = 1; count <= 20_000; count++) {
    whole.add(`user ${count}`)
    whole.add(`user ${Math.ceil(count / 2)}`)
    ;(count % 2 === 0 ? even : odd).add(`user ${count}`)
    if (count < next) continue
    next *= 3
    ok(
      Math.abs(whole.count() - count) <= Math.max(1, count * 0.048),
      `${whole.count()} of ${count}`
    )
    deepEqual(merge().merge(even.state(), odd.state()), whole.state())
  }
})

/** The function of `distinct`, on a state of its own. */
function sketcher(part: 'add' | 'merge') {
  const distinct: AggregatePlan = {
    name: 'n',
    function: 'distinct',
    field: ['v'],
    by: null,
    size: 0,
    order: 'descending',
    type: { kind: 'string' }
  }
  const call = { name: 'aggregate', property: 'p', aggregates: [distinct], sends: false } as const
  const adds = builtinFunction({ ...call, part: 'add' })
  const merges = builtinFunction({ ...call, part: 'merge' })
  const result = builtinFunction({ ...call, part: 'result' })
  return () => {
    let state: unknown = { n: '' }
    const p = { get: () => state, set: (next: unknown) => void (state = next) }
    const ctx = { key: 'k', state: { p }, timestamp: 0 }
    return {
      add: (v: string) => void (part === 'add' && adds({ v }, ctx)),
      merge: (one: unknown, other: unknown) => {
        state = one
        merges({ p: other }, ctx)
        return state
      },
      count: () => (result(ctx, ctx) as { value: { n: number } }).value.n,
      state: () => state
    }
  }
}

/** All aggregates of some records in the order in which they came. */
function naive(key: string, rows: readonly Row[]): object {
  const amounts = rows.map(row => row.amount)
  const byTime = rows.toSorted((a, b) => a.time - b.time)
  const total = amounts.reduce((sum, amount) => sum + amount, 0)
  const best = byTime.toSorted((a, b) => b.amount - a.amount)
  return {
    key,
    records: rows.length,
    amounts: rows.length,
    total,
    least: Math.min(...amounts),
    most: Math.max(...amounts),
    mean: total / rows.length,
    keys: rows.length,
    first: byTime[0]!.id,
    latest: byTime.at(-1)!.id,
    best: best.slice(0, 2).map(row => row.id),
    worst: amounts.toSorted((a, b) => a - b).slice(0, 3)
  }
}
