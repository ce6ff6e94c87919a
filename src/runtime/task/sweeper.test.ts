// Sweeps: in portions, as often as something can be over, until nothing of it is left.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, SimulatedClock } from '../../base/index.ts'
import type { KeyedState } from '../../state/contract.ts'
import { MemoryStore } from '../../state/index.ts'
import { MemoryChangelog, openTask } from '../../state/test-kit.ts'
import { Expiring, Sweeper } from './sweeper.ts'

const TTL_MS = 10_000

/** A state of the times at which its keys were written. */
async function timesOf(count: number, at: number): Promise<KeyedState<number>> {
  const task = await openTask(new MemoryStore(), new MemoryChangelog())
  const state = task.state<number>('s.n')
  for (let index = 0; index < count; index++) state.set(`k${index}`, at)
  return state
}

function expiringOf(state: KeyedState<number>): Expiring<number> {
  return new Expiring({
    state,
    overAt: at => at + TTL_MS,
    left: () => undefined,
    newOverAt: now => now + TTL_MS
  })
}

/** Lets passes end and removes what they found; gives how many keys each step removed. */
async function sweepOff(sweeper: Sweeper, state: KeyedState<number>): Promise<number[]> {
  const steps: number[] = []
  while (sweeper.isBusy) {
    await new Promise(resolve => setImmediate(resolve))
    if (!sweeper.isReady) continue
    const before = state.size
    sweeper.remove()
    steps.push(before - state.size)
  }
  return steps
}

test('a sweep removes a few keys in one go, and all whose time is over', async () => {
  const clock = new SimulatedClock()
  const state = await timesOf(25_000, clock.now())
  let passes = 0
  const counted = new Proxy(state, {
    get(target, name) {
      if (name === 'keysWhere') passes++
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
  const errors: unknown[] = []
  const failed = (error: unknown): void => void errors.push(error)
  const expiring = [expiringOf(counted)]
  const sweeper = new Sweeper({ expiring, sweepMs: 1_000, clock, wake: () => {}, failed })
  sweeper.start()
  await clock.advance(1_000)
  await sweepOff(sweeper, state)
  await clock.advance(TTL_MS - 1_001)
  equal(passes, 1, 'nothing can be over before the first time that a pass has seen')
  state.set('new', clock.now())
  await clock.advance(1)
  const steps = await sweepOff(sweeper, state)
  ok(Math.max(...steps) <= 128, `${Math.max(...steps)} in one go`)
  equal(
    steps.reduce((sum, step) => sum + step, 0),
    25_000
  )
  deepEqual(
    [...state.entries()].map(([key]) => key),
    ['new']
  )
  await clock.advance(TTL_MS)
  await sweepOff(sweeper, state)
  equal(state.size, 0)
  sweeper.stop()
  deepEqual([errors, clock.pending], [[], 0])
})

test('a state that cannot be read is told of, but for one that ended under the pass', async () => {
  const clock = new SimulatedClock()
  let reading = Promise.withResolvers<never>()
  const broken = { keysWhere: () => reading.promise } as unknown as KeyedState<number>
  for (const isStopped of [false, true]) {
    reading = Promise.withResolvers<never>()
    const errors: unknown[] = []
    const failed = (error: unknown): void => void errors.push(error)
    const expiring = [expiringOf(broken)]
    const sweeper = new Sweeper({ expiring, sweepMs: 1_000, clock, wake: () => {}, failed })
    sweeper.start()
    await clock.advance(1_000)
    ok(sweeper.isBusy)
    if (isStopped) sweeper.stop()
    const gone = new MillraceError('STATE_STORE_FAILED', 'the disk is gone')
    reading.reject(gone)
    await clock.yield()
    deepEqual(errors, isStopped ? [] : [gone])
    sweeper.stop()
  }
})
