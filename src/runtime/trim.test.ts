// What was read of internal topics leaves the log, and never more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../base/index.ts'
import { type Log, openMemoryLog } from '../log/index.ts'
import { BatchBuilder } from '../record/index.ts'
import { Trimmer, trimRead } from './trim.ts'

const TOPICS = [{ topic: 'messages', group: 'readers' }]

async function opened(): Promise<Log> {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic('messages', { partitions: 2, internal: true })
  await log.createTopic('others')
  return log
}

async function append(log: Log, topic: string, partition: number, count: number): Promise<void> {
  const builder = new BatchBuilder()
  for (let index = 0; index < count; index++) builder.append(1, null, Buffer.from('x'))
  await log.commit({ batches: [{ topic, partition, batch: builder.build() }], offsets: [] })
}

async function read(log: Log, topic: string, partition: number, offset: number): Promise<void> {
  const position = { group: 'readers', topic, partition, offset, metadata: '' }
  await log.commit({ batches: [], offsets: [position] })
}

async function starts(log: Log, topic: string): Promise<number[]> {
  const { status } = await log.describeTopic(topic)
  return status.partitions.map(({ startOffset }) => startOffset)
}

test('deletes what the group has read of its topics, partition by partition', async () => {
  const log = await opened()
  for (const partition of [0, 1]) await append(log, 'messages', partition, 50)
  await append(log, 'others', 0, 50)
  await trimRead(log, TOPICS, 1)
  assert.deepEqual(await starts(log, 'messages'), [0, 0], 'nothing was read')
  await read(log, 'messages', 1, 20)
  await read(log, 'others', 0, 50)
  await trimRead(log, TOPICS, 21)
  assert.deepEqual(await starts(log, 'messages'), [0, 0], 'too little was read')
  await trimRead(log, TOPICS, 20)
  assert.deepEqual(await starts(log, 'messages'), [0, 20])
  assert.deepEqual(await starts(log, 'others'), [0], 'a topic that nobody named')
  await read(log, 'messages', 1, 50)
  await trimRead(log, TOPICS, 1)
  assert.deepEqual(await starts(log, 'messages'), [0, 50])
})

test('does so every now and then, also after a failure, until it is stopped', async () => {
  const log = await opened()
  const clock = new SimulatedClock()
  let failures = 0
  const failing = {
    positions: (group: string) => log.positions(group),
    deleteRecords: (topic: string, partition: number, before: number) =>
      log.deleteRecords(topic, partition, before),
    describeTopic: (topic: string) =>
      failures++ === 0 ? Promise.reject(new Error('not now')) : log.describeTopic(topic)
  }
  const trimmer = new Trimmer(failing, clock, TOPICS)
  await append(log, 'messages', 0, 2_000)
  await read(log, 'messages', 0, 1_500)
  const pass = async (): Promise<void> => {
    await clock.advance(60_000)
    for (let turn = 0; turn < 20; turn++) await clock.advance(0)
  }
  await pass()
  await pass()
  assert.deepEqual(await starts(log, 'messages'), [1_500, 0])
  await trimmer.stop()
  await append(log, 'messages', 0, 2_000)
  await read(log, 'messages', 0, 3_000)
  await pass()
  assert.deepEqual(await starts(log, 'messages'), [1_500, 0])
})
