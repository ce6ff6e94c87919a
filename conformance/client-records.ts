// Producers and consumers: what goes in comes out, from where it is wanted.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'

import { partitionForKey } from '../src/record/index.ts'
import { json, text } from '../src/client/index.ts'
import { drain, NUMBERS, take, TEXTS, type AddCase } from './client-kit.ts'

const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index))

/** Adds the cases. */
export function recordCases(add: AddCase): void {
  add('keys, values, headers and times come back as they were', async kit => {
    const topic = await kit.topic()
    const producer = kit.closing(await kit.client.producer())
    const bytes = Buffer.from([0, 255, 10, 13, 128])
    const sent = [
      {
        key: bytes,
        value: bytes,
        timestamp: 1_700_000_000_000,
        headers: { a: 'x', b: null, c: bytes }
      },
      { key: null, value: Buffer.from('no key'), timestamp: 1_600_000_000_000, headers: {} },
      { key: Buffer.from('gone'), value: null, timestamp: 1_700_000_000_001, headers: {} },
      { key: Buffer.alloc(0), value: Buffer.alloc(0), timestamp: 0, headers: {} }
    ]
    const places = await producer.sendAll(sent.map(record => ({ topic, ...record })))
    deepStrictEqual(
      places.map(place => place.offset),
      [0, 1, 2, 3]
    )
    const consumer = await kit.client.consumer({ topics: [topic], stopAtEnd: true })
    const found = await drain(kit.closing(consumer))
    deepStrictEqual(
      found.map(({ key, value, timestamp, offset, headers }) => ({
        key,
        value,
        timestamp,
        offset,
        headers: headers.map(header => [header.key, header.value])
      })),
      sent.map(({ headers, ...rest }, offset) => ({
        ...rest,
        offset,
        headers: Object.entries(headers).map(([key, value]) => {
          return [key, typeof value === 'string' ? Buffer.from(value) : value]
        })
      }))
    )
  })

  add("a key chooses the partition by Kafka's rule; a partition may be given", async kit => {
    const topic = await kit.topic(5)
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    for (const key of ['a', 'some key', 'ü', '']) {
      const { partition } = await producer.send({ topic, key, value: 'v' })
      const bytes = Buffer.from(key)
      strictEqual(partition, partitionForKey(bytes, 0, bytes.length, 5))
    }
    strictEqual((await producer.send({ topic, key: 'a', value: 'v', partition: 4 })).partition, 4)
    const own = kit.closing(
      await kit.client.producer({ types: TEXTS, partitioner: (_record, count) => count - 1 })
    )
    strictEqual((await own.send({ topic, key: 'a', value: 'v' })).partition, 4)
    const used = new Set<number>()
    for (let turn = 0; turn < 10; turn++)
      used.add((await producer.send({ topic, value: 'v' })).partition)
    strictEqual(used.size, 5)
  })

  add('many sends at once keep their order and are all there', async kit => {
    const topic = await kit.topic()
    const producer = kit.closing(await kit.client.producer({ types: NUMBERS, requestBytes: 2_000 }))
    const sends = Array.from({ length: 1_000 }, (_, value) => producer.send({ topic, value }))
    const offsets = (await Promise.all(sends)).map(place => place.offset)
    deepStrictEqual(offsets, [...offsets.keys()])
    const consumer = kit.closing(
      await kit.client.consumer({ topics: [topic], types: NUMBERS, stopAtEnd: true })
    )
    deepStrictEqual(
      (await drain(consumer)).map(record => record.value),
      offsets
    )
  })

  add('batches are read whole', async kit => {
    const topic = await kit.topic()
    await kit.write(topic, numbers(500))
    const consumer = kit.closing(
      await kit.client.consumer({ topics: [topic], types: TEXTS, stopAtEnd: true })
    )
    const seen: (string | null)[] = []
    for await (const batch of consumer.batches()) {
      ok(batch.length > 0)
      seen.push(...batch.map(record => record.value))
    }
    deepStrictEqual(seen, numbers(500))
  })

  add('every compression is read', async (kit, { compressions }) => {
    const topic = await kit.topic()
    const value = 'compressible '.repeat(200)
    for (const compression of compressions) {
      const producer = kit.closing(await kit.client.producer({ types: TEXTS, compression }))
      await producer.sendAll([
        { topic, value },
        { topic, value: compression }
      ])
    }
    deepStrictEqual(
      await kit.values(topic),
      compressions.flatMap(compression => [value, compression])
    )
  })

  add('topics and partitions that are not there are refused by name', async kit => {
    const topic = await kit.topic(2)
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    const missing = kit.name()
    await rejects(producer.send({ topic: missing, value: 'v' }), { code: 'TOPIC_UNKNOWN' })
    await rejects(kit.client.consumer({ topics: [missing] }), { code: 'TOPIC_UNKNOWN' })
    await rejects(kit.client.consumer({ topics: [{ topic, partitions: [2] }] }), {
      code: 'PARTITION_UNKNOWN'
    })
    const places = [0, 2, -1, 0.5].map(partition => producer.send({ topic, value: 'v', partition }))
    const codes = (await Promise.allSettled(places)).map(each =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : each.value.partition
    )
    const unknown = 'PARTITION_UNKNOWN'
    deepStrictEqual(codes, [0, unknown, unknown, unknown])
    await kit.client.admin.addPartitions(topic, 3)
    strictEqual((await producer.send({ topic, value: 'grown', partition: 2 })).partition, 2)
    await kit.client.admin.deleteRecords([{ topic, partition: 0, offset: 1 }])
    await producer.send({ topic, value: 'still fine', partition: 0 })
    deepStrictEqual((await kit.values(topic)).toSorted(), ['grown', 'still fine'])
  })

  add('a topic is read from any position', async kit => {
    const topic = await kit.topic()
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    for (let at = 0; at < 10; at++) {
      await producer.send({ topic, value: String(at), timestamp: 1_000_000 + at * 1_000 })
    }
    deepStrictEqual(await kit.values(topic, { from: 'beginning' }), numbers(10))
    deepStrictEqual(await kit.values(topic, { from: 'end' }), [])
    deepStrictEqual(await kit.values(topic, { from: { offset: 7 } }), ['7', '8', '9'])
    deepStrictEqual(await kit.values(topic, { from: { last: 2 } }), ['8', '9'])
    deepStrictEqual(await kit.values(topic, { from: { last: 99 } }), numbers(10))
    deepStrictEqual(await kit.values(topic, { from: { skip: 8 } }), ['8', '9'])
    deepStrictEqual(await kit.values(topic, { from: { time: 1_007_500 } }), ['8', '9'])
    deepStrictEqual(await kit.values(topic, { from: { time: new Date(1_006_000) } }), [
      '6',
      '7',
      '8',
      '9'
    ])
    deepStrictEqual(await kit.values(topic, { from: { time: 2_000_000 } }), [])
    await rejects(kit.values(topic, { from: { last: -1 } }), { code: 'USAGE' })
  })

  add('one, some or all partitions and several topics are read', async kit => {
    const [one, other] = [await kit.topic(3), await kit.topic(1)]
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    for (const partition of [0, 1, 2])
      await producer.send({ topic: one, value: `p${partition}`, partition })
    await producer.send({ topic: other, value: 'other' })
    const read = async (topics: Parameters<typeof kit.client.consumer>[0]['topics']) =>
      (await kit.values(one, { topics })).toSorted()
    deepStrictEqual(await read([{ topic: one, partitions: [1] }]), ['p1'])
    deepStrictEqual(await read([{ topic: one, partitions: [0, 2] }]), ['p0', 'p2'])
    deepStrictEqual(await read([one, other]), ['other', 'p0', 'p1', 'p2'])
    deepStrictEqual(await read([{ topic: one, partitions: [2] }, other]), ['other', 'p2'])
  })

  add('who follows the end gets what is written later, in order', async kit => {
    const topic = await kit.topic()
    await kit.write(topic, ['before'])
    const consumer = kit.closing(
      await kit.client.consumer({ topics: [topic], types: TEXTS, from: 'end', waitMs: 100 })
    )
    const first = consumer.next()
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    for (const value of numbers(20)) await producer.send({ topic, value })
    const seen = [await first, ...(await take(consumer, 19))]
    deepStrictEqual(
      seen.map(record => record!.value),
      numbers(20)
    )
  })

  add('small fetches and a small buffer lose and double nothing', async kit => {
    const topic = await kit.topic(3)
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    const values = numbers(300).map(value => value.padStart(100, '.'))
    for (let at = 0; at < 300; at += 20) {
      await producer.sendAll(
        values.slice(at, at + 20).map((value, index) => ({ topic, value, partition: index % 3 }))
      )
    }
    const read = await kit.values(topic, {
      maxBytes: 500,
      partitionMaxBytes: 300,
      bufferBytes: 600
    })
    deepStrictEqual(read.toSorted(), values)
  })

  add('a position may be changed while reading', async kit => {
    const topic = await kit.topic()
    await kit.write(topic, numbers(50))
    const consumer = kit.closing(await kit.client.consumer({ topics: [topic], types: TEXTS }))
    await take(consumer, 10)
    deepStrictEqual(consumer.positions, [{ topic, partition: 0, offset: 10 }])
    consumer.seek({ topic, partition: 0, offset: 45 })
    deepStrictEqual(
      (await take(consumer, 3)).map(record => record.value),
      ['45', '46', '47']
    )
  })

  add('a record that is no value of its type is named, and the next one comes', async kit => {
    const topic = await kit.topic()
    await kit.write(topic, ['{"n":1}', 'no json', '{"n":2}'])
    const consumer = kit.closing(
      await kit.client.consumer({
        topics: [topic],
        types: { key: text, value: json<{ n: number }>() },
        stopAtEnd: true
      })
    )
    deepStrictEqual((await consumer.next())?.value, { n: 1 })
    await rejects(consumer.next(), {
      code: 'RECORD_UNDECODABLE',
      message: new RegExp(`${topic}/0 at offset 1: a record of 7 bytes is no JSON`)
    })
    deepStrictEqual((await consumer.next())?.value, { n: 2 })
    strictEqual(await consumer.next(), null)
  })

  add('records that were deleted are skipped by who stood before them', async kit => {
    const topic = await kit.topic()
    for (const value of numbers(10)) await kit.write(topic, [value])
    const consumer = kit.closing(
      await kit.client.consumer({ topics: [topic], types: TEXTS, waitMs: 50 })
    )
    strictEqual((await consumer.next())?.value, '0')
    await kit.client.admin.deleteRecords([{ topic, partition: 0, offset: 6 }])
    deepStrictEqual(await kit.client.admin.offsets(topic), [{ partition: 0, start: 6, end: 10 }])
    consumer.seek({ topic, partition: 0, offset: 2 })
    strictEqual((await consumer.next())?.value, '6')
    await rejects(kit.client.admin.deleteRecords([{ topic, partition: 0, offset: 99 }]), {
      code: 'OFFSET_OUT_OF_RANGE'
    })
  })

  add('closing ends what waits, and what is closed says so', async kit => {
    const topic = await kit.topic()
    const consumer = await kit.client.consumer({ topics: [topic], types: TEXTS })
    const waiting = consumer.next()
    await consumer.close()
    strictEqual(await waiting, null)
    const producer = await kit.client.producer({ types: TEXTS })
    const last = producer.send({ topic, value: 'last' })
    await producer.close()
    strictEqual((await last).offset, 0)
    await rejects(producer.send({ topic, value: 'late' }), { code: 'CLIENT_CLOSED' })
  })
}
