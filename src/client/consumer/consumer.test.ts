// Consumers over a log in memory: what groups, transactions and records that are no values do to them.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { MillraceError } from '../../base/index.ts'
import { MemoryDriver } from '../../../test/client/memory-driver.ts'
import { Client } from '../client.ts'
import { json, text } from '../codec.ts'
import type { TopicPartition } from '../driver.ts'
import { groupRebalanced } from '../errors.ts'
import type { ConsumerOptions } from './options.ts'
import type { Consumer } from './consumer.ts'

const TYPES = { key: text, value: text }
const P0: TopicPartition = { topic: 't', partition: 0 }
const P1: TopicPartition = { topic: 't', partition: 1 }

type Options = Partial<ConsumerOptions<string, string>>

/** A member that has both partitions of a topic. */
async function member(
  options: Options
): Promise<{ driver: MemoryDriver; client: Client; consumer: Consumer<string, string> }> {
  const driver = new MemoryDriver()
  driver.topics.set('t', 2)
  driver.topics.set('out', 1)
  driver.write('t', 0, ['a0', 'a1'])
  driver.write('t', 1, ['b0', 'b1'])
  const client = new Client(driver, driver.clock)
  const consumer = await client.consumer({ topics: ['t'], group: 'g', types: TYPES, ...options })
  driver.member!.onAssign([P0, P1], false)
  return { driver, client, consumer }
}

/** The values of the next batch, which fetches that wait on the clock may have to end for. */
async function nextValues(
  driver: MemoryDriver,
  consumer: Consumer<string, string>
): Promise<(string | null)[]> {
  const batch = consumer.nextBatch()
  await driver.clock.advance(1_000)
  return ((await batch) ?? []).map(record => record.value)
}

test('a batch ends before a record that is no value, and the next call tells of that', async () => {
  const driver = new MemoryDriver()
  driver.topics.set('t', 1)
  driver.write('t', 0, ['1', '2', 'no json', '4'])
  const client = new Client(driver, driver.clock)
  const types = { key: text, value: json<number>() }
  const consumer = await client.consumer({ topics: ['t'], types, stopAtEnd: true })
  deepStrictEqual(
    (await consumer.nextBatch())!.map(record => record.value),
    [1, 2]
  )
  deepStrictEqual(consumer.positions, [{ ...P0, offset: 2 }])
  await rejects(consumer.nextBatch(), { code: 'RECORD_UNDECODABLE' })
  deepStrictEqual(
    (await consumer.nextBatch())!.map(record => record.value),
    [4]
  )
  strictEqual(await consumer.nextBatch(), null)
})

test('what was processed is committed in time, also when nothing more comes', async () => {
  const retries: string[] = []
  const { driver, consumer } = await member({
    onRetry: error => retries.push((error as MillraceError).code)
  })
  for (let record = 0; record < 4; record++) await consumer.next()
  driver.commitFailures.push(groupRebalanced('g'))
  const waiting = consumer.next()
  await driver.clock.advance(1_000)
  deepStrictEqual([retries, driver.positions.size], [['GROUP_REBALANCED'], 0])
  await driver.clock.advance(1_000)
  deepStrictEqual([...driver.positions.values()], [2, 2])
  await driver.clock.advance(10_000)
  driver.commitFailures.push(new MillraceError('ACCESS_DENIED', 'no'))
  driver.write('t', 0, ['a2'])
  await driver.clock.advance(1_000)
  strictEqual((await waiting)?.value, 'a2')
  const failing = rejects(consumer.next(), { code: 'ACCESS_DENIED' })
  await driver.clock.advance(1_000)
  await failing
})

test('a transaction does not take in records of a partition that is another member’s now', async () => {
  const { driver, client, consumer } = await member({ delivery: 'exactly-once' })
  const producer = await client.producer({ types: TYPES, transactionalId: 'tx' })
  deepStrictEqual(await nextValues(driver, consumer), ['a0', 'a1'])
  deepStrictEqual(await nextValues(driver, consumer), ['b0', 'b1'])
  await driver.member!.onRevoke()
  driver.member!.onAssign([P1], true)
  const copy = producer.transaction(async scope => {
    await scope.send([{ topic: 'out', value: 'of both' }])
    await scope.consumed(consumer)
  })
  await rejects(copy, { code: 'GROUP_REBALANCED', retriable: true })
  // Whoever goes on gets the records of the partition that is left again.
  deepStrictEqual(await nextValues(driver, consumer), ['b0', 'b1'])
  await producer.transaction(async scope => {
    await scope.send([{ topic: 'out', value: 'of one' }])
    await scope.consumed(consumer)
  })
  deepStrictEqual([...driver.positions], [['1:t', 2]])
  deepStrictEqual(
    driver.of({ topic: 'out', partition: 0 }).map(record => String(record.value)),
    ['of one']
  )
})

