// Asynchronous and remote functions: one call an address, batches, retries, handshakes, back-pressure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BATCH_BYTES_MAX,
  FUNCTION_MESSAGE_BYTES_MAX,
  FUNCTION_STATE_BYTES_MAX
} from '../../../base/index.ts'
import {
  type Effects,
  NO_EXPIRATION,
  type TypedValue,
  addressOf,
  intType,
  statefulFunction,
  stringType,
  typedValue,
  valueSpec
} from '../../sdk/index.ts'
import type { FunctionEndpoint } from '../contract.ts'
import { Gate, NOTHING, countingEndpoint, records, settle, toCounter } from '../gate.cases.ts'
import { FunctionsBench, egressToTopic, intOf } from '../kit.cases.ts'

const count = valueSpec({ name: 'count', type: intType })

test('one call an address is under way; what waits goes in batches', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const counting = countingEndpoint(gate)
  let withoutStates = 0
  const endpoint: FunctionEndpoint = {
    ...counting,
    call(batch, signal) {
      if (batch.state.length === 0) withoutStates++
      return counting.call(batch, signal)
    }
  }
  const app = { functions: [], endpoints: [endpoint], ingresses: [toCounter] }
  const running = await bench.start(app)
  await bench.bench.feed('in', [...records('a', 8), ...records('b', 2)])
  await settle(bench)
  assert.deepEqual(gate.calls, ['a: 1', 'b: 2'])
  assert.equal(withoutStates, 1, 'until its states are known a type is called once at a time')
  gate.openOne()
  await settle(bench)
  assert.deepEqual(gate.calls, ['a: 1', 'b: 2', 'a: 5'])
  const a = addressOf('test/counter', 'a')
  assert.equal(running.mailboxDepth(a), 7)
  const { functions, mailboxBytes } = await running.metrics()
  assert.equal(functions[0]!.numBacklog, 9)
  assert.equal(functions[0]!.inflightAsyncOps, 2)
  assert.ok(mailboxBytes > 0)
  gate.open()
  await running.drain()
  assert.deepEqual(gate.calls.slice(3), ['a: 2'])
  assert.equal((await running.metrics()).mailboxBytes, 0)
  assert.equal(intOf(running, a, 'count'), 8)
  assert.equal(running.mailboxDepth(a), 0)
})

test('waiting messages and calls under way are done again after a stop, their effects once', async () => {
  const bench = new FunctionsBench()
  const shut = new Gate()
  const app = { functions: [], ingresses: [toCounter] }
  const first = await bench.start({ ...app, endpoints: [countingEndpoint(shut)] })
  await bench.bench.feed('in', [...records('a', 3), ...records('b', 1)])
  await settle(bench)
  assert.equal(first.mailboxDepth(addressOf('test/counter', 'a')), 3)
  await first.stop()
  shut.open()
  const gate = new Gate()
  gate.open()
  await bench.bench.feed('in', records('a', 1))
  const second = await bench.drain({ ...app, endpoints: [countingEndpoint(gate)] })
  assert.equal(intOf(second, addressOf('test/counter', 'a'), 'count'), 4)
  assert.equal(intOf(second, addressOf('test/counter', 'b'), 'count'), 1)
})

test('a handler with a promise gets its messages one after another, with the state in between', async () => {
  const bench = new FunctionsBench()
  const seen: number[] = []
  const counter = statefulFunction({
    typename: 'test/counter',
    specs: [count],
    async handler(context) {
      const before = context.storage.count.get() ?? 0
      await bench.clock.yield()
      seen.push(before)
      context.storage.count.set(before + 1)
    }
  })
  const app = { functions: [counter], ingresses: [toCounter] }
  await bench.createTopics(bench.options(app))
  await bench.bench.feed('in', records('a', 20))
  const running = await bench.drain(app)
  assert.deepEqual(seen, [...Array(20).keys()])
  assert.equal(intOf(running, addressOf('test/counter', 'a'), 'count'), 20)
})

