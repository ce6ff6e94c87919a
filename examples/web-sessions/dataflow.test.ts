// Tests of the sessions with the test kit: two that become one, and silence.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const EIGHT = Date.UTC(2024, 4, 17, 8)
const line = (time: string, path: string) =>
  `10.0.0.1 - - [17/May/2024:${time} +0000] "GET ${path} HTTP/1.1" 200 10 "-" "-"`

test('a page between two sessions makes them one', async () => {
  await using kit = await TestDataflow.open(flow, { now: EIGHT })
  const names = ['08:00:00', '08:40:00'].map((time, index) => line(time, `/${index}`))
  // The older page first: one that is older than the watermark would be late.
  await kit.feed('access-log', [names[1]!])
  strictEqual((await kit.windows('aggregate')).length, 1)
  await kit.feed('access-log', [line('08:39:30', '/between')])
  const [open] = await kit.windows('aggregate')
  deepStrictEqual(open?.window, { start: EIGHT + 2_370_000, end: EIGHT + 4_200_000 })
})

test('five minutes without a line end all visits', async () => {
  await using kit = await TestDataflow.open(flow, { now: EIGHT })
  await kit.feed('access-log', [line('08:00:00', '/')])
  await kit.advance(299_000)
  deepStrictEqual(await kit.take('visits'), [])
  await kit.advance(2_000)
  strictEqual((await kit.take('visits')).length, 1)
})
