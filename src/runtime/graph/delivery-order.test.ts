// The order in which services see one record.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServicePlan } from '../../dataflow/plan.ts'
import {
  partition,
  plan,
  reference,
  service,
  state,
  step,
  string,
  topic,
  u32,
  Bench
} from '../test-kit.ts'
import { readersInOrder, sinksInOrder } from './delivery-order.ts'

const topics = ['in', 'middle', 'left', 'right', 'out'].map(name => topic(name))

function writer(name: string, source: string, ...sinks: string[]): ServicePlan {
  return service(name, {
    sources: [source],
    states: [state('n', string, u32)],
    partition: partition(
      step('assign-key', 'function one() { return "k" }', { outputKey: string }),
      step('update-state', 'function up(v, ctx) { ctx.state.n.update(n => n + 1); return v }')
    ),
    sinks
  })
}

function reader(name: string, source: string, of: string, ...sinks: string[]): ServicePlan {
  const peek = 'function peek(v, ctx) { return v + ctx.state.n.at("k").get() }'
  return service(name, {
    sources: [source],
    states: [reference(of, 'n')],
    steps: [step('map', peek)],
    sinks
  })
}

const namesOf = (services: readonly ServicePlan[]) => services.map(one => one.name)

test('keeps the order of the file where nobody looks into a state', () => {
  const one = plan(topics, [writer('a', 'in'), writer('b', 'in'), writer('c', 'in')])
  assert.deepEqual(namesOf(readersInOrder(one, 'in')), ['a', 'b', 'c'])
})

test('puts a reader before the writer beside it, wherever the file has it', () => {
  const one = plan(topics, [
    writer('w', 'in'),
    service('x', { sources: ['in'], sinks: [] }),
    reader('r', 'in', 'w')
  ])
  assert.deepEqual(namesOf(readersInOrder(one, 'in')), ['x', 'r', 'w'])
})

test('puts a reader before the service whose output the writer takes', () => {
  const pass = service('pass', { sources: ['in'], sinks: ['middle'] })
  const one = plan(topics, [pass, writer('w', 'middle'), reader('r', 'in', 'w')])
  assert.deepEqual(namesOf(readersInOrder(one, 'in')), ['r', 'pass'])
})

test('leaves a reader downstream of its writer behind it', () => {
  const one = plan(topics, [writer('w', 'in', 'middle'), reader('r', 'middle', 'w')])
  assert.deepEqual(namesOf(readersInOrder(one, 'in')), ['w'])
})

test('keeps the order of the file for services that look into each other', () => {
  const both = [writer('a', 'in'), writer('b', 'in')]
  const [a, b] = both.map((one, at) => ({
    ...one,
    states: [...one.states, reference('ba'[at]!, 'n')]
  }))
  assert.deepEqual(namesOf(readersInOrder(plan(topics, [a!, b!]), 'in')), ['a', 'b'])
})

test('sends a record first to the sink behind which a state is read', () => {
  const split = service('split', { sources: ['in'], sinks: ['left', 'right'] })
  const one = plan(topics, [split, writer('w', 'left'), reader('r', 'right', 'w')])
  assert.deepEqual(sinksInOrder(one, split), [1, 0])
})

test('a reader that the file has behind its writer does not see its own record', async () => {
  const one = plan(topics, [writer('w', 'in'), reader('r', 'in', 'w', 'out')])
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b', 'c'])
  await bench.drain(one)
  assert.deepEqual(await bench.values('out'), ['a0', 'b1', 'c2'])
})
