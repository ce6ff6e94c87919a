// Windows of every kind over random streams, out of order, late and idle, killed at random commits, against an oracle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Plan } from '../../../src/dataflow/plan.ts'
import { Bench, type Line } from '../../../src/runtime/test-kit.ts'
import { TickingClock } from '../crashing-log.ts'
import { IDLENESS_MS, Life } from '../life.ts'
import { MortalDataflow } from '../mortal-dataflow.ts'
import {
  SECOND_MS,
  type WindowCase,
  disordered,
  names,
  ordered,
  planOf,
  withSecond
} from './cases.ts'
import { type Event, type TimedRecord, naiveWindows } from './oracle.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const CASES = Number(process.env['MILLRACE_CASES'] ?? 10_000)
/** Shares of the cases. */
const DISORDERED = Math.ceil(CASES * 0.55)
const ORDERED = Math.ceil(CASES * 0.25)
const CHAINED = Math.ceil(CASES * 0.1)
const IDLE = Math.ceil(CASES * 0.1)
/** Of so many cases one is looked at after another start. */
const STATE_STRIDE = 16
let compared = 0
const chained = fc.oneof(
  disordered.map(one => ({ one, asTasks: false })),
  ordered.map(one => ({ one, asTasks: true }))
)

test(`windows over disordered records are as the oracle says (seed ${SEED}, ${DISORDERED} cases)`, async () => {
  let lives = 0
  await fc.assert(
    fc.asyncProperty(disordered, async one => {
      const world = new World(planOf(one, { asTasks: false }), one.crashes)
      const events: Event[] = []
      for (const part of one.parts) {
        for (const batch of part) {
          await world.feed(batch, { asTasks: false })
          for (const record of batch) events.push({ kind: 'record', record })
        }
        await world.dataflow.drain()
        events.push({ kind: 'end' })
      }
      lives += world.dataflow.lives
      await world.compare(one, events)
    }),
    { seed: SEED, numRuns: DISORDERED }
  )
  assert.ok(lives > DISORDERED * 1.5, `only ${lives} lives in ${DISORDERED} cases`)
})

test(`windows over several tasks come to what the oracle says (seed ${SEED}, ${ORDERED} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(ordered, async one => {
      const world = new World(planOf(one, { asTasks: true }), one.crashes)
      const outcome = { windows: [] as string[], late: [] as string[] }
      for (const part of one.parts) {
        for (const batch of part) await world.feed(batch, { asTasks: true })
        await world.dataflow.drain()
        // Nothing is late, so one watermark over everything, sorted, says the same as several.
        const sorted = part.flat().toSorted((a, b) => a.time - b.time)
        const events = sorted.map((record): Event => ({
          kind: 'record',
          record: { ...record, input: 0 }
        }))
        const naive = naiveWindows({ ...one, inputs: 1 }, [...events, { kind: 'end' }])
        outcome.windows.push(...naive.windows)
      }
      // Which records are counted together depends on which task is faster.
      if (one.shape.kind === 'count') await world.compareCounts(one)
      else await world.compareWith(outcome)
    }),
    { seed: SEED, numRuns: ORDERED }
  )
})

test(`windows behind windows miss none of their results (seed ${SEED}, ${CHAINED} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(chained, async ({ one, asTasks }) => {
      fc.pre(one.shape.kind !== 'count' && one.shape.kind !== 'global')
      const world = new World(withSecond(planOf(one, { asTasks })), one.crashes)
      for (const batch of one.parts[0]!) await world.feed(batch, { asTasks })
      await world.dataflow.drain()
      const wanted = new Map<number, number>()
      for (const { timestamp } of await world.bench.read('out')) {
        const start = timestamp - (((timestamp % SECOND_MS) + SECOND_MS) % SECOND_MS)
        wanted.set(start, (wanted.get(start) ?? 0) + 1)
      }
      const found = await world.bench.values('second')
      const expected = [...wanted].map(([start, count]) => `${start} ${count}`)
      assert.deepEqual(found.toSorted(), expected.toSorted())
    }),
    { seed: SEED, numRuns: CHAINED }
  )
})

test(`idle inputs hold nothing back (seed ${SEED}, ${IDLE} cases)`, async () => {
  let deaths = 0
  await fc.assert(
    fc.asyncProperty(
      disordered,
      fc.array(fc.integer({ min: 1, max: 1_500 })),
      async (one, pauses) => {
        deaths += await idleCase(one, pauses)
      }
    ),
    { seed: SEED, numRuns: IDLE }
  )
  assert.ok(deaths > IDLE / 4, `only ${deaths} deaths in ${IDLE} cases`)
})

/**
 * Batches with pauses between them, after each of which the inputs that had nothing for a while are idle; and deaths,
 * after which all inputs are waited for again.
 */
