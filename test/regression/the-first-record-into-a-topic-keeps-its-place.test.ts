// The first egress into a topic waited for the topic to be looked up, and later records overtook it and what followed.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { messageTo, statefulFunction, stringType } from '../../src/functions/index.ts'
import { egressTo } from '../../src/functions/index.ts'
import { FunctionsBench, egressToTopic } from '../../src/functions/runtime/kit.cases.ts'

test('what a record causes is done before the next, also where it names a topic first', async () => {
  const bench = new FunctionsBench()
  const speaker = statefulFunction({
    typename: 'test/speaker',
    handler(context, message) {
      const isFirst = !message.is(stringType)
      const text = isFirst ? Buffer.from(message.rawValue).toString() : message.asString()
      if (isFirst) context.send(messageTo(context.self, `${text} again`, stringType))
      context.egress(egressTo('test/out', text, stringType))
    }
  })
  const app = bench.options({
    functions: [speaker],
    ingresses: [{ kind: 'targets', topic: 'in', valueType: 'test/raw', targets: ['test/speaker'] }],
    egresses: [egressToTopic('test/out', 'out')]
  })
  await bench.createTopics(app)
  await bench.bench.log.createTopic('out')
  const records = ['a', 'b', 'c'].map(key => ({ key, value: key }))
  await bench.bench.feed('in', records)
  await bench.drain(app)
  const said = (await bench.read('out')).map(line => line.value!.slice(2))
  deepStrictEqual(said, ['a', 'a again', 'b', 'b again', 'c', 'c again'])
})
