// Rates are those of the last minute, whatever was before, and begin anew with a new start.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import type { FunctionMetrics, FunctionsMetrics, RunningFunctions } from '../../functions/index.ts'
import { FunctionMeters } from './function-metrics.ts'

test('a rate is that of the last minute', async () => {
  const clock = new SimulatedClock()
  const counts = { in: 0, outLocal: 0 }
  const running = applicationWith(counts)
  const meters = new FunctionMeters(() => running, clock)
  const rates = async () => {
    const { functions, produced, producedRate } = await meters.metrics()
    return [Math.round(functions[0]!.inRate * 100) / 100, produced, Math.round(producedRate)]
  }
  const pass = async (seconds: number, perSecond: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      counts.in += perSecond
      counts.outLocal += perSecond * 2
      await clock.advance(1_000)
    }
  }
  await pass(10, 6)
  assert.deepEqual(await rates(), [6, 120, 12])
  await pass(600, 1)
  assert.deepEqual(await rates(), [1, 1_320, 2])
  await pass(120, 0)
  assert.deepEqual(await rates(), [0, 1_320, 0])
  meters.close()
})

test('a new start counts from zero', async () => {
  const clock = new SimulatedClock()
  let running = applicationWith({ in: 1_000, outLocal: 0 })
  const meters = new FunctionMeters(() => running, clock)
  await clock.advance(20_000)
  running = applicationWith({ in: 0, outLocal: 0 })
  const { functions } = await meters.metrics()
  assert.equal(functions[0]!.inRate, 0)
  meters.close()
})

/** An application that says of itself what the test changes. */
function applicationWith(counts: Pick<FunctionMetrics, 'in' | 'outLocal'>): RunningFunctions {
  const metrics = (): Promise<FunctionsMetrics> => {
    const none = { outRemote: 0, outEgress: 0, remoteInvocationFailures: 0, inflightAsyncOps: 0 }
    const one = { typename: 'test/counter', ...none, ...counts } as FunctionMetrics
    return Promise.resolve({ functions: [one] } as unknown as FunctionsMetrics)
  }
  return { name: 'test', metrics } as RunningFunctions
}
