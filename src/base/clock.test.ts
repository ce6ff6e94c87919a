// Both clocks: simulated time to the millisecond, system time as far as it can be told.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AdvancingClock, SimulatedClock, SystemClock } from './clock.ts'

test('simulated time stands still until it is advanced', async () => {
  const clock = new SimulatedClock(1000)
  await clock.yield()
  assert.equal(clock.now(), 1000)
  assert.equal(clock.monotonic(), 1000)
  await clock.advance(250)
  assert.equal(clock.now(), 1250)
  assert.equal(clock.monotonic(), 1250)
})

test('timers fire in order of time, then of creation, at their time', async () => {
  const clock = new SimulatedClock(0)
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`)
  clock.timer(20, note('c'))
  clock.timer(10, note('a'))
  clock.timer(10, note('b'))
  clock.timer(31, note('late'))
  await clock.advance(30)
  assert.deepEqual(fired, ['a@10', 'b@10', 'c@20'])
  assert.equal(clock.pending, 1)
  await clock.advance(1)
  assert.equal(fired.at(-1), 'late@31')
  assert.equal(clock.pending, 0)
})

test('a timer set by a timer fires in the same advance when it falls due', async () => {
  const clock = new SimulatedClock(0)
  const fired: number[] = []
  clock.timer(10, () => clock.timer(5, () => fired.push(clock.now())))
  await clock.advance(15)
  assert.deepEqual(fired, [15])
})

test('a cancelled timer does not fire, and may be cancelled again', async () => {
  const clock = new SimulatedClock(0)
  let fired = 0
  const timer = clock.timer(1, () => fired++)
  timer.cancel()
  timer.cancel()
  await clock.advance(5)
  assert.equal(fired, 0)
  const other = clock.timer(1, () => fired++)
  await clock.advance(1)
  other.cancel()
  assert.equal(fired, 1)
})

test('sleep resolves at its time', async () => {
  const clock = new SimulatedClock(0)
  let woken = -1
  const sleeping = clock.sleep(40).then(() => (woken = clock.now()))
  await clock.advance(39)
  assert.equal(woken, -1)
  await clock.advance(1)
  await sleeping
  assert.equal(woken, 40)
})

test('an aborted sleep rejects with the reason and leaves no timer', async () => {
  const clock = new SimulatedClock(0)
  const controller = new AbortController()
  const sleeping = clock.sleep(40, controller.signal)
  controller.abort(new Error('closing'))
  await assert.rejects(sleeping, /closing/)
  assert.equal(clock.pending, 0)
  await assert.rejects(clock.sleep(1, AbortSignal.abort(new Error('closed'))), /closed/)
  assert.equal(clock.pending, 0)
})

test('the system clock runs timers, sleeps, turns and cancels', async () => {
  const clock = new SystemClock()
  const before = clock.monotonic()
  let cancelled = true
  const timer = clock.timer(0, () => (cancelled = false), { unref: true })
  timer.cancel()
  await clock.sleep(1)
  await new Promise<void>(resolve => clock.timer(0, resolve))
  await clock.yield()
  assert.ok(cancelled)
  assert.ok(clock.monotonic() > before)
  assert.ok(clock.now() > Date.UTC(2024, 0))
  await assert.rejects(clock.sleep(60_000, AbortSignal.abort(new Error('stop'))), /stop/)
})

test('a clock that is moved on fires what is due then at once, by time, and keeps the rest', async () => {
  const base = new SimulatedClock(1000)
  const clock = new AdvancingClock(base)
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`)
  clock.timer(500, note('b'))
  clock.timer(400, note('a'))
  clock.timer(450, note('cancelled')).cancel()
  clock.timer(700, note('c'))
  await base.advance(100)
  clock.advanceTo(1500)
  assert.deepEqual(fired, ['a@1500', 'b@1500'])
  clock.advanceTo(1200)
  assert.equal(clock.now(), 1500)
  await base.advance(199)
  assert.equal(fired.length, 2)
  await base.advance(1)
  assert.deepEqual(fired.at(-1), 'c@1700')
  assert.equal(base.pending, 0)
})

test('a sleep ends when the clock is moved on', async () => {
  const clock = new AdvancingClock(new SimulatedClock(0))
  const slept = clock.sleep(86_400_000)
  clock.advanceTo(86_400_000)
  await slept
})
