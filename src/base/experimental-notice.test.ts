// Node's notices of type stripping are dropped while asked for, everything else passes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silenceExperimentalNotices } from './experimental-notice.ts'

test('drops the known notices until the last caller ends, and no other warning', () => {
  const emit = process.emitWarning
  const heard: string[] = []
  process.emitWarning = ((warning: string | Error): void => {
    heard.push(String(warning))
  }) as typeof process.emitWarning
  const spy = process.emitWarning
  try {
    const notice = 'stripTypeScriptTypes is an experimental feature and might change at any time'
    const first = silenceExperimentalNotices()
    const second = silenceExperimentalNotices()
    process.emitWarning(notice, 'ExperimentalWarning')
    process.emitWarning('something else')
    first()
    first()
    process.emitWarning(new Error(notice))
    assert.deepEqual(heard, ['something else'])
    second()
    assert.equal(process.emitWarning, spy)
    process.emitWarning(notice)
    assert.deepEqual(heard, ['something else', notice])
  } finally {
    process.emitWarning = emit
  }
})
