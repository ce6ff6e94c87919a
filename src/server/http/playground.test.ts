// The playground's components: messages by address, payloads by polling, as in StateFun, but durable.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HttpBench, exchange } from './kit.cases.ts'
import type { Answered } from './kit.cases.ts'
import { moduleOf, shop } from './shop.cases.ts'

const MODULE = moduleOf(
  'kind: io.statefun.playground.v1/ingress\nspec: { port: 0 }\n',
  'kind: io.statefun.playground.v1/egress\nspec: { port: 0, topics: [receipts, alerts] }\n'
)
const TEXT = { 'content-type': 'application/vnd.shop/Text' }

async function opened(context: TestContext): Promise<HttpBench> {
  const bench = new HttpBench(context, MODULE, [shop()])
  await bench.start()
  return bench
}

function put(bench: HttpBench, path: string, body: string, headers = {}): Promise<Answered> {
  return exchange(`${bench.url('PUT')}${path}`, {
    method: 'PUT',
    headers: { ...TEXT, ...headers },
    body
  })
}

/** Polls until a record is there. */
async function polled(bench: HttpBench, topic: string): Promise<string> {
  for (;;) {
    const { status, text } = await exchange(`${bench.url('GET')}/${topic}`)
    if (status === 200) return text
    strictEqual(status, 204)
  }
}

test('messages go to the address in the path; payloads come in their order, each once', async context => {
  const bench = await opened(context)
  for (const id of ['tea', 'tea', 'a%2Fb']) {
    const { status, text } = await put(bench, `/shop/order/${id}`, 'poll receipts')
    deepStrictEqual([status, text], [200, ''])
  }
  strictEqual(
    (await bench.post(`${bench.url('PUT')}/shop/order/x`, 'poll alerts', TEXT)).status,
    200
  )
  const found = [await polled(bench, 'receipts'), await polled(bench, 'receipts')]
  deepStrictEqual([...found, await polled(bench, 'receipts')], ['tea 1', 'tea 2', 'a/b 1'])
  strictEqual(await polled(bench, 'alerts'), 'x 1')
  strictEqual((await exchange(`${bench.url('GET')}/receipts`)).status, 204)
})

test('polling goes on behind a restart where it was', async context => {
  const bench = await opened(context)
  for (const id of ['one', 'two', 'three']) await put(bench, `/shop/order/${id}`, 'poll receipts')
  strictEqual(await polled(bench, 'receipts'), 'one 1')
  await bench.stop()
  await bench.start()
  deepStrictEqual(
    [await polled(bench, 'receipts'), await polled(bench, 'receipts')],
    ['two 1', 'three 1']
  )
})

test('pollers at once get different records, and all of them', async context => {
  const bench = await opened(context)
  const ids = Array.from({ length: 40 }, (_, index) => `id-${index}`)
  for (const id of ids) await put(bench, `/shop/order/${id}`, 'poll receipts')
  const found = await Promise.all(ids.map(() => polled(bench, 'receipts')))
  deepStrictEqual(found.toSorted(), ids.map(id => `${id} 1`).toSorted())
})

test('a poll can wait for the next payload, and not for ever', async context => {
  const bench = await opened(context)
  const url = `${bench.url('GET')}/receipts`
  const waiting = exchange(url, { headers: { prefer: 'wait=30' } })
  await put(bench, '/shop/order/tea', 'poll receipts')
  const { status, headers, text } = await waiting
  deepStrictEqual([status, text, headers['preference-applied']], [200, 'tea 1', 'wait=30'])
  const none = exchange(url, { headers: { prefer: 'wait=1' } })
  strictEqual((await none).status, 204)
  const ended = exchange(url, { headers: { prefer: 'wait=30' } })
  // A later poll on another connection is answered after the first one waits.
  strictEqual((await exchange(`${bench.url('GET')}/alerts`)).status, 204)
  await bench.server!.close()
  strictEqual((await ended).status, 204)
})

