// Joins with inputs that fall idle, tables and versions that end, and late records with a topic of their own; killed at
// random commits, with oracles.
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Plan } from '../../../src/dataflow/plan.ts'
import { IDLENESS_MS, Life, type Step } from '../life.ts'
import {
  type JoinSetup,
  type TableSetup,
  eventsOf,
  naiveLate,
  naivePairs,
  naiveTables,
  naiveVersions
} from './oracle.ts'
import {
  type Row,
  SEED,
  type Stream,
  World,
  cases,
  lineOf,
  planOf,
  setups,
  streams
} from './world.ts'

const IDLE_PAIRS = cases(350)
const IDLE_VERSIONS = cases(200)
const ENDING_TABLES = cases(300)
const ENDING_VERSIONS = cases(200)

const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(2 * IDLENESS_MS)), {
  minLength: 1,
  maxLength: 8
})

function stepsOf({ parts, batch }: Stream, pausesMs: readonly number[]): Step<Row>[] {
  const rows = parts.flat()
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) => ({
    rows: rows.slice(index * batch, (index + 1) * batch),
    pauseMs: pausesMs[index % pausesMs.length]!
  }))
}

function timed(setup: JoinSetup, right: string, more: string, show: string): Plan {
  return planOf(
    `    join:
      kind: ${setup.kind}
      left: { source: l, key: key, timestamp: time, late: { type: topic, id: late-l } }
      right: { source: r, ${right}key: key, timestamp: time, late: { type: topic, id: late-r } }${more}
    watermark:
      out-of-orderness: ${setup.outOfOrdernessMs}ms
      grace-period: ${setup.graceMs}ms
      idleness: ${IDLENESS_MS}ms`,
    show
  )
}

type JoinLife = Life<Row, 'l' | 'r'>

function lifeOf(plan: Plan, { crashes }: Stream): JoinLife {
  return new Life({
    plan,
    crashes,
    inputs: new Map([
      ['l', 'l'],
      ['r', 'r']
    ]),
    inputOf: row => row.topic,
    lineOf: (row, timestamp) => lineOf(row, timestamp, false)
  })
}

/** Ids in both topics of late records. */
async function lateIds({ bench }: JoinLife): Promise<string[]> {
  const values = [...(await bench.values('late-l')), ...(await bench.values('late-r'))]
  return values.map(value => String((JSON.parse(value!) as Row).id)).toSorted()
}

test(`streams with idle inputs come to what the oracle says (seed ${SEED}, ${IDLE_PAIRS} cases)`, async () => {
  let idle = 0
  let late = 0
  let deaths = 0
  await fc.assert(
    fc.asyncProperty(setups, streams, pauses, async (setup, stream, pausesMs) => {
      const within = `
      within: { before: ${setup.beforeMs}ms, after: ${setup.afterMs}ms }`
      const show = '${one.left?.id ?? "-"} ${one.right?.id ?? "-"} ${ctx.timestamp}'
      const life = lifeOf(timed(setup, '', within, show), stream)
      await life.live(stepsOf(stream, pausesMs))
      const { events } = life
      deepEqual((await life.bench.values('out')).toSorted(), naivePairs(setup, events))
      deepEqual(await lateIds(life), naiveLate(setup, events))
      idle += events.filter(({ kind }) => kind === 'idle').length
      deaths += events.filter(({ kind }) => kind === 'restart').length
      late += naiveLate(setup, events).length
    }),
    { seed: SEED, numRuns: IDLE_PAIRS }
  )
  // What is not met is not tested.
  ok(Math.min(idle, late, deaths) > IDLE_PAIRS / 4, `${idle} idle, ${late} late, ${deaths} deaths`)
})

test(`versions with idle inputs come to what the oracle says (seed ${SEED}, ${IDLE_VERSIONS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(setups, streams, pauses, async (given, stream, pausesMs) => {
      const setup = { ...given, kind: given.kind === 'outer' ? ('left' as const) : given.kind }
      const show = '${one.left.id} ${one.right?.id ?? "-"} ${ctx.timestamp}'
      const life = lifeOf(timed(setup, 'type: versions, ', '', show), stream)
      await life.live(stepsOf(stream, pausesMs))
      deepEqual((await life.bench.values('out')).toSorted(), naiveVersions(setup, life.events))
      deepEqual(await lateIds(life), naiveLate(setup, life.events))
    }),
    { seed: SEED, numRuns: IDLE_VERSIONS }
  )
})

/** Every record of a table, or of some tables, may be the end of its key. */
function ending(stream: Stream, ends: readonly boolean[], tables: readonly string[]): Stream {
  const parts = stream.parts.map(part =>
    part.map(row =>
      tables.includes(row.topic) && ends[row.id % ends.length]!
        ? { ...row, isTombstone: true }
        : row
    )
  )
  return { ...stream, parts }
}

const endings = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 })
const tables: fc.Arbitrary<TableSetup> = fc.record({
  kind: fc.constantFrom('inner', 'left', 'outer'),
  leftRow: fc.constantFrom('amount', 'key', null),
  rightRow: fc.constantFrom('amount', 'key')
})

test(`tables whose rows end come to what the oracle says (seed ${SEED}, ${ENDING_TABLES} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(tables, streams, endings, async (given, plain, ends) => {
      const isStream = given.leftRow === null
      const setup: TableSetup =
        isStream && given.kind === 'outer' ? { ...given, kind: 'left' } : given
      const stream = ending(plain, ends, isStream ? ['r'] : ['l', 'r'])
      const plan = planOf(
        `    join:
      kind: ${setup.kind}
      left: { source: l${isStream ? '' : `, type: table, row: ${setup.leftRow}`} }
      right: { source: r, type: table, row: ${setup.rightRow} }`,
        '${one.left?.id ?? "-"} ${one.right?.id ?? "-"}',
        1,
        { isKeyed: true }
      )
      const found = await new World(plan, stream.crashes, 'keyed').run(stream)
      deepEqual(found, naiveTables(setup, stream.parts.flat()))
    }),
    { seed: SEED, numRuns: ENDING_TABLES }
  )
})

test(`versions that end come to what the oracle says (seed ${SEED}, ${ENDING_VERSIONS} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(setups, streams, endings, async (given, plain, ends) => {
      const setup = { ...given, kind: given.kind === 'outer' ? ('left' as const) : given.kind }
      const stream = ending(plain, ends, ['r'])
      const plan = planOf(
        `    join:
      kind: ${setup.kind}
      left: { source: l }
      right: { source: r, type: versions }
    watermark: { out-of-orderness: ${setup.outOfOrdernessMs}ms, grace-period: ${setup.graceMs}ms }`,
        '${one.left.id} ${one.right?.id ?? "-"} ${ctx.timestamp}',
        1,
        { isKeyed: true }
      )
      const found = await new World(plan, stream.crashes, 'by time').run(stream)
      const events = eventsOf(stream.parts.map(byHeads))
      deepEqual(found.toSorted(), naiveVersions(setup, events))
    }),
    { seed: SEED, numRuns: ENDING_VERSIONS }
  )
})

/** As a task takes them: of the heads of both topics that with the smaller time. */
function byHeads(rows: readonly Row[]): Row[] {
  const left = rows.filter(row => row.topic === 'l')
  const right = rows.filter(row => row.topic === 'r')
  const taken: Row[] = []
  while (left.length > 0 || right.length > 0) {
    const isLeft = right.length === 0 || (left.length > 0 && left[0]!.time <= right[0]!.time)
    taken.push((isLeft ? left : right).shift()!)
  }
  return taken
}
