// What tasks send each other does not fill the disk: read messages are cut off, and their files cleaned.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SystemDisk } from '../../src/base/index.ts'
import {
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  valueSpec
} from '../../src/functions/index.ts'
import {
  functionsGroupName,
  messagesTopicName,
  requiredFunctionTopics,
  startFunctions
} from '../../src/functions/runtime/index.ts'
import { intOf } from '../../src/functions/runtime/kit.cases.ts'
import { openDiskLog } from '../../src/log/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'
import { trimRead } from '../../src/runtime/trim.ts'
import { MemoryStore } from '../../src/state/index.ts'

const ROUNDS = 12
const RECORDS = 50
const FAN = 4
const FILE_BYTES = 32 * 1024

const fan = statefulFunction({
  typename: 'test/fan',
  handler(context, message) {
    const argument = { typename: message.valueTypeName, bytes: message.rawValue }
    for (let at = 0; at < FAN; at++) {
      context.send({ target: addressOf('test/count', `id-${at}`), argument })
    }
    context.send(messageTo(addressOf('test/count', 'all'), FAN, intType))
  }
})

const count = statefulFunction({
  typename: 'test/count',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
  }
})

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

test('the log of an application of two tasks stays as large as it is', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-use-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const clock = new SimulatedClock()
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder,
    clock,
    random: new SeededRandom(1),
    fileBytesTarget: FILE_BYTES,
    cleanupIntervalMs: 0
  })
  const stores: MemoryStore[] = []
  const options = {
    name: 'app',
    functions: [fan, count],
    ingresses: [
      { kind: 'targets', topic: 'in', valueType: 'test/record', targets: ['test/fan'] } as const
    ],
    egresses: [],
    tasks: 2,
    log,
    clock,
    openStore: (index: number) => {
      const store = stores[index]?.reopen() ?? new MemoryStore()
      stores[index] = store
      return Promise.resolve(store)
    },
    onLog: () => {}
  }
  for (const { name, partitions, internal, cleanup } of requiredFunctionTopics(options)) {
    await log.createTopic(name, {
      partitions: partitions ?? 1,
      internal,
      cleanup: cleanup ?? 'delete'
    })
  }
  const messages = messagesTopicName('app')
  const sizes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const builder = new BatchBuilder()
    for (let at = 0; at < RECORDS; at++) builder.append(1, Buffer.from(`${at}`), Buffer.alloc(200))
    const batch = builder.build()
    await log.commit({ batches: [{ topic: 'in', partition: 0, batch }], offsets: [] })
    const running = await startFunctions(options)
    await running.drain()
    assert.equal(intOf(running, addressOf('test/count', 'all'), 'count'), RECORDS * (round + 1))
    await log.deleteRecords('in', 0, RECORDS * (round + 1))
    await trimRead(log, [{ topic: messages, group: functionsGroupName('app') }], 1)
    await log.cleanup()
    sizes.push(bytesIn(folder))
  }
  const { status } = await log.describeTopic(messages)
  for (const { startOffset, endOffset } of status.partitions) {
    assert.ok(endOffset > (ROUNDS * RECORDS) / 4, 'tasks sent each other messages')
    assert.equal(startOffset, endOffset, 'all of them were read and cut off')
  }
  const [early, last] = [Math.max(...sizes.slice(0, ROUNDS / 2)), sizes.at(-1)!]
  assert.ok(last < early + FILE_BYTES, `the log grew from ${early} to ${last} bytes`)
  await log.close()
})
