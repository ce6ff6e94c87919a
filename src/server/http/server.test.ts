// What HTTP refuses and bounds: bad requests, large and slow ones, too much work, other sites, and how it ends.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HttpBench, exchange } from './kit.cases.ts'
import { HttpServer } from './server.ts'
import type { HttpOptions } from './server.ts'
import { EGRESS, ingress, moduleOf, shop } from './shop.cases.ts'

const REPLY = '  mode: request-reply\n'

async function opened(
  context: TestContext,
  options: Partial<HttpOptions> & { readonly more?: string; readonly gate?: Promise<void> } = {}
): Promise<{ bench: HttpBench; url: string }> {
  const { more = REPLY, gate, ...rest } = options
  const bench = new HttpBench(context, moduleOf(ingress('orders', more), EGRESS), [shop(gate)])
  await bench.start(rest)
  return { bench, url: `${bench.url('/orders')}/orders` }
}

/** An ingress without a port. */
function free(name: string): string {
  return ingress(name).replace('  port: 0\n', '')
}

/** A connection on which a test says what it wants. */
function dial(context: TestContext, url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  context.after(() => socket.destroy())
  return socket
}

/** Everything that the other side says until it ends. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

test('bad requests get their status, and nothing is taken', async context => {
  const { bench, url } = await opened(context)
  const origin = new URL(url).origin
  const cases: [status: number, code: string, answer: ReturnType<typeof exchange>][] = [
    [404, 'NOT_FOUND', exchange(`${origin}/elsewhere`)],
    [404, 'NOT_FOUND', exchange(`${url}/`, { method: 'POST' })],
    [404, 'NOT_FOUND', exchange(`${url}/a/b`, { method: 'POST' })],
    [405, 'METHOD_NOT_ALLOWED', exchange(`${url}/a`)],
    [405, 'METHOD_NOT_ALLOWED', exchange(`${url}/a`, { method: 'DELETE' })],
    [400, 'PATH_ENCODING', bench.post(`${url}/%ff`)],
    [400, 'PATH_ENCODING', bench.post(`${url}/%zz`)],
    [400, 'ID_INVALID', bench.post(`${url}/${'x'.repeat(5_000)}`)],
    [400, 'IDEMPOTENCY_KEY_INVALID', bench.post(`${url}/a`, '', { 'idempotency-key': '' })],
    [400, 'IDEMPOTENCY_KEY_INVALID', bench.post(`${url}/a`, '', { 'idempotency-key': 'a b' })],
    [
      400,
      'IDEMPOTENCY_KEY_INVALID',
      bench.post(`${url}/a`, '', { 'idempotency-key': 'k'.repeat(256) })
    ],
    [415, 'CONTENT_ENCODING', bench.post(`${url}/a`, 'x', { 'content-encoding': 'gzip' })],
    [403, 'HOST_FORBIDDEN', bench.post(`${url}/a`, '', { host: 'shop.example' })],
    [403, 'ORIGIN_FORBIDDEN', bench.post(`${url}/a`, '', { origin: 'https://shop.example' })],
    [403, 'ORIGIN_FORBIDDEN', bench.post(`${url}/a`, '', { origin: 'null' })]
  ]
  for (const [status, code, answer] of cases) {
    const { status: found, text, headers } = await answer
    strictEqual(found, status, text)
    const { error } = JSON.parse(text) as { error: { code: string; message: string } }
    strictEqual(error.code, code)
    ok(error.message.length > 10)
    strictEqual(headers['content-type'], 'application/json')
    if (status === 405) strictEqual(headers['allow'], 'POST, PUT')
  }
  const allowed = await bench.post(`${url}/a`, 'tea', { origin: 'http://localhost:3000' })
  strictEqual(allowed.status, 201)
  strictEqual((await bench.functions!.metrics()).recordsIn, 1)
})

test('what is no HTTP is told so', async context => {
  const { url } = await opened(context)
  const socket = dial(context, url)
  socket.write('hello\r\n\r\n')
  match(await heard(socket), /^HTTP\/1\.1 400 .*"code":"BAD_REQUEST"/s)
  const headers = dial(context, url)
  headers.write(`POST /orders/a HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
  match(await heard(headers), /^HTTP\/1\.1 431 .*"code":"HEADERS_TOO_LARGE"/s)
})

test('a body that is declared too large is refused before it is sent', async context => {
  const { bench, url } = await opened(context, { more: `${REPLY}  maxBodyBytes: 1000\n` })
  const socket = dial(context, url)
  const head = 'POST /orders/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1001\r\n'
  socket.write(`${head}expect: 100-continue\r\n\r\n`)
  match(await heard(socket), /^HTTP\/1\.1 413 .*"code":"BODY_TOO_LARGE"/s)
  const exact = await bench.post(`${url}/a`, Buffer.alloc(1_000))
  strictEqual(exact.status, 201)
})

test('a body that grows too large is refused on the way', async context => {
  const { bench, url } = await opened(context, { more: `${REPLY}  maxBodyBytes: 1000\n` })
  const socket = dial(context, url)
  socket.write('POST /orders/a HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n')
  const chunk = `1f4\r\n${'x'.repeat(500)}\r\n`
  socket.write(chunk + chunk + chunk)
  match(await heard(socket), /^HTTP\/1\.1 413 .*"code":"BODY_TOO_LARGE"/s)
  strictEqual((await bench.functions!.metrics()).recordsIn, 0)
})

test('a body that ends in the middle makes no message', async context => {
  const { bench, url } = await opened(context)
  const socket = dial(context, url)
  socket.write('POST /orders/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf')
  await once(socket, 'connect')
  const reached = await bench.post(`${url}/b`, 'tea')
  strictEqual(reached.status, 201)
  socket.destroy()
  strictEqual((await bench.post(`${url}/a`, 'tea')).text, '{"id":"a","count":1}')
  strictEqual((await bench.functions!.metrics()).recordsIn, 2)
})

test('callers who are too slow lose the connection', async context => {
  const bounds = { headersMs: 200, requestMs: 400, checkMs: 50 }
  const { bench, url } = await opened(context, { bounds })
  const slowHead = dial(context, url)
  slowHead.write('POST /orders/a HTTP/1.1\r\nhost: local')
  const slowBody = dial(context, url)
  slowBody.write('POST /orders/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf')
  for (const socket of [slowHead, slowBody]) {
    match(await heard(socket), /^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s)
  }
  strictEqual((await bench.post(`${url}/a`, 'tea')).status, 201)
  strictEqual((await bench.functions!.metrics()).recordsIn, 1)
})

test('callers must come later while too much waits; known keys are answered, and it goes on', async context => {
  const bench = new HttpBench(context, moduleOf(ingress('orders'), EGRESS), [shop()])
  await bench.serve({ waitingRecordsMax: 3 })
  const url = `${bench.url('/orders')}/orders`
  for (let index = 0; index < 3; index++) {
    const headers = { 'idempotency-key': `k-${index}` }
    strictEqual((await bench.post(`${url}/a`, 'tea', headers)).status, 202)
  }
  const refused = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k-3' })
  strictEqual(refused.status, 503)
  strictEqual(refused.headers['retry-after'], '1')
  match(refused.text, /BACK_PRESSURE.*shop\/order/)
  const known = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k-2' })
  strictEqual(known.status, 202)
  await bench.startFunctions()
  let answer = refused
  while (answer.status === 503) {
    answer = await bench.post(`${url}/a`, 'tea', { 'idempotency-key': 'k-3', prefer: 'wait=30' })
  }
  deepStrictEqual(JSON.parse(answer.text), { id: 'a', count: 4 })
})

test('running requests are finished at the end, new ones are refused', async context => {
  const gate = Promise.withResolvers<void>()
  const { bench, url } = await opened(context, { gate: gate.promise, graceMs: 60_000 })
  const running = bench.post(`${url}/a`, 'wait')
  const connection = dial(context, url)
  // The request is under way when the function has its message.
  while ((await bench.functions!.metrics()).recordsIn === 0) await bench.clock.yield()
  const closing = bench.server!.close()
  await rejects(exchange(`${url}/b`, { method: 'POST' }))
  gate.resolve()
  deepStrictEqual(JSON.parse((await running).text), { id: 'a', count: 1 })
  await closing
  await heard(connection)
})

test('who waits too long at the end is told to come again, and gets the reply then', async context => {
  const gate = Promise.withResolvers<void>()
  const { bench, url } = await opened(context, { gate: gate.promise, graceMs: 20 })
  const running = bench.post(`${url}/a`, 'wait', { 'idempotency-key': 'k' })
  while ((await bench.functions!.metrics()).recordsIn === 0) await bench.clock.yield()
  await bench.server!.close()
  const { status, headers, text } = await running
  deepStrictEqual([status, headers['retry-after']], [503, '1'])
  match(text, /"code":"STOPPING"/)
  gate.resolve()
  await bench.serve()
  const again = await bench.post(`${bench.url('/orders')}/orders/a`, 'wait', {
    'idempotency-key': 'k'
  })
  deepStrictEqual(JSON.parse(again.text), { id: 'a', count: 1 })
})

test('a port that is in use is named', async context => {
  const { bench, url } = await opened(context)
  const port = Number(new URL(url).port)
  await rejects(
    bench.serve({ address: { host: '127.0.0.1', port }, isAsked: true }),
    ({ code, message }: { code: string; message: string }) =>
      code === 'HTTP_ADDRESS' && message.includes(`http://127.0.0.1:${port}: the port is in use`)
  )
})

test('ingresses without a port are where the run says; paths that meet there are refused', async context => {
  const bench = new HttpBench(context, moduleOf(free('orders'), free('carts')), [shop()])
  await bench.start()
  strictEqual(bench.server!.served.length, 1)
  deepStrictEqual(bench.server!.served[0]!.routes, [
    'POST /orders/{id} → shop/order',
    'POST /carts/{id} → shop/order'
  ])
  const health = await exchange(`${bench.url('/orders')}/_millrace/health`)
  deepStrictEqual([health.status, health.text], [200, '{"status":"running"}\n'])
  const port = 1
  const second = new HttpBench(context, free('carts'), [shop()])
  await Promise.all([bench, second].map(one => one.createTopics()))
  const server = await HttpServer.start({
    log: bench.log,
    clock: bench.clock,
    application: null,
    address: { host: '127.0.0.1', port: 0 },
    isAsked: false
  })
  context.after(() => server.close(0))
  const attaching = [bench, second].map(({ log, application }) =>
    server.attach({ log, application, functions: null })
  )
  await Promise.all(attaching)
  strictEqual(server.served.length, 1, 'applications that come at once share the listener')
  const fixed = free('orders').replace('  path', `  port: ${port}\n  path`)
  const meeting = new HttpBench(context, moduleOf(fixed, free('x').replace('/x/', '/orders/')), [])
  await rejects(meeting.serve({ address: { host: '127.0.0.1', port } }), {
    code: 'HTTP_ADDRESS',
    message: /on port 1 a request may fit both/
  })
})
