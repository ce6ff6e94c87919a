// Benches of the front door: produce and consume over TCP, by Apache Kafka's own performance tools.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'

import { finished } from '../test/command.ts'
import { kafkaJars } from '../test/kafka/apache-kafka.ts'
import { FrameWriter, apiNamed, writeRequest, writeRequestHeader } from '../src/kafka/wire/index.ts'
import { Suite } from './harness.ts'
import { type FrontDoor, openFrontDoor } from './support/front-door.ts'
import { type Tools, consume, createTopic, produce } from './support/kafka-tools.ts'

const ROUNDS = 3
const CONNECTIONS = 1_000
const CONNECTION_GOAL_MB = 200
/** How long a run at a steady rate takes: Java compiles for the first ten seconds. */
const STEADY_S = 24
/** The same of a client that needs no compiling. */
const STEADY_PREPARED_S = 8
const P99_GOAL_MS = 10
const [TOPIC, PREPARED_TOPIC] = ['produced', 'prepared']
const CLIENT = resolve(import.meta.dirname, 'support/kafka-client.ts')
const OPTIONS = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
const SIZES = [
  { bytes: 100, name: '100 B', goal: 300_000, records: 2_000_000 },
  { bytes: 1_024, name: '1 KiB', goal: 60_000, records: 400_000 }
] as const

const jars = kafkaJars('kafka-tools')
if ('missing' in jars) throw new Error(`the suite needs Kafka's tools: ${jars.missing}`)
const { classPath } = jars

const suite = new Suite('kafka', {
  about:
    'Server and client are processes of their own on one machine of two cores, over loopback; what is acknowledged ' +
    "is fsynced (acks=all, idempotent). The client: Apache Kafka's ProducerPerformance and ConsumerPerformance with " +
    'batches of 128 KiB, the producer with linger.ms 5, at a steady rate 0; the first half of what it sends is not ' +
    'counted. The ceiling of produce sends batches of 64 KiB that were encoded before, 8 under way. Each row has a ' +
    'server and a data directory of its own: a virtual machine is slow with memory that it never used before ' +
    '(copies into the page cache took five times as long after some gigabytes, for any program).',
  notMeasured: [
    'Compressed batches, whose records the broker looks through.',
    'Several clients at once.'
  ]
})

for (const size of SIZES) {
  for (const partitions of [1, 16]) {
    const full = await measureThroughput(size, partitions)
    // Half of what the suite asks for, the same in every run; and half of what this run has shown.
    await measureLatency(size, partitions, { rate: size.goal / 2, what: "half the goal's load" })
    await measureLatency(size, partitions, { rate: Math.floor(full / 2), what: 'half of its own' })
  }
}
await measureConnections()
suite.finish()

type Size = (typeof SIZES)[number]

/** Produces and consumes as fast as it goes; gives the median of the records produced a second. */
async function measureThroughput(
  { bytes, name, goal, records }: Size,
  partitions: number
): Promise<number> {
  const label = labelOf(name, partitions)
  const [produced, prepared, cpuMs, consumed]: number[][] = [[], [], [], []]
  await withServer(partitions, async (door, tools) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { elapsedMs } = await sendPrepared(door, { partitions, bytes, records })
      prepared!.push((records * 1_000) / elapsedMs)
      const before = door.cpuMs()
      produced!.push((await produce(tools, { topic: TOPIC, records, bytes })).perSecond)
      cpuMs!.push(((door.cpuMs() - before) * 1e6) / records)
    }
    for (let round = 0; round < ROUNDS; round++) {
      consumed!.push(await consume(tools, { topic: TOPIC, records: records * ROUNDS }))
    }
  })
  const ceiling = { name: 'prepared batches', samples: prepared! }
  suite.rates(`produce ${label}`, { unit: 'records', goal, ceiling }, produced!)
  suite.value(`CPU of the server for produce ${label}`, { unit: 'ms per million' }, cpuMs!)
  suite.rates(`consume ${label}`, { unit: 'records', goal }, consumed!)
  return produced!.toSorted((a, b) => a - b)[ROUNDS >> 1]!
}

