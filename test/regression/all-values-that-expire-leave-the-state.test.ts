// A sweep removed ten thousand expired values of functions at most, and the next one came after half their life: where
// more expired, the state grew for ever. A sweep also held everything else up while it looked at all addresses.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { intType, statefulFunction, valueSpec } from '../../src/functions/index.ts'
import { FunctionsBench } from '../../src/functions/runtime/kit.cases.ts'

const ADDRESSES = 25_000
const LIFE_MS = 10 * 60_000

const visitor = statefulFunction({
  typename: 'test/visitor',
  specs: [
    valueSpec({ name: 'seen', type: intType, expireAfterWriteMs: LIFE_MS }),
    valueSpec({ name: 'kept', type: intType })
  ],
  handler({ self, storage }) {
    storage.seen.set(1)
    if (self.id === 'regular') storage.kept.set(1)
  }
})

test('one sweep removes all values whose time is over, however many they are', async () => {
  const bench = new FunctionsBench()
  const ingress = { kind: 'targets', topic: 'in', valueType: intType.typename } as const
  const app = { functions: [visitor], ingresses: [{ ...ingress, targets: ['test/visitor'] }] }
  const running = await bench.start(app)
  const ids = Array.from({ length: ADDRESSES }, (_, index) => `id-${index}`)
  await bench.feedInts(
    'in',
    [...ids, 'regular'].map(id => [id, 1])
  )
  await running.settle()
  await bench.clock.advance(LIFE_MS - 1)
  await running.settle()
  strictEqual(await running.countAddresses('test/visitor', ADDRESSES + 2), ADDRESSES + 1)
  // Sweeps come every half of a life.
  await bench.clock.advance(LIFE_MS / 2)
  for (let turn = 0; turn < 50; turn++) await bench.clock.advance(0)
  await running.settle()
  strictEqual(await running.countAddresses('test/visitor', ADDRESSES + 2), 1)
  const regular = { namespace: 'test', type: 'visitor', id: 'regular' }
  strictEqual(
    running
      .state(regular)
      .map(({ name }) => name)
      .join(),
    'kept'
  )
  await running.stop()
})
