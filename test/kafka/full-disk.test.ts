// A disk that is full, and a log that is closed: every request is answered with a code that clients know, and no
// connection ends for it.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  SystemClock,
  SystemRandom,
  type Clock
} from '../../src/base/index.ts'
import { startBroker } from '../../src/kafka/index.ts'
import {
  ERROR_CODES,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../../src/kafka/wire/index.ts'
import { openDiskLog, type Log } from '../../src/log/index.ts'
import { finallyIn, until } from './kit.ts'
import { codesOf } from './real-codes-walk.ts'
import { batchOf, wireClientFor, type WireClient } from './wire-client.ts'

const { NOT_COORDINATOR, KAFKA_STORAGE_ERROR, UNKNOWN_TOPIC_OR_PARTITION, NONE } = ERROR_CODES
const MEMBER = 'AAAAAAAAAAAAAAAAAAAAAA'

interface Started {
  readonly disk: SimulatedDisk
  readonly log: Log
  readonly bootstrap: string
  readonly problems: string[]
}

async function start(t: TestContext, clock: Clock = new SystemClock()): Promise<Started> {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const random = new SystemRandom()
  const log = await openDiskLog({ disk, folder: '/log', clock, random, cleanupIntervalMs: 0 })
  const problems: string[] = []
  const broker = await startBroker({
    log,
    clock,
    random,
    host: '127.0.0.1',
    port: 0,
    settings: { initialDelayMs: 0 },
    onProblem: (_client, reason) => problems.push(reason)
  })
  finallyIn(t, async () => {
    await broker.close()
    await log.close().catch(() => undefined)
  })
  return { disk, log, bootstrap: `127.0.0.1:${broker.address.port}`, problems }
}

type Request = readonly [ApiName, number, Sparse<RequestOf<ApiName>>, readonly number[]]

/** A member that has joined the group and has not asked for its part yet. */
async function joined(client: WireClient, groupId: string): Promise<ResponseOf<'JoinGroup'>> {
  return await client.ask('JoinGroup', 3, {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }]
  })
}