test('of a batch that fails only the messages that fail alone become dead letters', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const sizes: number[] = []
  const counter = statefulFunction({
    typename: 'test/counter',
    specs: [count],
    async handler(context, message) {
      await gate.enter('', 1)
      sizes.push(1)
      if (Buffer.from(message.rawValue).toString() === 'bad') throw new TypeError('bad message')
      context.storage.count.set((context.storage.count.get() ?? 0) + 1)
    }
  })
  const running = await bench.start({ functions: [counter], ingresses: [toCounter] })
  const values = ['x', 'x', 'bad', 'x', 'bad', 'x']
  await bench.bench.feed(
    'in',
    values.map(value => ({ key: 'a', value, headers: { trace: '7' } }))
  )
  await settle(bench)
  gate.open()
  await running.drain()
  assert.equal(intOf(running, addressOf('test/counter', 'a'), 'count'), 4)
  const letters = await bench.read('app.dead-letter')
  assert.deepEqual(
    letters.map(({ key, value, headers }) => [
      key,
      value,
      headers['millrace-offset'],
      headers['trace']
    ]),
    [
      ['a', 'bad', '2', '7'],
      ['a', 'bad', '4', '7']
    ]
  )
  assert.match(letters[0]!.headers['millrace-error-message']!, /bad message/)
  assert.equal((await running.metrics()).functions[0]!.failed, 2)
})

test('a handler that throws is tried again after a while; others go on meanwhile', async () => {
  const bench = new FunctionsBench()
  const tries: string[] = []
  const counter = statefulFunction({
    typename: 'test/counter',
    specs: [count],
    handler(context) {
      const { id } = context.self
      tries.push(id)
      if (id === 'a' && tries.filter(one => one === 'a').length < 3) throw new Error('not now')
      if (id === 'c') throw new Error('never')
      context.storage.count.set((context.storage.count.get() ?? 0) + 1)
    }
  })
  const retries = { retries: 2, backoffMs: 100, backoffMaxMs: 1_000 }
  const running = await bench.start({ functions: [counter], ingresses: [toCounter], retries })
  await bench.bench.feed(
    'in',
    ['a', 'b', 'a', 'c'].map(key => ({ key, value: 'x' }))
  )
  await settle(bench)
  assert.deepEqual(tries, ['a', 'b', 'c'])
  await bench.clock.advance(99)
  assert.equal(tries.length, 3)
  await bench.clock.advance(1)
  await settle(bench)
  assert.deepEqual(tries.slice(3).toSorted(), ['a', 'c'])
  await bench.clock.advance(200)
  await running.drain()
  assert.equal(intOf(running, addressOf('test/counter', 'a'), 'count'), 2)
  assert.equal(tries.length, 8)
  const letters = await bench.read('app.dead-letter')
  assert.deepEqual(
    letters.map(({ key, headers }) => [key, headers['millrace-attempts']]),
    [['c', '3']]
  )
})

test('a remote function that never stops asking for states is given up', async () => {
  const bench = new FunctionsBench()
  let calls = 0
  const endpoint: FunctionEndpoint = {
    functions: 'test/counter',
    call() {
      const name = `value_${calls++}`
      const spec = { name, typename: intType.typename, expiration: NO_EXPIRATION }
      return Promise.resolve({ kind: 'missing', specs: [spec] })
    }
  }
  const app = { functions: [], endpoints: [endpoint], ingresses: [toCounter] }
  await bench.createTopics(bench.options(app))
  await bench.bench.feed('in', records('a', 1))
  await bench.drain(app)
  const [letter] = await bench.read('app.dead-letter')
  assert.equal(letter!.headers['millrace-error-code'], 'FUNCTION_HANDSHAKE')
  assert.equal(calls, 8)
})

function mutation(name: string, value: TypedValue): Effects<TypedValue> {
  return { ...NOTHING, mutations: [{ name, value }] }
}

