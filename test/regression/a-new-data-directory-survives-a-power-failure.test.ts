// A power failure soon after the first start took the whole data directory away, with acknowledged commits in it:
// the names of new directories were never synced into the directories that they stand in.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../src/base/index.ts'
import { openDiskLog } from '../../src/log/index.ts'

test('a new data directory survives a power failure', async () => {
  const random = new SeededRandom(1)
  const clock = new SimulatedClock()
  const disk = new SimulatedDisk(random)
  const log = await openDiskLog({ disk, folder: '/srv/app/data/log', clock, random })
  await log.createTopic('clicks')
  const next = disk.crash({ mode: 'lose-all-unsynced' })
  const reopened = await openDiskLog({ disk: next, folder: '/srv/app/data/log', clock, random })
  assert.equal((await reopened.describeTopic('clicks')).name, 'clicks')
  await reopened.close()
})
