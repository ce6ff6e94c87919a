// Random dataflows, killed at random commits, against an oracle that knows neither tasks nor crashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SeededRandom } from '../../src/base/index.ts'
import { requiredTopics, startDataflow } from '../../src/runtime/index.ts'
import { Bench } from '../../src/runtime/test-kit.ts'
import { MemoryStore } from '../../src/state/index.ts'
import { compareOutcome } from './compare-outcome.ts'
import { CrashingLog, TickingClock } from './crashing-log.ts'
import { type Item, naiveOutcome } from './oracle.ts'
import { type Case, cases } from './random-dataflow.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const RUNS = Number(process.env['MILLRACE_CASES'] ?? 300)

test(`random dataflows with crashes come to what the oracle says (seed ${SEED})`, async () => {
  await fc.assert(fc.asyncProperty(cases, check), { seed: SEED, numRuns: RUNS })
  assert.ok(deaths > RUNS / 2, `only ${deaths} of ${RUNS} dataflows died on the way`)
})

let deaths = 0

async function check(one: Case): Promise<void> {
  const bench = new Bench({ clock: new TickingClock() })
  await bench.createTopics(one.plan)
  const known = new Set(requiredTopics(one.plan).map(topic => topic.name))
  for (const name of new Set(one.batches.map(batch => batch.topic))) {
    if (!known.has(name)) await bench.log.createTopic(name, { partitions: one.partitions })
  }
  const stores = new Map<number, MemoryStore>()
  const crashes = [...one.crashes]
  const inputs: { topic: string; item: Item }[] = []
  // Half of the input is there at the first start, the rest comes later.
  const half = Math.ceil(one.batches.length / 2)
  for (const part of [one.batches.slice(0, half), one.batches.slice(half)]) {
    for (const { topic, partition, keys, values } of part) {
      const lines = values.map(value => ({ key: keys ? value.slice(-1) : null, value }))
      await bench.feed(topic, lines, partition)
      for (const item of lines) inputs.push({ topic, item })
    }
    while (!(await runOnce(one, bench, stores, crashes))) crashes.shift()
  }
  await compareOutcome(one, await naiveOutcome(one.plan, inputs), name => bench.read(name))
}

/** Drains the dataflow; false when it died on the way. */
async function runOnce(
  one: Case,
  bench: Bench,
  stores: Map<number, MemoryStore>,
  crashes: Case['crashes']
): Promise<boolean> {
  const log = new CrashingLog(bench.log, crashes[0] ?? null)
  const life = async () => {
    const running = await startDataflow({
      plan: one.plan,
      folder: '/',
      log,
      clock: bench.clock,
      random: new SeededRandom(1),
      workers: 0,
      openStore: index => {
        const store = stores.get(index)?.reopen() ?? new MemoryStore()
        stores.set(index, store)
        return Promise.resolve(store)
      },
      storeFolder: '/',
      env: {},
      onLog: () => {}
    })
    await running.drain()
    return true
  }
  const isDone = await Promise.race([life(), log.crashed.then(() => false)])
  if (!isDone) {
    deaths++
    for (const store of stores.values()) store.crash()
  }
  return isDone
}