/** What is asked of a broker that can write nothing, with the codes of the answers. */
async function requestsOf(client: WireClient): Promise<readonly Request[]> {
  const owner = await client.producer('x')
  const of = { transactionalId: 'x', producerId: owner.producerId, producerEpoch: owner.epoch }
  strictEqual(await client.begin('x', owner, 't'), NONE)
  await client.ask('AddOffsetsToTxn', 3, { ...of, groupId: 'g' })
  const { memberId, generationId } = await joined(client, 'classic')
  const beat = { groupId: 'consumer', memberId: MEMBER, rebalanceTimeoutMs: 9_000 }
  const subscribed = { subscribedTopicNames: ['t'], topicPartitions: [] }
  await client.ask('ConsumerGroupHeartbeat', 0, { ...beat, memberEpoch: 0, ...subscribed })
  const partitions = [{ partitionIndex: 0, committedOffset: 0 }]
  const positions = { topics: [{ name: 't', partitions }] }
  await client.ask('OffsetCommit', 8, { groupId: 'idle', ...positions })
  const two = [...partitions, { partitionIndex: 7, committedOffset: 0 }]
  const mixed = { topics: [{ name: 't', partitions: two }] }
  const added = {
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: owner.producerId,
    v3AndBelowProducerEpoch: owner.epoch,
    v3AndBelowTopics: [{ name: 'u', partitions: [0, 1] }]
  }
  const producer = { transactionTimeoutMs: 9_000, producerId: -1, producerEpoch: -1 }
  const topic = { name: 'n', numPartitions: 1, replicationFactor: 1 }
  const records = batchOf(['a'], null)

  const produced = [{ name: 't', partitionData: [0, 1].map(index => ({ index, records })) }]
  const synced = { groupId: 'classic', memberId, generationId, assignments: [] }
  return [
    [
      'OffsetCommit',
      8,
      { groupId: 'idle', ...mixed },
      [NOT_COORDINATOR, UNKNOWN_TOPIC_OR_PARTITION]
    ],
    [
      'OffsetDelete',
      0,
      { groupId: 'idle', ...mixed },
      [0, NOT_COORDINATOR, UNKNOWN_TOPIC_OR_PARTITION]
    ],
    [
      'DeleteGroups',
      2,
      { groupsNames: ['idle', 'none'] },
      [NOT_COORDINATOR, ERROR_CODES.GROUP_ID_NOT_FOUND]
    ],
    [
      'TxnOffsetCommit',
      3,
      { ...of, groupId: 'g', ...mixed },
      [NOT_COORDINATOR, UNKNOWN_TOPIC_OR_PARTITION]
    ],
    ['AddPartitionsToTxn', 3, added, [NOT_COORDINATOR, NOT_COORDINATOR, NONE]],
    ['AddOffsetsToTxn', 3, { ...of, groupId: 'other' }, [NOT_COORDINATOR]],
    ['EndTxn', 3, { ...of, committed: true }, [NOT_COORDINATOR]],
    ['InitProducerId', 3, { ...producer, transactionalId: 'x' }, [NOT_COORDINATOR]],
    ['InitProducerId', 3, { ...producer, transactionalId: 'new' }, [NOT_COORDINATOR]],
    ['InitProducerId', 3, { ...producer, transactionalId: null }, [NOT_COORDINATOR]],
    ['SyncGroup', 3, synced, [NOT_COORDINATOR]],
    [
      'Heartbeat',
      3,
      { groupId: 'classic', memberId, generationId },
      [ERROR_CODES.REBALANCE_IN_PROGRESS]
    ],
    ['LeaveGroup', 3, { groupId: 'classic', members: [{ memberId }] }, [0, 0]],
    [
      'LeaveGroup',
      3,
      { groupId: 'consumer', members: [{ memberId: MEMBER }] },
      [0, NOT_COORDINATOR]
    ],
    ['ConsumerGroupHeartbeat', 0, { ...beat, memberEpoch: 0, ...subscribed }, [NOT_COORDINATOR]],
    // It is not let in by asking a second time.
    ['ConsumerGroupHeartbeat', 0, { ...beat, memberEpoch: 0, ...subscribed }, [NOT_COORDINATOR]],
    ['CreateTopics', 7, { topics: [topic], timeoutMs: 9_000 }, [KAFKA_STORAGE_ERROR]],
    [
      'CreatePartitions',
      3,
      { topics: [{ name: 't', count: 3, assignments: null }] },
      [KAFKA_STORAGE_ERROR]
    ],
    ['DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 9_000 }, [KAFKA_STORAGE_ERROR]],
    [
      'DeleteRecords',
      2,
      { topics: [{ name: 't', partitions: [{ offset: 1 }] }] },
      [KAFKA_STORAGE_ERROR]
    ],
    [
      'Metadata',
      9,
      { topics: [{ name: 'made' }], allowAutoTopicCreation: true },
      [KAFKA_STORAGE_ERROR]
    ],
    ['Produce', 9, { acks: -1, topicData: produced }, [KAFKA_STORAGE_ERROR, KAFKA_STORAGE_ERROR]]
  ]
}

test('a full disk is told with the codes of a Kafka broker, and what is there is read', async t => {
  const { disk, log, bootstrap, problems } = await start(t)
  await log.createTopic('t')
  await log.createTopic('u', { partitions: 2 })
  const client = await wireClientFor(t, bootstrap)
  strictEqual((await client.produce('t', ['kept'])).errorCode, NONE)
  const requests = await requestsOf(client)
  disk.failAt(disk.operations + 1, 'full', { lasting: true })
  for (const [api, version, request, codes] of requests) {
    deepStrictEqual(codesOf(await client.ask(api, version, request)), codes, api)
  }
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
  const fetched = await client.ask('Fetch', 11, { topics: [{ topic: 't', partitions }] })
  ok(fetched.responses[0]!.partitions[0]!.records!.length > 0)
  deepStrictEqual(problems, [])
})

test('who waits for records of a log that takes none waits for as long as it asked', async t => {
  const clock = new SimulatedClock()
  const { disk, log, bootstrap } = await start(t, clock)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  disk.failAt(disk.operations + 1, 'full', { lasting: true })
  strictEqual((await client.produce('t', ['x'])).errorCode, KAFKA_STORAGE_ERROR)
  let isAnswered = false
  const before = clock.pending
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
  const asked = { maxWaitMs: 500, minBytes: 1, topics: [{ topic: 't', partitions }] }
  const answer = client.ask('Fetch', 11, asked).then(() => (isAnswered = true))
  await until(() => clock.pending > before)
  const other = await wireClientFor(t, bootstrap)
  await other.ask('Metadata', 9, { topics: [] })
  strictEqual(isAnswered, false)
  await clock.advance(500)
  ok(await answer)
})

test('positions in a topic that others than clients have deleted are refused, those beside them kept', async t => {
  const { log, bootstrap, problems } = await start(t)
  const client = await wireClientFor(t, bootstrap)
  for (const name of ['gone', 'kept']) {
    await log.createTopic(name)
    await client.ask('Metadata', 9, { topics: [{ name }] })
  }
  await log.deleteTopic('gone')
  const partitions = [{ partitionIndex: 0, committedOffset: 0 }]
  const topics = ['gone', 'kept'].map(name => ({ name, partitions }))
  const committed = await client.ask('OffsetCommit', 8, { groupId: 'g', topics })
  deepStrictEqual(codesOf(committed), [UNKNOWN_TOPIC_OR_PARTITION, NONE])
  deepStrictEqual(
    (await log.positions('g')).map(({ topic, offset }) => [topic, offset]),
    [['kept', 0]]
  )
  deepStrictEqual(problems, [])
})
