// A client in a process of its own: `kafka-client.ts BOOTSTRAP TOPIC PARTITIONS BYTES COUNT [RATE]`; prints its
// time and the p99 of the answers.
//
// It sends batches that were encoded before, and reads only the answers: what the broker takes when the client costs
// nothing. With a rate, in records a second, it sends each batch at its time, and a batch's wait for room among those
// under way counts as its wait for the answer does.
import { connect } from 'node:net'

import {
  FrameWriter,
  apiNamed,
  writeRequest,
  writeRequestHeader
} from '../../src/kafka/wire/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'
import { percentileOf } from '../harness.ts'

const [bootstrap = '', topic = '', ...numbers] = process.argv.slice(2)
const [partitions = 1, bytes = 100, count = 100_000, rate = 0] = numbers.map(Number)
/** Bytes of a batch: what producers that want throughput take. */
const BATCH_BYTES = 64 * 1024
const perBatch = Math.max(1, Math.floor(BATCH_BYTES / bytes))
const IN_FLIGHT = 8
/** What the first part of the answers took does not count: it is the warming up of both. */
const WARMUP_PART = 1 / 3

console.log(JSON.stringify(await prepared()))
process.exit(0)

async function prepared(): Promise<{ readonly elapsedMs: number; readonly p99Ms: number }> {
  const builder = new BatchBuilder()
  const value = Buffer.alloc(bytes, 'x')
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
  const everyMs = rate === 0 ? 0 : (1_000 * perBatch) / rate
  /** When each batch was to be sent. */
  const dueAt = (index: number): number => startedAt + index * everyMs
  const waitedMs: number[] = []
  let sent = 0
  let answered = 0
  let received: Buffer = Buffer.alloc(0)
  const send = (): void => {
    while (sent < total && sent - answered < IN_FLIGHT && dueAt(sent) <= performance.now()) {
      socket.write(frames[sent++ % partitions]!)
    }
  }
  await new Promise<void>(resolve => {
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        received = received.subarray(4 + received.readInt32BE(0))
        waitedMs.push(performance.now() - dueAt(answered))
        if (++answered === total) return resolve()
      }
      send()
    })
    if (rate > 0) setInterval(send, 1)
    send()
  })
  const elapsedMs = performance.now() - startedAt
  return { elapsedMs, p99Ms: percentileOf(waitedMs.slice(total * WARMUP_PART), 0.99) }
}
