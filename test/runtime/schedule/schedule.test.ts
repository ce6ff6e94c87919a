// Ticks of a schedule, with the process killed at random commits: each comes out once, none is lost.
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SimulatedClock } from '../../../src/base/index.ts'
import { compile } from '../../../src/dataflow/index.ts'
import { Bench } from '../../../src/runtime/test-kit.ts'
import { type CrashPoint, CrashingLog } from '../crashing-log.ts'
import { SEED, cases } from '../joins/world.ts'
import { MortalDataflow } from '../mortal-dataflow.ts'

const CASES = cases(80)
const START_MS = Date.UTC(2026, 10, 22)

/** Counts ticks by key, so that state, too, must have each once. */
const TEXT = `apiVersion: 1.0.0
meta: { name: clock }
schedule: { second: { cron: "* * * * * *", missed: all } }
topics: { out: { schema: { value: { type: string } } } }
services:
  count:
    sources: [{ type: schedule, id: second }]
    states: { ticks: { type: keyed-state, properties: { key: string, value: u32 } } }
    partition:
      assign-key: { constant: all }
      update-state:
        run: |
          function count(at: s64, ctx: Context): string {
            return at + ' ' + ctx.state.ticks.update(n => n + 1)
          }
    sinks: [{ type: topic, id: out }]
`
const { plan } = compile(TEXT, { file: 'dataflow.yaml' })

/** A process: how long it lives if it is not killed before, at a commit, and how long nothing runs then. */
const lives = fc.array(
  fc.record({
    seconds: fc.nat(6),
    pauseMs: fc.oneof(fc.nat(3_000), fc.nat(60_000)),
    crash: fc.option(
      fc.record({ commit: fc.integer({ min: 1, max: 8 }), isDurable: fc.boolean() }),
      {
        nil: null
      }
    )
  }),
  { minLength: 1, maxLength: 4 }
)

test(`ticks come once each, whenever the process dies (seed ${SEED}, ${CASES} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(lives, async all => {
      const world = new World()
      await world.bench.createTopics(plan!)
      for (const { seconds, pauseMs, crash } of all) {
        await world.live(seconds, crash)
        await world.clock.advance(pauseMs)
      }
      await world.live(1, null)
      const first = world.firstMs
      ok(first !== null)
      const count = Math.floor(world.clock.now() / 1_000) - Math.floor(first / 1_000)
      const expected = Array.from(
        { length: count },
        (_, index) => `${Math.floor(first / 1_000) * 1_000 + (index + 1) * 1_000} ${index + 1}`
      )
      deepEqual(await world.bench.values('out'), expected)
    }),
    { seed: SEED, numRuns: CASES }
  )
})

/** Processes one after the other on one log. */
class World {
  readonly clock = new SimulatedClock(START_MS)
  readonly bench = new Bench({ clock: this.clock })
  /** When the schedule began: with the first start that was committed. */
  firstMs: number | null = null
  readonly #dataflow = new MortalDataflow(plan!, this.bench, [])

  /** One process, which ends with a drain or dies. */
  async live(seconds: number, crash: CrashPoint | null): Promise<void> {
    const log = new CrashingLog(this.bench.log, crash)
    const startedMs = this.clock.now()
    const process = { isDead: false }
    const crashed = log.crashed.then(() => void (process.isDead = true))
    const orDead = <T>(work: Promise<T>): Promise<T | void> => Promise.race([work, crashed])
    const running = await orDead(this.#dataflow.start(log))
    // Each in turn, so that commits and ticks meet in many ways.
    for (let second = 0; second < seconds && !process.isDead; second++) {
      await this.clock.advance(1_000)
      if (second % 2 === 0) await orDead(running!.settle())
    }
    if (!process.isDead) await orDead(running!.drain())
    const isBegun = (await this.bench.log.positions('default/clock/schedule')).length > 0
    if (isBegun) this.firstMs ??= startedMs
    if (process.isDead) this.#dataflow.die()
  }
}