/** Times acknowledgements at a steady rate. */
async function measureLatency(
  { bytes, name }: Size,
  partitions: number,
  { rate, what }: { readonly rate: number; readonly what: string }
): Promise<void> {
  const [p99Ms, preparedP99Ms]: number[][] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    await withServer(partitions, async (door, tools) => {
      const prepared = { partitions, bytes, records: rate * STEADY_PREPARED_S, rate }
      preparedP99Ms!.push((await sendPrepared(door, prepared)).p99Ms)
      const run = { topic: TOPIC, records: rate * STEADY_S, bytes, rate }
      p99Ms!.push((await produce(tools, run)).p99Ms)
    })
  }
  const row = `p99 of the acknowledgement at ${what}, ${labelOf(name, partitions)}`
  suite.value(row, { unit: 'ms', goal: P99_GOAL_MS }, p99Ms!)
  suite.value(`${row}, prepared batches`, { unit: 'ms', goal: P99_GOAL_MS }, preparedP99Ms!)
}

function labelOf(name: string, partitions: number): string {
  return `${name}, ${partitions} partition${partitions === 1 ? '' : 's'}`
}

/** A server with an empty data directory and two topics, for as long as `work` takes. */
async function withServer(
  partitions: number,
  work: (door: FrontDoor, tools: Tools) => Promise<void>
): Promise<void> {
  const door = await openFrontDoor()
  try {
    const tools = { classPath, bootstrap: door.bootstrap }
    for (const topic of [TOPIC, PREPARED_TOPIC]) await createTopic(tools, topic, partitions)
    await work(door, tools)
  } finally {
    await door.stop()
  }
}

/** What a client in a process of its own took, that sends what was encoded before: at once, or at a rate. */
async function sendPrepared(
  { bootstrap }: FrontDoor,
  run: {
    readonly partitions: number
    readonly bytes: number
    readonly records: number
    readonly rate?: number
  }
): Promise<{ readonly elapsedMs: number; readonly p99Ms: number }> {
  const { partitions, bytes, records, rate = 0 } = run
  const args = [bootstrap, PREPARED_TOPIC, partitions, bytes, records, rate].map(String)
  const { stdout, stderr, code } = await finished(
    spawn(process.execPath, [...OPTIONS, CLIENT, ...args])
  )
  if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as { readonly elapsedMs: number; readonly p99Ms: number }
}

/** Resident memory before and after so many clients have connected and asked for the metadata. */
async function measureConnections(): Promise<void> {
  const door = await openFrontDoor()
  const sockets: Socket[] = []
  try {
    const before = door.residentBytes()
    const [host, port] = door.bootstrap.split(':')
    for (let at = 0; at < CONNECTIONS; at++) {
      const socket = connect(Number(port), host)
      sockets.push(socket)
      await once(socket, 'connect')
      socket.write(metadataRequest(at))
      await once(socket, 'data')
    }
    const all = door.residentBytes()
    const unit = 'MB'
    const name = `memory of the server with ${CONNECTIONS} connections`
    suite.value(name, { unit, goal: CONNECTION_GOAL_MB }, [all / 1e6])
    suite.value('memory of the server without', { unit }, [before / 1e6])
  } finally {
    for (const socket of sockets) socket.destroy()
    await door.stop()
  }
}

function metadataRequest(correlationId: number): Buffer {
  const api = apiNamed('Metadata')!
  const writer = new FrameWriter()
  writeRequestHeader(writer, api, {
    apiKey: api.key,
    apiVersion: 9,
    correlationId,
    clientId: 'bench'
  })
  writeRequest('Metadata', 9, writer, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false
  })
  return Buffer.concat(writer.finish())
}
