// A delay counted from when the task's slice of work had begun. A handler that computed for a second and then sent a
// message for half a second later got it at once, half a second too early for whoever waited.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../src/base/index.ts'
import { intType, messageTo, statefulFunction } from '../../src/functions/index.ts'
import { FunctionsBench } from '../../src/functions/runtime/kit.cases.ts'

/** On which a handler can let time pass. */
class LateClock extends SimulatedClock {
  lateMs = 0

  override now(): number {
    return super.now() + this.lateMs
  }
}

test('a delay counts from the end of the invocation, however long its handler has taken', async () => {
  const clock = new LateClock()
  const bench = new FunctionsBench(clock)
  const slow = statefulFunction({
    typename: 'test/slow',
    handler(context) {
      if (context.caller !== null) return
      clock.lateMs += 1_000
      context.sendAfter(500, messageTo(context.self, 1, intType))
    }
  })
  const ingress = { kind: 'targets', topic: 'in', valueType: intType.typename } as const
  const app = { functions: [slow], ingresses: [{ ...ingress, targets: ['test/slow'] }] }
  const running = await bench.start(app)
  await bench.feedInts('in', [['a', 1]])
  await clock.advance(0)
  strictEqual(running.timers()[0]?.dueAt, clock.now() + 500)
  await running.stop()
})
