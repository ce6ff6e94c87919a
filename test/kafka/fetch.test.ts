// Fetch and what goes with it, request by request: sessions, waiting, bounds, what was aborted, epochs, places by time.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../../src/base/index.ts'
import {
  ERROR_CODES,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../../src/kafka/wire/index.ts'
import { batchByteLength, checkBatch } from '../../src/record/index.ts'
import { brokerFor, finallyIn, startOn, stop, temporaryFolder, until } from './kit.ts'
import { batchOf, wireClientFor, type WireClient } from './wire-client.ts'

const BYTES = 1 << 20
const TIME_MS = 1_700_000_000_000

type Asked = Sparse<RequestOf<'Fetch'>>
type Partition = ResponseOf<'Fetch'>['responses'][number]['partitions'][number]

/** A request for partitions of the topic t, from an offset on. */
function fetchOf(partitions: Readonly<Record<number, number>>, more: Asked = {}): Asked {
  const wanted = Object.entries(partitions).map(([partition, fetchOffset]) => ({
    partition: Number(partition),
    fetchOffset,
    partitionMaxBytes: BYTES
  }))
  const topics = wanted.length === 0 ? [] : [{ topic: 't', partitions: wanted }]
  return { maxWaitMs: 0, minBytes: 0, maxBytes: BYTES, topics, ...more }
}

const partitionsOf = ({ responses }: ResponseOf<'Fetch'>): readonly Partition[] =>
  responses.flatMap(topic => topic.partitions)

/** Batches of each partition of an answer. */
const batchesOf = (response: ResponseOf<'Fetch'>): readonly number[] =>
  partitionsOf(response).map(({ records }) => {
    let count = 0
    for (let at = 0; at < (records?.length ?? 0); at += batchByteLength(records!, at)) count++
    return count
  })

async function codeOf(client: WireClient, version: number, asked: Asked): Promise<number> {
  const response = await client.ask('Fetch', version, asked)
  return partitionsOf(response)[0]?.errorCode ?? response.errorCode
}

test('a session tells only what is new, of the partitions that are left (KIP-227)', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t', { partitions: 2 })
  const client = await wireClientFor(t, bootstrap)
  const first = await client.ask('Fetch', 11, fetchOf({ 0: 0, 1: 0 }, { sessionEpoch: 0 }))
  ok(first.sessionId > 0)
  strictEqual(partitionsOf(first).length, 2)
  let sessionEpoch = 0
  const next = async (more: Asked = {}): Promise<ResponseOf<'Fetch'>> => {
    const session = { sessionId: first.sessionId, sessionEpoch: ++sessionEpoch }
    return await client.ask('Fetch', 11, { ...fetchOf({}), ...more, ...session })
  }
  deepStrictEqual((await next()).responses, [])
  await client.produce('t', ['a'])
  const told = partitionsOf(await next())
  deepStrictEqual(
    told.map(each => [each.partitionIndex, each.highWatermark, each.records!.length > 0]),
    [[0, 1, true]]
  )
  deepStrictEqual((await next({ topics: fetchOf({ 0: 1 }).topics! })).responses, [])
  await client.produce('t', ['b'])
  const forgottenTopicsData = [{ topic: 't', partitions: [0] }]
  deepStrictEqual((await next({ forgottenTopicsData })).responses, [])
  sessionEpoch++
  strictEqual((await next()).errorCode, ERROR_CODES.INVALID_FETCH_SESSION_EPOCH)
  const unknown = { sessionId: first.sessionId ^ 1, sessionEpoch: 1 }
  const lost = await client.ask('Fetch', 11, fetchOf({}, unknown))
  strictEqual(lost.errorCode, ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
})

test('an answer waits for enough bytes, and no longer than it is asked to', async t => {
  const clock = new SimulatedClock()
  const started = await startOn(temporaryFolder(t), {}, { clock })
  finallyIn(t, () => stop(started))
  await started.log.createTopic('t')
  const reader = await wireClientFor(t, started.bootstrap)
  const writer = await wireClientFor(t, started.bootstrap)
  let isAnswered = false
  /** Asks; resolves when the broker waits. */
  const ask = async (minBytes: number): Promise<{ readonly answer: Promise<number> }> => {
    const before = clock.pending
    const asked = fetchOf({ 0: 0 }, { maxWaitMs: 500, minBytes, sessionEpoch: -1 })
    const answer = reader.ask('Fetch', 11, asked).then(response => {
      isAnswered = true
      return batchesOf(response)[0]!
    })
    await until(() => clock.pending > before)
    return { answer }
  }
  const woken = await ask(1)
  strictEqual(isAnswered, false)
  await writer.produce('t', ['x'])
  strictEqual(await woken.answer, 1)
  // One more batch is not enough: only the time ends it.
  isAnswered = false
  const late = await ask(10_000)
  await writer.produce('t', ['y'])
  await writer.ask('Metadata', 9, { topics: [] })
  strictEqual(isAnswered, false)
  await clock.advance(500)
  ok((await late.answer) >= 1)
})

test('an answer has whole batches, at least one, and no more than fits', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t', { partitions: 2 })
  const client = await wireClientFor(t, bootstrap)
  for (let count = 0; count < 4; count++) await client.produce('t', ['x'.repeat(1_000)])
  for (const [maxBytes, batches] of [
    [1, [1, 0]],
    [1_500, [1, 0]],
    [2_500, [2, 0]],
    [BYTES, [4, 0]]
  ] as const) {
    const answer = await client.ask('Fetch', 11, fetchOf({ 0: 0, 1: 0 }, { maxBytes }))
    deepStrictEqual(batchesOf(answer), batches, `${maxBytes} bytes`)
  }
  const topics = [{ topic: 't', partitions: [{ partition: 0, partitionMaxBytes: 2_500 }] }]
  const answer = await client.ask('Fetch', 11, fetchOf({}, { topics, maxBytes: BYTES }))
  deepStrictEqual(batchesOf(answer), [2])
})

