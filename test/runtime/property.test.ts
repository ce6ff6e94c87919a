// Random dataflows, killed at random commits, against an oracle that knows neither tasks nor crashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { requiredTopics } from '../../src/runtime/index.ts'
import { Bench } from '../../src/runtime/test-kit.ts'
import { compareOutcome } from './compare-outcome.ts'
import { TickingClock } from './crashing-log.ts'
import { MortalDataflow } from './mortal-dataflow.ts'
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
  const dataflow = new MortalDataflow(one.plan, bench, one.crashes)
  const inputs: { topic: string; item: Item }[] = []
  // Half of the input is there at the first start, the rest comes later.
  const half = Math.ceil(one.batches.length / 2)
  const parts = [one.batches.slice(0, half), one.batches.slice(half)]
  for (const part of parts) {
    for (const { topic, partition, keys, values } of part) {
      const lines = values.map(value => ({ key: keys ? value.slice(-1) : null, value }))
      await bench.feed(topic, lines, partition)
      for (const item of lines) inputs.push({ topic, item })
    }
    await dataflow.drain()
  }
  deaths += dataflow.lives - parts.length
  await compareOutcome(one, await naiveOutcome(one.plan, inputs), name => bench.read(name))
}
