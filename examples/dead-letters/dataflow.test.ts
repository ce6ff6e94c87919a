// Tests of the readings with the test kit: what fails once, what fails for good, and a stop.
import { deepStrictEqual, match, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

test('a reading that cannot be is a dead letter with its reason', async () => {
  await using kit = await TestDataflow.open(flow)
  await kit.feed('readings', [
    { sensor: 1, degrees: -300 },
    { sensor: 2, degrees: 100 }
  ])
  deepStrictEqual(await kit.take('fahrenheit'), [{ sensor: 2, degrees: 212 }])
  const [letter] = await kit.deadLetters()
  strictEqual(letter?.value, '{"sensor":1,"degrees":-300}')
  match(letter.headers['millrace-error-message']!, /below absolute zero/)
})

test('the log stops the dataflow, a restart goes on behind the last commit', async () => {
  await using kit = await TestDataflow.open(flow)
  await kit.feed('readings', [{ sensor: 1, degrees: 0 }])
  kit.inject({ at: 'commit' })
  await rejects(kit.feed('readings', [{ sensor: 2, degrees: 0 }]), { code: 'LOG_FENCED' })
  await kit.recover()
  deepStrictEqual(await kit.take('fahrenheit'), [
    { sensor: 1, degrees: 32 },
    { sensor: 2, degrees: 32 }
  ])
})
