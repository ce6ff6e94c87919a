// The built form has the class of errors in several files. Errors of the log that reached the copy of the broker were
// none of its own, so clients of Kafka got UNKNOWN_SERVER_ERROR from `millrace start` in place of the code.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, isMillraceError } from '../../src/base/index.ts'

class Special extends MillraceError {}

test('an error of another copy of the class is known by its code', async () => {
  const copy = (await import(`${import.meta.resolve('../../src/base/errors.ts')}?copy`)) as {
    readonly MillraceError: typeof MillraceError
  }
  strictEqual(copy.MillraceError === MillraceError, false)
  const error: unknown = new copy.MillraceError('TOPIC_UNKNOWN', 'no such topic')
  strictEqual(error instanceof MillraceError, true)
  strictEqual(isMillraceError(error, 'TOPIC_UNKNOWN'), true)
  strictEqual(error instanceof Special, false)
  strictEqual(new Special('A', 'b') instanceof MillraceError, true)
  strictEqual(new Error('x') instanceof MillraceError, false)
})
