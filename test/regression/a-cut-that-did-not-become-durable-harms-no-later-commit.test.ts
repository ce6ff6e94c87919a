// A start cut off a torn commit and the sync of that failed. The next start found nothing left to cut, wrote a
// shorter commit and sealed the file; after a power failure the torn bytes were back at its end, and the log refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { append, openLog, valuesOf } from './log-on-disk.ts'

test('a cut that did not become durable harms no later commit', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimulatedDisk(new SeededRandom(seed))
    const first = await openLog(disk, 100_000)
    await first.createTopic('clicks')
    await append(first, 'clicks', 'before')
    disk.crashAfter(disk.operations, { half: true })
    await assert.rejects(append(first, 'clicks', 'torn'.repeat(1000)))
    let armed = true
    const next: SimulatedDisk = disk.crash({
      mode: 'keep-all',
      onOperation: ({ number, kind }) => {
        if (armed && kind === 'truncate') next.failAt(number, 'sync')
        if (kind === 'truncate') armed = false
      }
    })
    let second = await openLog(next, 100).catch(() => null)
    second ??= await openLog(next, 100)
    await append(second, 'clicks', 'short')
    await append(second, 'clicks', 'in the next file')
    const last = next.crash({ mode: 'lose-all-unsynced' })
    // As if the power had failed before the index was written: the file itself is read.
    await last.remove('/log/journal/0000000001.index').catch(() => undefined)
    const third = await openLog(last)
    assert.deepEqual(await valuesOf(third, 'clicks'), ['before', 'short', 'in the next file'])
    await third.close()
  }
})
