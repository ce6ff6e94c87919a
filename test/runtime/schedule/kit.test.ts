// Ticks in the test kit: they come as the test moves the clock, and each once over crashes.
import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../../src/dataflow/index.ts'
import { TestDataflow } from '../../../src/testing/index.ts'

const MINUTE = 60_000
const NOON = Date.UTC(2026, 10, 22, 12)
const { plan } = compile(
  `apiVersion: 1.0.0
meta: { name: clock }
schedule: { minute: { cron: "* * * * *", missed: all } }
topics: { out: { schema: { value: { type: s64 } } } }
services:
  tell:
    sources: [{ type: schedule, id: minute }]
    sinks: [{ type: topic, id: out }]
`,
  { file: 'dataflow.yaml' }
)

test('ticks come as the clock of the test moves, each once over a crash', async () => {
  await using flow = await TestDataflow.open(plan!, { now: NOON })
  const minutes = async (): Promise<number[]> =>
    (await flow.take('out')).map(at => (Number(at) - NOON) / MINUTE)
  await flow.advance(3 * MINUTE)
  deepEqual(await minutes(), [1, 2, 3])
  flow.inject({ at: 'commit', action: 'crash', isDurable: true })
  await flow.advance(MINUTE)
  await flow.recover()
  await flow.advance(MINUTE)
  deepEqual(await minutes(), [4, 5])
  flow.crash()
  await flow.advance(2.5 * MINUTE)
  await flow.recover()
  await flow.advance(2.5 * MINUTE)
  deepEqual(await minutes(), [6, 7, 8, 9, 10])
})
