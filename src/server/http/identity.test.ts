// Who may send functions messages and take what they say: tokens and rules on ingresses and on the playground.
import { deepStrictEqual, doesNotMatch, match, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { AccessRule } from '../../security/index.ts'
import { rule, testSecurity } from '../../security/kit.cases.ts'
import { HttpBench, exchange } from './kit.cases.ts'
import type { Answered } from './kit.cases.ts'
import { EGRESS, ingress, moduleOf, shop } from './shop.cases.ts'

const PLAYGROUND = moduleOf(
  'kind: io.statefun.playground.v1/ingress\nspec: { port: 0 }\n',
  'kind: io.statefun.playground.v1/egress\nspec: { port: 0, topics: [receipts] }\n'
)

interface Opened {
  readonly bench: HttpBench
  readonly events: Awaited<ReturnType<typeof testSecurity>>['events']
  /** Headers of ana. */
  readonly ana: Record<string, string>
  allow(rule: Partial<AccessRule>): Promise<void>
}

async function opened(context: TestContext, yaml: string): Promise<Opened> {
  const { security, events } = await testSecurity()
  const other = { ...shop(), typename: 'shop/other' }
  const bench = new HttpBench(context, yaml, [shop(), other])
  await bench.start({ security })
  const { text } = await security.tokens.create({
    principal: 'User:ana',
    lifetimeMs: null,
    note: null
  })
  const allow = (changes: Partial<AccessRule>): Promise<void> =>
    security.rules.add([
      rule({ operation: 'invoke', kind: 'function', name: 'shop/order', ...changes })
    ])
  return { bench, events, ana: { authorization: `Bearer ${text}` }, allow }
}

/** Status, code and sentence of an error. */
function errorOf({ status, text }: Answered): readonly [number, string, string] {
  const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error
  return [status, code, message]
}

test('an ingress is for who may invoke all of its functions, by all ways into it', async context => {
  const reply = '  mode: request-reply\n'
  const both = ingress('both').replace('[shop/order]', '[shop/order, shop/other]')
  const { bench, ana, allow, events } = await opened(
    context,
    moduleOf(ingress('orders', reply), both, EGRESS)
  )
  const url = `${bench.url('/orders')}/orders`
  for (const path of ['/a', '/a%20b']) {
    for (const headers of [{}, { authorization: 'Bearer mrt_no' }, { authorization: 'Basic x' }]) {
      const answer = await bench.post(`${url}${path}`, 'tea', headers)
      deepStrictEqual(errorOf(answer).slice(0, 2), [401, 'UNAUTHENTICATED'])
      strictEqual(answer.headers['www-authenticate'], 'Bearer')
    }
    strictEqual((await exchange(`${url}${path}`)).status, 401)
    const [status, code, message] = errorOf(await bench.post(`${url}${path}`, 'tea', ana))
    deepStrictEqual([status, code], [403, 'FORBIDDEN'])
    match(message, /^User:ana may not invoke the function shop\/order; expected a rule/)
    match(message, /acl create --allow User:ana --operation invoke --function shop\/order$/)
  }
  const { kind, action, resources } = events.findLast(event => event.kind === 'denied')!
  deepStrictEqual([kind, action, resources], ['denied', 'invoke', ['function:shop/order']])
  await allow({})
  for (const path of ['/a', '/a%20b']) {
    strictEqual((await bench.post(`${url}${path}`, 'tea', ana)).status, 201)
  }
  const second = `${bench.url('/both')}/both/a`
  match(errorOf(await bench.post(second, 'tea', ana))[2], /shop\/other/)
  await allow({ name: 'shop/other' })
  strictEqual((await bench.post(second, 'tea', ana)).status, 202)
  await bench.functions!.drain()
  strictEqual((await bench.functions!.metrics()).recordsIn, 3)
})

test("the playground's ingress tells strangers nothing of what is here", async context => {
  const { bench, ana, allow } = await opened(context, PLAYGROUND)
  const put = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
    exchange(`${bench.url('PUT')}${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.shop/Text', ...headers },
      body: 'tea'
    })
  for (const path of ['/shop/order/a', '/shop/nobody/a']) {
    for (const [headers, status] of [
      [{}, 401],
      [ana, 403]
    ] as const) {
      const [found, , message] = errorOf(await put(path, headers))
      strictEqual(found, status)
      doesNotMatch(message, /shop\/other/)
    }
  }
  await allow({ pattern: 'prefixed', name: 'shop/' })
  strictEqual((await put('/shop/order/a', ana)).status, 200)
  match(errorOf(await put('/shop/nobody/a', ana))[2], /expected one of shop\/order, shop\/other/)
  await bench.functions!.drain()
  strictEqual((await bench.functions!.metrics()).recordsIn, 1)
})

test("the playground's topics are for who may read them", async context => {
  const { bench, ana, allow } = await opened(context, PLAYGROUND)
  const poll = (topic: string, headers: Record<string, string> = {}): Promise<Answered> =>
    exchange(`${bench.url('GET')}/${topic}`, { headers })
  for (const topic of ['receipts', 'elsewhere']) {
    const [status, , message] = errorOf(await poll(topic))
    strictEqual(status, 401)
    doesNotMatch(message, /receipts/)
    strictEqual((await poll(topic, ana)).status, 403)
  }
  for (const name of ['receipts', 'elsewhere']) {
    await allow({ operation: 'read', kind: 'topic', name })
  }
  strictEqual((await poll('receipts', ana)).status, 204)
  match(errorOf(await poll('elsewhere', ana))[2], /expected one of receipts/)
})
