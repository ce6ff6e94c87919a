// Joins of every kind and dedup over random streams, out of order and late, killed at random commits, with oracles.
import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Plan } from '../../../src/dataflow/plan.ts'
import {
  type JoinSetup,
  type TableSetup,
  eventsOf,
  naiveDedup,
  naiveLookUp,
  naivePairs,
  naiveTables,
  naiveVersions
} from './oracle.ts'
import { type Row, SEED, type Stream, World, cases, planOf, setups, streams } from './world.ts'

const PAIRS = cases(1_300)
const TASKS = cases(300)
const VERSIONS = cases(700)
const TABLES = cases(600)
const DEDUP = cases(600)
const STATES = cases(200)

function intervalPlan(setup: JoinSetup, partitions = 1): Plan {
  return planOf(
    `    join:
      kind: ${setup.kind}
      left: { source: l, key: key, timestamp: time }
      right: { source: r, key: key, timestamp: time }
      within: { before: ${setup.beforeMs}ms, after: ${setup.afterMs}ms }
    watermark: { out-of-orderness: ${setup.outOfOrdernessMs}ms, grace-period: ${setup.graceMs}ms }`,
    '${one.left?.id ?? "-"} ${one.right?.id ?? "-"} ${ctx.timestamp}',
    partitions
  )
}

test(`streams within bounds come to what the oracle says (seed ${SEED}, ${PAIRS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(setups, streams, async (setup, stream) => {
      const found = await new World(intervalPlan(setup), stream.crashes).run(stream)
      deepEqual(found.toSorted(), naivePairs(setup, eventsOf(stream.parts)))
    }),
    { seed: SEED, numRuns: PAIRS }
  )
})

test(`streams over several tasks come to what the oracle says (seed ${SEED}, ${TASKS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(setups, streams, async (setup, stream) => {
      // Nothing is late, so it does not count which task is faster.
      const waiting = { ...setup, outOfOrdernessMs: 10_000 }
      const found = await new World(intervalPlan(waiting, 2), stream.crashes).run(stream, 2)
      deepEqual(found.toSorted(), naivePairs(waiting, eventsOf(stream.parts)))
    }),
    { seed: SEED, numRuns: TASKS }
  )
})

test(`versions as of the time of events come to what the oracle says (seed ${SEED}, ${VERSIONS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(setups, streams, async (given, stream) => {
      const setup = { ...given, kind: given.kind === 'outer' ? ('left' as const) : given.kind }
      const plan = planOf(
        `    join:
      kind: ${setup.kind}
      left: { source: l, key: key, timestamp: time }
      right: { source: r, type: versions, key: key, timestamp: time }
    watermark: { out-of-orderness: ${setup.outOfOrdernessMs}ms, grace-period: ${setup.graceMs}ms }`,
        '${one.left.id} ${one.right?.id ?? "-"} ${ctx.timestamp}'
      )
      const found = await new World(plan, stream.crashes).run(stream)
      deepEqual(found.toSorted(), naiveVersions(setup, eventsOf(stream.parts)))
    }),
    { seed: SEED, numRuns: VERSIONS }
  )
})

const tables: fc.Arbitrary<TableSetup> = fc.record({
  kind: fc.constantFrom('inner', 'left', 'outer'),
  leftRow: fc.constantFrom('amount', 'key', null),
  rightRow: fc.constantFrom('amount', 'key')
})

test(`tables, and streams with tables, come to what the oracle says (seed ${SEED}, ${TABLES} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(tables, streams, async (given, stream) => {
      const isStream = given.leftRow === null
      const setup: TableSetup =
        isStream && given.kind === 'outer' ? { ...given, kind: 'left' } : given
      const left = isStream ? '' : `, type: table, row: ${setup.leftRow}`
      const plan = planOf(
        `    join:
      kind: ${setup.kind}
      left: { source: l, key: key${left} }
      right: { source: r, key: key, type: table, row: ${setup.rightRow} }`,
        '${one.left?.id ?? "-"} ${one.right?.id ?? "-"}'
      )
      const found = await new World(plan, stream.crashes).run(stream)
      deepEqual(found, naiveTables(setup, inOrder(stream)))
    }),
    { seed: SEED, numRuns: TABLES }
  )
})

