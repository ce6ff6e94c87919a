// What ingresses, egresses, expirations and wrong input come to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import protobuf from 'protobufjs/minimal.js'
import { TickingClock } from '../../../../test/runtime/crashing-log.ts'
import { SimulatedClock } from '../../../base/index.ts'
import {
  type StatefulFunction,
  addressOf,
  egressTo,
  intType,
  messageTo,
  simpleType,
  statefulFunction,
  stringType,
  valueSpec
} from '../../sdk/index.ts'
import type { IngressRecord, RoutedMessage } from '../contract.ts'
import { type AppOptions, FunctionsBench, egressToTopic, intOf } from '../kit.cases.ts'

const toFunction = {
  kind: 'targets',
  topic: 'in',
  valueType: 'test/record',
  targets: ['test/fn']
} as const

async function opened(app: AppOptions, clock = new SimulatedClock()): Promise<FunctionsBench> {
  const bench = new FunctionsBench(clock)
  await bench.createTopics(bench.options(app))
  return bench
}

const silent = statefulFunction({ typename: 'test/fn', handler() {} })

test('records without key or value become dead letters as they are', async () => {
  const app = { functions: [silent], ingresses: [toFunction] }
  const bench = await opened(app)
  await bench.bench.feed('in', [
    { key: null, value: 'no key', headers: { trace: '1' } },
    { key: 'a', value: null },
    { key: '', value: 'an empty id is an id' }
  ])
  const running = await bench.drain(app)
  const letters = await bench.read('app.dead-letter')
  assert.deepEqual(
    letters.map(({ key, value, headers }) => [key, value, headers['millrace-error-code']]),
    [
      [null, 'no key', 'INGRESS_KEY_NULL'],
      ['a', null, 'INGRESS_VALUE_NULL']
    ]
  )
  assert.equal(letters[0]!.headers['trace'], '1')
  assert.equal((await running.metrics()).functions[0]!.in, 1)
})

test('a message to a type that nobody defines is a dead letter; its sender goes on', async () => {
  const sender = statefulFunction({
    typename: 'test/fn',
    specs: [valueSpec({ name: 'count', type: intType })],
    handler(context) {
      context.storage.count.set((context.storage.count.get() ?? 0) + 1)
      context.send(messageTo(addressOf('test/nobody', 'x'), 'hello', stringType))
    }
  })
  const app = { functions: [sender], ingresses: [toFunction] }
  const bench = await opened(app)
  await bench.bench.feed('in', [{ key: 'a', value: 'x' }])
  const running = await bench.drain(app)
  const [letter] = await bench.read('app.dead-letter')
  assert.equal(letter!.headers['millrace-error-code'], 'FUNCTION_UNKNOWN')
  assert.equal(letter!.headers['millrace-caller'], 'test/fn/a')
  assert.equal(letter!.headers['millrace-function'], 'test/nobody')
  assert.equal(intOf(running, addressOf('test/fn', 'a'), 'count'), 1)
})

/** To a type of its own for each record. */
function toNobody({ offset }: IngressRecord): RoutedMessage[] {
  return [messageTo(addressOf(`test/none-${offset}`, 'x'), 'hello', stringType)]
}

test('of types that nobody defines only so many are told of one by one', async () => {
  const app: AppOptions = {
    functions: [],
    ingresses: [{ kind: 'router', topic: 'in', route: toNobody }]
  }
  const bench = await opened(app)
  await bench.bench.feed(
    'in',
    Array.from({ length: 1_500 }, () => 'x')
  )
  await bench.drain(app)
  assert.equal((await bench.read('app.dead-letter')).length, 1_500)
  assert.equal(bench.lines.length, 1_000 + 20)
  assert.match(bench.lines.at(-1)!.message, /test\/none-1019 .*; dead letter, 20 here so far/)
})

test('a router reads headers and says who the caller is; functions can send to it', async () => {
  const seen: unknown[] = []
  const app: AppOptions = {
    functions: [
      statefulFunction({
        typename: 'test/fn',
        handler(context) {
          seen.push(context.caller)
          context.send(messageTo(context.caller!, 'answer', stringType))
        }
      }),
      statefulFunction({
        typename: 'test/door',
        handler: (context, message) => void seen.push(context.self.id, message.asString())
      })
    ],
    ingresses: [
      {
        kind: 'router',
        topic: 'in',
        internal: true,
        route: ({ key, value, headers }) => [
          {
            target: addressOf('test/fn', String(key)),
            argument: { typename: 'test/record', bytes: value! },
            caller: addressOf('test/door', String(headers()[0]!.value))
          }
        ]
      }
    ]
  }
  const bench = await opened(app)
  await bench.bench.feed('in', [{ key: 'a', value: 'x', headers: { request: 'r1' } }])
  await bench.drain(app)
  assert.deepEqual(seen, [addressOf('test/door', 'r1'), 'r1', 'answer'])
  assert.equal((await bench.bench.log.describeTopic('in')).spec.internal, true)
})

