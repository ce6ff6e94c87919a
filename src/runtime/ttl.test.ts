// Times to live: what a value's age counts from.
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../base/index.ts'
import { compile } from '../dataflow/index.ts'
import { Bench } from './test-kit.ts'

/** Counts texts; those that end with ? are looked at, not counted. */
const planOf = (after: string) =>
  compile(
    `apiVersion: 1.0.0
meta: { name: test }
topics:
  in: { schema: { value: string } }
  out: { schema: { value: string } }
services:
  count:
    sources: [{ type: topic, id: in }]
    states: { seen: { type: keyed-state, properties: { key: string, value: u32 }, ttl: 10s, ttl-after: ${after} } }
    partition:
      assign-key: { run: 'function first(text: string): string { return text.slice(0, 1) }' }
      update-state:
        run: |
          function count(text: string, ctx: Context): string {
            if (text.endsWith('?')) return \`\${text}\${ctx.state.seen.get()}\`
            return \`\${text}\${ctx.state.seen.update(n => n + 1)}\`
          }
    sinks: [{ type: topic, id: out }]
`,
    { file: 'dataflow.yaml' }
  ).plan!

/** What comes out when a value is written, read 6 s later and again after another 6 s. */
async function readTwice(after: string): Promise<(string | null)[]> {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const plan = planOf(after)
  await bench.createTopics(plan)
  for (const text of ['a', 'a?', 'a?']) {
    await bench.feed('in', [text])
    await bench.drain(plan)
    await clock.advance(6_000)
  }
  return bench.values('out')
}

test('a value lives from its last update, whoever reads it', async () => {
  deepEqual(await readTwice('write'), ['a1', 'a?1', 'a?0'])
})

test('with ttl-after: access a read of its service lets it live on, over restarts too', async () => {
  deepEqual(await readTwice('access'), ['a1', 'a?1', 'a?1'])
})

test('values that expire leave the state soon, however many they are', async () => {
  const keys = 15_000
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const plan = planOf('write')
  await bench.createTopics(plan)
  const running = await bench.start(plan)
  await bench.feed(
    'in',
    Array.from({ length: keys }, (_, index) => String.fromCodePoint(0x4e00 + index))
  )
  await running.settle()
  // Sweeps come every five seconds, and every second while one leaves something to the next.
  for (let second = 0; second < 12; second++) {
    await clock.advance(1_000)
    await running.settle()
  }
  const topics = await bench.log.listTopics({ internal: true })
  const changelog = topics.find(({ spec }) => spec.cleanup === 'compact')!.name
  const removed = (await bench.read(changelog)).filter(({ value }) => value === null)
  equal(removed.length, keys)
  await running.stop()
})
