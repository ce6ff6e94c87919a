// Requests that are answered by functions: replies, failures, repetition with keys, timeouts, restarts.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HttpBench } from './kit.cases.ts'
import type { HttpOptions } from './server.ts'
import { EGRESS, ingress, moduleOf, shop } from './shop.cases.ts'

const REPLY = '  mode: request-reply\n'

async function opened(
  context: TestContext,
  more = REPLY,
  options: Partial<HttpOptions> & { readonly gate?: Promise<void> } = {}
): Promise<{ bench: HttpBench; url: string }> {
  const { gate, ...rest } = options
  const bench = new HttpBench(context, moduleOf(ingress('orders', more), EGRESS), [shop(gate)])
  await bench.start(rest)
  return { bench, url: `${bench.url('/orders')}/orders` }
}

test('the caller gets what the function gives to the HTTP egress', async context => {
  const { bench, url } = await opened(context)
  const { status, headers, text } = await bench.post(`${url}/a%2Fb`, 'tea')
  strictEqual(status, 201)
  strictEqual(headers['content-type'], 'application/json')
  strictEqual(headers['location'], '/orders/a/b')
  match(headers['millrace-request-id'] as string, /^[0-9a-f-]{36}$/)
  deepStrictEqual(JSON.parse(text), { id: 'a/b', count: 1 })
})

test('a message to the caller is a reply, too: scalars as text, other types as they are', async context => {
  const { bench, url } = await opened(context)
  const scalar = await bench.post(`${url}/a`, 'to-caller')
  deepStrictEqual([scalar.status, scalar.text], [200, '1'])
  strictEqual(scalar.headers['content-type'], 'text/plain; charset=utf-8')
  strictEqual(scalar.headers['millrace-value-type'], 'io.statefun.types/int')
  const json = await bench.post(`${url}/a`, 'text-to-caller')
  deepStrictEqual([json.status, json.text], [200, '{"text":"a"}'])
  strictEqual(json.headers['content-type'], 'application/json')
  strictEqual(json.headers['millrace-value-type'], 'shop/Text')
})

test('the first reply counts', async context => {
  const { bench, url } = await opened(context)
  strictEqual((await bench.post(`${url}/a`, 'twice')).text, 'first')
  strictEqual((await bench.post(`${url}/a`, 'tea')).status, 201)
})

test('a function that fails and a response that is none answer with the reason', async context => {
  const { bench, url } = await opened(context)
  const failed = await bench.post(`${url}/a`, 'bad', { 'idempotency-key': 'k' })
  strictEqual(failed.status, 500)
  match(failed.text, /"code":"FUNCTION_FAILED".*no such order/)
  const again = await bench.post(`${url}/a`, 'bad', { 'idempotency-key': 'k' })
  deepStrictEqual([again.status, again.text], [500, failed.text])
  const malformed = await bench.post(`${url}/a`, 'malformed')
  strictEqual(malformed.status, 500)
  match(malformed.text, /"code":"EGRESS_RECORD".*the status 99/)
  strictEqual((await bench.functions!.metrics()).deadLetters, 2)
})

test('50 callers at once: each gets its own reply', async context => {
  const { bench, url } = await opened(context)
  const calls = Array.from({ length: 500 }, (_, index) => index)
  const counts = new Map<string, number[]>()
  const caller = async (): Promise<void> => {
    for (let index = calls.pop(); index !== undefined; index = calls.pop()) {
      const id = `id-${index % 7}`
      const { status, text } = await bench.post(`${url}/${id}`, 'tea')
      strictEqual(status, 201)
      const reply = JSON.parse(text) as { id: string; count: number }
      strictEqual(reply.id, id)
      counts.set(id, [...(counts.get(id) ?? []), reply.count])
    }
  }
  await Promise.all(Array.from({ length: 50 }, caller))
  strictEqual(counts.size, 7)
  for (const found of counts.values()) {
    const expected = Array.from(found, (_, index) => index + 1)
    deepStrictEqual(
      found.toSorted((a, b) => a - b),
      expected
    )
  }
})

