// Options of the transports one by one: pools, timeouts of each phase, limits, what a reply may not be.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  ASYNC,
  OCTETS,
  OKHTTP,
  WaitsClock,
  batch,
  count,
  countOf,
  endpointOf,
  failureOf,
  listening,
  never,
  planOf,
  serve
} from './kit.cases.ts'
import { addressOf } from '../../sdk/index.ts'

const ONCE = '{ type: io.statefun.transports.v1/okhttp, timeouts: { call: 5s } }'

test('pool_ttl: a connection is used again, and closed when it has been idle for so long', async context => {
  const sockets: Socket[] = []
  const server = createServer(count).on('connection', socket => sockets.push(socket))
  context.after(() => server.closeAllConnections())
  const url = await listening(context, server, 'http')
  const transport = '{ type: io.statefun.transports.v1/async, call: 5s, pool_ttl: 300ms }'
  const endpoint = endpointOf(context, planOf(url, transport))
  assert.equal(await countOf(endpoint), 42)
  const [first] = sockets
  await Promise.all([once(first!, 'close'), countOf(endpoint)])
  assert.equal(await countOf(endpoint), 42)
  assert.notEqual(sockets.at(-1), first, 'the next call has a connection of its own')
})

test('pool_size: no more connections than that, the others wait', async context => {
  let connections = 0
  const held: (() => void)[] = []
  const server = createServer((request, response) => {
    held.push(() => count(request, response))
    // Two at a time: one connection would wait for ever, a third one be counted.
    if (held.length === 2) for (const answer of held.splice(0)) answer()
  }).on('connection', () => connections++)
  context.after(() => server.closeAllConnections())
  const url = await listening(context, server, 'http')
  const transport = '{ type: io.statefun.transports.v1/async, call: 20s, pool_size: 2 }'
  const endpoint = endpointOf(context, planOf(url, transport))
  const counts = await Promise.all(Array.from({ length: 20 }, () => countOf(endpoint)))
  assert.deepEqual(counts, Array(20).fill(42))
  assert.equal(connections, 2)
})

test('a function that hangs takes no connection from others of its namespace', async context => {
  const url = await serve(context, (request, response) => {
    if (request.url === '/counter') count(request, response)
  })
  const transport = '{ type: io.statefun.transports.v1/async, call: 20s, pool_size: 1 }'
  const endpoint = endpointOf(context, planOf(`${url}/{function.name}`, transport))
  const stop = new AbortController()
  const stuck = { ...batch, target: addressOf('test/stuck', 'a') }
  const hanging = [1, 2].map(() => assert.rejects(endpoint.call(stuck, stop.signal)))
  assert.equal(await countOf(endpoint), 42)
  stop.abort(new Error('seen'))
  await Promise.all(hanging)
})

for (const [name, transport] of [
  ['async', ASYNC],
  ['okhttp', ONCE]
]) {
  test(`${name}: connections that the server has closed are no failures of calls`, async context => {
    const url = await serve(context, (request, response) => {
      // Without a word: the client finds out when it writes, or reads nothing.
      response.on('finish', () => setImmediate(() => request.socket.destroy()))
      count(request, response)
    })
    const endpoint = endpointOf(context, planOf(url, transport))
    for (let call = 0; call < 10; call++) assert.equal(await countOf(endpoint), 42)
  })

  test(`${name}: a reply that comes twice counts once, and is not the reply to the next call`, async context => {
    let requests = 0
    const url = await serve(context, (request, response) => {
      requests++
      twice(request, response, requests)
    })
    const endpoint = endpointOf(context, planOf(url, transport))
    assert.equal(await countOf(endpoint), 42)
    const more = { ...batch, invocations: [...batch.invocations, batch.invocations[0]!] }
    assert.equal(await countOf(endpoint, more), 43)
    assert.equal(requests, 2)
  })
}

