// Suite of the log: topics, their specs, what unknown names and a closed log answer.
import assert from 'node:assert/strict'

import { PARTITIONS_MAX } from '../src/base/index.ts'
import { TOPIC_SPEC_DEFAULT, type Log, type Topic, type TopicSpec } from '../src/log/index.ts'
import { type Declare, append, at, boundsOf, fillFile, rejects, to, valuesOf } from './log-kit.ts'

/** Names that no topic may have. */
const NAMES_INVALID = ['', '.', '..', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(250)]
const NAMES_VALID = ['a', '...', '-', 'A.b_c-9', 'x'.repeat(249), 'constructor', '__proto__']

const SPECS_INVALID: readonly object[] = [
  { partitions: 0 },
  { partitions: 1.5 },
  { partitions: PARTITIONS_MAX + 1 },
  { partitions: '2' },
  { cleanup: 'shred' },
  { retentionMs: -1 },
  { retentionMs: 0.5 },
  { retentionBytes: Number.NaN },
  { retentionBytes: Number.POSITIVE_INFINITY },
  { internal: 1 }
]

/** Calls that name a topic, with what else they need. */
const CALLS: Readonly<
  Record<string, (log: Log, topic: string, partition: number) => Promise<unknown>>
> = {
  read: (log, topic, partition) => log.read({ topic, partition, offset: 0 }),
  commitBatch: (log, topic, partition) =>
    log.commit({ batches: [to(topic, partition, 'a')], offsets: [] }),
  commitOffset: (log, topic, partition) =>
    log.commit({
      batches: [],
      offsets: [{ group: 'g', topic, partition, offset: 0, metadata: '' }]
    }),
  wait: (log, topic, partition) => log.wait([{ topic, partition, offset: 0 }]),
  deleteRecords: (log, topic, partition) => log.deleteRecords(topic, partition, 0),
  offsetForTime: (log, topic, partition) => log.offsetForTime(topic, partition, 0)
}

const CALLS_OF_TOPIC: Readonly<Record<string, (log: Log, topic: string) => Promise<unknown>>> = {
  describeTopic: (log, topic) => log.describeTopic(topic),
  alterTopic: (log, topic) => log.alterTopic(topic, { partitions: 2 }),
  deleteTopic: (log, topic) => log.deleteTopic(topic)
}

