// `millrace bench`: how fast a log takes and gives records, from this program.
import type { Client, Compression, Delivery, Isolation } from '../../client/index.ts'
import { withClient } from '../target/open-client.ts'
import {
  counted,
  formatNumber,
  formatTable,
  note,
  print,
  serialise,
  type ListFormat
} from '../output/output.ts'
import { StopSignals } from '../stop-signals.ts'
import type { TargetOptions } from '../options/target-options.ts'
import { sizeOf } from '../options/unit-options.ts'

interface BenchOptions extends TargetOptions {
  readonly records?: number
  readonly output: ListFormat
}

/** Of `bench produce`. */
export interface BenchProduceOptions extends BenchOptions {
  readonly size: string
  readonly batch: number
  readonly inFlight: number
  readonly rate?: number
  readonly partitions: number
  readonly compression: Compression
  readonly delivery: Delivery
}

/** Of `bench consume`. */
export interface BenchConsumeOptions extends BenchOptions {
  readonly isolation: Isolation
  readonly maxBytes?: string
}

/** What is measured. Times in ms. */
interface Figures {
  readonly records: number
  readonly bytes: number
  readonly seconds: number
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number>>
}

const MS_PER_SECOND = 1_000
const RECORDS_DEFAULT = 100_000

/** Writes records and says how fast they were acknowledged. */
export async function benchProduce(topic: string, options: BenchProduceOptions): Promise<number> {
  const signals = new StopSignals()
  try {
    const figures = await withClient(
      options,
      async client => {
        await createMissing(client, topic, options.partitions)
        return await measureSends(client, topic, options, signals)
      },
      { mayCreate: true, right: 'write' }
    )
    await printFigures('send', figures, options.output)
    return 0
  } finally {
    signals.release()
  }
}

/** Reads records that are there and says how fast they came. */
export async function benchConsume(topic: string, options: BenchConsumeOptions): Promise<number> {
  const signals = new StopSignals()
  try {
    const figures = await withClient(
      options,
      client => measureReads(client, topic, options, signals),
      { isLooking: true, right: 'read' }
    )
    await printFigures('batch', figures, options.output)
    return 0
  } finally {
    signals.release()
  }
}

async function createMissing(client: Client, topic: string, partitions: number): Promise<void> {
  try {
    await client.admin.topic(topic)
  } catch (error) {
    if ((error as { code?: string }).code !== 'TOPIC_UNKNOWN') throw error
    await client.admin.createTopic(topic, { partitions })
    note(`Created topic ${topic} with ${counted(partitions, 'partition')}.`)
  }
}

async function measureSends(
  client: Client,
  topic: string,
  options: BenchProduceOptions,
  signals: StopSignals
): Promise<Figures> {
  const size = sizeOf('--size', options.size)
  const { batch, inFlight, rate, compression, delivery, records: total = RECORDS_DEFAULT } = options
  const producer = await client.producer({ compression, delivery })
  const value = Buffer.alloc(size, 'millrace ')
  const latencies: number[] = []
  let begun = 0
  let done = 0
  const startedAt = performance.now()
  const sendAll = async (): Promise<void> => {
    while (begun < total && !signals.isStopped) {
      const count = Math.min(batch, total - begun)
      const dueMs = rate === undefined ? 0 : (begun * MS_PER_SECOND) / rate
      begun += count
      const aheadMs = dueMs - (performance.now() - startedAt)
      if (aheadMs > 1) await signals.sleep(aheadMs)
      if (signals.isStopped) break
      const sentAt = performance.now()
      await producer.sendAll(Array.from({ length: count }, () => ({ topic, value })))
      latencies.push(performance.now() - sentAt)
      done += count
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sendAll))
  const ms = performance.now() - startedAt
  await producer.close()
  return figuresOf(done, done * size, ms, latencies)
}

async function measureReads(
  client: Client,
  topic: string,
  options: BenchConsumeOptions,
  signals: StopSignals
): Promise<Figures> {
  const { records: total = Number.POSITIVE_INFINITY, isolation, maxBytes } = options
  const consumer = await client.consumer({
    topics: [topic],
    stopAtEnd: true,
    isolation,
    ...(maxBytes === undefined ? {} : { maxBytes: sizeOf('--max-bytes', maxBytes) })
  })
  void signals.first.then(() => consumer.close())
  const latencies: number[] = []
  let records = 0
  let bytes = 0
  const startedAt = performance.now()
  let before = startedAt
  while (records < total) {
    const fetched = await consumer.nextBatch()
    if (fetched === null) break
    const batch = fetched.slice(0, total - records)
    records += batch.length
    for (const { key, value } of batch) bytes += (key?.length ?? 0) + (value?.length ?? 0)
    const now = performance.now()
    latencies.push(now - before)
    before = now
  }
  const ms = performance.now() - startedAt
  await consumer.close()
  return figuresOf(records, bytes, ms, latencies)
}

function figuresOf(
  records: number,
  bytes: number,
  ms: number,
  latencies: readonly number[]
): Figures {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  const seconds = Math.max(ms, 0.001) / MS_PER_SECOND
  return {
    records,
    bytes,
    seconds: rounded(seconds),
    recordsPerSecond: Math.round(records / seconds),
    megabytesPerSecond: rounded(bytes / seconds / 1e6),
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) }
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

async function printFigures(
  what: 'send' | 'batch',
  figures: Figures,
  output: BenchOptions['output']
): Promise<void> {
  if (output !== 'table') {
    print(await serialise(figures, output))
    return
  }
  const { records, seconds, recordsPerSecond, megabytesPerSecond, latencyMs } = figures
  const rows = [
    ['records', formatNumber(records)],
    ['seconds', seconds],
    ['records/s', formatNumber(recordsPerSecond)],
    ['MB/s', megabytesPerSecond],
    ...Object.entries(latencyMs).map(([name, ms]) => [`${what} ${name}`, `${ms} ms`])
  ]
  print(formatTable({ columns: ['figure', 'value'], rows }))
}
