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
/** How long a run at half load takes: Java compiles for the first ten seconds, with a sixth of a processor. */
const HALF_LOAD_S = 24
const CLIENT = resolve(import.meta.dirname, 'support/kafka-client.ts')
const OPTIONS = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
const SIZES = [
  { bytes: 100, name: '100 B', goal: 300_000, records: 2_000_000 },
  { bytes: 1_024, name: '1 KiB', goal: 60_000, records: 400_000 }
] as const

const jars = kafkaJars('kafka-tools')
if ('missing' in jars) throw new Error(`the suite needs Kafka's tools: ${jars.missing}`)

const suite = new Suite('kafka', {
  about:
    'Server and client are processes of their own on one machine of two cores, over loopback; what is acknowledged ' +
    "is fsynced (acks=all, idempotent). The client: Apache Kafka's ProducerPerformance and ConsumerPerformance with " +
    'batches of 128 KiB, the producer with linger.ms 5, at half load 0; the first half of what it sends is not ' +
    'counted. The ceiling of produce sends batches of 64 KiB that were encoded before, 8 under way. Each size and ' +
    'number of partitions has a server and a data directory of its own: this virtual machine is slow with memory ' +
    'that it never used (copies into the page cache take five times as long after some gigabytes).',
  notMeasured: [
    'Compressed batches, whose records the broker looks through.',
    'Several clients at once.'
  ]
})

for (const size of SIZES) {
  for (const partitions of [1, 16]) {
    const door = await openFrontDoor()
    try {
      await measure(
        door,
        { classPath: jars.classPath, bootstrap: door.bootstrap },
        size,
        partitions
      )
    } finally {
      await door.stop()
    }
  }
}
await measureConnections()
suite.finish()

async function measure(
  door: FrontDoor,
  tools: Tools,
  { bytes, name, goal, records }: (typeof SIZES)[number],
  partitions: number
): Promise<void> {
  const [topic, raw] = ['produced', 'prepared']
  await createTopic(tools, topic, partitions)
  await createTopic(tools, raw, partitions)
  const label = `${name}, ${partitions} partition${partitions === 1 ? '' : 's'}`
  const [produced, prepared, cpuMs]: number[][] = [[], [], []]
  const client = { bootstrap: door.bootstrap, topic: raw, partitions, bytes }
  for (let round = 0; round < ROUNDS; round++) {
    const { elapsedMs } = await sendPrepared({ ...client, records })
    prepared!.push((records * 1_000) / elapsedMs)
    const before = door.cpuMs()
    produced!.push((await produce(tools, { topic, records, bytes })).perSecond)
    cpuMs!.push(((door.cpuMs() - before) * 1e6) / records)
  }
  const ceiling = { name: 'prepared batches', samples: prepared! }
  suite.rates(`produce ${label}`, { unit: 'records', goal, ceiling }, produced!)
  suite.value(`CPU of the server for produce ${label}`, { unit: 'ms per million' }, cpuMs!)
  const rate = Math.floor(produced!.toSorted((a, b) => a - b)[ROUNDS >> 1]! / 2)
  const [p99Ms, preparedP99Ms]: number[][] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    const half = { ...client, records: rate * HALF_LOAD_S, rate }
    preparedP99Ms!.push((await sendPrepared(half)).p99Ms)
    p99Ms!.push((await produce(tools, half)).p99Ms)
  }
  const name99 = `p99 of the acknowledgement at half load, ${label}`
  suite.value(name99, { unit: 'ms', goal: 10 }, p99Ms!)
  suite.value(`${name99}, prepared batches`, { unit: 'ms', goal: 10 }, preparedP99Ms!)
  const consumed: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    consumed.push(await consume(tools, { topic, records: records * ROUNDS }))
  }
  suite.rates(`consume ${label}`, { unit: 'records', goal }, consumed)
}

/** What a client in a process of its own took, that sends what was encoded before: at once, or at a rate. */
async function sendPrepared(run: {
  readonly bootstrap: string
  readonly topic: string
  readonly partitions: number
  readonly bytes: number
  readonly records: number
  readonly rate?: number
}): Promise<{ readonly elapsedMs: number; readonly p99Ms: number }> {
  const { bootstrap, topic, partitions, bytes, records, rate = 0 } = run
  const args = [bootstrap, topic, partitions, bytes, records, rate].map(String)
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
