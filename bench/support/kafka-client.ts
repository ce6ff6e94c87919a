// A client in a process of its own: `kafka-client.ts MODE BOOTSTRAP TOPIC PARTITIONS BYTES COUNT`; prints what it took.
//
// Modes: produce and consume by @platformatic/kafka; prepared sends batches that were encoded before, and reads only
// the answers: what the broker takes when the client costs nothing.
import { connect } from 'node:net'

import { Consumer, Producer } from '@platformatic/kafka'

import {
  FrameWriter,
  apiNamed,
  writeRequest,
  writeRequestHeader
} from '../../src/kafka/wire/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'

const [mode, bootstrap = '', topic = '', ...numbers] = process.argv.slice(2)
const [partitions = 1, bytes = 100, count = 100_000] = numbers.map(Number)
/** Bytes of a batch: what producers that want throughput take. */
const BATCH_BYTES = 64 * 1024
const perBatch = Math.max(1, Math.floor(BATCH_BYTES / bytes))
const IN_FLIGHT = 8

const value = Buffer.alloc(bytes, 'x')
const modes = { produce, consume, prepared }
const elapsedMs = await modes[mode as keyof typeof modes]()
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ elapsedMs, cpuMs: (user + system) / 1_000 }))
process.exit(0)

function messagesTo(
  partition: number
): { readonly topic: string; readonly partition: number; readonly value: Buffer }[] {
  return Array.from({ length: perBatch }, () => ({ topic, partition, value }))
}

async function produce(): Promise<number> {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'bench',
    bootstrapBrokers: [bootstrap],
    producerId: -1n,
    producerEpoch: -1
  })
  const byPartition = Array.from({ length: partitions }, (_, partition) => messagesTo(partition))
  await producer.send({ acks: -1, messages: messagesTo(0).slice(0, 1) })
  const startedAt = performance.now()
  let next = 0
  const work = async (): Promise<void> => {
    while (next * perBatch < count) {
      await producer.send({ acks: -1, messages: byPartition[next++ % partitions]! })
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return performance.now() - startedAt
}

async function consume(): Promise<number> {
  const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'bench',
    groupId: `bench-${process.pid}`,
    bootstrapBrokers: [bootstrap]
  })
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: false,
    maxBytes: 8 << 20,
    maxWaitTime: 100,
    highWaterMark: 16_384
  })
  let seen = 0
  let startedAt = 0
  await new Promise<void>(resolve => {
    stream.on('data', () => {
      if (seen++ === 0) startedAt = performance.now()
      if (seen === count) resolve()
    })
  })
  return performance.now() - startedAt
}

async function prepared(): Promise<number> {
  const builder = new BatchBuilder()
  for (let index = 0; index < perBatch; index++) builder.append(1_700_000_000_000, null, value)
  const records = builder.build()
  const api = apiNamed('Produce')!
  const frames = Array.from({ length: partitions }, (_, index) => {
    const writer = new FrameWriter()
    const header = { apiKey: api.key, apiVersion: 9, correlationId: index, clientId: 'bench' }
    writeRequestHeader(writer, api, header)
    const topicData = [{ name: topic, partitionData: [{ index, records }] }]
    writeRequest('Produce', 9, writer, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5_000,
      topicData
    })
    return Buffer.concat(writer.finish())
  })
  const [host, port] = bootstrap.split(':')
  const socket = connect(Number(port), host)
  await new Promise(resolve => socket.once('connect', resolve))
  const startedAt = performance.now()
  const total = Math.ceil(count / perBatch)
  let sent = 0
  let answered = 0
  let received: Buffer = Buffer.alloc(0)
  const send = (): void => void (sent < total && socket.write(frames[sent++ % partitions]!))
  await new Promise<void>(resolve => {
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        received = received.subarray(4 + received.readInt32BE(0))
        if (++answered === total) return resolve()
        send()
      }
    })
    for (let index = 0; index < IN_FLIGHT; index++) send()
  })
  return performance.now() - startedAt
}