test('a repeated key gives the same answer and makes no second message, also over a restart', async context => {
  const { bench, url } = await opened(context)
  const first = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k-1' })
  strictEqual(first.headers['idempotent-replayed'], undefined)
  const second = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k-1' })
  strictEqual(second.headers['idempotent-replayed'], 'true')
  await bench.stop()
  await bench.start()
  const afterwards = `${bench.url('/orders')}/orders`
  const third = await bench.post(`${afterwards}/a`, 'tea', { 'idempotency-key': 'k-1' })
  for (const { status, text, headers } of [second, third]) {
    deepStrictEqual([status, text], [first.status, first.text])
    strictEqual(headers['millrace-request-id'], first.headers['millrace-request-id'])
    strictEqual(headers['location'], '/orders/a')
  }
  strictEqual(JSON.parse((await bench.post(`${afterwards}/a`, 'tea')).text).count, 2)
})

test('one key from many callers at once is one message', async context => {
  const { bench, url } = await opened(context)
  const headers = { 'idempotency-key': 'same' }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => bench.post(`${url}/a`, 'tea', headers))
  )
  deepStrictEqual([...new Set(answers.map(({ text }) => text))], ['{"id":"a","count":1}'])
  strictEqual(answers.filter(one => one.headers['idempotent-replayed'] === 'true').length, 19)
  strictEqual((await bench.functions!.metrics()).recordsIn, 1)
})

test('a key with another id or body is refused', async context => {
  const { bench, url } = await opened(context)
  const headers = { 'idempotency-key': 'k' }
  await bench.post(`${url}/a`, 'tea', headers)
  for (const [id, body] of [
    ['a', 'coffee'],
    ['b', 'tea']
  ]) {
    const { status, text } = await bench.post(`${url}/${id}`, body, headers)
    strictEqual(status, 422)
    match(text, /IDEMPOTENCY_KEY_REUSED/)
  }
  strictEqual((await bench.functions!.metrics()).recordsIn, 1)
})

test('keys are forgotten behind the window, and the oldest when there are too many', async context => {
  const more = `${REPLY}  idempotency: { window: 10min, keys: 2 }\n`
  const { bench, url } = await opened(context, more)
  const countOf = async (key: string): Promise<number> => {
    const { text } = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': key })
    return (JSON.parse(text) as { count: number }).count
  }
  deepStrictEqual([await countOf('one'), await countOf('two'), await countOf('one')], [1, 2, 1])
  strictEqual(await countOf('three'), 3)
  strictEqual(await countOf('one'), 4, 'the oldest of three keys is forgotten')
  bench.clock.movedMs += 9 * 60_000
  strictEqual(await countOf('three'), 3)
  bench.clock.movedMs += 2 * 60_000
  strictEqual(await countOf('three'), 5)
  await bench.stop()
  await bench.start()
  const restarted = `${bench.url('/orders')}/orders`
  const known = await bench.post(`${restarted}/a`, 'tea', { 'idempotency-key': 'three' })
  strictEqual(JSON.parse(known.text).count, 5)
  const forgotten = await bench.post(`${restarted}/a`, 'tea', { 'idempotency-key': 'two' })
  strictEqual(JSON.parse(forgotten.text).count, 6)
})

test('a reply that is late is there for who repeats the key', async context => {
  const gate = Promise.withResolvers<void>()
  const { bench, url } = await opened(context, `${REPLY}  timeout: 50ms\n`, { gate: gate.promise })
  const late = await bench.post(`${url}/a`, 'wait', { 'idempotency-key': 'k' })
  strictEqual(late.status, 504)
  match(late.text, /REPLY_TIMEOUT.*repeat the request with the same Idempotency-Key/)
  ok(late.headers['millrace-request-id'])
  const without = await bench.post(`${url}/b`, 'silent')
  match(without.text, /REPLY_TIMEOUT.*send an Idempotency-Key/)
  gate.resolve()
  // Every other wait is as long as the ingress says: the reply comes within some of them.
  let answer = late
  while (answer.status === 504) {
    answer = await bench.post(`${url}/a`, 'wait', { 'idempotency-key': 'k' })
  }
  deepStrictEqual([answer.status, JSON.parse(answer.text)], [201, { id: 'a', count: 1 }])
})

