// Tasks that do not answer are given up in time; those that do are not waited for any longer.
import { rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../../../base/index.ts'
import { answered } from './answering.ts'

test('an answer in time is given, a late one is not waited for, an error is the error', async () => {
  const clock = new SimulatedClock()
  strictEqual(await answered(clock, Promise.resolve(7)), 7)
  await rejects(answered(clock, Promise.reject(new Error('of the task'))), {
    message: 'of the task'
  })
  strictEqual(clock.pending, 0)
  const late = rejects(answered(clock, new Promise(() => {})), {
    status: 503,
    code: 'NOT_ANSWERING'
  })
  await clock.advance(5_000)
  await late
})
