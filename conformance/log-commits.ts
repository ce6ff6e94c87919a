// Suite of the log: commits, their atomicity and order, and groups' positions (L1–L5).
import assert from 'node:assert/strict'

import { BATCH_BYTES_MAX } from '../src/base/index.ts'
import type { Commit, CommitOffset, GroupPosition } from '../src/log/index.ts'
import {
  type Declare,
  append,
  batchOf,
  boundsOf,
  readAll,
  rejects,
  to,
  valuesOf
} from './log-kit.ts'

const POSITION: CommitOffset = {
  group: 'g',
  topic: 'a',
  partition: 0,
  offset: 1,
  metadata: 'note'
}

/** Faults that make a commit bad, by the code that it must be refused with. */
const FAULTS: readonly (readonly [code: string, commit: () => Partial<Commit>])[] = [
  ['TOPIC_UNKNOWN', () => ({ batches: [to('unknown', 0, 'x')] })],
  ['PARTITION_UNKNOWN', () => ({ batches: [to('a', 9, 'x')] })],
  ['BATCH_CORRUPT', () => withBatch(batchOf('x').subarray(0, 40))],
  ['BATCH_CORRUPT', () => withBatch(batchOf('x').subarray(0, -1))],
  ['BATCH_CORRUPT', () => withBatch(Buffer.alloc(0))],
  ['BATCH_CORRUPT', () => withBatch(Buffer.concat([batchOf('x'), batchOf('y')]))],
  ['BATCH_CORRUPT', () => withBatch(flipped(batchOf('x'), 30))],
  ['BATCH_CORRUPT', () => withBatch(flipped(batchOf('x'), 16))],
  ['BATCH_TOO_LARGE', () => withBatch(Buffer.alloc(BATCH_BYTES_MAX + 1))],
  ['TOPIC_UNKNOWN', () => ({ offsets: [{ ...POSITION, topic: 'unknown' }] })],
  ['PARTITION_UNKNOWN', () => ({ offsets: [{ ...POSITION, partition: 9 }] })],
  ['POSITION_INVALID', () => ({ offsets: [{ ...POSITION, group: '' }] })],
  ['POSITION_INVALID', () => ({ offsets: [{ ...POSITION, offset: -1 }] })],
  ['POSITION_INVALID', () => ({ offsets: [{ ...POSITION, offset: 0.5 }] })],
  ['POSITION_INVALID', () => ({ offsets: [{ ...POSITION, metadata: 'x'.repeat(4097) }] })]
]

