// Benches of src/log on disk: acknowledged appends per second beside a bare file, and how long one takes.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SystemClock, SystemDisk, SystemRandom } from '../src/base/index.ts'
import { type Log, openDiskLog } from '../src/log/index.ts'
import { BatchBuilder } from '../src/record/index.ts'
import { Suite, percentileOf } from './harness.ts'

const KIB = 1024
const IN_FLIGHT = 8
/** Bytes of one run. */
const RUN_BYTES = 16 * KIB * KIB
/** The 99th percentile is taken in windows, and the median of theirs: the disk stalls now and then. */
const WINDOWS = 5
const WINDOW_MS = 300

const suite = new Suite('journal', {
  about:
    'durable appends of encoded batches to one partition, each acknowledged after its fdatasync; ' +
    'the bare file appends the same bytes with write and fdatasync per batch, by blocking calls',
  notMeasured: [
    'Other file systems and disks: this is one virtual disk.',
    'Many partitions per commit, whose cost is one more directory entry each.',
    'Cleanup in the background at the same time.'
  ]
})

const clock = new SystemClock()
const root = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
let folders = 0

function openLog(): Promise<Log> {
  const folder = `log-${folders++}`
  const world = { disk: new SystemDisk(root), clock, random: new SystemRandom() }
  return openDiskLog({ ...world, folder, cleanupIntervalMs: 0 })
}

/** Batches of about `batchBytes` with records of `recordBytes`; the log patches them, so each is its own. */
function makeBatches(
  recordBytes: number,
  batchBytes: number
): { batches: Buffer[]; records: number } {
  const builder = new BatchBuilder()
  const value = Buffer.alloc(recordBytes - 16, 'x')
  const key = Buffer.alloc(16, 'k')
  while (builder.byteLength < batchBytes) builder.append(1.7e12, key, value)
  const records = builder.count
  const batch = builder.build()
  const batches = Array.from({ length: IN_FLIGHT }, () => Buffer.from(batch))
  return { batches, records }
}

async function appendAll(
  log: Log,
  batches: Buffer[],
  count: number,
  inFlight: number
): Promise<void> {
  let left = count
  const lane = async (batch: Buffer): Promise<void> => {
    while (left-- > 0)
      await log.commit({ batches: [{ topic: 't', partition: 0, batch }], offsets: [] })
  }
  await Promise.all(batches.slice(0, inFlight).map(lane))
}

function appendBare(batch: Buffer, count: number): void {
  const descriptor = openSync(join(root, `bare-${folders++}`), 'w')
  for (let index = 0, position = 0; index < count; index++, position += batch.length) {
    writeSync(descriptor, batch, 0, batch.length, position)
    fdatasyncSync(descriptor)
  }
  closeSync(descriptor)
}

async function measureRate(
  recordBytes: number,
  batchBytes: number,
  inFlight: number
): Promise<number> {
  const log = await openLog()
  await log.createTopic('t')
  const { batches, records } = makeBatches(recordBytes, batchBytes)
  const count = Math.max(64, Math.min(500, Math.floor(RUN_BYTES / batchBytes)))
  const lanes = inFlight === 1 ? 'one at a time' : `${inFlight} in flight`
  const { median } = await suite.measure(
    `append ${recordBytes} B records in ${batchBytes / KIB} KiB batches, ${lanes}`,
    {
      unit: 'records',
      count: count * records,
      warmup: 1,
      ceiling: { name: 'bare file', run: () => appendBare(batches[0]!, count) },
      goalRatio: 0.6
    },
    () => appendAll(log, batches, count, inFlight)
  )
  await log.close()
  return median / records
}

/** Takes one batch; resolves when it is durable. */
type Append = (batch: Buffer) => Promise<unknown>

/** Appends at fixed times, whatever became of the ones before; gives the 99th percentile from those times on. */
async function windowOf(append: Append, pool: Buffer[], rate: number): Promise<number> {
  const spent: number[] = []
  const running: Promise<unknown>[] = []
  const start = clock.monotonic()
  for (let number = 0; number < (rate * WINDOW_MS) / 1000; number++) {
    const due = start + (number * 1000) / rate
    while (clock.monotonic() < due) await clock.yield()
    const batch = pool.pop() ?? Buffer.alloc(0)
    running.push(
      append(batch).then(() => {
        spent.push(clock.monotonic() - due)
        pool.push(batch)
      })
    )
  }
  await Promise.all(running)
  return percentileOf(spent, 0.99)
}

/** A file to which batches are written and synced one after the other, without anything around. */
async function bareAppender(): Promise<{ append: Append; close: () => Promise<void> }> {
  const file = await open(join(root, `bare-${folders++}`), 'w')
  let position = 0
  let last: Promise<unknown> = Promise.resolve()
  const append = (batch: Buffer): Promise<unknown> => {
    last = last.then(async () => {
      await file.write(batch, 0, batch.length, position)
      position += batch.length
      await file.datasync()
    })
    return last
  }
  return { append, close: () => file.close() }
}

async function measureLatency(
  recordBytes: number,
  batchBytes: number,
  rate: number
): Promise<void> {
  const log = await openLog()
  await log.createTopic('t')
  const bare = await bareAppender()
  const { batches } = makeBatches(recordBytes, batchBytes)
  const pool = Array.from({ length: Math.ceil(rate) }, () => Buffer.from(batches[0]!))
  const append: Append = batch =>
    log.commit({ batches: [{ topic: 't', partition: 0, batch }], offsets: [] })
  const bareSpent: number[] = []
  const spent: number[] = []
  for (let window = -1; window < WINDOWS; window++) {
    const bareMs = await windowOf(bare.append, pool, rate)
    const ms = await windowOf(append, pool, rate)
    if (window < 0) continue
    bareSpent.push(bareMs)
    spent.push(ms)
  }
  await log.close()
  await bare.close()
  const name = `p99 at half load, ${recordBytes} B records in ${batchBytes / KIB} KiB batches`
  const ceiling = suite.value(`${name}, bare file`, { unit: 'ms' }, bareSpent)
  suite.value(name, { unit: 'ms', goal: 10, ceiling }, spent)
}

try {
  await measureRate(100, 256 * KIB, 1)
  const large = await measureRate(100, 256 * KIB, IN_FLIGHT)
  await measureRate(1024, 256 * KIB, 1)
  await measureRate(1024, 256 * KIB, IN_FLIGHT)
  await measureRate(100, 16 * KIB, 1)
  const small = await measureRate(100, 16 * KIB, IN_FLIGHT)
  await measureRate(1024, 16 * KIB, 1)
  await measureRate(1024, 16 * KIB, IN_FLIGHT)
  await measureLatency(100, 256 * KIB, large / 2)
  await measureLatency(100, 16 * KIB, small / 2)
} finally {
  await rm(root, { recursive: true })
}
suite.finish()
