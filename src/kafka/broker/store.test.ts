// Tests of what a broker remembers: that it survives being opened again, and stays as short as what it holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BROKER_TOPIC, SimulatedClock } from '../../base/index.ts'
import { type Log, openMemoryLog } from '../../log/index.ts'
import { BatchBuilder } from '../../record/index.ts'
import { openStore } from './store.ts'

const KEYS = 50
/** Together some times what a checkpoint waits for. */
const CHANGES = 6_000
const TEXT = 'x'.repeat(1_000)

test('gives up what is before a checkpoint, and is whole again after each change', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  const store = await openStore(log, new SimulatedClock())
  const expected = new Map<string, unknown>()
  for (let index = 0; index < CHANGES; index++) {
    const [key, value] = [`k${index % KEYS}`, index % 7 === 0 ? null : { index, TEXT }]
    if (value === null) expected.delete(key)
    else expected.set(key, value)
    const changed = store.change(new Map([[key, value]]))
    if (index % 10 === 0) await changed
    if (index % 500 === 0) assert.deepEqual(await remembered(log), expected)
  }
  await store.change(new Map([['last', 1]]))
  assert.deepEqual(await remembered(log), expected.set('last', 1))
  const { startOffset, endOffset } = await extent(log)
  assert.ok(endOffset > CHANGES)
  assert.ok(endOffset - startOffset < CHANGES / 2, `${endOffset - startOffset} records are kept`)
})

test('a refused change is taken back in a checkpoint too', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  const store = await openStore(log, new SimulatedClock())
  await store.change(new Map([['k', 'before']]))
  await log.createTopic('gone')
  const gone = { topic: 'gone', partition: 0, batch: oneRecord() }
  const large = new Map([['large', 'y'.repeat(2 * 1024 * 1024)]])
  const removed = log.deleteTopic('gone')
  const refused = store.change(new Map([['k', 'refused']]), { batches: [gone] })
  const checkpointed = store.change(large)
  await assert.rejects(refused, { code: 'TOPIC_UNKNOWN' })
  await Promise.all([removed, checkpointed])
  await store.change(new Map([['other', 1]]))
  assert.ok((await extent(log)).startOffset > 0, 'there was a checkpoint')
  assert.equal(store.get('k'), 'before')
  assert.equal((await remembered(log)).get('k'), 'before')
})

test('a topic that was compacted is kept short from now on', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic(BROKER_TOPIC, { cleanup: 'compact', internal: true })
  const store = await openStore(log, new SimulatedClock())
  assert.equal((await log.describeTopic(BROKER_TOPIC)).spec.cleanup, 'delete')
  await store.change(new Map([['k', 1]]))
  assert.deepEqual(await remembered(log), new Map([['k', 1]]))
})

async function remembered(log: Log): Promise<Map<string, unknown>> {
  return new Map((await openStore(log, new SimulatedClock())).entries(''))
}

async function extent(log: Log): Promise<{ startOffset: number; endOffset: number }> {
  return (await log.describeTopic(BROKER_TOPIC)).status.partitions[0]!
}

function oneRecord(): Buffer {
  const builder = new BatchBuilder()
  builder.append(0, null, Buffer.from('x'))
  return builder.build()
}
