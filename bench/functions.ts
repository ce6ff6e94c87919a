// Benches of src/functions: messages through functions in one task on the disk log, exactly once.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock, SystemDisk } from '../src/base/index.ts'
import {
  type StatefulFunction,
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec
} from '../src/functions/index.ts'
import { requiredFunctionTopics, startFunctions } from '../src/functions/runtime/index.ts'
import { openDiskLog } from '../src/log/index.ts'
import { BatchBuilder } from '../src/record/index.ts'
import { openLevelStore } from '../src/state/index.ts'
import { Suite } from './harness.ts'
import type { LoadReport } from './support/functions-load.ts'

const ADDRESSES = 10_000
const RECORDS = 200_000
/** Delayed messages that wait. */
const PENDING = 1_000_000
const BATCH_BYTES = 256 * 1024

const clock = new SystemClock()
const random = new SeededRandom(1)
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-functions-'))
const log = await openDiskLog({
  disk: new SystemDisk(),
  folder: join(folder, 'log'),
  clock,
  random,
  cleanupIntervalMs: 0
})

const suite = new Suite('functions', {
  about:
    `invocations of functions in process, one task in one thread, durable and exactly once on the disk log; ` +
    `counters have one value of type int`,
  notMeasured: ['Remote functions over HTTP.', 'Tasks in threads: all of an application share one.']
})

const count = valueSpec({ name: 'count', type: intType })

const counter = statefulFunction({
  typename: 'bench/counter',
  specs: [count],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
  }
})

/** Counts, and hands on to the next of `length` functions. */
function chain(length: number): StatefulFunction[] {
  return Array.from({ length }, (_, at) => {
    const next = `bench/chain-${at + 1}`
    return statefulFunction({
      typename: `bench/chain-${at}`,
      specs: [count],
      handler(context) {
        const { count } = context.storage
        const sum = (count.get() ?? 0) + 1
        count.set(sum)
        if (at < length - 1) {
          context.send(messageTo(addressOf(next, context.self.id), sum, intType))
        }
      }
    })
  })
}

const FAN = 10

const asker = statefulFunction({
  typename: 'bench/asker',
  specs: [count],
  handler(context, message) {
    if (message.isString()) {
      const { count } = context.storage
      count.set((count.get() ?? 0) + 1)
      return
    }
    for (let index = 0; index < FAN; index++) {
      const to = addressOf('bench/answerer', `${context.self.id}-${index}`)
      context.send(messageTo(to, index, intType))
    }
  }
})

const answerer = statefulFunction({
  typename: 'bench/answerer',
  specs: [count],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    context.send(messageTo(context.caller!, 'done', stringType))
  }
})

/** Fills a topic with records whose keys are spread over `addresses` ids. */
async function fill(name: string, records: number, addresses: number): Promise<void> {
  await log.createTopic(name)
  const builder = new BatchBuilder()
  const value = Buffer.alloc(100, 'v')
  for (let index = 0; index < records; index++) {
    builder.append(1.7e12 + index, Buffer.from(`user-${(index * 7919) % addresses}`), value)
    if (builder.byteLength < BATCH_BYTES && index < records - 1) continue
    const batch = builder.build()
    await log.commit({ batches: [{ topic: name, partition: 0, batch }], offsets: [] })
  }
}

let runs = 0

/** Runs a new application over a topic to its end; gives how many messages were processed. */
async function run(
  topic: string,
  functions: readonly StatefulFunction[],
  tasks = 1
): Promise<number> {
  const options = {
    name: `run-${++runs}`,
    functions,
    ingresses: [
      {
        kind: 'targets',
        topic,
        valueType: 'bench/record',
        targets: [functions[0]!.typename]
      } as const
    ],
    egresses: [],
    tasks,
    log,
    clock,
    openStore: (index: number) => openLevelStore(join(folder, `store-${runs}-${index}`)),
    onLog: (line: { readonly message: string }) => console.error(line.message)
  }
  const known = new Set((await log.listTopics()).map(one => one.name))
  for (const { name, internal, cleanup, partitions } of requiredFunctionTopics(options)) {
    if (known.has(name)) continue
    const spec = { internal, cleanup: cleanup ?? 'delete', partitions: partitions ?? 1 } as const
    await log.createTopic(name, spec)
  }
  const running = await startFunctions(options)
  await running.drain()
  const { invocations, deadLetters } = await running.metrics()
  if (deadLetters > 0 || invocations === 0) throw new Error(`${deadLetters} dead letters`)
  return invocations
}

await fill('spread', RECORDS, ADDRESSES)
await fill('hot', RECORDS, 1)
await fill('some', RECORDS * 0.3, ADDRESSES)
await fill('few', RECORDS / 10, ADDRESSES)

const invocations = { unit: 'invocations', warmup: 1, runs: 3 }
await suite.measure('counter, 10,000 addresses', { ...invocations, goal: 100_000 }, () =>
  run('spread', [counter])
)
await suite.measure('counter, one hot address', { ...invocations, goal: 50_000 }, () =>
  run('hot', [counter])
)
await suite.measure('chain of 3', { ...invocations, goal: 100_000 }, () => run('some', chain(3)))
await suite.measure('chain of 3, one ingress partition, 4 tasks', invocations, () =>
  run('some', chain(3), 4)
)
await suite.measure('chain of 9', { ...invocations, goal: 100_000 }, () => run('few', chain(9)))
await suite.measure('fan-out of 10 with reply', { ...invocations, goal: 100_000 }, () =>
  run('few', [asker, answerer])
)

await log.close()

/** Loads an application in a process of its own; in the same folder again it is a restart. */
function load(place: string): LoadReport {
  const script = join(import.meta.dirname, 'support/functions-load.ts')
  const args = [...process.execArgv, script, 'timers', place, String(PENDING)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as LoadReport
}

const place = join(folder, 'timers')
const [first, again] = [load(place), load(place)]
if (first.pending !== PENDING || again.pending !== PENDING) throw new Error('messages are missing')
const name = `${PENDING / 1e6} M delayed messages with tokens`
suite.value(`${name}: most memory while they come`, { unit: 'MB', goal: 500 }, [first.rssPeakMb])
suite.value(`${name}: memory after a restart`, { unit: 'MB', goal: 500 }, [again.rssMb])
suite.value(`${name}: start`, { unit: 'ms', goal: 300 }, [again.startMs])

suite.finish()
rmSync(folder, { recursive: true })
