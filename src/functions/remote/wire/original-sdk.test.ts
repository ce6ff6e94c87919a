// Our wire code against the original JavaScript SDK, unmodified; and our handler against the same expectations.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import {
  egressMessageBuilder,
  kafkaEgressMessage,
  messageBuilder,
  StateFun
} from 'apache-flink-statefun'
import {
  addressOf,
  boolType,
  egressTo,
  floatType,
  intType,
  jsonType,
  kafkaEgress,
  messageTo,
  requestReplyHandler,
  statefulFunction,
  stringType,
  typedValue,
  valueSpec,
  type TypedValue
} from '../../sdk/index.ts'
import { protocol3, type FromFunction, type ToFunction } from './index.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

const orderType = jsonType<{ item: string }>('shop/order')
const target = addressOf('shop/cart', 'joe')
const caller = addressOf('shop/stock', 'socks')

/** One function that does everything, written for the original SDK. */
function original(): Listener {
  const statefun = new StateFun()
  const order = StateFun.jsonType('shop/order')
  statefun.bind({
    typename: 'shop/cart',
    specs: [
      { name: 'count', type: StateFun.intType(), expireAfterCall: 2000 },
      { name: 'name', type: StateFun.stringType(), expireAfterWrite: 1000 },
      { name: 'last', type: order },
      { name: 'gone', type: StateFun.booleanType() },
      { name: 'price', type: StateFun.floatType() }
    ],
    fn(context, message) {
      const { storage } = context
      storage.count = (storage.count ?? 0) + 1
      storage.name = message.isString() ? message.asString() : ''
      storage.last = { item: String(context.caller?.typename ?? 'ingress') }
      storage.gone = null
      storage.price = 1.5
      context.send(messageBuilder({ typename: 'shop/stock', id: 'socks', value: 0 }))
      context.sendAfter(
        60_000,
        messageBuilder({
          typename: 'shop/cart',
          id: 'joe',
          value: { item: 'x' },
          valueType: order
        }),
        'timer'
      )
      context.cancelDelayedMessage('older')
      context.send(
        egressMessageBuilder({
          typename: 'shop/out',
          value: 'bye',
          valueType: StateFun.stringType()
        })
      )
      context.send(
        kafkaEgressMessage({ typename: 'shop/kafka', topic: 'sales', key: 'joe', value: 'sold' })
      )
    }
  })
  return statefun.handler() as Listener
}

/** The same function, written for ours. */
function ours(): Listener {
  const cart = statefulFunction({
    typename: 'shop/cart',
    specs: [
      valueSpec({ name: 'count', type: intType, expireAfterInvokeMs: 2000 }),
      valueSpec({ name: 'name', type: stringType, expireAfterWriteMs: 1000 }),
      valueSpec({ name: 'last', type: orderType }),
      valueSpec({ name: 'gone', type: boolType }),
      valueSpec({ name: 'price', type: floatType })
    ],
    handler(context, message) {
      const { storage } = context
      storage.count.set((storage.count.get() ?? 0) + 1)
      storage.name.set(message.isString() ? message.asString() : '')
      const from = context.caller
      storage.last.set({ item: from === null ? 'ingress' : `${from.namespace}/${from.type}` })
      storage.gone.remove()
      storage.price.set(1.5)
      context.send(messageTo(addressOf('shop/stock', 'socks'), 0, intType))
      context.sendAfter(60_000, messageTo(context.self, { item: 'x' }, orderType), {
        cancellationToken: 'timer'
      })
      context.cancelDelayedMessage('older')
      context.egress(egressTo('shop/out', 'bye', stringType))
      context.egress(
        kafkaEgress({ typename: 'shop/kafka', topic: 'sales', key: 'joe', value: 'sold' })
      )
    }
  })
  return requestReplyHandler({ functions: [cart], onError: () => undefined })
}

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: Buffer
}

/** Calls a listener without a socket. */
function ask(listener: Listener, body: Uint8Array): Promise<Answer> {
  return new Promise(resolve => {
    const request = Object.assign(Readable.from([Buffer.from(body)]), {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      complete: true
    })
    let status = 0
    let type: string | undefined
    const response = {
      writeHead(code: number, headers: Record<string, string>) {
        status = code
        type = headers['content-type'] ?? headers['Content-Type']
      },
      end: (sent?: Uint8Array) => resolve({ status, type, body: Buffer.from(sent ?? []) })
    }
    void listener(request as never, response as never)
  })
}

async function reply(listener: Listener, request: ToFunction): Promise<FromFunction> {
  const { status, type, body } = await ask(listener, protocol3.encodeToFunction(request))
  strictEqual(status, 200)
  strictEqual(type, 'application/octet-stream')
  return protocol3.decodeFromFunction(body)
}

