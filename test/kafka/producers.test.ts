// Idempotent and transactional producers, request by request: duplicates, gaps, fencing, timeouts, restarts.
import { deepStrictEqual, notStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { ERROR_CODES } from '../../src/kafka/wire/index.ts'
import { committedLog } from '../../src/kafka/index.ts'
import type { Log } from '../../src/log/index.ts'
import {
  brokerFor,
  finallyIn,
  startOn,
  stop,
  temporaryFolder,
  until,
  valuesOf,
  type TestBroker
} from './kit.ts'
import { WireClient, batchOf, wireClientFor } from './wire-client.ts'

const committedOf = ({ log, broker }: TestBroker): Log =>
  committedLog(log, broker.context.transactions)

test('a repeated batch is written once and gets the offset of the first', async t => {
  const started = await brokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  await started.log.createTopic('t')
  const { producerId, epoch } = await client.producer()
  const first = await client.produce('t', ['a', 'b'], { producerId, epoch, sequence: 0 })
  const second = await client.produce('t', ['c'], { producerId, epoch, sequence: 2 })
  deepStrictEqual(first, { errorCode: 0, baseOffset: 0 })
  deepStrictEqual(second, { errorCode: 0, baseOffset: 2 })
  deepStrictEqual(await client.produce('t', ['a', 'b'], { producerId, epoch, sequence: 0 }), first)
  deepStrictEqual(await client.produce('t', ['c'], { producerId, epoch, sequence: 2 }), second)
  deepStrictEqual(await valuesOf(started.log, 't'), ['a', 'b', 'c'])
})

test('a gap in the sequence is refused, and so is an epoch of before', async t => {
  const started = await brokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  await started.log.createTopic('t')
  const { producerId } = await client.producer()
  await client.produce('t', ['a'], { producerId, epoch: 1, sequence: 0 })
  const gap = await client.produce('t', ['c'], { producerId, epoch: 1, sequence: 2 })
  strictEqual(gap.errorCode, ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
  const old = await client.produce('t', ['x'], { producerId, epoch: 0, sequence: 1 })
  strictEqual(old.errorCode, ERROR_CODES.INVALID_PRODUCER_EPOCH)
  const unknown = await client.produce('t', ['x'], { producerId: 2 ** 40, epoch: 0, sequence: 0 })
  strictEqual(unknown.errorCode, ERROR_CODES.UNKNOWN_PRODUCER_ID)
  const next = await client.produce('t', ['b'], { producerId, epoch: 2, sequence: 0 })
  strictEqual(next.errorCode, 0)
  deepStrictEqual(await valuesOf(started.log, 't'), ['a', 'b'])
})

test('a batch that is repeated after a restart is known', async t => {
  const folder = temporaryFolder(t)
  const before = await startOn(folder)
  await before.log.createTopic('t')
  const first = await WireClient.connect(before.bootstrap)
  const { producerId, epoch } = await first.producer()
  await first.produce('t', ['other'])
  const written = await first.produce('t', ['a'], { producerId, epoch, sequence: 0 })
  first.close()
  await stop(before)
  const after = await startOn(folder)
  finallyIn(t, () => stop(after))
  const client = await wireClientFor(t, after.bootstrap)
  deepStrictEqual(await client.produce('t', ['a'], { producerId, epoch, sequence: 0 }), written)
  strictEqual((await client.produce('t', ['b'], { producerId, epoch, sequence: 1 })).errorCode, 0)
  notStrictEqual((await client.producer()).producerId, producerId)
  deepStrictEqual(await valuesOf(after.log, 't'), ['other', 'a', 'b'])
})

test('a transaction outlives a restart, and ends by its timeout if nobody ends it', async t => {
  const folder = temporaryFolder(t)
  const before = await startOn(folder)
  await before.log.createTopic('t')
  const first = await WireClient.connect(before.bootstrap)
  const one = await first.producer('one')
  const two = await first.producer('two', 300)
  for (const [id, of] of [
    ['one', one],
    ['two', two]
  ] as const) {
    strictEqual(await first.begin(id, of, 't'), 0)
    const batch = { ...of, sequence: 0, isTransactional: true }
    strictEqual((await first.produce('t', [id], batch, id)).errorCode, 0)
  }
  first.close()
  await stop(before)
  const after = await startOn(folder)
  finallyIn(t, () => stop(after))
  deepStrictEqual(await valuesOf(committedOf(after), 't'), [])
  const client = await wireClientFor(t, after.bootstrap)
  strictEqual(await client.end('one', one, true), 0)
  strictEqual(await client.end('one', one, true), 0)
  await until(() => after.broker.context.transactions.list().get('two')!.status !== 'Ongoing')
  strictEqual(await client.end('two', two, true), ERROR_CODES.PRODUCER_FENCED)
  deepStrictEqual(await valuesOf(committedOf(after), 't'), ['one'])
})

test('readers of committed records wait at an open transaction and go on when it ends', async t => {
  const started = await brokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  await started.log.createTopic('t')
  await client.produce('t', ['before'])
  const of = await client.producer('x')
  await client.begin('x', of, 't')
  await client.produce('t', ['aborted'], { ...of, sequence: 0, isTransactional: true }, 'x')
  await client.produce('t', ['after'])
  const view = committedOf(started)
  deepStrictEqual(await valuesOf(view, 't'), ['before'])
  strictEqual((await view.describeTopic('t')).status.partitions[0]!.endOffset, 1)
  let isWoken = false
  const waiting = view.wait([{ topic: 't', partition: 0, offset: 1 }]).then(() => (isWoken = true))
  await client.ask('Metadata', 9, { topics: [] })
  strictEqual(isWoken, false)
  strictEqual(await client.end('x', of, false), 0)
  await waiting
  deepStrictEqual(await valuesOf(view, 't'), ['before', 'after'])
})

test('an aborted transaction stays hidden after a restart, and with its topic it is forgotten', async t => {
  const folder = temporaryFolder(t)
  const before = await startOn(folder)
  await before.log.createTopic('t')
  const first = await WireClient.connect(before.bootstrap)
  for (const value of ['a', 'b', 'c']) {
    const of = await first.producer('x')
    await first.begin('x', of, 't')
    await first.produce('t', [value], { ...of, sequence: 0, isTransactional: true }, 'x')
    strictEqual(await first.end('x', of, value === 'b'), 0)
  }
  first.close()
  await stop(before)
  const after = await startOn(folder)
  finallyIn(t, () => stop(after))
  deepStrictEqual(await valuesOf(committedOf(after), 't'), ['b'])
  const client = await wireClientFor(t, after.bootstrap)
  await client.ask('DeleteTopics', 4, { topicNames: ['t'], timeoutMs: 1_000 })
  await after.log.createTopic('t')
  for (const value of ['1', '2', '3', '4', '5', '6']) await client.produce('t', [value])
  strictEqual((await valuesOf(committedOf(after), 't')).length, 6)
})

test('a producer may take its own epoch further, and ask twice when the answer was lost', async t => {
  const started = await brokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  const first = await client.producer('x')
  const bump = {
    transactionalId: 'x',
    transactionTimeoutMs: 60_000,
    producerId: first.producerId,
    producerEpoch: first.epoch
  }
  const { producerEpoch } = await client.ask('InitProducerId', 4, bump)
  strictEqual(producerEpoch, first.epoch + 1)
  strictEqual((await client.ask('InitProducerId', 4, bump)).producerEpoch, producerEpoch)
  await client.producer('x')
  strictEqual((await client.ask('InitProducerId', 4, bump)).errorCode, ERROR_CODES.PRODUCER_FENCED)
})

test("what the engine keeps in the log is out of clients' reach", async t => {
  const started = await brokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  await started.log.createTopic('_millrace.ns.flow.changelog', { internal: true })
  for (const topic of ['_millrace.broker', '_millrace.ns.flow.changelog']) {
    const { errorCode } = await client.produce(topic, ['x'])
    strictEqual(errorCode, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
    const asked = { topics: [{ name: topic }], allowAutoTopicCreation: true }
    const metadata = await client.ask('Metadata', 9, asked)
    strictEqual(metadata.topics[0]!.errorCode, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
    const deleted = await client.ask('DeleteTopics', 4, { topicNames: [topic], timeoutMs: 1_000 })
    strictEqual(deleted.responses[0]!.errorCode, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  }
  const { topics } = await client.ask('OffsetCommit', 7, {
    groupId: 'ns/flow',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 5 }] }]
  })
  strictEqual(topics[0]!.partitions[0]!.errorCode, ERROR_CODES.INVALID_GROUP_ID)
})

test('a transaction ends although a topic of it was made anew with fewer partitions', async t => {
  const { log, bootstrap, problems } = await brokerFor(t)
  const client = await wireClientFor(t, bootstrap)
  await log.createTopic('t', { partitions: 2 })
  const owner = await client.producer('x')
  const added = await client.ask('AddPartitionsToTxn', 3, {
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: owner.producerId,
    v3AndBelowProducerEpoch: owner.epoch,
    v3AndBelowTopics: [{ name: 't', partitions: [1] }]
  })
  const { partitionErrorCode } = added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!
  strictEqual(partitionErrorCode, 0)
  await log.deleteTopic('t')
  await log.createTopic('t')
  strictEqual(await client.end('x', owner, true), 0)
  deepStrictEqual(problems, [])
})

test('requests keep their order beside a topic that others than clients have deleted', async t => {
  const { log, bootstrap, problems } = await brokerFor(t)
  const client = await wireClientFor(t, bootstrap)
  for (const name of ['t', 'gone']) {
    await log.createTopic(name)
    await client.ask('Metadata', 9, { topics: [{ name }] })
  }
  await log.deleteTopic('gone')
  const of = await client.producer()
  const send = (value: string, sequence: number, names: readonly string[]): void => {
    const partitionData = [{ index: 0, records: batchOf([value], { ...of, sequence }) }]
    const topicData = names.map(name => ({ name, partitionData }))
    // Only the answer to the last one is waited for.
    void client.ask('Produce', 9, { acks: -1, timeoutMs: 5_000, topicData }).catch(() => undefined)
  }
  client.socket.cork()
  send('first', 0, ['t', 'gone'])
  send('second', 1, ['t'])
  client.socket.uncork()
  await until(async () => (await valuesOf(log, 't')).length === 2)
  deepStrictEqual(await valuesOf(log, 't'), ['first', 'second'])
  deepStrictEqual(problems, [])
})

test('a topic that is deleted and made anew beside clients shows all its records', async t => {
  const started = await brokerFor(t)
  const view = committedOf(started)
  const client = await wireClientFor(t, started.bootstrap)
  const begin = async (id: string, value: string): Promise<() => Promise<number>> => {
    const of = await client.producer(id)
    await client.begin(id, of, 't')
    await client.produce('t', [value], { ...of, sequence: 0, isTransactional: true }, id)
    return async () => await client.end(id, of, value !== 'bad')
  }
  const write = async (id: string, value: string): Promise<void> => {
    const end = await begin(id, value)
    strictEqual(await end(), 0)
  }
  await view.createTopic('t')
  for (let count = 0; count < 3; count++) await write('x', 'bad')
  await begin('open', 'd')
  const at = [{ topic: 't', partition: 0, offset: 6 }]
  const waiting = rejects(view.wait(at), { code: 'TOPIC_UNKNOWN' })
  await view.deleteTopic('t')
  await waiting
  await view.createTopic('t')
  for (const value of ['1', '2', '3']) await write('x', value)
  deepStrictEqual(await valuesOf(view, 't'), ['1', '2', '3'])
})
