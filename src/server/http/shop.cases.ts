// A small shop for the tests of HTTP: one function that can do all that matters, and the module file around it.
import {
  egressTo,
  intType,
  jsonType,
  messageTo,
  simpleType,
  statefulFunction,
  valueSpec
} from '../../functions/index.ts'
import type { StatefulFunction } from '../../functions/index.ts'

/** An HTTP ingress with some more lines of its spec. */
export function ingress(name: string, more = ''): string {
  return `kind: io.millrace.http.v1/ingress
spec:
  id: shop/${name}
  port: 0
  path: /${name}/{id}
  valueType: shop/Text
  targets: [shop/order]
${more}`
}

export const EGRESS = 'kind: io.millrace.http.v1/egress\nspec:\n  id: shop/responses\n'

/** Joins components to a module file. */
export function moduleOf(...components: readonly string[]): string {
  return components.join('---\n')
}

const text = simpleType<string>('shop/Text', {
  serialize: value => Buffer.from(value),
  deserialize: bytes => Buffer.from(bytes).toString()
})
const response = jsonType('io.millrace.http/Response')
const polled = jsonType('io.statefun.playground/EgressRecord')

/** Counts its messages; what else it does, the message says. `gate` holds messages `wait`. */
export function shop(gate: Promise<void> = Promise.resolve()): StatefulFunction {
  return statefulFunction({
    typename: 'shop/order',
    specs: [valueSpec({ name: 'count', type: intType })],
    async handler(context, message) {
      const { count } = context.storage
      const next = (count.get() ?? 0) + 1
      const word = message.as(text)
      if (word === 'wait') await gate
      if (word === 'bad') throw new Error('no such order')
      count.set(next)
      const { caller, self } = context
      const requestId = caller?.id ?? ''
      if (word === 'silent') return
      if (word === 'to-caller') {
        context.send(messageTo(caller!, next, intType))
      } else if (word === 'text-to-caller') {
        context.send(messageTo(caller!, `{"text":"${self.id}"}`, text))
      } else if (word === 'malformed') {
        context.egress(egressTo('shop/responses', { requestId, status: 99 }, response))
      } else if (word === 'twice') {
        context.egress(egressTo('shop/responses', { requestId, body: 'first' }, response))
        context.egress(egressTo('shop/responses', { requestId, body: 'second' }, response))
      } else if (word.startsWith('poll ')) {
        const topic = word.slice(5)
        context.egress(
          egressTo(
            'io.statefun.playground/egress',
            { topic, payload: `${self.id} ${next}` },
            polled
          )
        )
      } else {
        const headers = { location: `/orders/${self.id}` }
        const body = { id: self.id, count: next }
        context.egress(
          egressTo('shop/responses', { requestId, status: 201, headers, body }, response)
        )
      }
    }
  })
}