/** Answers the first request with two responses in one write. */
function twice(...[request, response, requests]: [...Parameters<typeof count>, number]): void {
  if (requests > 1) return count(request, response)
  response.writeHead = () => response
  response.end = ((body: Uint8Array) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n\r\n`
    const reply = Buffer.concat([Buffer.from(head), body])
    request.socket.write(Buffer.concat([reply, reply]))
    return response
  }) as typeof response.end
  count(request, response)
}

test('write: a server that does not read what it is sent', async context => {
  let connections = 0
  const sockets: Socket[] = []
  const inner = createServer(count)
  const server = createPlainServer({ pauseOnConnect: true }, socket => {
    sockets.push(socket.on('error', () => {}))
    // The first one is never read from.
    if (++connections > 1) inner.emit('connection', socket.resume())
  })
  context.after(() => sockets.forEach(socket => socket.destroy()))
  const url = await listening(context, server, 'http')
  const transport =
    '{ type: io.statefun.transports.v1/okhttp, timeouts: { call: 20s, write: 100ms, read: 10s } }'
  const endpoint = endpointOf(context, planOf(url, transport))
  // More than the buffers of both sides take.
  const bytes = Buffer.alloc(16 * 1024 * 1024)
  const state = [...batch.state, { name: 'large', value: { typename: 'test/bytes', bytes } }]
  assert.equal(await countOf(endpoint, { ...batch, state }), 42)
  assert.ok(connections >= 2, 'the first attempt was given up')
})

test('payload_max_bytes: a request above it fails before it is sent', async context => {
  let requests = 0
  const url = await serve(context, (request, response) => {
    requests++
    count(request, response)
  })
  const transport = '{ type: io.statefun.transports.v1/async, payload_max_bytes: 1000 }'
  const endpoint = endpointOf(context, planOf(url, transport))
  assert.equal(await countOf(endpoint), 42)
  const many = Array.from({ length: 100 }, () => batch.invocations[0]!)
  const sending = endpoint.call({ ...batch, invocations: many }, never)
  assert.equal((await failureOf(sending)).code, 'FUNCTION_REQUEST_TOO_LARGE')
  assert.equal(requests, 1)
})

test('a reply without a length that goes on for ever is left at the limit', async context => {
  const url = await serve(context, (_, response) => {
    response.writeHead(200, OCTETS)
    const more = (): boolean => response.write(Buffer.alloc(4_096)) && more()
    response.on('drain', more)
    more()
  })
  const transport = '{ type: io.statefun.transports.v1/async, payload_max_bytes: 100000 }'
  const failure = await failureOf(endpointOf(context, planOf(url, transport)).call(batch, never))
  assert.match(failure.message, /more than 100000 bytes.*1 attempt/)
})

test('no compression is asked for, and a reply that has it is a failure that says so', async context => {
  let asked: IncomingMessage['headers'] = {}
  const url = await serve(context, (request, response) => {
    asked = request.headers
    const reply = gzipSync(Buffer.from('a2060a', 'hex'))
    response.writeHead(200, { ...OCTETS, 'content-encoding': 'gzip' }).end(reply)
  })
  const failure = await failureOf(endpointOf(context, planOf(url, ONCE)).call(batch, never))
  assert.match(failure.message, /answered with the encoding gzip; expected none.*1 attempt/)
  assert.equal(asked['accept-encoding'], undefined)
  assert.equal(asked['user-agent'], 'statefun')
})

test('redirects are not followed by async either: the place that they name hears nothing', async context => {
  let elsewhere = 0
  const other = await serve(context, () => elsewhere++)
  const url = await serve(context, (_, response) => {
    response.writeHead(302, { location: other, ...OCTETS }).end()
  })
  const transport = '{ type: io.statefun.transports.v1/async, call: 60ms }'
  const endpoint = endpointOf(context, planOf(url, transport), { clock: new WaitsClock() })
  const failure = await failureOf(endpoint.call(batch, never))
  assert.match(failure.message, /HTTP 302 \(redirects are not followed\)/)
  assert.equal(elsewhere, 0)
})

test('a unix socket: the path stands behind the socket; one that is gone is a failure', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sock-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const socket = join(folder, 'functions.sock')
  let path: string | undefined
  const listener: typeof count = (request, response) => {
    path = request.url
    count(request, response)
  }
  const plan = planOf(`http+unix://${socket}/fn/{function.name}`, OKHTTP)
  const gone = planOf(
    `http+unix://${socket}/`,
    '{ type: io.statefun.transports.v1/okhttp, timeouts: { call: 60ms, read: 50ms } }'
  )
  const clock = new WaitsClock()
  const failure = await failureOf(endpointOf(context, gone, { clock }).call(batch, never))
  assert.match(failure.message, /cannot be reached: connect ENOENT/)
  await serve(context, listener, socket)
  assert.equal(await countOf(endpointOf(context, plan)), 42)
  assert.equal(path, '/fn/counter')
})
