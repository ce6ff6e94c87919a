// Tests the pure invocation: effects, ownership of state values, failures, promises.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../base/index.ts'
import {
  addressOf,
  egressTo,
  intType,
  invoke,
  jsonType,
  messageTo,
  statefulFunction,
  stringType,
  typedValue,
  valueSpec,
  type Address,
  type Context,
  type Effects,
  type StatefulFunction
} from './index.ts'

interface Basket {
  items: string[]
}

const basketType = jsonType<Basket>('shop/basket')
const self = addressOf('shop/cart', 'joe')
const caller = addressOf('shop/stock', 'socks')

function batchOf(texts: readonly string[], state: Record<string, unknown> = {}) {
  const invocations = texts.map(text => ({ caller, argument: typedValue(text, stringType) }))
  return {
    target: self,
    state: { get: (name: string) => structuredClone(state[name]) },
    invocations
  }
}

function run(fn: StatefulFunction, ...args: Parameters<typeof batchOf>): Effects {
  const effects = invoke(fn, batchOf(...args))
  ok(!(effects instanceof Promise))
  return effects
}

const none = { mutations: [], messages: [], delayed: [], egress: [] }

test('a function without effects gives none, and no promise', () => {
  const fn = statefulFunction({ typename: 'shop/cart', handler: () => undefined })
  deepStrictEqual(run(fn, ['a', 'b']), none)
})

const sent = (count: number) => ({
  kind: 'send',
  delayMs: 1,
  target: self,
  argument: typedValue(count, intType),
  cancellationToken: `t${count}`
})

test('all effects are collected in order, over the whole batch', () => {
  const fn = statefulFunction({
    typename: 'shop/cart',
    specs: [valueSpec({ name: 'count', type: intType })],
    handler(context, message) {
      const count = (context.storage.count.get() ?? 0) + 1
      context.storage.count.set(count)
      context.send(messageTo(context.caller!, message.asString(), stringType))
      context.sendAfter(0.5, messageTo(context.self, count, intType), {
        cancellationToken: `t${count}`
      })
      context.cancelDelayedMessage('t1')
      context.egress(egressTo('shop/receipts', count, intType))
    }
  })
  const effects = run(fn, ['a', 'b'], { count: 4 })
  deepStrictEqual(effects.mutations, [{ name: 'count', value: 6 }])
  deepStrictEqual(effects.messages, [
    messageTo(caller, 'a', stringType),
    messageTo(caller, 'b', stringType)
  ])
  const cancel = { kind: 'cancel', cancellationToken: 't1' }
  deepStrictEqual(effects.delayed, [sent(5), cancel, sent(6), cancel])
  deepStrictEqual(effects.egress, [
    egressTo('shop/receipts', 5, intType),
    egressTo('shop/receipts', 6, intType)
  ])
})

function cart(handler: (context: Context<readonly [typeof basketSpec]>) => void | Promise<void>) {
  return statefulFunction({ typename: 'shop/cart', specs: [basketSpec], handler })
}
const basketSpec = valueSpec({ name: 'basket', type: basketType })

test('a value that was read is a copy: changing it changes nothing until it is set', () => {
  const fn = cart(({ storage }) => {
    storage.basket.get()!.items.push('shirt')
    deepStrictEqual(storage.basket.get(), { items: ['socks'] })
  })
  deepStrictEqual(run(fn, ['a'], { basket: { items: ['socks'] } }), none)
})

test('a value that was set is a copy: later changes do not matter', () => {
  const basket: Basket = { items: ['socks'] }
  const fn = cart(({ storage }) => {
    storage.basket.set(basket)
    basket.items.push('shirt')
    storage.basket.get()!.items.push('hat')
    deepStrictEqual(storage.basket.get(), { items: ['socks'] })
  })
  deepStrictEqual(run(fn, ['a']).mutations, [{ name: 'basket', value: { items: ['socks'] } }])
})

test('a removed value reads as null and is one mutation', () => {
  const fn = cart(({ storage }) => {
    storage.basket.remove()
    strictEqual(storage.basket.get(), null)
  })
  deepStrictEqual(run(fn, ['a'], { basket: { items: [] } }).mutations, [
    { name: 'basket', value: null }
  ])
})

test('null cannot be set', () => {
  const fn = cart(({ storage }) => storage.basket.set(null as unknown as Basket))
  throws(() => run(fn, ['a']), /call remove\(\) to delete it/)
})

test('zero is a value, not an absence', () => {
  const fn = statefulFunction({
    typename: 'shop/cart',
    specs: [valueSpec({ name: 'count', type: intType })],
    handler: ({ storage }) => storage.count.set(0)
  })
  deepStrictEqual(run(fn, ['a']).mutations, [{ name: 'count', value: 0 }])
})

test('a handler that throws fails the whole batch and says which invocation', () => {
  const cause = new RangeError('out of socks')
  const fn = statefulFunction({
    typename: 'shop/cart',
    handler(context, message) {
      context.send(messageTo(self, 'x', stringType))
      if (message.asString() === 'b') throw cause
    }
  })
  throws(
    () => run(fn, ['a', 'b', 'c']),
    error => {
      ok(isMillraceError(error, 'FUNCTION_FAILED'))
      strictEqual(error.cause, cause)
      strictEqual(error.details['index'], 1)
      return /shop\/cart failed for id "joe": out of socks/.test(error.message)
    }
  )
})

