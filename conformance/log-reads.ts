// Suite of the log: reading by offset and by time, and waiting for what comes.
import assert from 'node:assert/strict'

import type { Log } from '../src/log/index.ts'
import { batchBaseOffset } from '../src/record/index.ts'
import {
  type Declare,
  append,
  at,
  batchOf,
  fillFile,
  isSettled,
  readAll,
  recordsOf,
  rejects,
  to,
  valuesOf
} from './log-kit.ts'

/** Timestamps of offsets 0…7, in batches of two, out of order; and what a search for a time finds. */
const TIMES = [10, 20, 15, 12, 30, 30, 5, 40]
const SEARCHES: readonly (readonly [timestamp: number, offset: number])[] = [
  [-1, 0],
  [0, 0],
  [10, 0],
  [11, 1],
  [20, 1],
  [21, 4],
  [30, 4],
  [31, 7],
  [40, 7],
  [41, 8]
]

export function declareReads(test: Declare): void {
  declareOffsets(test)
  declareTimes(test)
  declareWaits(test)
}

function declareOffsets(test: Declare): void {
  test('reads an empty partition', async ({ log }) => {
    await log.createTopic('a')
    const result = await log.read({ topic: 'a', partition: 0, offset: 0 })
    assert.deepEqual(
      { ...result, bytes: result.bytes.length },
      { bytes: 0, nextOffset: 0, startOffset: 0, endOffset: 0 }
    )
  })

  test('begins with the batch that holds the offset', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'r0', 'r1', 'r2')
    await append(log, 'a', 'r3', 'r4')
    for (const [offset, base] of [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 3],
      [4, 3]
    ] as const) {
      const result = await log.read({ topic: 'a', partition: 0, offset })
      assert.equal(batchBaseOffset(result.bytes, 0), base)
      assert.equal(result.nextOffset, 5)
    }
  })

  test('gives nothing at the end and refuses what is past it', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'r0', 'r1')
    const result = await log.read({ topic: 'a', partition: 0, offset: 2 })
    assert.equal(result.bytes.length, 0)
    assert.equal(result.nextOffset, 2)
    await rejects(log.read({ topic: 'a', partition: 0, offset: 3 }), 'OFFSET_OUT_OF_RANGE')
  })

  test('gives whole batches within the bound, and one even beyond it', async ({ log }) => {
    await log.createTopic('a')
    const size = batchOf('r0').length
    for (let index = 0; index < 5; index++) await append(log, 'a', `r${index}`)
    const countOf = async (bytesMax: number): Promise<number> =>
      recordsOf((await log.read({ topic: 'a', partition: 0, offset: 1, bytesMax })).bytes).length
    assert.equal(await countOf(0), 1)
    assert.equal(await countOf(size), 1)
    assert.equal(await countOf(2 * size - 1), 1)
    assert.equal(await countOf(2 * size), 2)
    assert.equal(await countOf(100 * size), 4)
  })

  test('gives nothing beyond a bound that holds for the first batch too', async ({ log }) => {
    await log.createTopic('a')
    const size = batchOf('r0').length
    for (let index = 0; index < 5; index++) await append(log, 'a', `r${index}`)
    await log.deleteRecords('a', 0, 1)
    for (const [bytesMax, count] of [
      [0, 0],
      [size - 1, 0],
      [size, 1],
      [2 * size, 2]
    ] as const) {
      const bounds = { bytesMax, isBounded: true }
      const { bytes, ...found } = await log.read({ topic: 'a', partition: 0, offset: 0, ...bounds })
      assert.equal(recordsOf(bytes).length, count)
      assert.deepEqual(found, { nextOffset: 1 + count, startOffset: 1, endOffset: 5 })
    }
    const end = { topic: 'a', partition: 0, bytesMax: 0, isBounded: true }
    assert.equal((await log.read({ ...end, offset: 5 })).nextOffset, 5)
    await rejects(log.read({ ...end, offset: 6 }), 'OFFSET_OUT_OF_RANGE')
  })

  test('reads partitions that were written in turns, over many files', async ({ log }) => {
    await log.createTopic('a', { partitions: 3 })
    const expected: string[][] = [[], [], []]
    for (let index = 0; index < 60; index++) {
      const value = `${index}`.padStart(index * 10, '.')
      await log.commit({ batches: [to('a', index % 3, value)], offsets: [] })
      expected[index % 3]!.push(value)
    }
    for (const partition of [0, 1, 2]) {
      for (const bytesMax of [1, 700, 1_000_000]) {
        assert.deepEqual(await valuesOf(log, 'a', { partition, bytesMax }), expected[partition])
      }
      const later = await valuesOf(log, 'a', { partition, offset: 13 })
      assert.deepEqual(later, expected[partition]!.slice(13))
    }
  })

  test('moves the start up, at most to the end, and reads from there', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'r0', 'r1', 'r2')
    await append(log, 'a', 'r3')
    const partition = async (): Promise<{ startOffset: number; bytes: number }> => {
      const { startOffset, bytes } = (await log.describeTopic('a')).status.partitions[0]!
      return { startOffset, bytes }
    }
    const size = batchOf('r3').length
    await log.deleteRecords('a', 0, 1)
    assert.equal((await partition()).startOffset, 1)
    assert.ok((await partition()).bytes > size, 'a batch stays while one of its records does')
    assert.deepEqual(await valuesOf(log, 'a'), ['r1', 'r2', 'r3'])
    const result = await log.read({ topic: 'a', partition: 0, offset: 0 })
    assert.equal(result.startOffset, 1)
    await log.deleteRecords('a', 0, 0)
    assert.equal((await partition()).startOffset, 1)
    await log.deleteRecords('a', 0, 3)
    assert.deepEqual(await partition(), { startOffset: 3, bytes: size })
    await log.deleteRecords('a', 0, 100)
    assert.deepEqual(await partition(), { startOffset: 4, bytes: 0 })
    assert.deepEqual(await valuesOf(log, 'a'), [])
    assert.equal(await append(log, 'a', 'r4'), 4)
    assert.deepEqual(await valuesOf(log, 'a'), ['r4'])
  })

  test('counts the bytes of live batches', async ({ log }) => {
    await log.createTopic('a')
    let bytes = 0
    for (let index = 0; index < 20; index++) {
      const batch = batchOf('x'.repeat(500))
      bytes += batch.length
      await log.commit({ batches: [{ topic: 'a', partition: 0, batch }], offsets: [] })
    }
    assert.equal((await log.describeTopic('a')).status.partitions[0]?.bytes, bytes)
    await log.deleteRecords('a', 0, 15)
    assert.equal((await log.describeTopic('a')).status.partitions[0]?.bytes, bytes / 4)
  })
}

