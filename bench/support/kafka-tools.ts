// Apache Kafka's own performance tools (org.apache.kafka.tools) as the independent client of a bench.
import { spawn } from 'node:child_process'

import { finished } from '../../test/command.ts'

const BATCH_BYTES = 128 * 1024
const BUFFER_BYTES = 64 * 1024 * 1024
/** How long a record waits for others: so that a client that sends all it can fills its batches. */
const LINGER_MS = 5
/** The same where single acknowledgements are timed: only for what is under way. */
const LINGER_STEADY_MS = 0

/** Where the tools find their classes, and the broker. */
export interface Tools {
  readonly classPath: string
  readonly bootstrap: string
}

/** What a run of the producer's tool gives. */
export interface Produced {
  readonly perSecond: number
  /** From `send` to the acknowledgement, with the wait in the client. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends `records` of `bytes` each, acknowledged by acks=all; `rate` records a second, or as many as go. The first
 * half of them does not count: it runs while Java compiles.
 */
export async function produce(
  tools: Tools,
  run: {
    readonly topic: string
    readonly records: number
    readonly bytes: number
    readonly rate?: number
  }
): Promise<Produced> {
  const { topic, records, bytes, rate = -1 } = run
  const properties = [
    `bootstrap.servers=${tools.bootstrap}`,
    'acks=all',
    `linger.ms=${rate < 0 ? LINGER_MS : LINGER_STEADY_MS}`,
    `batch.size=${BATCH_BYTES}`,
    `buffer.memory=${BUFFER_BYTES}`
  ]
  const said = await tool(tools, 'ProducerPerformance', [
    '--topic',
    topic,
    '--num-records',
    records,
    '--record-size',
    bytes,
    '--throughput',
    rate,
    '--warmup-records',
    Math.ceil(records / 2),
    '--producer-props',
    ...properties
  ])
  const summary = said.split('\n').findLast(line => line.includes('steady state'))
  const match = /, ([\d.]+) records\/sec .*?(\d+) ms 50th.*?(\d+) ms 99th/.exec(summary ?? '')
  if (match === null) throw new Error(`the producer's tool said: ${said}`)
  return { perSecond: Number(match[1]), p50Ms: Number(match[2]), p99Ms: Number(match[3]) }
}

/** Reads `records` from a topic's beginning as a new group; records a second without the time to join. */
export async function consume(
  tools: Tools,
  run: { readonly topic: string; readonly records: number }
): Promise<number> {
  const said = await tool(tools, 'ConsumerPerformance', [
    '--bootstrap-server',
    tools.bootstrap,
    '--topic',
    run.topic,
    '--messages',
    run.records,
    '--hide-header'
  ])
  const perSecond = Number(said.trim().split('\n').at(-1)!.split(',').at(-1))
  if (!(perSecond > 0)) throw new Error(`the consumer's tool said: ${said}`)
  return perSecond
}

/** Creates a topic. */
export async function createTopic(tools: Tools, topic: string, partitions: number): Promise<void> {
  const args = ['--bootstrap-server', tools.bootstrap, '--create', '--topic', topic]
  await tool(tools, 'TopicCommand', [...args, '--partitions', partitions])
}

async function tool(
  { classPath }: Tools,
  name: string,
  args: readonly (string | number)[]
): Promise<string> {
  const java = ['-Xmx512m', '-cp', classPath, `org.apache.kafka.tools.${name}`]
  const { stdout, stderr, code } = await finished(spawn('java', [...java, ...args.map(String)]))
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stdout}${stderr}`)
  return stdout
}
