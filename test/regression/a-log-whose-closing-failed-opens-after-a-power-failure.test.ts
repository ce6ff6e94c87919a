// The sync of the frame that closes a journal failed. The next start saw the frame in the system's cache and wrote
// behind it; a power failure took the frame alone, and the log was refused as damaged in its middle.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { append, openLog, valuesOf } from './log-on-disk.ts'

test('a log whose closing failed opens after a power failure', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk(new SeededRandom(seed))
    const first = await openLog(disk)
    await first.createTopic('clicks')
    await append(first, 'clicks', 'before')
    disk.failAt(disk.operations + 1, 'sync')
    await first.close().catch(() => undefined)
    const second = await openLog(disk)
    await append(second, 'clicks', 'behind')
    const third = await openLog(disk.crash({ mode: 'lose-all-unsynced' }))
    assert.deepEqual(await valuesOf(third, 'clicks'), ['before', 'behind'])
    await third.close()
  }
})
