// The clerk of the SDK tests with millrace's own SDK, for the process of the engine. Run itself, it prints its port and
// serves the same function until it is killed.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  addressOf,
  boolType,
  doubleType,
  floatType,
  intType,
  jsonType,
  kafkaEgress,
  longType,
  messageTo,
  requestReplyHandler,
  statefulFunction,
  stringType,
  valueSpec,
  type OutgoingMessage,
  type StatefulFunction
} from 'millrace/functions'

interface Order {
  readonly do: string
  readonly amount?: number
  readonly text?: string
  readonly to?: string
  readonly after?: number
  readonly token?: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const orderType = jsonType<Order>('sdk/order')
const failed = new Set<string>()

export const clerk: StatefulFunction = statefulFunction({
  typename: 'sdk/clerk',
  specs: [
    valueSpec({ name: 'count', type: intType }),
    valueSpec({ name: 'total', type: longType, expireAfterInvokeMs: HOUR_MS }),
    valueSpec({ name: 'mean', type: doubleType, expireAfterWriteMs: HOUR_MS }),
    valueSpec({ name: 'rate', type: floatType }),
    valueSpec({ name: 'name', type: stringType }),
    valueSpec({ name: 'open', type: boolType }),
    valueSpec({ name: 'last', type: orderType }),
    valueSpec({ name: 'fleeting', type: intType, expireAfterWriteMs: 10 * MINUTE_MS }),
    valueSpec({ name: 'kept', type: intType, expireAfterInvokeMs: 10 * MINUTE_MS })
  ],
  handler(context, message) {
    const { storage, caller } = context
    const { id } = context.self
    const say = (text: string) => {
      const value = `${id}: ${text}`
      context.egress(kafkaEgress({ typename: 'sdk/out', topic: 'answers', key: id, value }))
    }
    if (message.isString()) {
      const text = message.asString()
      if (text.startsWith('hello')) context.send(messageTo(caller!, `re: ${text}`, stringType))
      else say(`got "${text}" by ${caller!.id}`)
      return
    }
    const order = message.as(orderType)
    const { amount = 0, text = '', token } = order
    if (order.do === 'add') {
      const count = (storage.count.get() ?? 0) + 1
      const total = (storage.total.get() ?? 0n) + BigInt(amount)
      storage.count.set(count)
      storage.total.set(total)
      storage.mean.set(Number(total) / count)
      storage.rate.set(count * 0.5)
      storage.name.set(text)
      storage.open.set(!(storage.open.get() ?? false))
      storage.last.set(order)
    } else if (order.do === 'report') {
      const { count, total, mean, rate, name, open, last } = storage
      say(
        `count ${shown(count.get())}, total ${shown(total.get())}, mean ${percent(mean.get())}, ` +
          `rate ${percent(rate.get())}, name ${shown(name.get())}, open ${shown(open.get())}, ` +
          `last ${shown(last.get()?.amount)}, from ${caller?.id ?? 'ingress'}`
      )
    } else if (order.do === 'forget') {
      const { count, total, mean, rate, name, open, last } = storage
      for (const value of [count, total, mean, rate, name, open, last]) value.remove()
    } else if (order.do === 'greet') {
      const to = addressOf('sdk/clerk', order.to!)
      context.send(messageTo(to, `hello from ${id}`, stringType))
    } else if (order.do === 'loop') {
      if (amount > 0) context.send(ordered(id, { do: 'loop', amount: amount - 1 }))
      else say('looped')
    } else if (order.do === 'remind') {
      const later = ordered(order.to ?? id, { do: 'say', text })
      const options = token === undefined ? {} : { cancellationToken: token }
      context.sendAfter(order.after!, later, options)
    } else if (order.do === 'cancel') {
      context.cancelDelayedMessage(token!)
    } else if (order.do === 'say') {
      say(`${text}, by ${caller?.id ?? 'ingress'}`)
    } else if (order.do === 'fleet') {
      storage.fleeting.set(1)
      storage.kept.set(1)
      for (const minutes of [5, 12, 25]) {
        context.sendAfter(minutes * MINUTE_MS, ordered(id, { do: 'check', amount: minutes }))
      }
    } else if (order.do === 'check') {
      const { fleeting, kept } = storage
      say(`after ${amount} minutes fleeting ${shown(fleeting.get())}, kept ${shown(kept.get())}`)
    } else if (order.do === 'note') {
      const record = { topic: 'notes', value: order, type: orderType }
      context.egress(kafkaEgress({ typename: 'sdk/out', ...record }))
    } else if (order.do === 'fail') {
      if (!failed.has(id)) {
        failed.add(id)
        throw new Error('told to fail once')
      }
      say('recovered')
    }
  }
})

function ordered(id: string, order: Order): OutgoingMessage {
  return messageTo(addressOf('sdk/clerk', id), order, orderType)
}

function shown(value: unknown): string {
  return value === null || value === undefined ? '-' : String(value)
}

function percent(value: number | null): string {
  return value === null ? '-' : String(Math.round(value * 100))
}

if (import.meta.main) {
  const server = createServer(requestReplyHandler({ functions: [clerk] }))
  server.listen(0, '127.0.0.1', () => {
    console.log(`listening on ${(server.address() as AddressInfo).port}`)
  })
}
