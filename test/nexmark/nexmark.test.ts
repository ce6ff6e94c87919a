// Nexmark: the generator gives the same bytes for a seed, and each query what the naive oracle says.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { test } from 'node:test'

import {
  DEFAULTS,
  EventGenerator,
  type GeneratorOptions,
  generateFile
} from '../../bench/nexmark/generator.ts'
import { readEvent, writeEvent } from '../../bench/nexmark/layout.ts'
import type { NexmarkEvent } from '../../bench/nexmark/model.ts'
import { TestDataflow, type TestRecord } from '../../src/testing/index.ts'
import { bidsPerBidder, oracleOf } from './oracle.ts'

const FOLDER = resolve(import.meta.dirname, '../../bench/nexmark/queries')
const QUERIES = globSync('*.yaml', { cwd: FOLDER })
  .map(path => basename(path, '.yaml'))
  .toSorted()
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const EVENTS = Number(process.env['MILLRACE_NEXMARK_EVENTS'] ?? 4_000)
/** Whose rows replace those before under the same key. */
const UPSERTS = new Set(['q4', 'q9', 'q18'])
/** Seconds of events for windows of seconds; days for what groups by day and hour. */
const INPUTS: readonly GeneratorOptions[] = [
  { count: EVENTS, seed: SEED, eventsPerSecond: 100, outOfOrderGroup: 20 },
  { count: EVENTS, seed: SEED + 1, eventsPerSecond: 0.02, outOfOrderGroup: 1 }
]
/** Of 10,000 events of {@link DEFAULTS}. */
const EXPECTED_SHA256 = '33a1c7393bf00195e0ffd6ddea9afb3dc2f05d91b3390b6e8a44d9a5008b7a94'

test('a seed gives the same file, another seed another one', () => {
  const options = { ...DEFAULTS, count: 10_000 }
  const { sha256, batches } = generateFile(options)
  assert.equal(batches.length, 10)
  assert.equal(sha256, EXPECTED_SHA256)
  assert.equal(generateFile(options).sha256, sha256)
  assert.notEqual(generateFile({ ...options, seed: 2 }).sha256, sha256)
})

test('the generator keeps the proportions, and events survive their bytes', () => {
  const events = [...new EventGenerator({ ...DEFAULTS, count: 5_000 }).events()]
  const count = (kind: NexmarkEvent['kind']): number =>
    events.filter(event => event.kind === kind).length
  assert.deepEqual([count('person'), count('auction'), count('bid')], [100, 300, 4_600])
  assert.deepEqual(
    events.map(event => readEvent(bytesOf(event))),
    events
  )
})

test('the generator leaves the order of times within its bound only', () => {
  const options = { ...DEFAULTS, count: 1_000, eventsPerSecond: 100, outOfOrderGroup: 20 }
  const times = [...new EventGenerator(options).events()].map(event => event.dateTime)
  const late = times.map((time, index) => Math.max(...times.slice(0, index + 1)) - time)
  assert.ok(Math.max(...late) > 0 && Math.max(...late) < 20 * 10, `up to ${Math.max(...late)} ms`)
})

for (const [index, options] of INPUTS.entries()) {
  const events = [...new EventGenerator(options).events()]
  const oracle = oracleOf(events)
  for (const query of QUERIES) {
    if (query === 'q12') continue
    test(`${query} is as the oracle says: ${describe(options)}`, async () => {
      const rows = await resultsOf(query, events)
      const expected = oracle[query]!
      if (index === 0) assert.ok(expected.length > 0, 'a result without rows shows nothing')
      assert.deepEqual(sorted(rows), sorted(expected))
    })
  }
}

test('every query has an oracle', () => {
  const known = [...Object.keys(oracleOf([])), 'q12'].toSorted()
  assert.deepEqual(QUERIES, known)
})

test('q12 counts each bid in the window of the clock in which it came', async () => {
  const events = [...new EventGenerator(INPUTS[0]!).events()]
  const now = 1_000_000_000_000
  const dataflow = await TestDataflow.open(resolve(FOLDER, 'q12.yaml'), { now })
  const half = events.length / 2
  await dataflow.feedRecords('events', recordsOf(events.slice(0, half)))
  await dataflow.advance(10_000)
  await dataflow.feedRecords('events', recordsOf(events.slice(half)))
  await dataflow.advance(10_000)
  const rows = (await dataflow.read('q12-bidders')).map(({ value }) => value as BidderCount)
  await dataflow.close()
  for (const [at, part] of [events.slice(0, half), events.slice(half)].entries()) {
    const start = now + at * 10_000
    const expected = [...bidsPerBidder(part)].map(([bidder, bids]) => ({
      bidder,
      bids,
      start,
      end: start + 10_000
    }))
    assert.deepEqual(sorted(rows.filter(row => row.start === start)), sorted(expected))
  }
})

interface BidderCount {
  readonly start: number
}

/** All that a query gives for the events, once event time has ended. */
async function resultsOf(query: string, events: readonly NexmarkEvent[]): Promise<unknown[]> {
  const dataflow = await TestDataflow.open(resolve(FOLDER, `${query}.yaml`), {
    now: events.at(-1)!.dateTime
  })
  await dataflow.feedRecords('events', recordsOf(events))
  await dataflow.endEventTime()
  const { sinks } = dataflow.plan.services.at(-1)!
  const records = await dataflow.read(sinks[0]!.topic)
  assert.deepEqual(await dataflow.deadLetters(), [])
  await dataflow.close()
  const kept = UPSERTS.has(query) ? newestOf(records) : records
  return kept.map(({ value }) => (value instanceof Uint8Array ? readEvent(value) : value))
}

function newestOf(
  records: readonly TestRecord<unknown, unknown>[]
): TestRecord<unknown, unknown>[] {
  return [...new Map(records.map(record => [record.key, record])).values()]
}

function recordsOf(events: readonly NexmarkEvent[]): { value: Uint8Array; timestamp: number }[] {
  return events.map(event => ({ value: bytesOf(event), timestamp: event.dateTime }))
}

function bytesOf(event: NexmarkEvent): Uint8Array {
  const bytes = Buffer.alloc(4_096)
  return bytes.subarray(0, writeEvent(event, bytes))
}

/** Rows in an order that does not depend on when they came. */
function sorted(rows: readonly unknown[]): unknown[] {
  return rows
    .map(row => ({ row, text: JSON.stringify(row, Object.keys(row as object).toSorted()) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ row }) => row)
}

function describe({ count, seed, eventsPerSecond, outOfOrderGroup }: GeneratorOptions): string {
  return `${count} events of seed ${seed}, ${eventsPerSecond}/s, out of order in groups of ${outOfOrderGroup}`
}
