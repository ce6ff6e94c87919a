// Nexmark: 19 queries over one topic of binary events, durable exactly once, each beside its functions in a plain loop.
//
// MILLRACE_NEXMARK_QUERIES names some of them.
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

import { SeededRandom, SystemClock, SystemDisk } from '../src/base/index.ts'
import { openDiskLog } from '../src/log/index.ts'
import { type Measurement, Suite } from './harness.ts'
import { DEFAULTS, generateFile } from './nexmark/generator.ts'
import { PlainLoop } from './nexmark/plain-loop.ts'
import { loadFunctions, loadQuery } from './nexmark/load-query.ts'
import { NOTES } from './nexmark/notes.ts'
import { PortionedRun } from './support/portioned-run.ts'

const PORTION = 200_000
const BATCH_RECORDS = 1_000
/** Batches that are written at once. */
const COMMIT_BATCHES = 25
const WARMUP = 1
const RUNS = 5
const EVENTS = PORTION * (WARMUP + RUNS)
const GOALS: Readonly<Record<string, number>> = {
  q0: 1e6,
  q1: 1e6,
  q2: 1e6,
  q3: 600_000,
  q4: 150_000,
  q5: 400_000,
  q7: 400_000,
  q8: 600_000,
  q11: 300_000,
  q12: 600_000,
  q18: 200_000
}

const all = globSync('*.yaml', { cwd: join(import.meta.dirname, 'nexmark/queries') })
  .map(path => basename(path, '.yaml'))
  .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
const chosen = process.env['MILLRACE_NEXMARK_QUERIES']?.split(',') ?? all

/** What a thread measures. */
interface Task {
  readonly name: string
  readonly batches: readonly Uint8Array[]
}

if (isMainThread) await measureAll()
// oxlint-disable-next-line require-post-message-target-origin -- a thread has no origin
else parentPort!.postMessage(await measure(workerData as Task))

/** Each query in a thread of its own, one after the other: what V8 learned of one does not slow the next. */
async function measureAll(): Promise<void> {
  const { batches, bytes, sha256 } = generateFile({ ...DEFAULTS, count: EVENTS })
  const file = `${EVENTS} events, seed ${DEFAULTS.seed}, ${Math.round(bytes / EVENTS)} bytes each, SHA-256 ${sha256}`
  console.error(file)
  const suite = new Suite('nexmark', {
    about:
      `topic to topic on the disk log, exactly once, one task in one thread; events per second by the clock, from ` +
      `the first read to the last commit. Input: one topic of raw bytes, numbers at fixed places; ${file}`,
    notes: NOTES,
    notMeasured: [
      'Several tasks and workers.',
      'Latency of results behind the watermark.',
      'q6, q10, q13, q19 and q23.'
    ]
  })

  for (const name of chosen) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, batches } })
    const [measurement] = (await once(worker, 'message')) as [Measurement]
    await worker.terminate()
    suite.adopt(measurement)
  }
  suite.finish()
}

/** Each query has a log of its own, so that none pays for what another wrote. */
async function measure({ name, batches }: Task): Promise<Measurement> {
  const place = mkdtempSync(join(tmpdir(), 'millrace-bench-nexmark-'))
  const clock = new SystemClock()
  const random = new SeededRandom(1)
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder: join(place, 'log'),
    clock,
    random,
    cleanupIntervalMs: 0
  })
  try {
    await log.createTopic('events')
    for (let at = 0; at < batches.length; at += COMMIT_BATCHES) {
      const some = batches.slice(at, at + COMMIT_BATCHES)
      await log.commit({
        batches: some.map(batch => ({ topic: 'events', partition: 0, batch: Buffer.from(batch) })),
        offsets: []
      })
    }
    const loaded = loadQuery(name)
    const loop = new PlainLoop(loaded.plan, await loadFunctions(loaded))
    const stores = join(place, 'stores')
    const world = { log, clock, random, stores, input: 'events' }
    const query = await PortionedRun.start({ ...world, plan: loaded.plan, folder: loaded.folder })
    let portion = 0
    const suite = new Suite(name, { about: '', notMeasured: [] })
    const measurement = await suite.measure(
      name,
      {
        unit: 'events',
        count: PORTION,
        ceiling: {
          name: 'its functions and Maps in a loop',
          run: () => {
            const from = (portion++ * PORTION) / BATCH_RECORDS
            loop.run(batches.slice(from, from + PORTION / BATCH_RECORDS))
          }
        },
        ...(GOALS[name] === undefined ? {} : { goal: GOALS[name] }),
        warmup: WARMUP,
        runs: RUNS
      },
      () => query.run(PORTION)
    )
    await query.stop()
    return measurement
  } finally {
    await log.close()
    rmSync(place, { recursive: true, force: true })
  }
}
