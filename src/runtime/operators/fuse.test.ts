// Fused chains do what the operators do one by one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, partition, plan, service, state, step, string, topic, u32 } from '../test-kit.ts'
import type { StepPlan } from '../../dataflow/plan.ts'

const LINES = Array.from({ length: 60 }, (_, n) => `${n}`)

/** Outputs and dead letters of a service with `steps`; a promise in each function keeps them apart. */
async function outcome(steps: readonly StepPlan[]): Promise<unknown> {
  const one = plan(
    [topic('in'), topic('out')],
    [
      service('s', {
        sources: ['in'],
        states: [state('n', string, u32)],
        steps,
        partition: partition(
          step('assign-key', 'function last(v) { return v.at(-1) }', { output: string }),
          step(
            'update-state',
            'function count(v, ctx) { return v + ctx.state.n.update(n => n + 1) }'
          )
        ),
        sinks: ['out']
      })
    ]
  )
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', LINES)
  const running = await bench.drain(one)
  const { operators } = await running.metrics()
  const letters = await bench.read('test.dead-letter')
  return {
    values: (await bench.read('out')).map(({ key, value }) => [key, value]),
    letters: letters.map(({ value, headers }) => [value, headers['millrace-operator']]),
    operators
  }
}

test('a fused chain and the same functions with promises come to the same', async () => {
  const texts = [
    ['map', 'function a(v) { if (v.endsWith("7")) throw new Error("7"); return v + "1" }'],
    ['filter', 'function b(v) { return v.startsWith("3") ? 0 : !v.startsWith("4") }'],
    ['filter-map', 'function c(v) { return v.startsWith("2") ? null : keyed("k" + v, v) }'],
    ['flat-map', 'function d(v) { return v.startsWith("5") ? [] : [v, v + "x"] }'],
    ['map', 'function e(v) { if (v.startsWith("12")) return undefined; return v }']
  ] as const
  const plain = texts.map(([operator, text]) => step(operator, text))
  const slow = texts.map(([operator, text]) => step(operator, `async ${text}`))
  const mixed = plain.map((one, at) => (at % 2 === 0 ? one : slow[at]!))
  const expected = await outcome(slow)
  assert.deepEqual(await outcome(plain), expected)
  assert.deepEqual(await outcome(mixed), expected)
})
