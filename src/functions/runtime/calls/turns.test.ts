// Turns: types that hang, however many, leave room for the next one, and the next one gets what is its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FUNCTION_CALLS_MAX,
  FUNCTION_CALLS_MIN,
  FUNCTION_CALLS_TASK_MAX
} from '../../../base/index.ts'
import { statefulFunction } from '../../sdk/index.ts'
import { FunctionEntry } from '../function-table.ts'
import { Mailbox } from '../mailboxes.ts'
import { Turns } from './turns.ts'

function entryOf(index: number): FunctionEntry {
  const typename = `test/type-${index}`
  const fn = statefulFunction({ typename, handler() {} })
  const load = { messages: 0, bytes: 0, blockedBytes: 0 }
  return new FunctionEntry(typename, { kind: 'local', fn }, load)
}

/** Calls as often as it may. */
function hang(turns: Turns, entry: FunctionEntry): number {
  while (turns.mayCall(entry)) turns.began(entry)
  return entry.calls
}

test('types that hang take ever smaller parts of the room', () => {
  const turns = new Turns()
  const calls = Array.from({ length: 40 }, (_, index) => hang(turns, entryOf(index)))
  assert.deepEqual(calls.slice(0, 3), Array(3).fill(FUNCTION_CALLS_MAX))
  assert.deepEqual(
    calls,
    calls.toSorted((a, b) => b - a)
  )
  assert.equal(calls.at(-1), FUNCTION_CALLS_MIN)
  const own = calls.length * FUNCTION_CALLS_MIN
  const all = calls.reduce((sum, each) => sum + each, 0)
  assert.ok(all <= FUNCTION_CALLS_TASK_MAX + own, `${all} calls`)
})

test('types take turns, addresses of one in the order in which they came', () => {
  const turns = new Turns()
  const [hot, cold] = [entryOf(0), entryOf(1)]
  const busy = Array.from({ length: 10 }, (_, index) => entryOf(index + 2))
  for (const entry of busy) hang(turns, entry)
  for (const entry of [hot, cold]) {
    hang(turns, entry)
    for (const id of ['a', 'b', 'c']) turns.wait(new Mailbox(`${entry.typename}/${id}`, entry))
  }
  assert.equal(turns.next.length, 0)
  // As much comes free as both have by the calls of others.
  while (busy[0]!.calls > 0) turns.ended(busy[0]!)
  const order = Array.from({ length: turns.next.length }, () => turns.next.shift().key)
  assert.deepEqual(order, [
    'test/type-0/a',
    'test/type-1/a',
    'test/type-0/b',
    'test/type-1/b',
    'test/type-0/c',
    'test/type-1/c'
  ])
})
