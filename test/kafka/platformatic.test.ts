// @platformatic/kafka 2.12, unchanged, against the broker. Producers are made with producerId −1 and epoch −1: its own
// defaults (0, 0) ask a coordinator to go on with a producer that is not theirs, which fences every restart.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers
} from '@platformatic/kafka'

import { brokerFor, finallyIn, until, type TestBroker } from './kit.ts'

type TextConsumer = Consumer<string, string, string, string>
type TextProducer = Producer<string, string, string, string>

const OWN_NOBODY = { producerId: -1n, producerEpoch: -1 }

function producerOf(t: TestContext, { bootstrap }: TestBroker, more: object = {}): TextProducer {
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [bootstrap],
    serializers: stringSerializers,
    autocreateTopics: true,
    ...OWN_NOBODY,
    ...more
  })
  finallyIn(t, () => producer.close())
  return producer
}

function consumerOf(t: TestContext, { bootstrap }: TestBroker, more: object): TextConsumer {
  const consumer = new Consumer({
    clientId: 'test',
    bootstrapBrokers: [bootstrap],
    deserializers: stringDeserializers,
    maxWaitTime: 50,
    ...more
  } as ConstructorParameters<typeof Consumer>[0]) as unknown as TextConsumer
  finallyIn(t, () => consumer.close(true))
  return consumer
}

function adminOf(t: TestContext, { bootstrap }: TestBroker): Admin {
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [bootstrap] })
  finallyIn(t, () => admin.close())
  return admin
}

/** Reads a topic and gives what comes. */
async function collect(
  consumer: TextConsumer,
  topic: string,
  options: object = {}
): Promise<string[]> {
  const seen: string[] = []
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    maxWaitTime: 50,
    ...options
  })
  stream.on('error', () => {})
  stream.on('data', message => seen.push(message.value))
  return seen
}

const countOf = (consumer: TextConsumer, topic: string): number =>
  consumer.assignments?.find(each => each.topic === topic)?.partitions.length ?? 0

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`@platformatic/kafka produces and consumes with ${compression}`, async t => {
    const started = await brokerFor(t)
    const producer = producerOf(t, started)
    const values = Array.from({ length: 500 }, (_, index) => `${compression} ${index}`)
    await producer.send({
      compression,
      messages: values.map(value => ({ topic: 'texts', key: 'k', value }))
    })
    const seen = await collect(consumerOf(t, started, { groupId: 'g' }), 'texts')
    await until(() => seen.length >= values.length)
    deepStrictEqual(seen, values)
    deepStrictEqual(started.problems, [])
  })
}

test('@platformatic/kafka commits and aborts; readers of committed records see none of the aborted', async t => {
  const started = await brokerFor(t)
  const producer = producerOf(t, started, { idempotent: true, transactionalId: 'tx' })
  for (const [value, isCommit] of [
    ['a', true],
    ['b', false],
    ['c', true]
  ] as const) {
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: [{ topic: 'tx', key: 'k', value }] })
    await (isCommit ? transaction.commit() : transaction.abort())
  }
  const committed = await collect(consumerOf(t, started, { groupId: 'g1' }), 'tx', {
    isolationLevel: 1
  })
  await until(() => committed.length === 2)
  deepStrictEqual(committed, ['a', 'c'])
  const all = await collect(consumerOf(t, started, { groupId: 'g2' }), 'tx', { isolationLevel: 0 })
  await until(() => all.length === 3)
})

test('a second producer with the same transactional id fences the first', async t => {
  const started = await brokerFor(t)
  const first = producerOf(t, started, { idempotent: true, transactionalId: 'same', retries: 0 })
  const open = await first.beginTransaction()
  await open.send({ messages: [{ topic: 'f', key: 'k', value: 'lost' }] })
  const second = producerOf(t, started, { idempotent: true, transactionalId: 'same' })
  const transaction = await second.beginTransaction()
  await transaction.send({ messages: [{ topic: 'f', key: 'k', value: 'kept' }] })
  await transaction.commit()
  let failure: unknown = null
  await open.commit().catch(error => (failure = error))
  strictEqual(failure === null, false)
  const seen = await collect(consumerOf(t, started, { groupId: 'g' }), 'f', { isolationLevel: 1 })
  await until(() => seen.length > 0)
  deepStrictEqual(seen, ['kept'])
})

test('cooperative members keep what stays theirs while others come', async t => {
  const started = await brokerFor(t)
  const admin = adminOf(t, started)
  await admin.createTopics({ topics: ['c'], partitions: 4, replicas: 1 })
  const options = {
    groupId: 'coop',
    protocols: [{ name: 'cooperative-sticky', version: 1 }],
    heartbeatInterval: 30
  }
  const first = consumerOf(t, started, options)
  await collect(first, 'c')
  await until(() => countOf(first, 'c') === 4)
  const second = consumerOf(t, started, options)
  await collect(second, 'c')
  await until(() => countOf(first, 'c') === 2 && countOf(second, 'c') === 2)
})

test('a static member that comes back gets its partitions without a rebalance', async t => {
  const started = await brokerFor(t)
  const admin = adminOf(t, started)
  await admin.createTopics({ topics: ['s'], partitions: 2, replicas: 1 })
  // The first one is as good as gone: it says nothing more before the test has ended.
  const options = { groupId: 'static', groupInstanceId: 'one', heartbeatInterval: 50_000 }
  const first = consumerOf(t, started, options)
  await collect(first, 's')
  await until(() => countOf(first, 's') === 2)
  const { generationId } = first
  const group = started.broker.context.groups.classic('static')!
  const second = consumerOf(t, started, options)
  await collect(second, 's')
  await until(() => countOf(second, 's') === 2)
  strictEqual(group.generation, generationId)
  strictEqual(group.members.size, 1)
})

test('members of KIP-848 share the partitions, and get them back when one leaves', async t => {
  const started = await brokerFor(t)
  const admin = adminOf(t, started)
  await admin.createTopics({ topics: ['n'], partitions: 4, replicas: 1 })
  const producer = producerOf(t, started)
  const options = { groupId: 'new', groupProtocol: 'consumer' }
  const first = consumerOf(t, started, options)
  const seen = await collect(first, 'n')
  await until(() => countOf(first, 'n') === 4)
  const second = consumerOf(t, started, options)
  const also = await collect(second, 'n')
  await until(() => countOf(first, 'n') === 2 && countOf(second, 'n') === 2)
  const values = Array.from({ length: 40 }, (_, index) => `${index}`)
  await producer.send({ messages: values.map(value => ({ topic: 'n', key: value, value })) })
  await until(() => new Set([...seen, ...also]).size === 40)
  await second.close(true)
  await until(() => countOf(first, 'n') === 4)
})
