// A process of its own that loads an application of functions and tells what memory it takes.
//
//   functions-load.ts timers FOLDER N     N delayed messages with tokens, none due; run again in FOLDER: a restart
//   functions-load.ts addresses FOLDER N  N addresses that are touched once
//   functions-load.ts down FOLDER N       N messages for a function that never answers, one address each
//
// A last argument bounds the hot state, or with "down" the mailboxes, in bytes. `liveMb` needs --expose-gc.
// Prints one line of JSON, a LoadReport.
import { join } from 'node:path'
import { memoryUsage, resourceUsage } from 'node:process'

import { SystemClock, SystemDisk, SystemRandom, letHeapGrow } from '../../src/base/index.ts'
import {
  type FunctionEndpoint,
  type StatefulFunction,
  intType,
  messageTo,
  statefulFunction,
  valueSpec
} from '../../src/functions/index.ts'
import { requiredFunctionTopics, startFunctions } from '../../src/functions/runtime/index.ts'
import { type Log, openDiskLog } from '../../src/log/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'
import { openLevelStore } from '../../src/state/index.ts'

/** What a load says of itself. */
export interface LoadReport {
  readonly pending: number
  readonly recordsIn: number
  readonly lag: number
  readonly mailboxBytes: number
  /** Of the start of the application alone. */
  readonly startMs: number
  readonly rssMb: number
  readonly rssPeakMb: number
  /** The heap and what it holds outside: at the end, and before the application was started. */
  readonly liveMb: number
  readonly liveBeforeMb: number
}

const BATCH_RECORDS = 2_000
/** A look finds nothing new so often before it is taken that nothing comes. */
const QUIET_LOOKS = 20
const DAY_MS = 86_400_000
const MB = 1024 * 1024

const [scenario, folder, count, bytesMax] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?
]
const COUNT = Number(count)

letHeapGrow()
const clock = new SystemClock()
const log = await openDiskLog({
  disk: new SystemDisk(),
  folder: join(folder, 'log'),
  clock,
  random: new SystemRandom()
})

const touched = valueSpec({ name: 'count', type: intType })

const sleeper = statefulFunction({
  typename: 'load/timers',
  handler(context) {
    const { self } = context
    const delayMs = DAY_MS + (Number(self.id) % 100_000) * 10
    context.sendAfter(delayMs, messageTo(self, 1, intType), { cancellationToken: `t-${self.id}` })
  }
})

const counter = statefulFunction({
  typename: 'load/addresses',
  specs: [touched],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
  }
})

const FUNCTIONS: readonly StatefulFunction[] = [sleeper, counter]

const down: FunctionEndpoint = {
  functions: 'load/down',
  call: (_batch, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
    })
}

async function fill(to: Log): Promise<void> {
  await to.createTopic('in')
  const value = Buffer.alloc(scenario === 'down' ? 1_000 : 10, 'v')
  const builder = new BatchBuilder()
  for (let index = 0; index < COUNT; index++) {
    builder.append(clock.now(), Buffer.from(String(index)), value)
    if (builder.count < BATCH_RECORDS && index < COUNT - 1) continue
    const batch = builder.build()
    await to.commit({ batches: [{ topic: 'in', partition: 0, batch }], offsets: [] })
  }
}

const options = {
  name: 'load',
  functions: FUNCTIONS,
  endpoints: [down],
  ingresses: [
    {
      kind: 'targets',
      topic: 'in',
      valueType: 'load/record',
      targets: [`load/${scenario}`]
    } as const
  ],
  egresses: [],
  log,
  clock,
  openStore: (index: number) => openLevelStore(join(folder, `store-${index}`)),
  ...(bytesMax !== undefined && {
    [scenario === 'down' ? 'mailboxBytesMax' : 'stateHotBytes']: Number(bytesMax)
  }),
  onLog: (line: { readonly message: string }) => console.error(line.message)
}

if ((await log.listTopics()).length === 0) {
  await fill(log)
  for (const { name, internal, cleanup } of requiredFunctionTopics(options)) {
    if (name !== 'in') await log.createTopic(name, { internal, cleanup: cleanup ?? 'delete' })
  }
}

function liveMb(): number {
  globalThis.gc?.()
  const { heapUsed, external } = memoryUsage()
  return (heapUsed + external) / MB
}

/** What lives once the flushes of the state are done: until it does not fall any more. */
async function settledMb(): Promise<number> {
  for (let before = Infinity, same = 0; ;) {
    await clock.sleep(250)
    const now = liveMb()
    same = now < before - 1 ? 0 : same + 1
    before = Math.min(before, now)
    if (same === 4) return before
  }
}

const beforeMb = await settledMb()
const beganMs = clock.monotonic()
const running = await startFunctions(options)
const startMs = clock.monotonic() - beganMs

/** Until nothing moves any more: all is processed, or an ingress is held. */
for (let before = -1, quiet = 0; quiet < QUIET_LOOKS;) {
  await clock.sleep(100)
  const { recordsIn, lag } = await running.metrics()
  quiet = recordsIn === before ? quiet + 1 : 0
  before = recordsIn
  if (lag === 0 && quiet > 0) break
}
const { timers, recordsIn, lag, mailboxBytes } = await running.metrics()
const { rss } = memoryUsage()
const endMb = await settledMb()
await running.stop()
await log.close()

const report: LoadReport = {
  pending: timers,
  recordsIn,
  lag,
  mailboxBytes,
  startMs,
  rssMb: rss / MB,
  rssPeakMb: resourceUsage().maxRSS / 1024,
  liveMb: endMb,
  liveBeforeMb: beforeMb
}
console.log(JSON.stringify(report))