export function declareTopics(test: Declare): void {
  test('creates a topic with the defaults, empty', async ({ log }) => {
    const topic = await log.createTopic('a')
    const partition = { partition: 0, startOffset: 0, endOffset: 0, bytes: 0, damage: null }
    assert.deepEqual(topic, {
      name: 'a',
      id: topic.id,
      spec: TOPIC_SPEC_DEFAULT,
      status: { partitions: [partition] }
    })
    assert.deepEqual(await log.describeTopic('a'), topic)
  })

  test('gives no topic the id of another one, also not of a deleted one', async ({ log }) => {
    const first = await log.createTopic('a')
    const second = await log.createTopic('b')
    await log.deleteTopic('a')
    const third = await log.createTopic('a')
    assert.equal(new Set([first.id, second.id, third.id]).size, 3)
    assert.equal((await log.describeTopic('a')).id, third.id)
    assert.ok((await log.listTopics()).every(({ id }) => Number.isSafeInteger(id) && id > 0))
  })

  test('creates a topic as asked for', async ({ log }) => {
    const spec: TopicSpec = {
      partitions: 3,
      cleanup: 'compact',
      retentionMs: 5,
      retentionBytes: 7,
      internal: true
    }
    const topic = await log.createTopic('a', spec)
    assert.deepEqual(topic.spec, spec)
    assert.deepEqual(
      topic.status.partitions.map(status => status.partition),
      [0, 1, 2]
    )
  })

  test('refuses a name that is taken', async ({ log }) => {
    await log.createTopic('a')
    await rejects(log.createTopic('a', { partitions: 2 }), 'TOPIC_EXISTS')
    assert.equal((await log.describeTopic('a')).spec.partitions, 1)
  })

  test('lets one of two creations of the same name win', async ({ log }) => {
    const [first, second] = await Promise.allSettled([log.createTopic('a'), log.createTopic('a')])
    assert.equal(first.status, 'fulfilled')
    assert.equal(second.status, 'rejected')
  })

  test('takes every valid name and refuses the others', async ({ log }) => {
    for (const name of NAMES_VALID) assert.equal((await log.createTopic(name)).name, name)
    for (const name of NAMES_INVALID) await rejects(log.createTopic(name), 'TOPIC_INVALID')
    assert.deepEqual(namesOf(await log.listTopics()), NAMES_VALID.toSorted())
  })

  test('refuses specs out of bounds, when creating and when altering', async ({ log }) => {
    await log.createTopic('a')
    for (const spec of SPECS_INVALID) {
      await rejects(log.createTopic('b', spec), 'TOPIC_INVALID')
      await rejects(log.alterTopic('a', spec), 'TOPIC_INVALID')
    }
    assert.deepEqual((await log.describeTopic('a')).spec, TOPIC_SPEC_DEFAULT)
  })

  test('lists topics, internal ones when asked', async ({ log }) => {
    await log.createTopic('a')
    await log.createTopic('b', { internal: true })
    assert.deepEqual(namesOf(await log.listTopics()), ['a'])
    assert.deepEqual(namesOf(await log.listTopics({ internal: false })), ['a'])
    assert.deepEqual(namesOf(await log.listTopics({ internal: true })), ['a', 'b'])
  })

  test('alters bounds and leaves the rest', async ({ log }) => {
    await log.createTopic('a', { retentionMs: 5, retentionBytes: 6 })
    const topic = await log.alterTopic('a', { cleanup: 'compact', retentionMs: null })
    assert.deepEqual(topic.spec, {
      ...TOPIC_SPEC_DEFAULT,
      cleanup: 'compact',
      retentionMs: null,
      retentionBytes: 6
    })
  })

  test('adds partitions that begin at 0, and never takes one away', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'x')
    await log.alterTopic('a', { partitions: 3 })
    const { baseOffsets } = await log.commit({ batches: [to('a', 2, 'y')], offsets: [] })
    assert.deepEqual(baseOffsets, [0])
    assert.deepEqual(await valuesOf(log, 'a'), ['x'])
    assert.deepEqual(await valuesOf(log, 'a', { partition: 2 }), ['y'])
    await rejects(log.alterTopic('a', { partitions: 2 }), 'TOPIC_INVALID')
  })

  test('deletes a topic with its records and the positions in it', async ({ log }) => {
    await log.createTopic('a')
    await log.createTopic('b')
    await append(log, 'a', 'x')
    const position = { partition: 0, offset: 1, metadata: '' }
    await log.commit({
      batches: [],
      offsets: [
        { group: 'g', topic: 'a', ...position },
        { group: 'g', topic: 'b', ...position },
        { group: 'h', topic: 'a', ...position }
      ]
    })
    await log.deleteTopic('a')
    await rejects(log.describeTopic('a'), 'TOPIC_UNKNOWN')
    assert.deepEqual(await log.positions('g'), [{ topic: 'b', ...position }])
    assert.deepEqual(await log.listGroups(), ['g'])
  })

  test('begins at 0 again when a topic of the same name is created', async ({ log }) => {
    await log.createTopic('a')
    await append(log, 'a', 'old')
    await log.deleteTopic('a')
    await log.createTopic('a')
    assert.deepEqual(await boundsOf(log, 'a'), [0, 0])
    assert.equal(await append(log, 'a', 'new'), 0)
    assert.deepEqual(await valuesOf(log, 'a'), ['new'])
    await fillFile(log)
    await log.cleanup()
    assert.deepEqual(await valuesOf(log, 'a'), ['new'])
  })

  test('says which topic and partition is unknown', async ({ log }) => {
    await log.createTopic('a')
    for (const call of Object.values(CALLS)) {
      await rejects(call(log, 'b', 0), 'TOPIC_UNKNOWN')
      await rejects(call(log, '__proto__', 0), 'TOPIC_UNKNOWN')
      for (const partition of [1, -1, 0.5]) {
        await rejects(call(log, 'a', partition), 'PARTITION_UNKNOWN')
      }
    }
    for (const call of Object.values(CALLS_OF_TOPIC)) await rejects(call(log, 'b'), 'TOPIC_UNKNOWN')
    assert.deepEqual(await boundsOf(log, 'a'), [0, 0])
    assert.deepEqual(await log.listGroups(), [])
  })

  test('refuses everything once closed, and closes twice', async ({ log }) => {
    await log.createTopic('a')
    const waiting = log.wait([at('a', 0)])
    const closing = log.close()
    await rejects(waiting, 'LOG_CLOSED')
    await closing
    await log.close()
    for (const call of Object.values(CALLS)) await rejects(call(log, 'a', 0), 'LOG_CLOSED')
    for (const call of Object.values(CALLS_OF_TOPIC)) await rejects(call(log, 'a'), 'LOG_CLOSED')
    await rejects(log.createTopic('b'), 'LOG_CLOSED')
    await rejects(log.listTopics(), 'LOG_CLOSED')
    await rejects(log.positions('g'), 'LOG_CLOSED')
    await rejects(log.listGroups(), 'LOG_CLOSED')
    await rejects(log.cleanup(), 'LOG_CLOSED')
  })

  test('finishes running commits before it is closed', async ({ log }) => {
    await log.createTopic('a')
    const running = append(log, 'a', 'x')
    await log.close()
    assert.equal(await running, 0)
  })
}

function namesOf(topics: readonly Topic[]): string[] {
  return topics.map(topic => topic.name).toSorted()
}