test('a router makes any messages of a record; what it throws makes a dead letter', async () => {
  const app: AppOptions = {
    functions: [
      statefulFunction({
        typename: 'test/fn',
        specs: [valueSpec({ name: 'last', type: intType })],
        handler: (context, message) => context.storage.last.set(message.asInt())
      })
    ],
    ingresses: [
      {
        kind: 'router',
        topic: 'in',
        route({ value, offset }) {
          const ids = Buffer.from(value!).toString().split(' ')
          if (ids.includes('bad')) throw new Error('no route')
          return ids.map(id => messageTo(addressOf('test/fn', id), offset, intType))
        }
      }
    ]
  }
  const bench = await opened(app)
  await bench.bench.feed('in', ['a b', 'bad', 'b'])
  const running = await bench.drain(app)
  assert.equal(intOf(running, addressOf('test/fn', 'a'), 'last'), 0)
  assert.equal(intOf(running, addressOf('test/fn', 'b'), 'last'), 2)
  const letters = await bench.read('app.dead-letter')
  assert.deepEqual(
    letters.map(({ value }) => value),
    ['bad']
  )
})

const producerRecord = simpleType<{ topic: string; key: string; value: string }>(
  'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord',
  {
    serialize: ({ topic, key, value }) =>
      protobuf.Writer.create()
        .uint32(0x0a)
        .string(key)
        .uint32(0x12)
        .bytes(Buffer.from(value))
        .uint32(0x1a)
        .string(topic)
        .finish(),
    deserialize: () => ({ topic: '', key: '', value: '' })
  }
)

test('records for topics go to the topics that functions name, also unheard-of ones', async () => {
  const writer = statefulFunction({
    typename: 'test/fn',
    handler(context, message) {
      const topic = Buffer.from(message.rawValue).toString()
      const record = { topic, key: context.self.id, value: `to ${topic}` }
      context.egress(egressTo('test/kafka', record, producerRecord))
    }
  })
  const app: AppOptions = {
    functions: [writer],
    ingresses: [toFunction],
    egresses: [{ typename: 'test/kafka' }]
  }
  const bench = await opened(app)
  await bench.bench.log.createTopic('one')
  await bench.bench.log.createTopic('two')
  await bench.bench.feed(
    'in',
    ['one', 'two', 'none', 'one'].map(value => ({ key: 'k', value }))
  )
  await bench.drain({
    ...app,
    async openTopic(name) {
      return (await bench.bench.log.describeTopic(name)).spec.partitions
    }
  })
  assert.deepEqual(
    (await bench.read('one')).map(({ key, value }) => [key, value]),
    [
      ['k', 'to one'],
      ['k', 'to one']
    ]
  )
  assert.equal((await bench.read('two')).length, 1)
  const [letter] = await bench.read('app.dead-letter')
  assert.equal(letter!.headers['millrace-error-code'], 'TOPIC_UNKNOWN')
  assert.equal(letter!.value, 'none')
})

test('values expire after write or after invoke, exactly, and leave the state', async () => {
  const fn = statefulFunction({
    typename: 'test/fn',
    specs: [
      valueSpec({ name: 'written', type: intType, expireAfterWriteMs: 1_000 }),
      valueSpec({ name: 'used', type: intType, expireAfterInvokeMs: 1_000 }),
      valueSpec({ name: 'kept', type: intType })
    ],
    handler({ storage, egress }, message) {
      if (Buffer.from(message.rawValue).toString() === 'set') {
        storage.written.set(1)
        storage.used.set(2)
        if (message.rawValue.length === 0) egress(egressTo('test/out', '', stringType))
      }
    }
  })
  const app = { functions: [fn], ingresses: [toFunction] }
  const bench = await opened(app)
  const running = await bench.start(app)
  const at = addressOf('test/fn', 'a')
  const names = () => running.state(at).map(({ name }) => name)
  await bench.bench.feed('in', [{ key: 'a', value: 'set' }])
  await bench.clock.advance(0)
  await bench.clock.advance(600)
  assert.deepEqual(names(), ['written', 'used'])
  await bench.bench.feed('in', [{ key: 'a', value: 'look' }])
  await bench.clock.advance(0)
  await bench.clock.advance(399)
  assert.deepEqual(names(), ['written', 'used'])
  await bench.clock.advance(1)
  assert.deepEqual(names(), ['used'], 'a second after it was written')
  await bench.clock.advance(600)
  assert.deepEqual(names(), [], 'a second after the last invocation')
  await bench.clock.advance(10_000)
  await running.drain()
  const again = await bench.start({ ...app, functions: [silent] })
  assert.deepEqual(again.state(at), [])
  await again.stop()
})

