// The functions that obey commands: of this process' SDK, in process and behind a socket, and of the original SDK.
import {
  type StatefulFunction,
  addressOf,
  intType,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  valueSpec
} from 'millrace/functions'
import { StateFun, kafkaEgressMessage, messageBuilder } from 'apache-flink-statefun'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  EGRESS,
  type Hands,
  ORDER_TYPENAME,
  type Order,
  type TypeOfId,
  VALUES,
  obey,
  typeOf
} from './commands.ts'

const ORDER = jsonType<Order>(ORDER_TYPENAME)
const WAIT_MS = 3

/** The interpreter of this package's SDK. */
export function interpreter(type: TypeOfId): StatefulFunction {
  return statefulFunction({
    typename: `smoke/${type}`,
    specs: VALUES.map(name => valueSpec({ name, type: intType })),
    handler(context, message) {
      const storage = context.storage as Readonly<
        Record<string, { get(): number | null; set(value: number): void }>
      >
      const to = (id: number, order: Order) =>
        messageTo(addressOf(`smoke/${typeOf(id)}`, String(id)), order, ORDER)
      const hands: Hands = {
        id: Number(context.self.id),
        get: name => storage[name]!.get() ?? 0,
        set: (name, value) => storage[name]!.set(value),
        send: (id, order) => context.send(to(id, order)),
        sendAfter: (delayMs, id, order, token) =>
          context.sendAfter(
            delayMs,
            to(id, order),
            token === undefined ? {} : { cancellationToken: token }
          ),
        cancel: token => context.cancelDelayedMessage(token),
        egress: (topic, value) => context.egress(kafkaEgress({ typename: EGRESS, topic, value })),
        wait: type === 'local' ? null : () => sleep(WAIT_MS)
      }
      return obey(hands, message.as(ORDER))
    }
  })
}

/** The interpreter of the original SDK. */
export function originalInterpreter(): ReturnType<StateFun['handler']> {
  const statefun = new StateFun()
  const orderType = StateFun.jsonType(ORDER_TYPENAME)
  statefun.bind({
    typename: 'smoke/original',
    specs: VALUES.map(name => ({ name, type: StateFun.intType() })),
    fn(context, message) {
      const storage = context.storage as Record<string, number | null>
      const to = (id: number, value: Order) =>
        messageBuilder({
          typename: `smoke/${typeOf(id)}`,
          id: String(id),
          value,
          valueType: orderType
        })
      const hands: Hands = {
        id: Number(context.self.id),
        get: name => storage[name] ?? 0,
        set: (name, value) => void (storage[name] = value),
        send: (id, order) => context.send(to(id, order)),
        sendAfter: (delayMs, id, order, token) => context.sendAfter(delayMs, to(id, order), token),
        cancel: token => context.cancelDelayedMessage(token),
        egress: (topic, value) =>
          context.send(kafkaEgressMessage({ typename: EGRESS, topic, key: '', value })),
        wait: () => sleep(WAIT_MS)
      }
      return obey(hands, message.as(orderType) as Order)
    }
  })
  return statefun.handler()
}