export function declareCommits(test: Declare): void {
  test('assigns offsets from 0 on without a gap', async ({ log }) => {
    await log.createTopic('a')
    assert.equal(await append(log, 'a', 'r0', 'r1', 'r2'), 0)
    assert.equal(await append(log, 'a', 'r3'), 3)
    assert.equal(await append(log, 'a', 'r4', 'r5'), 4)
    const found = await readAll(log, 'a')
    assert.deepEqual(
      found.map(record => `${record.value}@${record.offset}`),
      ['r0@0', 'r1@1', 'r2@2', 'r3@3', 'r4@4', 'r5@5']
    )
  })

  test('keeps the bytes of a batch but for base offset and leader epoch', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'before')
    const batch = batchOf({ key: 'k', value: 'v', timestamp: 12_345 })
    const original = Buffer.from(batch)
    await log.commit({ batches: [{ topic: 'a', partition: 0, batch }], offsets: [] })
    const { bytes } = await log.read({ topic: 'a', partition: 0, offset: 1 })
    const found = Buffer.from(bytes)
    assert.equal(found.readBigInt64BE(0), 1n)
    assert.deepEqual(found.subarray(8, 12), original.subarray(8, 12))
    assert.deepEqual(found.subarray(16), original.subarray(16))
  })

  test('leaves the caller its buffer once the commit has settled', async ({ log }) => {
    await log.createTopic('a')
    const batch = batchOf('kept')
    await log.commit({ batches: [{ topic: 'a', partition: 0, batch }], offsets: [] })
    batch.fill(0)
    assert.deepEqual(await valuesOf(log, 'a'), ['kept'])
  })

  test('keeps the order of batches of one commit to one partition', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 })
    const { baseOffsets } = await log.commit({
      batches: [to('a', 1, 'r0', 'r1'), to('a', 0, 's0'), to('a', 1, 'r2'), to('a', 1, 'r3')],
      offsets: []
    })
    assert.deepEqual(baseOffsets, [0, 0, 2, 3])
    assert.deepEqual(await valuesOf(log, 'a', { partition: 1 }), ['r0', 'r1', 'r2', 'r3'])
  })

  test('commits nothing when one part is bad, and says which', async ({ log }) => {
    await log.createTopic('a')
    for (const [code, fault] of FAULTS) {
      const { batches = [], offsets = [] } = fault()
      const commit: Commit = {
        batches: [to('a', 0, 'good'), ...batches],
        offsets: [POSITION, ...offsets]
      }
      await rejects(log.commit(commit), code)
      assert.deepEqual(await boundsOf(log, 'a'), [0, 0], code)
      assert.deepEqual(await log.listGroups(), [], code)
    }
    assert.equal(await append(log, 'a', 'next'), 0)
  })

  test('refuses a bad commit alone, not those around it', async ({ log }) => {
    await log.createTopic('a')
    const outcomes = await Promise.allSettled([
      append(log, 'a', 'first'),
      log.commit(commitOf({ batches: [to('unknown', 0, 'bad')] })),
      append(log, 'a', 'second'),
      log.commit(commitOf(withBatch(flipped(batchOf('bad'), 70)))),
      append(log, 'a', 'third')
    ])
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']
    )
    assert.deepEqual(await valuesOf(log, 'a'), ['first', 'second', 'third'])
  })

  test('lets many commits in flight take effect whole and in order', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 })
    const commits = Array.from({ length: 300 }, (_, index) => {
      const position = { ...POSITION, offset: index }
      const batches = [to('a', 0, `${index}`), to('a', 1, `${index}`)]
      return log.commit({ batches, offsets: [position] })
    })
    const settled: number[] = []
    const numbered = commits.map((commit, index) => commit.then(() => settled.push(index)))
    const results = await Promise.all(commits)
    await Promise.all(numbered)
    const expected = results.map((_, index) => index)
    assert.deepEqual(settled, expected)
    assert.deepEqual(
      results.map(result => result.baseOffsets),
      expected.map(index => [index, index])
    )
    for (const partition of [0, 1]) {
      assert.deepEqual(await valuesOf(log, 'a', { partition }), expected.map(String))
    }
    assert.equal((await log.positions('g'))[0]?.offset, 299)
  })

  test('shows a commit whole or not at all while others read', async ({ log, clock }) => {
    await log.createTopic('a', { partitions: 2 })
    const rounds = 50
    const reader = (async (): Promise<void> => {
      for (let end = 0; end < rounds;) {
        const [first, second] = (await log.describeTopic('a')).status.partitions
        assert.equal(first?.endOffset, second?.endOffset)
        end = first!.endOffset
        await log.read({ topic: 'a', partition: 0, offset: end })
        await clock.yield()
      }
    })()
    for (let round = 0; round < rounds; round++) {
      const batches = [to('a', 0, `${round}`), to('a', 1, `${round}`)]
      await log.commit({ batches, offsets: [] })
      const result = await log.read({ topic: 'a', partition: 1, offset: round })
      assert.equal(result.endOffset, round + 1, 'what was acknowledged is visible')
    }
    await reader
  })

  test('takes commits and topic changes in the order of the calls', async ({ log }) => {
    await log.createTopic('a')
    const outcomes = await Promise.allSettled([
      append(log, 'a', 'old'),
      log.deleteTopic('a'),
      append(log, 'a', 'too late'),
      log.createTopic('a')
    ])
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled']
    )
    await rejects(Promise.reject((outcomes[2] as PromiseRejectedResult).reason), 'TOPIC_UNKNOWN')
    assert.deepEqual(await boundsOf(log, 'a'), [0, 0])
  })

  test('takes an empty commit', async ({ log }) => {
    assert.deepEqual(await log.commit({ batches: [], offsets: [] }), { baseOffsets: [] })
  })

  test('takes the largest batch', async ({ log }) => {
    await log.createTopic('a')
    const overhead = batchOf('x'.repeat(BATCH_BYTES_MAX - 1000)).length - (BATCH_BYTES_MAX - 1000)
    const value = 'x'.repeat(BATCH_BYTES_MAX - overhead)
    const batch = batchOf(value)
    assert.equal(batch.length, BATCH_BYTES_MAX)
    await log.commit({ batches: [{ topic: 'a', partition: 0, batch }], offsets: [] })
    assert.equal((await valuesOf(log, 'a'))[0]?.length, value.length)
  })

  test('refuses a commit that is too large as a whole', async ({ log }) => {
    await log.createTopic('a')
    const batch = batchOf('x'.repeat(BATCH_BYTES_MAX - 1000))
    const batches = Array.from({ length: 5 }, () => ({ topic: 'a', partition: 0, batch }))
    await rejects(log.commit({ batches, offsets: [] }), 'COMMIT_TOO_LARGE')
    assert.deepEqual(await boundsOf(log, 'a'), [0, 0])
  })

  test('keeps, replaces and removes positions of groups', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 })
    const commit = (...offsets: CommitOffset[]): Promise<unknown> =>
      log.commit({ batches: [], offsets })
    const metadata = 'ä'.repeat(4096)
    await commit(POSITION, { ...POSITION, partition: 1, offset: 5, metadata })
    await commit({ ...POSITION, offset: 7, metadata: '' }, { ...POSITION, group: 'h' })
    assert.deepEqual(sorted(await log.positions('g')), [
      { topic: 'a', partition: 0, offset: 7, metadata: '' },
      { topic: 'a', partition: 1, offset: 5, metadata }
    ])
    await commit({ ...POSITION, offset: null }, { ...POSITION, partition: 1, offset: null })
    assert.deepEqual(await log.positions('g'), [])
    assert.deepEqual(await log.listGroups(), ['h'])
    assert.deepEqual(await log.positions('unknown'), [])
  })

  test('commits records and positions together', async ({ log }) => {
    await log.createTopic('a')
    await log.commit({ batches: [to('a', 0, 'x')], offsets: [POSITION] })
    assert.deepEqual(await valuesOf(log, 'a'), ['x'])
    assert.deepEqual(await log.positions('g'), [
      { topic: 'a', partition: 0, offset: 1, metadata: 'note' }
    ])
  })
}

function withBatch(batch: Buffer): Partial<Commit> {
  return { batches: [{ topic: 'a', partition: 0, batch }] }
}

function commitOf({ batches = [], offsets = [] }: Partial<Commit>): Commit {
  return { batches, offsets }
}

function flipped(batch: Buffer, position: number): Buffer {
  batch[position]! ^= 1
  return batch
}

function sorted(positions: readonly GroupPosition[]): GroupPosition[] {
  return positions.toSorted((a, b) => a.partition - b.partition)
}
