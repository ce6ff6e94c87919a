// Producers over a log in memory: order, whose errors are whose, waiting, partitions of transactions.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryDriver } from '../../test/client/memory-driver.ts'
import { Client } from './client.ts'
import { text } from './codec.ts'
import type { Producer, ProducerOptions } from './producer.ts'

const TYPES = { key: text, value: text }

async function world(
  options: Partial<ProducerOptions<string, string>> = {}
): Promise<{ driver: MemoryDriver; producer: Producer<string, string> }> {
  const driver = new MemoryDriver()
  driver.topics.set('t', 2)
  const client = new Client(driver, driver.clock)
  return { driver, producer: await client.producer({ types: TYPES, ...options }) }
}

const valuesOf = (driver: MemoryDriver, partition: number): string[] =>
  driver.of({ topic: 't', partition }).map(record => String(record.value))

test('a send that waits for what a topic has is not overtaken', async () => {
  const { driver, producer } = await world()
  await producer.send({ topic: 't', value: 'first', partition: 0 })
  driver.topics.set('slow', 1)
  const gate = Promise.withResolvers<void>()
  driver.gates.set('slow', gate.promise)
  const both = producer.sendAll([
    { topic: 't', value: 'second', partition: 0 },
    { topic: 'slow', value: 'x' }
  ])
  const third = producer.send({ topic: 't', value: 'third', partition: 0 })
  const fourth = producer.send({ topic: 't', value: 'fourth', partition: 0 })
  gate.resolve()
  strictEqual((await third).offset, 2)
  await Promise.all([both, fourth])
  deepStrictEqual(valuesOf(driver, 0), ['first', 'second', 'third', 'fourth'])
})

test('sends that wait for room keep their order', async () => {
  const { driver, producer } = await world({ bufferBytes: 100, requestBytes: 100 })
  const values = Array.from({ length: 30 }, (_, index) => String(index).padEnd(40, '.'))
  await Promise.all(values.map(value => producer.send({ topic: 't', value, partition: 1 })))
  deepStrictEqual(valuesOf(driver, 1), values)
})

test('what one call does wrong does not fail the calls beside it', async () => {
  const { driver, producer } = await world()
  const missing = (partition: number): Promise<void> =>
    rejects(producer.send({ topic: 't', value: 'x', partition }), { code: 'PARTITION_UNKNOWN' })
  const [good] = await Promise.all([
    producer.send({ topic: 't', value: 'good', partition: 1 }),
    missing(2),
    missing(-1),
    missing(0.5),
    rejects(producer.send({ topic: 'none', value: 'x' }), { code: 'TOPIC_UNKNOWN' })
  ])
  deepStrictEqual(good, { topic: 't', partition: 1, offset: 0 })
  driver.topics.set('t', 3)
  strictEqual((await producer.send({ topic: 't', value: 'grown', partition: 2 })).offset, 0)
})

test('lingering ends when a request is full, and when somebody flushes or closes', async () => {
  const { driver, producer } = await world({ lingerMs: 60_000, requestBytes: 200 })
  const full = 'x'.repeat(200)
  await producer.send({ topic: 't', value: full, partition: 0 })
  const waiting = producer.send({ topic: 't', value: 'small', partition: 0 })
  await driver.clock.advance(1_000)
  strictEqual(driver.requests.length, 1)
  await producer.flush()
  await waiting
  const last = producer.send({ topic: 't', value: 'last', partition: 0 })
  await producer.close()
  strictEqual((await last).offset, 2)
})

test('headers count for what a request and the buffer take', async () => {
  const { driver, producer } = await world({ requestBytes: 1_000 })
  const headers = { large: 'h'.repeat(900) }
  await producer.sendAll([0, 1, 2].map(() => ({ topic: 't', value: 'v', partition: 0, headers })))
  strictEqual(driver.requests.length, 3)
})

test('records without a key go to all partitions in turn, also in transactions', async () => {
  const { driver, producer } = await world({ transactionalId: 'tx' })
  for (const value of ['a', 'b', 'c', 'd']) {
    await producer.transaction(scope => scope.send([{ topic: 't', value }]))
  }
  deepStrictEqual([valuesOf(driver, 0).length, valuesOf(driver, 1).length], [2, 2])
})

test('a burst of sends without keys reaches all partitions', async () => {
  const { driver, producer } = await world()
  await producer.send({ topic: 't', value: 'first' })
  const value = '.'.repeat(1_000)
  await Promise.all(Array.from({ length: 200 }, () => producer.send({ topic: 't', value })))
  const counts = [valuesOf(driver, 0).length, valuesOf(driver, 1).length]
  ok(Math.abs(counts[0]! - counts[1]!) < 40, counts.join())
})

test('a client closes all that it made, also when one of them fails', async () => {
  const driver = new MemoryDriver()
  driver.topics.set('t', 1)
  driver.write('t', 0, ['1', '2'])
  const client = new Client(driver, driver.clock)
  const consumer = await client.consumer({ topics: ['t'], group: 'g', types: TYPES })
  driver.member!.onAssign([{ topic: 't', partition: 0 }], false)
  await consumer.next()
  await consumer.next()
  driver.commitFailures.push(new Error('no'))
  const producer = await client.producer({ types: TYPES, lingerMs: 60_000 })
  const last = producer.send({ topic: 't', value: 'last' })
  await rejects(client.close(), /^Error: no$/)
  strictEqual((await last).offset, 2)
  strictEqual(driver.closed, 3)
  await rejects(client.producer(), { code: 'CLIENT_CLOSED' })
})
