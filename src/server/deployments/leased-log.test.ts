// A lease of the log: what was handed over before its end takes effect, what comes later does not.
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../../base/index.ts'
import { delegateLog, openMemoryLog, type Commit } from '../../log/index.ts'
import { LeasedLog } from './leased-log.ts'

const POSITION = { group: 'g', topic: 't', partition: 0, metadata: '' }

function moveTo(offset: number): Commit {
  return { batches: [], offsets: [{ ...POSITION, offset }] }
}

test('the end waits for commits that were handed over, and refuses later ones', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic('t')
  const held = Promise.withResolvers<void>()
  const slow = delegateLog(log, {
    commit: async commit => {
      await held.promise
      return await log.commit(commit)
    }
  })
  const lease = new LeasedLog(slow)
  const before = lease.log.commit(moveTo(0))
  let isOver = false
  const ending = lease.end().then(() => (isOver = true))
  await rejects(lease.log.commit(moveTo(9)), { code: 'DEPLOYMENT_ENDED' })
  await rejects(lease.log.createTopic('u'), { code: 'DEPLOYMENT_ENDED' })
  await rejects(lease.log.deleteTopic('t'), { code: 'DEPLOYMENT_ENDED' })
  strictEqual(isOver, false)
  held.resolve()
  await before
  await ending
  deepStrictEqual(
    (await log.positions('g')).map(({ offset }) => offset),
    [0]
  )
  await log.close()
})
