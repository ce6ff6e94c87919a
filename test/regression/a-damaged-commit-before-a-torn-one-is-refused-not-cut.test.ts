// A bit flipped in the records of the last acknowledged commit while the machine stopped in the next one. The start
// took both for torn and cut them, though bytes behind a commit prove that it was durable.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isMillraceError, SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { append, openLog } from './log-on-disk.ts'

test('a damaged commit before a torn one is refused, not cut', async () => {
  const path = '/log/journal/0000000001.journal'
  const disk = new SimulatedDisk(new SeededRandom(1))
  const log = await openLog(disk)
  await log.createTopic('clicks')
  await append(log, 'clicks', 'acknowledged')
  const flipped = Buffer.from(disk.readAll(path)).lastIndexOf('acknowledged')
  disk.crashAfter(disk.operations, { half: true })
  await assert.rejects(append(log, 'clicks', 'torn'.repeat(100)))
  const next = disk.crash({ mode: 'keep-all' })
  next.flipBit(path, flipped, 3)
  const reopened = await openLog(next)
  assert.equal((await reopened.describeTopic('clicks')).status.partitions[0]?.endOffset, 1)
  await assert.rejects(
    reopened.read({ topic: 'clicks', partition: 0, offset: 0 }),
    error => isMillraceError(error, 'PARTITION_DAMAGED') && error.message.includes(path)
  )
  await reopened.close()
})
