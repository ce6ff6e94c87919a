// Tests what the compiler says of functions: storage by name and type. The bodies are checked, not only run.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  egressTo,
  intType,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec
} from './index.ts'

interface Order {
  readonly item: string
}
const orderType = jsonType<Order>('shop/order')

test('storage is typed by the specs, builders by the types', () => {
  const fn = statefulFunction({
    typename: 'shop/cart',
    specs: [
      valueSpec({ name: 'count', type: intType }),
      valueSpec({ name: 'last', type: orderType, expireAfterWriteMs: 1 })
    ],
    handler({ storage, self }, message) {
      const count: number | null = storage.count.get()
      const item: string | undefined = storage.last.get()?.item
      const order: Order = message.as(orderType)
      storage.last.set({ item: `${item}${count}${order.item}` })
      // @ts-expect-error -- not declared
      storage.other?.get()
      // @ts-expect-error -- a number is expected
      storage.count.set('1')
      // @ts-expect-error -- `item` is missing
      messageTo(self, {}, orderType)
      // @ts-expect-error -- a number is no text
      egressTo('shop/out', 1, stringType)
      // @ts-expect-error -- an order needs its type
      kafkaEgress({ typename: 'shop/out', topic: 't', value: order })
      kafkaEgress({ typename: 'shop/out', topic: 't', value: order, type: orderType })
    }
  })
  strictEqual(fn.specs.length, 2)
})

test('a function without specs has no storage', () => {
  const fn = statefulFunction({
    typename: 'shop/cart',
    handler(context) {
      // @ts-expect-error -- nothing is declared
      context.storage.count?.get()
      context.send(messageTo(addressOf('a/b', ''), 'x', stringType))
    }
  })
  strictEqual(fn.specs.length, 0)
})