test('while partitions are shared out a transaction waits for its next try', async () => {
  const { driver, client, consumer } = await member({ delivery: 'exactly-once' })
  const producer = await client.producer({ types: TYPES, transactionalId: 'tx' })
  deepStrictEqual(await nextValues(driver, consumer), ['a0', 'a1'])
  await driver.member!.onRevoke()
  await rejects(
    producer.transaction(scope => scope.consumed(consumer)),
    { code: 'GROUP_REBALANCED' }
  )
  await rejects(consumer.commit(), { code: 'GROUP_REBALANCED' })
  driver.member!.onAssign([P0, P1], true)
  const seen = [
    ...(await nextValues(driver, consumer)),
    ...(await nextValues(driver, consumer))
  ].toSorted()
  deepStrictEqual(seen, ['a0', 'a1', 'b0', 'b1'])
  await producer.transaction(scope => scope.consumed(consumer))
  deepStrictEqual([...driver.positions].toSorted(), [
    ['0:t', 2],
    ['1:t', 2]
  ])
})

test('a transaction that is done again after an error takes the same records in', async () => {
  const { driver, client, consumer } = await member({ delivery: 'exactly-once' })
  const producer = await client.producer({ types: TYPES, transactionalId: 'tx' })
  const batch = await nextValues(driver, consumer)
  let attempts = 0
  const work = (): Promise<void> =>
    producer.transaction(async scope => {
      await scope.send(batch.map(value => ({ topic: 'out', value })))
      await scope.consumed(consumer)
      if (++attempts === 1) throw new Error('once')
    })
  await rejects(work(), /once/)
  await work()
  strictEqual(driver.of({ topic: 'out', partition: 0 }).length, 2)
  strictEqual(driver.positions.get('0:t'), 2)
})

test('a consumer that commits by itself cannot be part of a transaction', async () => {
  const { client, consumer } = await member({})
  const producer = await client.producer({ types: TYPES, transactionalId: 'tx' })
  await rejects(
    producer.transaction(scope => scope.consumed(consumer)),
    { code: 'USAGE', message: /at-least-once.*expected was exactly-once/ }
  )
})

test('at most once, a commit that is refused for now is tried again before its records', async () => {
  const retries: string[] = []
  const { driver, consumer } = await member({
    delivery: 'at-most-once',
    onRetry: error => retries.push((error as MillraceError).code)
  })
  driver.commitFailures.push(groupRebalanced('g'), groupRebalanced('g'))
  const first = consumer.next()
  await driver.clock.advance(1_000)
  strictEqual((await first)?.value, 'a0')
  deepStrictEqual(retries, ['GROUP_REBALANCED', 'GROUP_REBALANCED'])
  driver.commitFailures.push(new MillraceError('ACCESS_DENIED', 'no'))
  strictEqual((await consumer.next())?.value, 'a1')
  await rejects(consumer.next(), { code: 'ACCESS_DENIED' })
  strictEqual((await consumer.next())?.value, 'b0')
})

test('a position that is changed while partitions come stays changed', async () => {
  const { driver, consumer } = await member({ delivery: 'manual' })
  deepStrictEqual(await nextValues(driver, consumer), ['a0', 'a1'])
  driver.member!.onAssign([P0, P1], true)
  consumer.seek({ ...P0, offset: 1 })
  const seen: (string | null)[] = []
  while (seen.length < 3) seen.push(...(await nextValues(driver, consumer)))
  deepStrictEqual(seen.toSorted(), ['a1', 'b0', 'b1'])
  throwsNotRead(consumer)
})

function throwsNotRead(consumer: Consumer<string, string>): void {
  try {
    consumer.seek({ topic: 'other', partition: 7, offset: 0 })
  } catch (error) {
    ok(error instanceof MillraceError)
    strictEqual(error.code, 'PARTITION_UNKNOWN')
    strictEqual(
      error.message.startsWith('other/7 is not read by this consumer; expected was one of t/'),
      true
    )
    return
  }
  throw new Error('it was taken')
}

test('a partition or topic that is named twice is read once', async () => {
  const driver = new MemoryDriver()
  driver.topics.set('t', 2)
  driver.write('t', 0, ['once'])
  const client = new Client(driver, driver.clock)
  for (const topics of [
    ['t', 't'],
    [{ topic: 't', partitions: [0, 0] }],
    [{ topic: 't', partitions: [0] }, 't']
  ]) {
    const consumer = await client.consumer({ topics, types: TYPES, stopAtEnd: true })
    const seen: (string | null)[] = []
    for await (const { value } of consumer) seen.push(value)
    deepStrictEqual(seen, ['once'])
  }
})

test('options that nothing can be read with are refused', async () => {
  const driver = new MemoryDriver()
  driver.topics.set('t', 1)
  const client = new Client(driver, driver.clock)
  for (const options of [
    { maxBytes: 0 },
    { bufferBytes: -1 },
    { partitionMaxBytes: Number.NaN },
    { instance: 'i' },
    { delivery: 'at-most-once' as const },
    { group: '' }
  ]) {
    await rejects(client.consumer({ topics: ['t'], ...options }), { code: 'USAGE' })
  }
})
