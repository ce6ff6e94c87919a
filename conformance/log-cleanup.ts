// Suite of the log: retention by time and size, compaction by key.
import assert from 'node:assert/strict'

import type { Log } from '../src/log/index.ts'
import {
  type Declare,
  type LogWorld,
  type TestRecord,
  append,
  batchOf,
  boundsOf,
  fillFile,
  readAll,
  valuesOf
} from './log-kit.ts'

const HOUR_MS = 60 * 60 * 1000

export function declareCleanup(test: Declare): void {
  declareRetention(test)
  declareCompaction(test)
}

function declareRetention(test: Declare): void {
  test('keeps everything without a bound', async ({ log, clock }) => {
    await log.createTopic('a')
    await append(log, 'a', { value: 'old', timestamp: 1 })
    await fillFile(log)
    await clock.advance(10_000 * HOUR_MS)
    assert.deepEqual(await log.cleanup(), { recordsRemoved: 0, bytesFreed: 0 })
    assert.deepEqual(await valuesOf(log, 'a'), ['old'])
  })

  test('drops batches whose newest record is too old, from the oldest on', async world => {
    const { log, clock } = world
    await log.createTopic('a', { retentionMs: 1000 })
    const start = clock.now()
    const value = 'x'.repeat(3000)
    await append(log, 'a', { value, timestamp: start })
    await append(log, 'a', { value, timestamp: start }, { value, timestamp: start + 2000 })
    await append(log, 'a', { value, timestamp: start })
    await fillFile(log)
    assert.equal((await log.cleanup()).recordsRemoved, 0)
    await clock.advance(1000)
    assert.equal((await log.cleanup()).recordsRemoved, 0, 'not before the bound is passed')
    await clock.advance(1)
    assert.equal((await log.cleanup()).recordsRemoved, 1)
    assert.deepEqual(await boundsOf(log, 'a'), [1, 4])
    await clock.advance(2000)
    const { recordsRemoved, bytesFreed } = await log.cleanup()
    assert.equal(recordsRemoved, 3)
    assert.ok(bytesFreed >= 9000, `${bytesFreed} bytes freed`)
    assert.deepEqual(await boundsOf(log, 'a'), [4, 4])
    assert.equal(await append(log, 'a', 'next'), 4)
  })

  test('keeps records without a timestamp', async ({ log, clock }) => {
    await log.createTopic('a', { retentionMs: 1000 })
    await append(log, 'a', { value: 'x', timestamp: -1 })
    await clock.advance(HOUR_MS)
    await log.cleanup()
    assert.deepEqual(await valuesOf(log, 'a'), ['x'])
  })

  test('drops the oldest batches while the partition stays as large as its bound', async ({
    log
  }) => {
    const size = batchOf('x'.repeat(1000)).length
    await log.createTopic('a', { retentionBytes: 3 * size - 1, partitions: 2 })
    for (let index = 0; index < 10; index++) await append(log, 'a', `${index}`.repeat(1000))
    await fillFile(log)
    assert.equal((await log.cleanup()).recordsRemoved, 7)
    assert.deepEqual(await boundsOf(log, 'a'), [7, 10])
    assert.equal((await log.describeTopic('a')).status.partitions[0]?.bytes, 3 * size)
    const values = await valuesOf(log, 'a')
    assert.deepEqual(
      values.map(value => value?.[0]),
      ['7', '8', '9']
    )
    assert.equal((await log.cleanup()).recordsRemoved, 0)
  })

  test('frees what was deleted by hand, and nothing else', async ({ log }) => {
    await log.createTopic('a')
    await log.createTopic('b')
    for (let index = 0; index < 20; index++) {
      await append(log, 'a', 'x'.repeat(1000))
      await append(log, 'b', `${index}`)
    }
    const expected = await readAll(log, 'b')
    await log.deleteRecords('a', 0, 20)
    await fillFile(log)
    await log.cleanup()
    assert.deepEqual(await readAll(log, 'b'), expected)
    assert.deepEqual(await boundsOf(log, 'a'), [20, 20])
    await log.deleteTopic('a')
    await log.cleanup()
    assert.deepEqual(await readAll(log, 'b'), expected)
  })

  test('applies a bound that is set later', async ({ log }) => {
    await log.createTopic('a')
    for (let index = 0; index < 5; index++) await append(log, 'a', 'x')
    await log.alterTopic('a', { retentionBytes: 0 })
    assert.equal((await log.cleanup()).recordsRemoved, 5)
    assert.deepEqual(await boundsOf(log, 'a'), [5, 5])
  })
}

/** Appends each record as a batch of its own, then seals the file. */
async function appendSealed(log: Log, ...records: readonly TestRecord[]): Promise<void> {
  for (const record of records) await append(log, 'a', record)
  await fillFile(log)
}

async function contents({ log }: LogWorld): Promise<string[]> {
  const found = await readAll(log, 'a')
  return found.map(({ offset, key, value }) => `${offset}:${key}=${value}`)
}

