// What an error carries, and how errors are told apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AssertionFailure, assert as mustHold, unreachable } from './assert.ts'
import { MillraceError, isMillraceError, messageOf } from './errors.ts'

test('an operating error carries code, sentence, details and cause', () => {
  const cause = new Error('EIO')
  const error = new MillraceError('DISK_FAILED', 'the disk failed', {
    retriable: true,
    details: { path: 'a/b' },
    cause
  })
  assert.equal(error.code, 'DISK_FAILED')
  assert.equal(error.message, 'the disk failed')
  assert.equal(error.retriable, true)
  assert.deepEqual(error.details, { path: 'a/b' })
  assert.equal(error.cause, cause)
  assert.equal(error.name, 'MillraceError')
  assert.ok(error instanceof Error)
})

test('an operating error is not retriable and has no details and no cause unless told', () => {
  const error = new MillraceError('TOPIC_UNKNOWN', 'no such topic')
  assert.equal(error.retriable, false)
  assert.deepEqual(error.details, {})
  assert.equal('cause' in error, false)
})

test('operating errors are told apart by code', () => {
  const error = new MillraceError('TOPIC_UNKNOWN', 'no such topic')
  assert.ok(isMillraceError(error))
  assert.ok(isMillraceError(error, 'TOPIC_UNKNOWN'))
  assert.ok(!isMillraceError(error, 'TOPIC_EXISTS'))
  for (const other of [
    new Error('x'),
    { code: 'TOPIC_UNKNOWN' },
    'TOPIC_UNKNOWN',
    null,
    undefined
  ]) {
    assert.ok(!isMillraceError(other))
  }
})

test('anything thrown has a sentence', () => {
  assert.equal(messageOf(new Error('broken')), 'broken')
  assert.equal(messageOf('broken'), 'broken')
  assert.equal(messageOf(7), '7')
  assert.equal(messageOf(null), 'null')
})

test('a broken invariant is a bug, not an operating error', () => {
  mustHold(true, 'nothing happens')
  assert.throws(() => mustHold(0, 'a batch has a record'), {
    name: 'AssertionFailure',
    message: 'broken invariant: a batch has a record'
  })
  assert.throws(() => unreachable('x' as never), AssertionFailure)
  assert.ok(!isMillraceError(new AssertionFailure('x')))
})