test(`a state of another service is looked up as of all records before (seed ${SEED}, ${STATES} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('inner', 'left'), streams, async (kind, stream) => {
      const plan = statePlan(kind)
      const found = await new World(plan, stream.crashes).run(stream)
      deepEqual(found, naiveLookUp(kind, inOrder(stream)))
    }),
    { seed: SEED, numRuns: STATES }
  )
})

test(`what an aggregate gives is looked up as of all records before (seed ${SEED}, ${STATES} cases)`, async () => {
  const plan = planOf(
    `    states: { all: { from: add-up.aggregate } }
    join:
      kind: left
      left: { source: l, key: key }
      right: { state: all }`,
    '${one.left.id} ${one.right?.n ?? 0} ${one.right?.mean ?? "-"} ${one.right?.best ?? "-"}',
    1,
    {
      sources: '[{ type: topic, id: l }]',
      others: `  add-up:
    sources: [{ type: topic, id: r }]
    partition:
      assign-key: { field: key }
      aggregate: { n: count, mean: { avg: amount }, best: { max: amount } }
`
    }
  )
  await fc.assert(
    fc.asyncProperty(streams, async stream => {
      const rows = inOrder(stream)
      const expected = rows.flatMap(({ id, key, topic }, index) => {
        if (topic === 'r') return []
        const of = rows.slice(0, index).filter(one => one.topic === 'r' && one.key === key)
        const amounts = of.map(({ amount }) => amount)
        const sum = amounts.reduce((all, amount) => all + amount, 0)
        const [mean, best] = of.length === 0 ? ['-', '-'] : [sum / of.length, Math.max(...amounts)]
        return [`${id} ${of.length} ${mean} ${best}`]
      })
      deepEqual(await new World(plan, stream.crashes).run(stream), expected)
    }),
    { seed: SEED, numRuns: STATES }
  )
})

test('a state is looked up in the task of its key', async () => {
  const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`)
  const parts = [
    keys.map((key, index) => row(index, 'r', key)),
    keys.map((key, index) => row(100 + index, 'l', key))
  ]
  const found = await new World(statePlan('inner', 4), []).run({ parts, batch: 7, crashes: [] }, 4)
  deepEqual(found.toSorted(), keys.map((_, index) => `${100 + index} ${index}`).toSorted())
})

function row(id: number, topic: 'l' | 'r', key: string): Row {
  return { id, topic, key, time: 1_000 + id, amount: id }
}

/** `l` looks up the sum of amounts of `r`; an amount of -1 removes the key. */
function statePlan(kind: string, partitions = 1): Plan {
  return planOf(
    `    states: { sums: { from: add-up.sum } }
    join:
      kind: ${kind}
      left: { source: l, key: key }
      right: { state: sums }`,
    '${one.left.id} ${one.right?.total ?? "-"}',
    partitions,
    {
      sources: '[{ type: topic, id: l }]',
      others: `  add-up:
    sources: [{ type: topic, id: r }]
    states:
      sum:
        type: keyed-state
        properties: { key: string, value: { type: object, type-name: sum, properties: { total: s32 } } }
    partition:
      assign-key: { field: key }
      update-state:
        run: |
          function addUp(one: Row, ctx: Context): void {
            if (one.amount === -1) ctx.state.sum.delete()
            else ctx.state.sum.update(sum => { sum.total += one.amount })
          }
`
    }
  )
}

const bounds = fc.oneof(
  fc.record({ count: fc.integer({ min: 1, max: 5 }), ageMs: fc.constant(null) }),
  fc.record({ count: fc.constant(null), ageMs: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ count: fc.integer({ min: 1, max: 5 }), ageMs: fc.integer({ min: 1, max: 60 }) })
)

test(`dedup lets pass what the oracle does (seed ${SEED}, ${DEDUP} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(bounds, streams, async ({ count, ageMs }, stream) => {
      const said = [
        ...(count === null ? [] : [`count: ${count}`]),
        ...(ageMs === null ? [] : [`age: ${ageMs}ms`])
      ]
      const plan = planOf(
        `    assign-timestamp: { field: time }
    partition:
      assign-key: { field: key }
      dedup: { ${said.join(', ')} }`,
        '${one.id}'
      )
      const found = await new World(plan, stream.crashes).run(stream)
      deepEqual(found, naiveDedup({ count, ageMs }, inOrder(stream)))
    }),
    { seed: SEED, numRuns: DEDUP }
  )
})

/** Records in the order in which they are taken: that of the log's timestamps. */
function inOrder({ parts }: Stream): Row[] {
  return parts.flat()
}