function declareCompaction(test: Declare): void {
  test('keeps the latest record of each key at its offset', async world => {
    const { log } = world
    await log.createTopic('a', { cleanup: 'compact' })
    await append(log, 'a', { key: 'k', value: '1' }, { key: 'l', value: '1' })
    await append(log, 'a', { key: 'k', value: '2' })
    await appendSealed(log, { key: 'm', value: '1' }, { key: 'k', value: '3' })
    assert.equal((await log.cleanup()).recordsRemoved, 2)
    assert.deepEqual(await contents(world), ['1:l=1', '3:m=1', '4:k=3'])
    assert.deepEqual(await boundsOf(log, 'a'), [0, 5])
    assert.equal((await log.cleanup()).recordsRemoved, 0)
    assert.equal(await append(log, 'a', { key: 'l', value: '2' }), 5)
    await fillFile(log)
    assert.equal((await log.cleanup()).recordsRemoved, 1)
    assert.deepEqual(await contents(world), ['3:m=1', '4:k=3', '5:l=2'])
  })

  test('leads a reader past the gap, also to the end', async ({ log }) => {
    await log.createTopic('a', { cleanup: 'compact' })
    await append(log, 'a', { key: 'j', value: '0' })
    for (let index = 0; index < 5; index++) await append(log, 'a', { key: 'k', value: `${index}` })
    await fillFile(log)
    await log.cleanup()
    const result = await log.read({ topic: 'a', partition: 0, offset: 2 })
    assert.equal(result.nextOffset, 6)
    assert.deepEqual(await valuesOf(log, 'a', { offset: 2 }), ['4'])
    assert.equal((await log.read({ topic: 'a', partition: 0, offset: 6 })).nextOffset, 6)
  })

  test('tells keys apart by their bytes, and keeps records without one', async world => {
    const { log } = world
    await log.createTopic('a', { cleanup: 'compact' })
    const keys = ['', 'a', 'A', 'ä', 'a\u0308', '\u0000', null, null, 'constructor']
    await appendSealed(log, ...keys.map(key => ({ key, value: 'v' })))
    assert.equal((await log.cleanup()).recordsRemoved, 0)
    assert.equal((await contents(world)).length, keys.length)
  })

  test('leaves topics alone whose policy is delete', async ({ log }) => {
    await log.createTopic('a')
    await appendSealed(log, { key: 'k', value: '1' }, { key: 'k', value: '2' })
    assert.equal((await log.cleanup()).recordsRemoved, 0)
    assert.deepEqual(await valuesOf(log, 'a'), ['1', '2'])
  })

  test('compacts partitions apart from each other', async ({ log }) => {
    await log.createTopic('a', { cleanup: 'compact' })
    await log.createTopic('b', { cleanup: 'compact' })
    await append(log, 'a', { key: 'k', value: '1' })
    await append(log, 'b', { key: 'k', value: '1' })
    await append(log, 'b', { key: 'k', value: '2' })
    await fillFile(log)
    assert.equal((await log.cleanup()).recordsRemoved, 1)
    assert.deepEqual(await valuesOf(log, 'a'), ['1'])
    assert.deepEqual(await valuesOf(log, 'b'), ['2'])
  })

  test('keeps a tombstone for a day after the value went, then drops it', async world => {
    const { log, clock } = world
    await log.createTopic('a', { cleanup: 'compact' })
    await append(log, 'a', { key: 'k', value: '1', timestamp: 1 })
    await appendSealed(log, { key: 'k', value: null, timestamp: 2 }, { key: 'l', value: '1' })
    await log.cleanup()
    assert.deepEqual(await contents(world), ['1:k=null', '2:l=1'])
    await clock.advance(23 * HOUR_MS)
    await log.cleanup()
    assert.deepEqual(await contents(world), ['1:k=null', '2:l=1'])
    await clock.advance(2 * HOUR_MS)
    await log.cleanup()
    assert.deepEqual(await contents(world), ['2:l=1'])
    assert.deepEqual(await boundsOf(log, 'a'), [0, 3])
  })

  test('does not drop a value that came after its tombstone', async world => {
    const { log, clock } = world
    await log.createTopic('a', { cleanup: 'compact' })
    await appendSealed(log, { key: 'k', value: '1' }, { key: 'k', value: null })
    await log.cleanup()
    await appendSealed(log, { key: 'k', value: '2' })
    await clock.advance(48 * HOUR_MS)
    await log.cleanup()
    assert.deepEqual(await contents(world), ['2:k=2'])
  })

  test('finds records by time in a compacted partition', async ({ log }) => {
    await log.createTopic('a', { cleanup: 'compact' })
    await append(log, 'a', { key: 'k', value: '1', timestamp: 50 })
    await append(log, 'a', { key: 'l', value: '1', timestamp: 10 })
    await appendSealed(log, { key: 'k', value: '2', timestamp: 20 })
    await log.cleanup()
    assert.equal(await log.offsetForTime('a', 0, 5), 1)
    assert.equal(await log.offsetForTime('a', 0, 15), 2)
    assert.equal(await log.offsetForTime('a', 0, 45), 3)
  })

  test('agrees with a map after many updates, whatever was cleaned when', async ({ log }) => {
    await log.createTopic('a', { cleanup: 'compact' })
    const expected = new Map<string, string>()
    for (let index = 0; index < 200; index++) {
      const key = `k${(index * index) % 17}`
      await append(log, 'a', { key, value: `${index}` }, { key: 'hot', value: `${index}` })
      expected.set(key, `${index}`).set('hot', `${index}`)
      if (index % 40 === 39) {
        await fillFile(log)
        await log.cleanup()
      }
    }
    const found = await readAll(log, 'a')
    assert.equal(found.length, expected.size)
    assert.deepEqual(new Map(found.map(record => [record.key, record.value])), expected)
    const offsets = found.map(record => record.offset)
    assert.deepEqual(
      offsets,
      offsets.toSorted((a, b) => a - b)
    )
  })
}
