// The journal began its next file, the sync of the directory failed and the log was fenced, rightly. The next
// start went on in that file, whose name was not durable: a power failure took the file with all new commits.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { append, openLog, valuesOf } from './log-on-disk.ts'

test('a file begun while the directory sync failed keeps its commits', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    let armed = false
    const disk: SimulatedDisk = new SimulatedDisk(new SeededRandom(seed), {
      onOperation: ({ number, kind, path }) => {
        if (!armed || kind !== 'rename' || !path.includes('0000000002.journal')) return
        armed = false
        disk.failAt(number + 1, 'io')
      }
    })
    const first = await openLog(disk)
    await first.createTopic('clicks')
    armed = true
    await append(first, 'clicks', 'x'.repeat(2000))
    await first.close().catch(() => undefined)
    assert.equal(armed, false)
    const second = await openLog(disk)
    await append(second, 'clicks', 'acknowledged')
    const third = await openLog(disk.crash({ mode: 'lose-all-unsynced' }))
    assert.deepEqual(await valuesOf(third, 'clicks'), ['x'.repeat(2000), 'acknowledged'])
    await third.close()
  }
})