const absent = ['count', 'name', 'last', 'gone', 'price'].map(name => ({ name, value: null }))
const text = (value: string): TypedValue => typedValue(value, stringType)
const invocation = { caller: null, argument: text('hello') }
/** Views of payloads as texts, so that they compare by content. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, hexOf))
function hexOf(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key]
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('hex') : value
}

const expectedEffects = (count: number, last: string) => ({
  mutations: [
    { name: 'count', value: typedValue(count, intType) },
    { name: 'name', value: text('hello') },
    { name: 'last', value: typedValue({ item: last }, orderType) },
    { name: 'gone', value: null },
    { name: 'price', value: typedValue(1.5, floatType) }
  ],
  messages: [messageTo(addressOf('shop/stock', 'socks'), 0, intType)],
  delayed: [
    {
      kind: 'send',
      delayMs: 60_000,
      ...messageTo(target, { item: 'x' }, orderType),
      cancellationToken: 'timer'
    },
    { kind: 'cancel', cancellationToken: 'older' }
  ],
  egress: [
    egressTo('shop/out', 'bye', stringType),
    kafkaEgress({ typename: 'shop/kafka', topic: 'sales', key: 'joe', value: 'sold' })
  ]
})

for (const [name, make] of [
  ['the original SDK', original],
  ['our handler', ours]
] as const) {
  test(`${name} asks for every state that it was not sent`, async () => {
    const none = await reply(make(), { target, state: [], invocations: [invocation] })
    const missing = [
      ['count', 'io.statefun.types/int', { mode: 'after-invoke', durationMs: 2000 }],
      ['name', 'io.statefun.types/string', { mode: 'after-write', durationMs: 1000 }],
      ['last', 'shop/order', { mode: 'none', durationMs: 0 }],
      ['gone', 'io.statefun.types/bool', { mode: 'none', durationMs: 0 }],
      ['price', 'io.statefun.types/float', { mode: 'none', durationMs: 0 }]
    ].map(([name, typename, expiration]) => ({ name, typename, expiration }))
    deepStrictEqual(none, { kind: 'incomplete', missing })
    const some = { target, state: absent.slice(1), invocations: [invocation] }
    deepStrictEqual(await reply(make(), some), {
      kind: 'incomplete',
      missing: missing.slice(0, 1)
    })
  })

  test(`${name} gives all effects, from an ingress and without states`, async () => {
    const answer = await reply(make(), { target, state: absent, invocations: [invocation] })
    deepStrictEqual(
      plain(answer),
      plain({ kind: 'result', effects: expectedEffects(1, 'ingress') })
    )
  })

  test(`${name} sees the states and the caller that it is sent`, async () => {
    const zero = { name: 'count', value: typedValue(0, intType) }
    const state = [{ ...zero, value: typedValue(41, intType) }, ...absent.slice(1)]
    const fromStock = { caller, argument: text('hello') }
    const answer = await reply(make(), { target, state, invocations: [fromStock] })
    deepStrictEqual(
      plain(answer),
      plain({ kind: 'result', effects: expectedEffects(42, 'shop/stock') })
    )
    const afterZero = await reply(make(), {
      target,
      state: [zero, ...absent.slice(1)],
      invocations: [fromStock]
    })
    ok(afterZero.kind === 'result')
    deepStrictEqual(plain(afterZero.effects.mutations[0]?.value), plain(typedValue(1, intType)))
  })

  test(`${name} ignores states that it has not declared`, async () => {
    const state = [...absent, { name: 'foreign', value: text('x') }]
    const answer = await reply(make(), { target, state, invocations: [invocation] })
    strictEqual(answer.kind, 'result')
  })

  test(`${name} refuses a state of another type, an unknown function, and noise`, async () => {
    const state = [{ name: 'count', value: text('x') }, ...absent.slice(1)]
    const wrongType = protocol3.encodeToFunction({ target, state, invocations: [invocation] })
    strictEqual((await ask(make(), wrongType)).status, 500)
    const unknown = { target: addressOf('a/b', ''), state: [], invocations: [invocation] }
    const isOriginal = name === 'the original SDK'
    const unknownStatus = (await ask(make(), protocol3.encodeToFunction(unknown))).status
    strictEqual(unknownStatus, isOriginal ? 500 : 404)
    for (const noise of [[], [0xff], [0xa2, 0x06, 0x7f]]) {
      strictEqual((await ask(make(), Uint8Array.from(noise))).status, isOriginal ? 500 : 400)
    }
  })
}
