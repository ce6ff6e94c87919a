// Benches of src/runtime: topic to topic on the disk log, exactly once, beside plain loops over the same bytes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock, SystemDisk } from '../src/base/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { openDiskLog } from '../src/log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../src/record/index.ts'
import {
  object,
  partition,
  plan,
  service,
  state,
  step,
  string,
  topic,
  u32
} from '../src/runtime/test-kit.ts'
import { Suite } from './harness.ts'
import { PortionedRun } from './support/portioned-run.ts'

const EVENTS = 200_000
const LINES = 400_000
const KEYS = 100_000
const BATCH_BYTES = 256 * 1024
/** Records of a batch; portions are whole batches. */
const BATCH_RECORDS = 1_000
const WARMUP = 2
const RUNS = 5

const clock = new SystemClock()
const random = new SeededRandom(1)
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-pipeline-'))
const log = await openDiskLog({
  disk: new SystemDisk(),
  folder: join(folder, 'log'),
  clock,
  random,
  cleanupIntervalMs: 0
})

const suite = new Suite('pipeline', {
  about:
    `topic to topic on the disk log, exactly once, one task in one thread: ${EVENTS} JSON events of about ` +
    `180 bytes over ${KEYS} keys, and ${LINES} lines of text of 100 bytes`,
  notMeasured: [
    'Several tasks and workers: they share the two cores with the log and the disk.',
    'Latency of single records under load; the log suite has the commit.'
  ]
})

/** Appends records in batches; gives their bytes one behind the other. */
async function fill(
  name: string,
  count: number,
  valueOf: (index: number) => string
): Promise<Uint8Array[]> {
  await log.createTopic(name)
  const builder = new BatchBuilder()
  const batches: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    builder.append(1.7e12 + index, null, Buffer.from(valueOf(index)))
    if (builder.count < BATCH_RECORDS) continue
    const batch = builder.build()
    batches.push(Buffer.from(batch))
    await log.commit({ batches: [{ topic: name, partition: 0, batch }], offsets: [] })
  }
  return batches
}

const portions = new Map<readonly Uint8Array[], number>()

/** The batches of the next `count` records: both sides go through the same input. */
function portion(batches: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  const from = portions.get(batches) ?? 0
  const to = from + count / BATCH_RECORDS
  portions.set(batches, to)
  return batches.slice(from, to)
}

/** Starts a dataflow that is given the records of a filled topic in portions. */
function start(input: string, one: Plan): Promise<PortionedRun> {
  const stores = join(folder, one.name)
  return PortionedRun.start({ plan: one, input, folder, log, clock, random, stores })
}

const event = object('event', {
  user: string,
  action: string,
  amount: u32,
  page: string,
  agent: string,
  session: string
})
const total = object('total', { user: string, count: u32, amount: u32 })

const events = await fill('events', EVENTS * (WARMUP + RUNS), index =>
  JSON.stringify({
    user: `user-${String((index * 7919) % KEYS).padStart(8, '0')}`,
    action: index % 5 === 0 ? 'view' : 'order',
    amount: index % 1_000,
    page: `/shop/item/${index % 5_000}?from=list`,
    agent: 'Mozilla/5.0 (X11; Linux) bench',
    session: `s-${String(index).padStart(20, '0')}`
  })
)

function jsonPlan(): Plan {
  return plan(
    [topic('events', event), topic('totals', total)],
    [
      service('totals', {
        sources: ['events'],
        states: [state('count', string, u32)],
        steps: [
          step('filter', 'function isOrder(event) { return event.action === "order" }'),
          step('map', 'function slim(event) { return { user: event.user, amount: event.amount } }')
        ],
        partition: partition(
          step('assign-key', 'function byUser(event) { return event.user }', { output: string }),
          step(
            'update-state',
            `function add(event, ctx) {
              const count = ctx.state.count.update(n => n + 1)
              return { user: event.user, count, amount: event.amount }
            }`
          )
        ),
        sinks: ['totals']
      })
    ],
    'json'
  )
}

const out = Buffer.alloc(4096)
const counts = new Map<string, number>()

/** The same work without a log, types, or state that survives: parse, filter, map, count, stringify. */
function jsonLoop(): void {
  const batches = portion(events, EVENTS)
  const cursor = new RecordCursor()
  for (const batch of batches) {
    cursor.open(batch, 0)
    while (cursor.next()) {
      const parsed = JSON.parse(cursor.data.toString('utf8', cursor.valueStart, cursor.valueEnd))
      if (parsed.action !== 'order') continue
      const slim = { user: parsed.user, amount: parsed.amount }
      const count = (counts.get(slim.user) ?? 0) + 1
      counts.set(slim.user, count)
      out.write(JSON.stringify({ user: slim.user, count, amount: slim.amount }))
    }
  }
}

const lines = await fill('lines', LINES * (WARMUP + RUNS), index =>
  `${index} ${'the quick brown fox '.repeat(5)}`.slice(0, 100)
)

function rawPlan(): Plan {
  return plan(
    [topic('lines'), topic('kept')],
    [
      service('keep', {
        sources: ['lines'],
        steps: [step('filter', 'function isOdd(line) { return line.charCodeAt(0) % 2 === 1 }')],
        sinks: ['kept']
      })
    ],
    'raw'
  )
}

/** The same bytes read, decoded, looked at and copied into batches, without a log. */
function rawLoop(): void {
  const batches = portion(lines, LINES)
  const cursor = new RecordCursor()
  const builder = new BatchBuilder()
  for (const batch of batches) {
    for (let at = 0; at < batch.length; at += batchByteLength(batch, at)) {
      cursor.open(batch, at)
      while (cursor.next()) {
        const { data, valueStart, valueEnd } = cursor
        const line = data.toString('utf8', valueStart, valueEnd)
        if (line.charCodeAt(0) % 2 !== 1) continue
        builder.appendRange(
          cursor.timestamp,
          data,
          -1,
          -1,
          data,
          valueStart,
          valueEnd,
          data,
          0,
          0,
          0
        )
        if (builder.byteLength >= BATCH_BYTES) builder.build()
      }
    }
  }
}

try {
  const json = await start('events', jsonPlan())
  await suite.measure(
    'JSON filter, map, count per key',
    {
      unit: 'records',
      count: EVENTS,
      ceiling: { name: 'parse, Map, stringify in a loop', run: jsonLoop },
      goalRatio: 0.6,
      warmup: WARMUP,
      runs: RUNS
    },
    () => json.run(EVENTS)
  )
  const stoppedAt = clock.monotonic()
  await json.stop()
  const stopMs = clock.monotonic() - stoppedAt
  suite.value(`stop with ${KEYS} keys of state`, { unit: 'ms' }, [stopMs])
  const raw = await start('lines', rawPlan())
  await suite.measure(
    'only filter, raw text',
    {
      unit: 'records',
      count: LINES,
      ceiling: { name: 'decode, filter, copy in a loop', run: rawLoop },
      goal: 1e6,
      warmup: WARMUP,
      runs: RUNS
    },
    () => raw.run(LINES)
  )
  await raw.stop()
} finally {
  await log.close()
  rmSync(folder, { recursive: true, force: true })
}
suite.finish()
