// Applications of functions end to end on the log in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  stringType,
  egressTo,
  valueSpec
} from '../sdk/index.ts'
import { FunctionsBench, egressToTopic, intOf } from './kit.cases.ts'

const counter = statefulFunction({
  typename: 'test/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
  }
})

const toCounter = {
  kind: 'targets',
  topic: 'in',
  valueType: 'test/text',
  targets: ['test/counter']
} as const

test('counts the records of each key, and goes on counting after a restart', async () => {
  const bench = new FunctionsBench()
  const app = { functions: [counter], ingresses: [toCounter] }
  await bench.createTopics(bench.options(app))
  await bench.bench.feed(
    'in',
    ['a', 'b', 'a'].map(key => ({ key, value: 'x' }))
  )
  await bench.drain(app)
  await bench.bench.feed('in', [{ key: 'a', value: 'x' }])
  const running = await bench.drain(app)
  assert.equal(intOf(running, addressOf('test/counter', 'a'), 'count'), 3)
  assert.equal(intOf(running, addressOf('test/counter', 'b'), 'count'), 1)
  assert.equal(intOf(running, addressOf('test/counter', 'c'), 'count'), null)
})

test('chains functions over several tasks, into a topic', async () => {
  const bench = new FunctionsBench()
  const relay = statefulFunction({
    typename: 'test/relay',
    handler(context, message) {
      const step = Number(context.self.id.split('-')[1] ?? 0)
      const text = `${message.is(stringType) ? message.asString() : ''}>${context.self.id}`
      if (step === 5) context.egress(egressTo('test/out', text, stringType))
      else {
        const next = addressOf('test/relay', `${context.self.id.split('-')[0]}-${step + 1}`)
        context.send(messageTo(next, text, stringType))
      }
    }
  })
  const app = {
    functions: [relay],
    ingresses: [{ ...toCounter, targets: ['test/relay'] }],
    egresses: [egressToTopic('test/out', 'out')],
    tasks: 3
  }
  await bench.createTopics(bench.options(app), 2)
  await bench.bench.log.createTopic('out')
  await bench.bench.feed(
    'in',
    ['a', 'b', 'c'].map(key => ({ key, value: 'x' }))
  )
  const running = await bench.drain(app)
  const values = (await bench.read('out')).map(line => line.value!.slice(2)).toSorted()
  assert.deepEqual(
    values,
    ['a', 'b', 'c'].map(id => `>${id}>${id}-1>${id}-2>${id}-3>${id}-4>${id}-5`).toSorted()
  )
  const { functions } = await running.metrics()
  assert.ok(functions[0]!.outRemote > 0 && functions[0]!.outLocal > 0)
})
