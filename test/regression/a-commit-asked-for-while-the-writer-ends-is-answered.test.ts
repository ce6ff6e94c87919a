// A commit that came in the few microtasks between the writer's last look at its queue and its end was never
// written: nobody started the writer again, and the caller waited forever.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { append, openLog, valuesOf } from './log-on-disk.ts'

test('a commit asked for while the writer ends is answered', async () => {
  for (let turns = 0; turns < 60; turns++) {
    const log = await openLog(new SimulatedDisk(new SeededRandom(1)))
    await log.createTopic('clicks')
    const first = append(log, 'clicks', 'first')
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await append(log, 'clicks', 'second')
    await first
    assert.deepEqual(await valuesOf(log, 'clicks'), ['first', 'second'])
    await log.close()
  }
})