/** Sets its value once, of the given type. */
function typed(type: typeof intType | typeof stringType): StatefulFunction {
  return statefulFunction({
    typename: 'test/fn',
    specs: [valueSpec({ name: 'value', type: type as typeof intType })],
    handler(context) {
      const before = context.storage.value.get()
      if (before === null) context.storage.value.set((type === intType ? 1 : 'one') as number)
    }
  })
}

test('a value whose type has changed makes dead letters at its address only', async () => {
  const app = { functions: [typed(intType)], ingresses: [toFunction] }
  const bench = await opened(app)
  await bench.bench.feed('in', [{ key: 'a', value: 'x' }])
  await bench.drain(app)
  await bench.bench.feed(
    'in',
    ['a', 'b'].map(key => ({ key, value: 'x' }))
  )
  const running = await bench.drain({ ...app, functions: [typed(stringType)] })
  const letters = await bench.read('app.dead-letter')
  assert.deepEqual(
    letters.map(({ key, headers }) => [key, headers['millrace-error-code']]),
    [['a', 'STATE_TYPE_CHANGED']]
  )
  assert.equal(running.state(addressOf('test/fn', 'b'))[0]!.typename, stringType.typename)
})

test('functions that send to each other for ever neither stop the ingress nor the commits', async () => {
  const ping = statefulFunction({
    typename: 'test/fn',
    specs: [valueSpec({ name: 'turns', type: intType })],
    handler(context, message) {
      context.storage.turns.set((context.storage.turns.get() ?? 0) + 1)
      if (context.self.id === 'other') return
      const next = context.self.id === 'ping' ? 'pong' : 'ping'
      context.send({
        target: addressOf('test/fn', next),
        argument: { typename: 'test/ball', bytes: message.rawValue }
      })
    }
  })
  const app = { functions: [ping], ingresses: [toFunction] }
  const bench = await opened(app, new TickingClock())
  const running = await bench.start(app)
  await bench.bench.feed('in', [{ key: 'ping', value: 'x' }])
  await bench.clock.advance(0)
  const before = (await running.metrics()).commits
  for (let turn = 0; turn < 20; turn++) await bench.clock.advance(10)
  assert.ok((await running.metrics()).commits > before + 2)
  await running.stop()
  const again = await bench.start(app)
  const turns = intOf(again, addressOf('test/fn', 'ping'), 'turns')!
  for (let turn = 0; turn < 20; turn++) await bench.clock.advance(10)
  assert.ok(intOf(again, addressOf('test/fn', 'ping'), 'turns')! > turns, 'the ball is still there')
  await again.stop()
})

test('says what is wrong with an application before it runs', async () => {
  const bench = new FunctionsBench()
  const twice = { functions: [silent, silent], ingresses: [toFunction] }
  await assert.rejects(bench.start(twice), { code: 'FUNCTION_DUPLICATE' })
  const ingresses = [toFunction, toFunction]
  await assert.rejects(bench.start({ functions: [silent], ingresses }), {
    code: 'INGRESS_DUPLICATE'
  })
  const egresses = [egressToTopic('test/out', 'a'), egressToTopic('test/out', 'b')]
  await assert.rejects(bench.start({ functions: [silent], egresses }), { code: 'EGRESS_DUPLICATE' })
  const app = { functions: [silent], ingresses: [toFunction] }
  await (await bench.start({ ...app, name: 'sized', tasks: 2 })).stop()
  await assert.rejects(bench.start({ ...app, name: 'sized' }), { code: 'TASKS_CHANGED' })
  await assert.rejects(bench.start({ ...app, tasks: 0 }), { code: 'TASKS_INVALID' })
})