test('one-way requests are answered when they are durable; Prefer asks for the other way', async context => {
  const { bench, url } = await opened(context, '')
  const one = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k' })
  strictEqual(one.status, 202)
  const requestId = one.headers['millrace-request-id']
  deepStrictEqual(JSON.parse(one.text), { requestId })
  const waited = await bench.post(`${url}/a`, 'tea', {
    'idempotency-key': 'k',
    prefer: 'handling=strict, wait=30'
  })
  deepStrictEqual([waited.status, JSON.parse(waited.text).count], [201, 1])
  strictEqual(waited.headers['preference-applied'], 'wait=30')
  const own = await bench.post(`${url}/a`, 'to-caller', { prefer: 'wait=30' })
  strictEqual(own.text, '2')
  const bench2 = new HttpBench(context, moduleOf(ingress('orders', REPLY), EGRESS), [shop()])
  await bench2.start()
  const asynchronous = await bench2.post(`${bench2.url('/orders')}/orders/a`, 'tea', {
    prefer: 'respond-async'
  })
  strictEqual(asynchronous.status, 202)
  strictEqual(asynchronous.headers['preference-applied'], 'respond-async')
})

test('of several functions the one that replies answers, whether another fails or not', async context => {
  const failing = shop()
  const second = { ...shop(), typename: 'shop/audit', name: 'audit' }
  const targets = ingress('orders').replace('[shop/order]', '[shop/order, shop/audit]')
  const first = {
    ...failing,
    handler: () => {
      throw new Error('always')
    }
  }
  const bench = new HttpBench(context, moduleOf(targets, EGRESS), [first, second])
  await bench.start()
  const { status, text } = await bench.post(`${bench.url('/orders')}/orders/a`, 'tea', {
    prefer: 'wait=30'
  })
  deepStrictEqual([status, JSON.parse(text).count], [201, 1])
})

test('what is done leaves the log; remembered answers stay', async context => {
  const { bench, url } = await opened(context, `${REPLY}  idempotency: { keys: 1 }\n`)
  const calls = Array.from({ length: 1_100 }, (_, index) => index)
  const caller = async (): Promise<void> => {
    for (let index = calls.pop(); index !== undefined; index = calls.pop()) {
      await bench.post(`${url}/id-${index % 100}`, 'tea')
    }
  }
  await bench.post(`${url}/first`, 'tea', { 'idempotency-key': 'old' })
  await Promise.all(Array.from({ length: 50 }, caller))
  const startOf = async (topic: string): Promise<number> =>
    (await bench.log.describeTopic(topic)).status.partitions[0]!.startOffset
  const topics = ['_millrace.app.http.shop_2f_orders', '_millrace.app.http-replies']
  for (const topic of topics) strictEqual(await startOf(topic), 0, 'a remembered key holds it')
  const kept = await bench.post(`${url}/first`, 'tea', { 'idempotency-key': 'old' })
  deepStrictEqual(JSON.parse(kept.text), { id: 'first', count: 1 })
  await bench.post(`${url}/last`, 'tea', { 'idempotency-key': 'new' })
  await bench.post(`${url}/last`, 'tea')
  // The removal follows what the functions have committed, soon after.
  for (const topic of topics)
    while ((await startOf(topic)) < 1_024) await bench.post(`${url}/x`, '')
  const still = await bench.post(`${url}/last`, 'tea', { 'idempotency-key': 'new' })
  strictEqual(JSON.parse(still.text).count, 1)
})