test('async handlers run one after another', async () => {
  const order: string[] = []
  const fn = cart(async ({ storage }) => {
    const before = storage.basket.get()?.items ?? []
    order.push(`begin ${before.length}`)
    await Promise.resolve()
    storage.basket.set({ items: [...before, 'x'] })
    order.push(`end ${before.length}`)
  })
  const effects = await invoke(fn, batchOf(['a', 'b']))
  deepStrictEqual(order, ['begin 0', 'end 0', 'begin 1', 'end 1'])
  deepStrictEqual(effects.mutations, [{ name: 'basket', value: { items: ['x', 'x'] } }])
})

test('a rejected promise fails the batch', async () => {
  const fn = cart(async () => {
    await Promise.resolve()
    throw new Error('late')
  })
  await rejects(async () => invoke(fn, batchOf(['a'])), /late; none of its effects is applied/)
})

test('context and storage cannot be used after their time', async () => {
  const kept: Context<readonly [typeof basketSpec]>[] = []
  const fn = cart(async context => {
    kept.push(context)
    await Promise.resolve()
  })
  await invoke(fn, batchOf(['a', 'b']))
  const [context] = kept
  const message = messageTo(self, 'x', stringType)
  for (const late of [
    () => context!.send(message),
    () => context!.sendAfter(1, message),
    () => context!.cancelDelayedMessage('t'),
    () => context!.egress(egressTo('a/b', 'x', stringType)),
    () => context!.storage.basket.get(),
    () => context!.storage.basket.set({ items: [] }),
    () => context!.storage.basket.remove()
  ]) {
    throws(late, error => isMillraceError(error, 'FUNCTION_CONTEXT_CLOSED'))
  }
})

for (const [what, effect] of [
  ['a negative delay', context => context.sendAfter(-1, messageTo(self, 'x', stringType))],
  ['a delay that is no number', context => context.sendAfter(NaN, messageTo(self, 1, intType))],
  ['an endless delay', context => context.sendAfter(Infinity, messageTo(self, 1, intType))],
  [
    'an empty token',
    context => context.sendAfter(1, messageTo(self, 1, intType), { cancellationToken: '' })
  ],
  ['cancelling without a token', context => context.cancelDelayedMessage('')]
] satisfies [string, (context: { self: Address } & Context) => void][]) {
  test(`${what} fails the invocation`, () => {
    const fn = statefulFunction({ typename: 'shop/cart', handler: effect as never })
    throws(
      () => run(fn, ['a']),
      error =>
        isMillraceError(error, 'FUNCTION_FAILED') && isMillraceError(error.cause, 'FUNCTION_EFFECT')
    )
  })
}

test('methods of a context work when they are taken out of it', () => {
  const fn = statefulFunction({
    typename: 'shop/cart',
    handler({ send, sendAfter, cancelDelayedMessage, egress }) {
      send(messageTo(self, 1, intType))
      sendAfter(5, messageTo(self, 2, intType), { cancellationToken: 'later' })
      cancelDelayedMessage('later')
      egress({ egress: 'shop/out', argument: typedValue(3, intType) })
    }
  })
  const effects = run(fn, ['a'])
  strictEqual(effects.messages.length, 1)
  deepStrictEqual(
    effects.delayed.map(({ kind, cancellationToken }) => [kind, cancellationToken]),
    [
      ['send', 'later'],
      ['cancel', 'later']
    ]
  )
  strictEqual(effects.egress[0]!.egress, 'shop/out')
})

const handler = () => undefined

test('ids are what UTF-8 can say', () => {
  strictEqual(addressOf('a/b', 'x\ud800').id, 'x\ufffd')
  const target = { namespace: 'a', type: 'b', id: '\udc00' }
  strictEqual(messageTo(target, 1, intType).target.id, '\ufffd')
  for (const id of [undefined, 1, null]) {
    const wrong = { ...target, id: id as unknown as string }
    throws(
      () => messageTo(wrong, 1, intType),
      error => isMillraceError(error, 'FUNCTION_ADDRESS')
    )
  }
})

test('functions and values need good names', () => {
  for (const typename of ['', 'a', '/a', 'a/', 'a/b/c', `a/${'x'.repeat(400)}`]) {
    throws(
      () => statefulFunction({ typename, handler }),
      error => isMillraceError(error, 'FUNCTION_TYPENAME')
    )
  }
  const count = valueSpec({ name: 'count', type: intType })
  for (const wrong of [
    () => valueSpec({ name: '', type: intType }),
    () => valueSpec({ name: 'a-b', type: intType }),
    () => valueSpec({ name: '__proto__', type: intType }),
    () => valueSpec({ name: 'a', type: intType, expireAfterWriteMs: 0 }),
    () => valueSpec({ name: 'a', type: intType, expireAfterInvokeMs: 1.5 }),
    () => valueSpec({ name: 'a', type: intType, expireAfterWriteMs: 1, expireAfterInvokeMs: 1 }),
    () => statefulFunction({ typename: 'a/b', specs: [count, count], handler })
  ]) {
    throws(wrong, error => isMillraceError(error, 'FUNCTION_SPEC'))
  }
})

test('expirations are kept as given', () => {
  const modes = [
    valueSpec({ name: 'a', type: intType }),
    valueSpec({ name: 'a', type: intType, expireAfterWriteMs: 7 }),
    valueSpec({ name: 'a', type: intType, expireAfterInvokeMs: 8 })
  ].map(spec => spec.expiration)
  deepStrictEqual(modes, [
    { mode: 'none', durationMs: 0 },
    { mode: 'after-write', durationMs: 7 },
    { mode: 'after-invoke', durationMs: 8 }
  ])
})
