// Reading from files into memory that the caller gives: where it fits, with other topics' batches in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../record/index.ts'
import { openDiskLog } from './disk-log.ts'

/** The values of all records in `bytes`. */
function valuesIn(bytes: Uint8Array): string[] {
  const values: string[] = []
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) values.push(String(cursor.value()))
  }
  return values
}

test('reads into the memory that is given, or into its own where that is too small', async () => {
  const random = new SeededRandom(1)
  const disk = new SimulatedDisk(random)
  const options = { disk, folder: '/data', clock: new SimulatedClock(), random }
  let log = await openDiskLog({ ...options, cleanupIntervalMs: 0 })
  await log.createTopic('wanted')
  await log.createTopic('other')
  const builder = new BatchBuilder()
  const commit = async (topic: string, value: string): Promise<void> => {
    builder.append(0, null, Buffer.from(value))
    await log.commit({ batches: [{ topic, partition: 0, batch: builder.build() }], offsets: [] })
  }
  const expected = Array.from({ length: 8 }, (_, index) => `value ${index}`)
  for (const value of expected) {
    await commit('wanted', value)
    await commit('other', 'x'.repeat(500))
  }
  // Opened again, the log has nothing in memory: it reads from the file.
  await log.close()
  log = await openDiskLog({ ...options, cleanupIntervalMs: 0 })
  const request = { topic: 'wanted', partition: 0, offset: 0 }
  const large = Buffer.alloc(64 * 1024, 0xff)
  for (const into of [large, large, Buffer.alloc(10)]) {
    const { bytes } = await log.read({ ...request, into })
    assert.deepEqual(valuesIn(bytes), expected)
    assert.equal(bytes.buffer === into.buffer, into === large)
  }
  let wanted = 0
  const into = (length: number): Buffer => {
    wanted = length
    return large
  }
  const given = await log.read({ ...request, into })
  assert.equal(given.bytes.buffer, large.buffer)
  assert.ok(wanted >= given.bytes.length)
  // From memory too: what was committed since.
  await commit('wanted', 'new')
  const { bytes } = await log.read({ ...request, offset: 8, into: large })
  assert.deepEqual(valuesIn(bytes), ['new'])
  assert.equal(bytes.buffer, large.buffer)
  await log.close()
})
