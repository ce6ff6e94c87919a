// The first start failed while it synced the directory that the data directory stands in. The second start found the
// data directory, synced its name, which did nothing any more, and acknowledged commits: a power failure took them all.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  createDirectoryDurably,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk
} from '../../src/base/index.ts'
import { type Log, openDiskLog } from '../../src/log/index.ts'

const FOLDER = '/srv/app/data/log'

test('a data directory whose name failed to sync survives a power failure', async () => {
  const operations = await operationsOfFirstStart()
  for (const fault of ['sync', 'io', 'full'] as const) {
    for (let operation = 1; operation <= operations; operation++) {
      for (let seed = 1; seed <= 4; seed++) {
        const disk = new SimulatedDisk(new SeededRandom(seed))
        disk.failAt(operation, fault, { lasting: seed % 2 === 0 })
        await open(disk).then(
          log => log.close().catch(() => {}),
          () => {}
        )
        disk.repair()
        await survive(disk, `${fault} at ${operation}, seed ${seed}`)
      }
    }
  }
})

test('it may fail again while it is mended', async () => {
  for (let first = 1; first <= 12; first++) {
    for (let second = 1; second <= 12; second++) {
      const disk = new SimulatedDisk(new SeededRandom(first * 100 + second))
      for (const after of [first, second]) {
        disk.failAt(disk.operations + after, 'io')
        await createDirectoryDurably(disk, FOLDER).catch(() => {})
        disk.repair()
      }
      await survive(disk, `io at ${first}, then at ${second}`)
    }
  }
})

test('a directory that its user made and never synced is treated the same', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const disk = new SimulatedDisk(new SeededRandom(seed))
    await disk.createDirectory('/data')
    disk.failAt(1, 'sync')
    await assert.rejects(createDirectoryDurably(disk, '/data'))
    disk.repair()
    await createDirectoryDurably(disk, '/data')
    assert.deepEqual(await disk.list('/data'), [], 'nothing of ours is left in it')
    const next = disk.crash({ mode: 'lose-all-unsynced' })
    assert.deepEqual(await next.list('/'), [{ name: 'data', kind: 'directory' }])
  }
})

test('a machine that stops while the name is given again finds it', async () => {
  for (let operation = 0; operation <= 8; operation++) {
    for (const mode of ['lose-all-unsynced', 'keep-all', 'random'] as const) {
      const disk = new SimulatedDisk(new SeededRandom(operation))
      disk.failAt(3, 'sync')
      await assert.rejects(createDirectoryDurably(disk, '/data'))
      disk.repair()
      disk.crashAfter(disk.operations + operation)
      await createDirectoryDurably(disk, '/data').catch(() => {})
      const next = disk.crash({ mode })
      await createDirectoryDurably(next, '/data')
      const last = next.crash({ mode: 'lose-all-unsynced' })
      assert.deepEqual(await last.list('/'), [{ name: 'data', kind: 'directory' }])
    }
  }
})

/** A start, a commit that is acknowledged, a power failure. */
async function survive(disk: SimulatedDisk, label: string): Promise<void> {
  const log = await open(disk)
  const known = new Set((await log.listTopics()).map(topic => topic.name))
  assert.deepEqual([...known], [], label)
  await log.createTopic('clicks')
  const next = await open(disk.crash({ mode: 'lose-all-unsynced' }))
  const topics = await next.listTopics()
  assert.deepEqual(
    topics.map(topic => topic.name),
    ['clicks'],
    label
  )
  await next.close()
}

async function operationsOfFirstStart(): Promise<number> {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const log = await open(disk)
  await log.close()
  return disk.operations
}

function open(disk: SimulatedDisk): Promise<Log> {
  const random = new SeededRandom(1)
  return openDiskLog({ disk, folder: FOLDER, clock: new SimulatedClock(), random })
}