test('partitions that have no place in the answer are told of, and their records not read', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t', { partitions: 20 })
  for (let partition = 0; partition < 20; partition++) {
    const batch = batchOf(['x'.repeat(1_000), 'y'], null)
    await log.commit({ batches: [{ topic: 't', partition, batch }], offsets: [] })
  }
  await log.deleteRecords('t', 17, 1)
  const client = await wireClientFor(t, bootstrap)
  const read = log.read.bind(log)
  let bytesRead = 0
  log.read = async request => {
    const result = await read(request)
    bytesRead += result.bytes.length
    return result
  }
  const wanted = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [at, 0]))
  const asked = fetchOf({ ...wanted, 17: 1, 18: 0, 19: 3 }, { maxBytes: 2_500, isolationLevel: 1 })
  await log.deleteRecords('t', 18, 2)
  const answer = await client.ask('Fetch', 11, asked)
  ok(bytesRead <= 2_500, `${bytesRead} bytes were read`)
  const of = (partitionIndex: number) => {
    const found = partitionsOf(answer).find(each => each.partitionIndex === partitionIndex)!
    const { errorCode, highWatermark, lastStableOffset, logStartOffset, records } = found
    return [errorCode, highWatermark, lastStableOffset, logStartOffset, records?.length ?? 0]
  }
  const outOfRange = [ERROR_CODES.OFFSET_OUT_OF_RANGE, -1, -1, -1, 0]
  deepStrictEqual(batchesOf(answer).slice(0, 4), [1, 1, 0, 0])
  deepStrictEqual(of(5), [0, 2, 2, 0, 0])
  deepStrictEqual(of(17), [0, 2, 2, 1, 0])
  deepStrictEqual(of(18), outOfRange)
  deepStrictEqual(of(19), outOfRange)
})

test('readers of committed records are told what was aborted, and nothing that is open', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  const aborted = await client.producer('x')
  const batch = { ...aborted, sequence: 0, isTransactional: true }
  await client.produce('t', ['before'])
  await client.begin('x', aborted, 't')
  await client.produce('t', ['aborted'], batch, 'x')
  await client.end('x', aborted, false)
  const open = await client.producer('y')
  await client.begin('y', open, 't')
  await client.produce('t', ['open'], { ...open, sequence: 0, isTransactional: true }, 'y')
  const read = async (isolationLevel: number): Promise<Partition> => {
    const asked = fetchOf({ 0: 0 }, { isolationLevel, sessionEpoch: -1 })
    return partitionsOf(await client.ask('Fetch', 11, asked))[0]!
  }
  const { abortedTransactions, ...committed } = await read(1)
  deepStrictEqual(abortedTransactions, [{ producerId: aborted.producerId, firstOffset: 1 }])
  deepStrictEqual([committed.lastStableOffset, committed.highWatermark], [3, 4])
  const all = await read(0)
  strictEqual(all.abortedTransactions, null)
  ok(all.records!.length > committed.records!.length)
  strictEqual(await client.end('y', open, true), 0)
  strictEqual((await read(1)).records!.length > all.records!.length, true)
})

