// The clerk of the SDK tests with the original JavaScript SDK: prints its port and serves until it is killed.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { kafkaEgressMessage, messageBuilder, StateFun, type Message } from 'apache-flink-statefun'

interface Order {
  readonly do: string
  readonly amount?: number
  readonly text?: string
  readonly to?: string
  readonly after?: number
  readonly token?: string
}

const MINUTE_MS = 60_000
const orderType = StateFun.jsonType<Order>('sdk/order')
const failed = new Set<string>()
const statefun = new StateFun()

statefun.bind({
  typename: 'sdk/clerk',
  specs: [
    { name: 'count', type: StateFun.intType() },
    { name: 'total', type: StateFun.intType(), expireAfterCall: 60 * MINUTE_MS },
    { name: 'mean', type: StateFun.floatType(), expireAfterWrite: 60 * MINUTE_MS },
    { name: 'rate', type: StateFun.floatType() },
    { name: 'name', type: StateFun.stringType() },
    { name: 'open', type: StateFun.booleanType() },
    { name: 'last', type: orderType },
    { name: 'fleeting', type: StateFun.intType(), expireAfterWrite: 10 * MINUTE_MS },
    { name: 'kept', type: StateFun.intType(), expireAfterCall: 10 * MINUTE_MS }
  ],
  fn(context, message) {
    const { storage, caller } = context
    const { id } = context.self
    const say = (text: string) =>
      context.send(
        kafkaEgressMessage({
          typename: 'sdk/out',
          topic: 'answers',
          key: id,
          value: `${id}: ${text}`
        })
      )
    if (message.isString()) return converse(message.asString() ?? '')
    const order = message.as(orderType)!
    if (order.do === 'add') {
      storage.count = (storage.count ?? 0) + 1
      storage.total = (storage.total ?? 0) + order.amount!
      storage.mean = storage.total / storage.count
      storage.rate = storage.count * 0.5
      storage.name = order.text ?? ''
      storage.open = !(storage.open ?? false)
      storage.last = order
    } else if (order.do === 'report') {
      const last = storage.last === null ? '-' : storage.last.amount
      const { count, total, mean, rate, name, open } = storage
      say(
        `count ${count ?? '-'}, total ${total ?? '-'}, mean ${percent(mean)}, rate ${percent(rate)}, ` +
          `name ${name ?? '-'}, open ${open ?? '-'}, last ${last}, from ${caller === null ? 'ingress' : caller.id}`
      )
    } else if (order.do === 'forget') {
      for (const name of ['count', 'total', 'mean', 'rate', 'name', 'open', 'last']) {
        storage[name] = null
      }
    } else if (order.do === 'greet') {
      context.send(clerk(order.to!, `hello from ${id}`))
    } else if (order.do === 'loop') {
      if (order.amount! > 0) context.send(clerk(id, { do: 'loop', amount: order.amount! - 1 }))
      else say('looped')
    } else if (order.do === 'remind') {
      const later = clerk(order.to ?? id, { do: 'say', text: order.text! })
      if (order.token === undefined) context.sendAfter(order.after!, later)
      else context.sendAfter(order.after!, later, order.token)
    } else if (order.do === 'cancel') {
      context.cancelDelayedMessage(order.token!)
    } else if (order.do === 'say') {
      say(`${order.text}, by ${caller === null ? 'ingress' : caller.id}`)
    } else if (order.do === 'fleet') {
      storage.fleeting = 1
      storage.kept = 1
      for (const minutes of [5, 12, 25]) {
        context.sendAfter(minutes * MINUTE_MS, clerk(id, { do: 'check', amount: minutes }))
      }
    } else if (order.do === 'check') {
      const { fleeting, kept } = storage
      say(`after ${order.amount} minutes fleeting ${fleeting ?? '-'}, kept ${kept ?? '-'}`)
    } else if (order.do === 'note') {
      context.send(
        kafkaEgressMessage({
          typename: 'sdk/out',
          topic: 'notes',
          key: '',
          value: order,
          valueType: orderType
        })
      )
    } else if (order.do === 'fail') {
      if (!failed.has(id)) {
        failed.add(id)
        throw new Error('told to fail once')
      }
      say('recovered')
    }

    function converse(text: string): void {
      if (text.startsWith('hello')) context.send(clerk(caller!.id, `re: ${text}`))
      else say(`got "${text}" by ${caller!.id}`)
    }
  }
})

function clerk(id: string, value: Order | string): Message {
  const typename = 'sdk/clerk'
  if (typeof value === 'string') return messageBuilder({ typename, id, value })
  return messageBuilder({ typename, id, value, valueType: orderType })
}

function percent(value: number | null): string {
  return value === null ? '-' : String(Math.round(value * 100))
}

const server = createServer(statefun.handler() as RequestListener)
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
