// A task takes delayed messages by the time at which its slice of work began. One that fell due within the slice was
// looked for again and again without an end: the process stood still with a busy processor.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../src/base/index.ts'
import {
  egressTo,
  intType,
  messageTo,
  statefulFunction,
  stringType
} from '../../src/functions/index.ts'
import { FunctionsBench, egressToTopic } from '../../src/functions/runtime/kit.cases.ts'

/** A clock whose wall time goes on with every look at it, as a busy machine's does. */
class RestlessClock extends SimulatedClock {
  looks = 0

  override now(): number {
    ok(this.looks < 100_000, 'the task looks at the clock without an end')
    return super.now() + this.looks++
  }
}

const alarm = statefulFunction({
  typename: 'test/alarm',
  handler(context, message) {
    if (message.isString()) context.egress(egressTo('test/out', message.asString(), stringType))
    else context.sendAfter(1, messageTo(context.self, 'rings', stringType))
  }
})

test('a delayed message that falls due within a slice of work is sent in the next one', async () => {
  const clock = new RestlessClock()
  const bench = new FunctionsBench(clock)
  await bench.bench.log.createTopic('out')
  const app = {
    functions: [alarm],
    ingresses: [
      {
        kind: 'targets',
        topic: 'in',
        valueType: intType.typename,
        targets: ['test/alarm']
      } as const
    ],
    egresses: [egressToTopic('test/out', 'out')]
  }
  const running = await bench.start(app)
  await bench.feedInts('in', [['a', 1]])
  while (running.status === 'running' && (await running.metrics()).invocations < 2) {
    await clock.advance(1)
  }
  await running.stop()
  const texts = (await bench.read('out')).map(({ value }) =>
    stringType.deserialize(Buffer.from(value!))
  )
  deepStrictEqual(texts, ['rings'])
})
