// Suite of the log: what is still there after it was closed and opened again.
import assert from 'node:assert/strict'

import type { Log } from '../src/log/index.ts'
import { type Declare, append, at, boundsOf, fillFile, readAll, rejects, to } from './log-kit.ts'

/** Everything that a log shows. */
async function stateOf(log: Log): Promise<unknown> {
  const topics = await log.listTopics({ internal: true })
  const records: unknown[] = []
  for (const { name, spec } of topics) {
    for (let partition = 0; partition < spec.partitions; partition++) {
      records.push([name, partition, await readAll(log, name, { partition })])
    }
  }
  const groups = await log.listGroups()
  const positions: unknown[] = []
  for (const group of groups) positions.push([group, await log.positions(group)])
  return { topics, records, positions }
}

export function declareDurability(test: Declare): void {
  test('opens an empty log again', async world => {
    await world.reopen()
    assert.deepEqual(await world.log.listTopics({ internal: true }), [])
    await world.log.createTopic('a')
    assert.equal(await append(world.log, 'a', 'x'), 0)
  })

  test('knows topics, records, bounds and positions again, over many files', async world => {
    const { log } = world
    await log.createTopic('a', { partitions: 3, retentionMs: 5, internal: true })
    await log.createTopic('b', { cleanup: 'compact' })
    for (let index = 0; index < 30; index++) {
      const value = `${index}`.repeat(index * 20)
      const position = { topic: 'b', partition: 0, offset: index, metadata: `${index}` }
      await log.commit({
        batches: [to('a', index % 3, value), to('b', 0, value)],
        offsets: [{ group: `g${index % 2}`, ...position }]
      })
    }
    await log.deleteRecords('a', 1, 4)
    await log.alterTopic('b', { partitions: 2 })
    await log.createTopic('gone')
    await log.deleteTopic('gone')
    const before = await stateOf(log)
    for (let round = 0; round < 3; round++) {
      await world.reopen()
      assert.deepEqual(await stateOf(world.log), before)
    }
    assert.equal(await append(world.log, 'b', 'next'), 30)
    await rejects(world.log.describeTopic('gone'), 'TOPIC_UNKNOWN')
  })

  test('keeps what retention and compaction did', async world => {
    const { log, clock } = world
    await log.createTopic('old', { retentionMs: 1 })
    await log.createTopic('keyed', { cleanup: 'compact' })
    for (let index = 0; index < 10; index++) {
      await append(log, 'old', { value: 'x'.repeat(1000), timestamp: clock.now() })
      await append(log, 'keyed', { key: `${index % 3}`, value: `${index}` })
    }
    await fillFile(log)
    await clock.advance(10)
    await log.cleanup()
    const before = await stateOf(log)
    assert.deepEqual(await boundsOf(log, 'old'), [10, 10])
    assert.equal((await readAll(log, 'keyed')).length, 3)
    await world.reopen()
    assert.deepEqual(await stateOf(world.log), before)
    assert.equal(await append(world.log, 'old', 'next'), 10)
  })

  test('knows the end of a partition of which nothing is left', async world => {
    await world.log.createTopic('a')
    await append(world.log, 'a', 'r0', 'r1')
    await world.log.deleteRecords('a', 0, 2)
    for (let round = 0; round < 3; round++) {
      await fillFile(world.log)
      await world.log.cleanup()
      await world.reopen()
      assert.deepEqual(await boundsOf(world.log, 'a'), [2, 2])
    }
    assert.equal(await append(world.log, 'a', 'r2'), 2)
  })

  test('does not bring back records of a deleted topic', async world => {
    await world.log.createTopic('a')
    await append(world.log, 'a', 'old')
    await fillFile(world.log)
    await world.log.deleteTopic('a')
    await world.reopen()
    await world.log.createTopic('a')
    await world.reopen()
    assert.deepEqual(await boundsOf(world.log, 'a'), [0, 0])
    assert.deepEqual(await readAll(world.log, 'a'), [])
  })

  test('waits and reads by time in files of an earlier run', async world => {
    await world.log.createTopic('a')
    for (const timestamp of [10, 20, 30]) {
      await append(world.log, 'a', { value: 'x'.repeat(3000), timestamp })
    }
    await world.reopen()
    assert.equal(await world.log.offsetForTime('a', 0, 15), 1)
    await world.log.wait([at('a', 2)])
    const waiting = world.log.wait([at('a', 3)])
    await append(world.log, 'a', 'new')
    await waiting
  })
}