test('a caller that is gone takes no payload with it', async context => {
  const bench = await opened(context)
  const url = bench.url('GET')
  const gone = request(`${url}/receipts`, { headers: { prefer: 'wait=30' }, agent: false })
  gone.on('error', () => {})
  gone.end()
  // Later polls on other connections are answered after the first one waits, and after it has ended.
  strictEqual((await exchange(`${url}/alerts`)).status, 204)
  const closed = new Promise(resolve => gone.once('close', resolve))
  gone.destroy()
  await closed
  strictEqual((await exchange(`${url}/alerts`)).status, 204)
  await put(bench, '/shop/order/tea', 'poll receipts')
  strictEqual(await polled(bench, 'receipts'), 'tea 1')
})

test('requests that are wrong get their status', async context => {
  const bench = await opened(context)
  const cases: [status: number, code: string, answer: Promise<Answered>][] = [
    [404, 'FUNCTION_UNKNOWN', put(bench, '/shop/nobody/a', 'x')],
    [404, 'FUNCTION_UNKNOWN', put(bench, '/elsewhere/order/a', 'x')],
    [404, 'NOT_FOUND', put(bench, '/shop/order', 'x')],
    [404, 'NOT_FOUND', put(bench, '/shop/order/a/b', 'x')],
    [405, 'METHOD_NOT_ALLOWED', exchange(`${bench.url('PUT')}/shop/order/a`)],
    [
      415,
      'CONTENT_TYPE',
      put(bench, '/shop/order/a', 'x', { 'content-type': 'application/vnd.text' })
    ],
    [
      415,
      'CONTENT_TYPE_MISSING',
      exchange(`${bench.url('PUT')}/shop/order/a`, { method: 'PUT', body: 'x' })
    ],
    [413, 'BODY_TOO_LARGE', put(bench, '/shop/order/a', 'x'.repeat(5 * 1024 * 1024))],
    [404, 'TOPIC_UNKNOWN', exchange(`${bench.url('GET')}/elsewhere`)],
    [405, 'METHOD_NOT_ALLOWED', exchange(`${bench.url('GET')}/receipts`, { method: 'POST' })]
  ]
  for (const [status, code, answer] of cases) {
    const { status: found, text } = await answer
    strictEqual(found, status, text)
    strictEqual(JSON.parse(text).error.code, code)
  }
  strictEqual((await bench.functions!.metrics()).recordsIn, 0)
})

test('a value without a type counts as a text, with its bytes as they are', async context => {
  const seen: unknown[] = []
  const one = shop()
  const watching = {
    ...one,
    handler: (...[, message]: Parameters<typeof one.handler>) =>
      void seen.push(message.valueTypeName, Buffer.from(message.rawValue).toString())
  }
  const bench = new HttpBench(context, MODULE, [watching])
  await bench.start()
  await put(bench, '/shop/order/a', 'Bob', { 'content-type': 'text/plain' })
  await bench.functions!.drain()
  deepStrictEqual(seen, ['io.statefun.types/string', 'Bob'])
})

test('a topic that the module does not name fails the message', async context => {
  const bench = await opened(context)
  await put(bench, '/shop/order/a', 'poll elsewhere')
  await bench.functions!.drain()
  const { deadLetters } = await bench.functions!.metrics()
  strictEqual(deadLetters, 1)
})

test('callers must come later while too much waits', async context => {
  const bench = new HttpBench(context, MODULE, [shop()])
  await bench.serve({ waitingRecordsMax: 2 })
  for (let index = 0; index < 2; index++) {
    strictEqual((await put(bench, '/shop/order/a', 'tea')).status, 200)
  }
  const { status, headers, text } = await put(bench, '/shop/order/a', 'tea')
  deepStrictEqual([status, headers['retry-after']], [503, '1'])
  match(text, /BACK_PRESSURE/)
})
