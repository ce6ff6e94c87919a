// Benches of src/runtime: topic to topic on the disk log, exactly once, beside plain loops over the same bytes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock, SystemDisk } from '../src/base/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { type Log, openDiskLog } from '../src/log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../src/record/index.ts'
import { groupName, requiredTopics, startDataflow } from '../src/runtime/index.ts'
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
import { openLevelStore } from '../src/state/index.ts'
import { Suite } from './harness.ts'

const EVENTS = 500_000
const LINES = 1_000_000
const KEYS = 100_000
const BATCH_BYTES = 256 * 1024

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
    if (builder.byteLength < BATCH_BYTES && index < count - 1) continue
    const batch = builder.build()
    batches.push(Buffer.from(batch))
    await log.commit({ batches: [{ topic: name, partition: 0, batch }], offsets: [] })
  }
  return batches
}

let runs = 0

const stopMs: number[] = []

/**
 * Runs a plan from its start until the last input is committed; every run is a new dataflow with its own
 * output. The stop behind it writes the state's last changes to its store; it is a line of its own, so the
 * units are scaled to leave it out of the rate.
 */
async function run(input: string, count: number, made: (name: string) => Plan): Promise<number> {
  const startMs = clock.monotonic()
  const one = made(`run-${++runs}`)
  const known = await (log as Log).listTopics({ internal: true })
  for (const { name, internal, cleanup } of requiredTopics(one)) {
    if (known.some(found => found.name === name)) continue
    await log.createTopic(name, { internal, cleanup: cleanup ?? 'delete' })
  }
  const running = await startDataflow({
    plan: one,
    folder,
    log,
    clock,
    random,
    workers: 0,
    openStore: index => openLevelStore(join(folder, `${one.name}-${index}`)),
    storeFolder: folder,
    env: {},
    onLog: line => console.error(line.message)
  })
  const group = groupName(one)
  const isDone = async () =>
    (await log.positions(group)).some(({ topic, offset }) => topic === input && offset === count)
  while (!(await isDone())) await clock.sleep(2)
  const workedMs = clock.monotonic() - startMs
  await running.stop()
  const endMs = clock.monotonic()
  stopMs.push(endMs - startMs - workedMs)
  const { failed, recordsOut } = await running.metrics()
  if (failed > 0 || recordsOut === 0) throw new Error(`${failed} failed, ${recordsOut} came out`)
  return (count * (endMs - startMs)) / workedMs
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

const events = await fill('events', EVENTS, index =>
  JSON.stringify({
    user: `user-${String((index * 7919) % KEYS).padStart(8, '0')}`,
    action: index % 5 === 0 ? 'view' : 'order',
    amount: index % 1_000,
    page: `/shop/item/${index % 5_000}?from=list`,
    agent: 'Mozilla/5.0 (X11; Linux) bench',
    session: `s-${String(index).padStart(20, '0')}`
  })
)

function jsonPlan(name: string): Plan {
  return plan(
    [topic('events', event), topic(`totals-${name}`, total)],
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
        sinks: [`totals-${name}`]
      })
    ],
    name
  )
}

const out = Buffer.alloc(4096)

/** The same work without a log, types, or state that survives: parse, filter, map, count, stringify. */
function jsonLoop(): void {
  const counts = new Map<string, number>()
  const cursor = new RecordCursor()
  for (const batch of events) {
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

const lines = await fill('lines', LINES, index =>
  `${index} ${'the quick brown fox '.repeat(5)}`.slice(0, 100)
)

function rawPlan(name: string): Plan {
  return plan(
    [topic('lines'), topic(`kept-${name}`)],
    [
      service('keep', {
        sources: ['lines'],
        steps: [step('filter', 'function isOdd(line) { return line.charCodeAt(0) % 2 === 1 }')],
        sinks: [`kept-${name}`]
      })
    ],
    name
  )
}

/** The same bytes read, decoded, looked at and copied into batches, without a log. */
function rawLoop(): void {
  const cursor = new RecordCursor()
  const builder = new BatchBuilder()
  for (const batch of lines) {
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
  await suite.measure(
    'JSON filter, map, count per key',
    {
      unit: 'records',
      count: EVENTS,
      ceiling: { name: 'parse, Map, stringify in a loop', run: jsonLoop },
      goalRatio: 0.6,
      warmup: 1,
      runs: 3
    },
    () => run('events', EVENTS, jsonPlan)
  )
  suite.value(`stop with the state of ${KEYS} keys`, { unit: 'ms' }, stopMs.slice(1))
  await suite.measure(
    'only filter, raw text',
    {
      unit: 'records',
      count: LINES,
      ceiling: { name: 'decode, filter, copy in a loop', run: rawLoop },
      goal: 1e6,
      warmup: 1,
      runs: 3
    },
    () => run('lines', LINES, rawPlan)
  )
} finally {
  await log.close()
  rmSync(folder, { recursive: true, force: true })
}
suite.finish()
