// Requests whose messages fail further down: the caller hears why, as soon as nothing of its request is on its way.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  addressOf,
  egressTo,
  jsonType,
  messageTo,
  statefulFunction
} from '../../functions/index.ts'
import type { StatefulFunction } from '../../functions/index.ts'
import { HttpBench } from './kit.cases.ts'
import type { Answered } from './kit.cases.ts'
import { EGRESS, ingress, moduleOf } from './shop.cases.ts'

/** Where a message goes on to, step by step; each step may be several functions. */
interface Route {
  readonly requestId?: string
  readonly steps: readonly (readonly string[])[]
}

const response = jsonType('io.millrace.http/Response')
const route = jsonType<Route>('shop/Route')

/** Sends on; `reply` replies, `bad` fails, `later` waits for the gate. */
function stop(name: string, gate: Promise<void>): StatefulFunction {
  return statefulFunction({
    typename: `shop/${name}`,
    async handler({ self, caller, send, egress }, message) {
      const { requestId = caller?.id ?? '', steps } = message.as(route)
      if (name === 'bad') throw new Error(`nothing for ${self.id}`)
      if (name === 'later') await gate
      if (name === 'reply') egress(egressTo('shop/responses', { requestId, status: 201 }, response))
      const [names = [], ...rest] = steps
      for (const next of names) {
        send(messageTo(addressOf(`shop/${next}`, self.id), { requestId, steps: rest }, route))
      }
    }
  })
}

interface Opened {
  readonly bench: HttpBench
  readonly gate: PromiseWithResolvers<void>
  ask(steps: Route['steps'], headers?: Record<string, string>): Promise<Answered>
}

async function opened(context: TestContext, timeout = '1min'): Promise<Opened> {
  const more = `  mode: request-reply\n  timeout: ${timeout}\n`
  const yaml = moduleOf(ingress('orders', more).replace('shop/Text', 'shop/Route'), EGRESS)
  const gate = Promise.withResolvers<void>()
  const names = ['order', 'next', 'reply', 'bad', 'later']
  const bench = new HttpBench(
    context,
    yaml,
    names.map(name => stop(name, gate.promise))
  )
  await bench.start()
  const ask = (steps: Route['steps'], headers: Record<string, string> = {}) =>
    bench.post(`${bench.url('/orders')}/orders/a`, JSON.stringify({ steps }), headers)
  return { bench, gate, ask }
}

const KEY = { 'idempotency-key': 'k' }

test('a failure at the end of a chain is told at once, also to who repeats the request', async context => {
  const { bench, ask } = await opened(context)
  const failed = await ask([['next'], ['next'], ['bad']], KEY)
  strictEqual(failed.status, 500)
  match(failed.text, /"code":"FUNCTION_FAILED".*shop\/bad.*nothing for a/)
  const again = await ask([['next'], ['next'], ['bad']], KEY)
  deepStrictEqual([again.status, again.text], [500, failed.text])
  await bench.stop()
  await bench.start()
  const restarted = await ask([['next'], ['next'], ['bad']], KEY)
  deepStrictEqual([restarted.status, restarted.text], [500, failed.text])
})

test('a message to a function that nobody knows is told at once, too', async context => {
  const { ask } = await opened(context)
  const { status, text } = await ask([['next'], ['nobody']])
  strictEqual(status, 500)
  match(text, /"code":"FUNCTION_UNKNOWN".*shop\/nobody/)
})

test('a failure beside a way on which a reply comes is none of the caller', async context => {
  const { gate, ask } = await opened(context)
  const asking = ask([['bad', 'later'], ['reply']])
  gate.resolve()
  strictEqual((await asking).status, 201)
  strictEqual((await ask([['reply'], ['bad']])).status, 201, 'the reply comes first')
  strictEqual((await ask([['bad', 'reply']])).status, 201)
})

test('of ways of which none replies the caller hears at the end why', async context => {
  const short = await opened(context, '50ms')
  const { status, text } = await short.ask([['bad', 'later']])
  strictEqual(status, 500)
  match(text, /"code":"FUNCTION_FAILED".*nothing for a/)
  short.gate.resolve()
  const long = await opened(context)
  long.gate.resolve()
  strictEqual((await long.ask([['bad', 'next'], ['bad']])).status, 500)
})

test('a reply that comes after all is there for who repeats the request', async context => {
  const { bench, ask } = await opened(context)
  const failed = await ask([['bad']], KEY)
  strictEqual(failed.status, 500)
  const requestId = failed.headers['millrace-request-id'] as string
  const late = JSON.stringify({ requestId, steps: [['reply']] })
  // Its own caller gets nothing, for the reply goes to the other request.
  const other = { prefer: 'respond-async' }
  strictEqual((await bench.post(`${bench.url('/orders')}/orders/a`, late, other)).status, 202)
  let answer = failed
  while (answer.status === 500) answer = await ask([['bad']], KEY)
  strictEqual(answer.status, 201)
})