function declareTimes(test: Declare): void {
  test('finds the first record from a time on', async ({ log }) => {
    await appendTimes(log)
    for (const [timestamp, offset] of SEARCHES) {
      assert.equal(await log.offsetForTime('a', 0, timestamp), offset, `from ${timestamp} on`)
    }
    await fillFile(log)
    for (const [timestamp, offset] of SEARCHES) {
      assert.equal(await log.offsetForTime('a', 0, timestamp), offset, `${timestamp}, sealed`)
    }
  })

  test('finds no record by time that is before the start', async ({ log }) => {
    await appendTimes(log)
    await log.deleteRecords('a', 0, 2)
    assert.equal(await log.offsetForTime('a', 0, 0), 2)
    assert.equal(await log.offsetForTime('a', 0, 13), 2)
    await log.deleteRecords('a', 0, 5)
    assert.equal(await log.offsetForTime('a', 0, 0), 5)
    await log.deleteRecords('a', 0, 8)
    assert.equal(await log.offsetForTime('a', 0, 0), 8)
  })

  test('finds the end by time in an empty partition', async ({ log }) => {
    await log.createTopic('a')
    assert.equal(await log.offsetForTime('a', 0, 0), 0)
  })
}

function declareWaits(test: Declare): void {
  test('waits no longer than for the first record at or past the offset', async ({
    log,
    clock
  }) => {
    await log.createTopic('a')
    const first = log.wait([at('a', 0)])
    const third = log.wait([at('a', 2)])
    assert.equal(await isSettled(first, clock), false)
    await append(log, 'a', 'r0')
    await first
    assert.equal(await isSettled(third, clock), false)
    await append(log, 'a', 'r1')
    assert.equal(await isSettled(third, clock), false)
    await append(log, 'a', 'r2')
    await third
    await log.wait([at('a', 0)])
    await log.wait([at('a', 2)])
  })

  test('waits for one of several partitions', async ({ log, clock }) => {
    await log.createTopic('a', { partitions: 2 })
    await log.createTopic('b')
    await log.createTopic('c')
    const positions = [at('a', 0), { topic: 'a', partition: 1, offset: 0 }, at('b', 0)]
    const waiting = log.wait(positions)
    await append(log, 'c', 'elsewhere')
    assert.equal(await isSettled(waiting, clock), false)
    await log.commit({ batches: [to('a', 1, 'here')], offsets: [] })
    await waiting
    await log.wait(positions)
  })

  test('does not take a removed record for one that is there', async ({ log, clock }) => {
    await log.createTopic('a')
    await append(log, 'a', 'r0')
    await log.deleteRecords('a', 0, 1)
    const waiting = log.wait([at('a', 0)])
    assert.equal(await isSettled(waiting, clock), false)
    await append(log, 'a', 'r1')
    await waiting
  })

  test('stops waiting when the signal says so, with its reason', async ({ log }) => {
    await log.createTopic('a')
    const reason = new Error('enough')
    const abort = new AbortController()
    const waiting = log.wait([at('a', 0)], abort.signal)
    abort.abort(reason)
    await assert.rejects(waiting, reason)
    await assert.rejects(log.wait([at('a', 0)], abort.signal), reason)
    await append(log, 'a', 'r0')
  })

  test('stops waiting when the topic is deleted', async ({ log }) => {
    await log.createTopic('a')
    const waiting = log.wait([at('a', 0)])
    const [outcome] = await Promise.allSettled([waiting, log.deleteTopic('a')])
    await rejects(Promise.reject((outcome as PromiseRejectedResult).reason), 'TOPIC_UNKNOWN')
  })

  test('wakes a follower for every record', async ({ log }) => {
    await log.createTopic('a')
    const follower = (async (): Promise<number> => {
      let offset = 0
      while (offset < 100) {
        await log.wait([at('a', offset)])
        const result = await log.read({ topic: 'a', partition: 0, offset })
        assert.ok(result.nextOffset > offset)
        offset = result.nextOffset
      }
      return offset
    })()
    for (let index = 0; index < 100; index++) await append(log, 'a', `${index}`)
    assert.equal(await follower, 100)
    assert.equal((await readAll(log, 'a')).length, 100)
  })
}

async function appendTimes(log: Log): Promise<void> {
  await log.createTopic('a')
  for (let index = 0; index < TIMES.length; index += 2) {
    const records = TIMES.slice(index, index + 2).map(timestamp => ({ value: 'x', timestamp }))
    await append(log, 'a', ...records)
  }
}