test('what an endpoint may not answer becomes a dead letter with the reason', async () => {
  const text = typedValue('x', stringType)
  const large = (bytes: number) => ({ ...text, bytes: Buffer.alloc(bytes) })
  const target = addressOf('test/counter', 'b')
  const cases: [string, Effects<TypedValue>][] = [
    ['FUNCTION_STATE_UNKNOWN', mutation('other', text)],
    ['FUNCTION_EFFECT', mutation('count', text)],
    [
      'FUNCTION_EFFECT',
      {
        ...NOTHING,
        delayed: [{ kind: 'send', delayMs: -1, target, argument: text, cancellationToken: null }]
      }
    ],
    ['FUNCTION_EFFECT', { ...NOTHING, delayed: [{ kind: 'cancel', cancellationToken: '' }] }],
    [
      'FUNCTION_MESSAGE_TOO_LARGE',
      { ...NOTHING, messages: [{ target, argument: large(FUNCTION_MESSAGE_BYTES_MAX + 1) }] }
    ],
    [
      'FUNCTION_STATE_TOO_LARGE',
      mutation('count', { ...large(FUNCTION_STATE_BYTES_MAX), typename: intType.typename })
    ],
    [
      'RECORD_TOO_LARGE',
      { ...NOTHING, egress: [{ egress: 'test/out', argument: large(BATCH_BYTES_MAX) }] }
    ],
    ['EGRESS_UNKNOWN', { ...NOTHING, egress: [{ egress: 'test/none', argument: text }] }],
    [
      'FUNCTION_ADDRESS',
      { ...NOTHING, messages: [{ target: { ...target, id: 'x'.repeat(5_000) }, argument: text }] }
    ]
  ]
  for (const [code, effects] of cases) {
    const bench = new FunctionsBench()
    const endpoint: FunctionEndpoint = {
      functions: 'test/counter',
      call: ({ state }) =>
        Promise.resolve(
          state.length === 0
            ? {
                kind: 'missing',
                specs: [{ name: 'count', typename: intType.typename, expiration: NO_EXPIRATION }]
              }
            : { kind: 'effects', effects }
        )
    }
    const egresses = [egressToTopic('test/out', 'out')]
    const app = { functions: [], endpoints: [endpoint], ingresses: [toCounter], egresses }
    await bench.createTopics(bench.options(app))
    await bench.bench.feed('in', records('a', 1))
    await bench.drain(app)
    const letters = await bench.read('app.dead-letter')
    assert.deepEqual(
      letters.map(({ headers }) => headers['millrace-error-code']),
      [code]
    )
  }
})

/** Asks for a value "count" of each of the types in turn, then sets it as the last of them. */
function asking(...types: readonly (typeof intType | typeof stringType)[]): FunctionEndpoint {
  let calls = 0
  return {
    functions: 'test/counter',
    call() {
      const type = types[calls++]
      if (type === undefined) {
        const { typename } = types.at(-1)!
        const effects = mutation('count', { typename, bytes: Buffer.alloc(0) })
        return Promise.resolve({ kind: 'effects', effects })
      }
      const spec = { name: 'count', typename: type.typename, expiration: NO_EXPIRATION }
      return Promise.resolve({ kind: 'missing', specs: [spec] })
    }
  }
}

test('a remote function that declares a value as another type gets no more of it', async () => {
  const bench = new FunctionsBench()
  const app = { functions: [], ingresses: [toCounter] }
  await bench.createTopics(bench.options(app))
  const codes = async (): Promise<(string | undefined)[]> =>
    (await bench.read('app.dead-letter')).map(({ headers }) => headers['millrace-error-code'])
  await bench.bench.feed('in', records('a', 1))
  await bench.drain({ ...app, endpoints: [asking(intType, stringType)] })
  assert.deepEqual(await codes(), ['FUNCTION_STATE_CONFLICT'])
  // As the next start does it: the stored values say what they are.
  await bench.bench.feed('in', records('a', 1))
  await bench.drain({ ...app, endpoints: [asking(intType)] })
  assert.deepEqual((await codes()).length, 1)
  await bench.bench.feed('in', [...records('a', 1), ...records('b', 1)])
  const running = await bench.drain({ ...app, endpoints: [asking(stringType)] })
  assert.deepEqual((await codes()).slice(1), ['STATE_TYPE_CHANGED'])
  assert.equal(running.state(addressOf('test/counter', 'b'))[0]?.typename, stringType.typename)
})