async function idleCase(one: WindowCase, pauses: readonly number[]): Promise<number> {
  const plan = planOf(one, { asTasks: false, idlenessMs: IDLENESS_MS })
  const life = new Life<TimedRecord, number>({
    plan,
    crashes: one.crashes,
    inputs: new Map(names(one.inputs).map((name, input) => [input, name])),
    inputOf: record => record.input,
    lineOf
  })
  const steps = one.parts.flat().map((rows, index) => ({ rows, pauseMs: pauses[index] ?? 400 }))
  await life.live(steps)
  const events = life.events.map((event): Event =>
    event.kind === 'row' ? { kind: 'record', record: event.row } : event
  )
  const expected = naiveWindows(one, events)
  const found = await life.bench.values('out')
  assert.deepEqual(found.toSorted(), expected.windows.toSorted())
  const late = (await life.bench.values('late')).map(value => value!.split(':')[0])
  assert.deepEqual(late.toSorted(), expected.late)
  return events.filter(({ kind }) => kind === 'restart').length
}

/** A log and stores, over which the dataflow lives and dies. */
class World {
  readonly bench = new Bench({ clock: new TickingClock() })
  readonly plan: Plan
  readonly dataflow: MortalDataflow
  /** The log's timestamps say in which order the inputs are taken. */
  #sequence = 1_000
  #isReady = false

  constructor(plan: Plan, crashes: WindowCase['crashes']) {
    this.plan = plan
    this.dataflow = new MortalDataflow(plan, this.bench, crashes)
  }

  async feed(batch: readonly TimedRecord[], { asTasks }: { asTasks: boolean }): Promise<void> {
    if (!this.#isReady) await this.bench.createTopics(this.plan)
    this.#isReady = true
    for (const input of new Set(batch.map(record => record.input))) {
      const lines = batch.flatMap((record, index) =>
        record.input === input ? [lineOf(record, this.#sequence + index)] : []
      )
      if (asTasks) await this.bench.feed('in0', lines, input)
      else await this.bench.feed(`in${input}`, lines)
    }
    this.#sequence += batch.length
  }

  async compare(one: WindowCase, events: readonly Event[]): Promise<void> {
    await this.compareWith(naiveWindows(one, events))
  }

  async compareWith(expected: ReturnType<typeof naiveWindows>): Promise<void> {
    const found = await this.bench.values('out')
    assert.deepEqual(found.toSorted(), expected.windows.toSorted())
    const late = (await this.bench.values('late')).map(value => value!.split(':')[0])
    assert.deepEqual(late.toSorted(), expected.late)
    await this.#compareState()
  }

  /** Count windows of several tasks: every record once, and no window too large. */
  async compareCounts(one: WindowCase): Promise<void> {
    assert.ok(one.shape.kind === 'count')
    const windows = (await this.bench.values('out')).map(line => line!.split(' ')[2]!.split(','))
    const ids = one.parts.flat(2).map(record => record.id)
    assert.deepEqual(windows.flat().toSorted(), ids.toSorted())
    for (const window of windows) assert.ok(window.length <= one.shape.records)
    await this.#compareState()
  }

  /**
   * Of closed windows nothing is left but what was closed last, for those who look; a look at a share of the cases,
   * because it takes another start.
   */
  async #compareState(): Promise<void> {
    if (compared++ % STATE_STRIDE !== 0) return
    const running = await this.dataflow.start(this.bench.log)
    const [ids] = await running.states()
    assert.equal(ids!.keys, 0, 'keys of closed windows are left')
    assert.deepEqual(await running.stateEntries('ids', {}), [])
    const { open, flushed } = await running.windowRows('ids')
    assert.deepEqual(open, [])
    if (this.plan.topics['out']!.partitions === 1) {
      const lines = (await this.bench.values('out')).map(line => line!)
      const found = flushed.map(({ key, value, start, end }) => {
        const sorted = String(value).slice(0, -1).split(',').toSorted().join()
        return `${key} ${start}-${end} ${sorted}`
      })
      // All global windows have the same bounds.
      const isGlobal = this.plan.services[0]!.window!.shape.kind === 'global'
      const expected = isGlobal
        ? found.filter(line => lines.includes(line))
        : lastOf(lines, this.plan)
      assert.ok(found.length > 0, 'what was closed last is not there')
      assert.deepEqual(found.toSorted(), expected.toSorted())
    }
    await running.stop()
  }
}

/** The lines of the last window, or where windows belong to keys of the last one of each key. */
function lastOf(lines: readonly string[], { services }: Plan): string[] {
  const { kind } = services[0]!.window!.shape
  if (kind === 'session' || kind === 'count') {
    return [...new Map(lines.map(line => [line.split(' ')[0]!, line])).values()]
  }
  const newest = Math.max(...lines.map(endOf))
  return lines.filter(line => endOf(line) === newest)
}

function endOf(line: string): number {
  return Number(/-(\d+) /.exec(line)![1])
}

function lineOf({ id, key, time }: TimedRecord, timestamp: number): Line {
  return { value: `${id}:${key}:${time}`, timestamp }
}