test('offsets, epochs and topics that are not there are refused as by a Kafka broker', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  await client.produce('t', ['a', 'b'])
  for (const offset of [-1, 3]) {
    strictEqual(await codeOf(client, 11, fetchOf({ 0: offset })), ERROR_CODES.OFFSET_OUT_OF_RANGE)
  }
  const missing = ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  strictEqual(await codeOf(client, 11, fetchOf({ 7: 0 })), missing)
  const ahead = [{ topic: 't', partitions: [{ currentLeaderEpoch: 1, partitionMaxBytes: BYTES }] }]
  const unknownEpoch = ERROR_CODES.UNKNOWN_LEADER_EPOCH
  strictEqual(await codeOf(client, 11, fetchOf({}, { topics: ahead })), unknownEpoch)
  const ids = [{ topicId: 'ab'.repeat(16), partitions: [{ partitionMaxBytes: BYTES }] }]
  strictEqual(await codeOf(client, 13, fetchOf({}, { topics: ids })), ERROR_CODES.UNKNOWN_TOPIC_ID)
  const epochs = await client.ask('OffsetForLeaderEpoch', 4, {
    topics: [
      {
        topic: 't',
        partitions: [
          { partition: 0, currentLeaderEpoch: 0, leaderEpoch: 0 },
          { partition: 0, currentLeaderEpoch: -1, leaderEpoch: -1 },
          { partition: 0, currentLeaderEpoch: 1, leaderEpoch: 0 },
          { partition: 7, currentLeaderEpoch: 0, leaderEpoch: 0 }
        ]
      }
    ]
  })
  deepStrictEqual(
    epochs.topics[0]!.partitions.map(each => [each.errorCode, each.leaderEpoch, each.endOffset]),
    [
      [0, 0, 2],
      [0, -1, -1],
      [unknownEpoch, -1, -1],
      [missing, -1, -1]
    ]
  )
})

test('places are found by time and by their special names; a partition is named once', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t', { partitions: 2 })
  const client = await wireClientFor(t, bootstrap)
  await client.produce('t', ['a', 'b'])
  const find = async (timestamp: number): Promise<readonly number[]> => {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }]
    const { errorCode, offset } = (await client.ask('ListOffsets', 9, { topics })).topics[0]!
      .partitions[0]!
    return [errorCode, offset]
  }
  for (const [timestamp, offset] of [
    [-1, 2],
    [-2, 0],
    [-3, 0],
    [-4, 0],
    [-5, -1],
    [TIME_MS, 0],
    [TIME_MS + 1, -1]
  ] as const) {
    deepStrictEqual(await find(timestamp), [0, offset], `${timestamp}`)
  }
  strictEqual((await find(-9))[0], ERROR_CODES.UNSUPPORTED_VERSION)
  const partitions = [0, 1, 0].map(partitionIndex => ({ partitionIndex, timestamp: -1 }))
  const { topics } = await client.ask('ListOffsets', 9, { topics: [{ name: 't', partitions }] })
  deepStrictEqual(
    topics[0]!.partitions.map(each => each.errorCode),
    [ERROR_CODES.INVALID_REQUEST, 0, ERROR_CODES.INVALID_REQUEST]
  )
})

test('memory of an answer is used again when it was sent, and not before', async t => {
  const { log, broker, bootstrap } = await brokerFor(t)
  const { memory } = broker.context
  const batches = 12
  for (const topic of ['a', 'b']) {
    await log.createTopic(topic)
    for (let count = 0; count < batches; count++) {
      const batch = batchOf([topic.repeat(BYTES)], null)
      await log.commit({ batches: [{ topic, partition: 0, batch }], offsets: [] })
    }
  }
  const ask = async (client: WireClient, topic: string): Promise<number> => {
    const bytesMax = 2 * batches * BYTES
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: bytesMax }]
    const asked = { maxBytes: bytesMax, sessionEpoch: -1, topics: [{ topic, partitions }] }
    const { records } = partitionsOf(await client.ask('Fetch', 11, asked))[0]!
    let count = 0
    for (let at = 0; at < records!.length; at += batchByteLength(records!, at)) {
      strictEqual(checkBatch(records!, at, records!.length), null)
      strictEqual(records![at + 1_000], topic.charCodeAt(0))
      count++
    }
    return count
  }
  const [slow, fast] = [await wireClientFor(t, bootstrap), await wireClientFor(t, bootstrap)]
  strictEqual(await ask(slow, 'a'), batches)
  await until(() => memory.idleBytes > 0)
  slow.socket.pause()
  const answer = ask(slow, 'a')
  await until(() => memory.idleBytes === 0)
  for (let count = 0; count < 3; count++) {
    strictEqual(await ask(fast, 'b'), batches)
    await until(() => memory.idleBytes > 0)
  }
  slow.socket.resume()
  strictEqual(await answer, batches)
})
