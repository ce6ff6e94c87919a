// kafkajs 2.2.4, unchanged, against the broker.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import kafkajs from 'kafkajs'
import type { Consumer, Kafka as Client } from 'kafkajs'

import { connected, consume } from './kafkajs-kit.ts'
import { brokerFor, finallyIn, until, type TestBroker } from './kit.ts'

const { CompressionTypes, Kafka, logLevel } = kafkajs

/** A consumer waits for its last fetch when it disconnects. */
const QUICK = { maxWaitTimeInMs: 100 }

function clientOf({ bootstrap }: TestBroker, clientId = 'test'): Client {
  return new Kafka({
    brokers: [bootstrap],
    clientId,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 8 }
  })
}

test('kafkajs produces with keys, headers and gzip, and consumes all of it', async t => {
  const started = await brokerFor(t)
  const client = clientOf(started)
  const admin = await connected(t, client.admin())
  await admin.createTopics({ topics: [{ topic: 'words', numPartitions: 3 }] })
  const producer = await connected(t, client.producer())
  await producer.send({ topic: 'words', messages: [{ key: 'a', value: '1', headers: { h: 'x' } }] })
  await producer.send({
    topic: 'words',
    compression: CompressionTypes.GZIP,
    messages: Array.from({ length: 100 }, (_, index) => ({ key: `k${index}`, value: `${index}` }))
  })
  const seen = await consume(t, client.consumer({ groupId: 'readers', ...QUICK }), 'words')
  await until(() => seen.length >= 101)
  deepStrictEqual(new Set(seen.map(each => each.key)).size, 101)
  ok(new Set(seen.map(each => each.partition)).size === 3)
  deepStrictEqual(started.problems, [])
})

test('a second kafkajs consumer takes its part, and gives it back when it leaves', async t => {
  const started = await brokerFor(t)
  const client = clientOf(started)
  const admin = await connected(t, client.admin())
  await admin.createTopics({ topics: [{ topic: 'jobs', numPartitions: 4 }] })
  const joined: string[][] = []
  const start = async (): Promise<{ consumer: Consumer; partitions: () => number[] }> => {
    const consumer = client.consumer({ groupId: 'workers', heartbeatInterval: 30, ...QUICK })
    let mine: number[] = []
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      mine = payload.memberAssignment['jobs'] ?? []
      joined.push(mine.map(String))
    })
    await consumer.connect()
    await consumer.subscribe({ topic: 'jobs' })
    await consumer.run({ eachMessage: () => Promise.resolve() })
    return { consumer, partitions: () => mine }
  }
  const first = await start()
  finallyIn(t, () => first.consumer.disconnect())
  await until(() => first.partitions().length === 4)
  const second = await start()
  await until(() => first.partitions().length === 2 && second.partitions().length === 2)
  const described = await admin.describeGroups(['workers'])
  strictEqual(described.groups[0]!.state, 'Stable')
  strictEqual(described.groups[0]!.members.length, 2)
  await second.consumer.disconnect()
  await until(() => first.partitions().length === 4)
})

test('kafkajs positions are kept over a restart of the consumer, and administrators change them', async t => {
  const started = await brokerFor(t)
  const client = clientOf(started)
  const producer = await connected(t, client.producer())
  await producer.send({ topic: 'log', messages: [{ value: 'a' }, { value: 'b' }] })
  const first = client.consumer({ groupId: 'g', ...QUICK })
  const before = await consume(t, first, 'log')
  await until(() => before.length === 2)
  await first.disconnect()
  await producer.send({ topic: 'log', messages: [{ value: 'c' }] })
  const second = client.consumer({ groupId: 'g', ...QUICK })
  const after = await consume(t, second, 'log')
  await until(() => after.length === 1)
  deepStrictEqual(
    after.map(each => each.value),
    ['c']
  )
  const admin = await connected(t, client.admin())
  await rejects(admin.deleteGroups(['g']), /delete/i)
  await second.disconnect()
  await until(async () => (await admin.describeGroups(['g'])).groups[0]!.state === 'Empty')
  await admin.setOffsets({
    groupId: 'g',
    topic: 'log',
    partitions: [{ partition: 0, offset: '1' }]
  })
  const [position] = await admin.fetchOffsets({ groupId: 'g', topics: ['log'] })
  strictEqual(position!.partitions[0]!.offset, '1')
  await admin.deleteGroups(['g'])
  deepStrictEqual((await admin.listGroups()).groups, [])
})

test('kafkajs administrates topics: partitions, configurations, records, offsets by time', async t => {
  const started = await brokerFor(t)
  const client = clientOf(started)
  const admin = await connected(t, client.admin())
  await admin.createTopics({
    topics: [{ topic: 't', configEntries: [{ name: 'retention.ms', value: '3600000' }] }]
  })
  await rejects(
    admin.createTopics({ topics: [{ topic: 't2', replicationFactor: 3 }] }),
    (error: { errors: Error[] }) => /replication/i.test(error.errors[0]!.message)
  )
  strictEqual(await admin.createTopics({ topics: [{ topic: 't' }] }), false)
  await admin.createPartitions({ topicPartitions: [{ topic: 't', count: 2 }] })
  const metadata = await admin.fetchTopicMetadata({ topics: ['t'] })
  strictEqual(metadata.topics[0]!.partitions.length, 2)
  const configs = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: 't', configNames: ['retention.ms'] }]
  })
  strictEqual(configs.resources[0]!.configEntries[0]!.configValue, '3600000')
  const producer = await connected(t, client.producer())
  const base = 1_700_000_000_000
  await producer.send({
    topic: 't',
    messages: [0, 1, 2, 3].map(index => ({
      partition: 0,
      value: `${index}`,
      timestamp: String(base + index * 1000)
    }))
  })
  const byTime = await admin.fetchTopicOffsetsByTimestamp('t', base + 1500)
  strictEqual(byTime.find(each => each.partition === 0)!.offset, '2')
  await admin.deleteTopicRecords({ topic: 't', partitions: [{ partition: 0, offset: '3' }] })
  const offsets = await admin.fetchTopicOffsets('t')
  strictEqual(offsets.find(each => each.partition === 0)!.low, '3')
  await admin.deleteTopics({ topics: ['t'] })
  deepStrictEqual(await admin.listTopics(), [])
})

test('kafkajs transactions: committed ones are seen, aborted ones never', async t => {
  const started = await brokerFor(t)
  const client = clientOf(started)
  const transactional = { transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 }
  const producer = await connected(t, client.producer(transactional))
  for (const [value, isCommit] of [
    ['a', true],
    ['b', false],
    ['c', true]
  ] as const) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'tx', messages: [{ value }] })
    await transaction.sendOffsets({
      consumerGroupId: 'tx-group',
      topics: [{ topic: 'tx', partitions: [{ partition: 0, offset: isCommit ? '7' : '9' }] }]
    })
    await (isCommit ? transaction.commit() : transaction.abort())
  }
  const seen = await consume(t, client.consumer({ groupId: 'r', ...QUICK }), 'tx')
  await until(() => seen.length === 2)
  deepStrictEqual(
    seen.map(each => each.value),
    ['a', 'c']
  )
  const admin = await connected(t, client.admin())
  const [position] = await admin.fetchOffsets({ groupId: 'tx-group', topics: ['tx'] })
  strictEqual(position!.partitions[0]!.offset, '7')
})
