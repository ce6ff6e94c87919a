// Bounds of the API: requests, bodies, WebSockets, and callers that take nothing. Each is reached with a small one.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'

import { ApiBench, codeOf } from './kit-memory.cases.ts'

/** A connection on which a test says what it wants, and of which nothing is taken until it is resumed. */
async function dialled(context: TestContext, bench: ApiBench): Promise<Socket> {
  const { hostname, port } = new URL(bench.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  context.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Everything that the other side says until what it said last has `end`, or it ends. */
async function heard(socket: Socket, end?: string): Promise<string> {
  const chunks: string[] = []
  let last = ''
  for await (const chunk of socket) {
    chunks.push(String(chunk))
    last = `${last}${String(chunk)}`.slice(-1_000)
    if (end !== undefined && last.includes(end)) break
  }
  return chunks.join('')
}

test('requests beyond the bound are told to come again; those that wait count, health goes beside', async context => {
  const bench = await ApiBench.start(context, { requestsMax: 2 })
  const waiting = [1, 2].map(() => bench.call('GET', 'topics/t/records?waitMs=60000'))
  await bench.timers(2)
  const refused = await bench.call('GET', 'topics')
  strictEqual(refused.status, 503)
  strictEqual(refused.headers['retry-after'], '1')
  strictEqual(refused.headers['content-type'], 'application/problem+json')
  strictEqual(codeOf(refused), 'TOO_MANY_REQUESTS')
  strictEqual((await bench.call('GET', '/health/live')).status, 200)
  match((await bench.call('GET', '/metrics')).text, /^millrace_http_requests_running 3$/m)
  await bench.clock.advance(60_000)
  for (const { status, text } of await Promise.all(waiting)) {
    deepStrictEqual([status, text], [200, '{"records":[],"position":"0:0"}\n'])
  }
  strictEqual((await bench.call('GET', 'topics')).status, 200)
})

test('who asks for the head alone waits for nothing', async context => {
  const bench = await ApiBench.start(context, {})
  for (const path of ['topics/t/events', 'topics/t/records?waitMs=60000']) {
    const { status, text } = await bench.call('HEAD', path)
    deepStrictEqual([status, text], [200, ''])
  }
})

test('bodies beyond the bound are told to come again until there is room', async context => {
  const bench = await ApiBench.start(context, { bodiesBytesMax: 1_000 })
  const post = (): ReturnType<ApiBench['call']> =>
    bench.call('POST', 'topics/t/records', 'x'.repeat(600))
  const slow = await dialled(context, bench)
  slow.write(
    'POST /api/v1/topics/t/records HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n' +
      `content-type: text/plain\r\ncontent-length: 600\r\n\r\n${'y'.repeat(599)}`
  )
  let answer = await post()
  while (answer.status === 200) answer = await post()
  deepStrictEqual([answer.status, codeOf(answer)], [503, 'BODIES_TOO_LARGE'])
  slow.write('y')
  match(await heard(slow), /^HTTP\/1\.1 200 [^]*"offset"/)
  strictEqual((await post()).status, 200)
})

test('a request has 100,000 records at most', async context => {
  const bench = await ApiBench.start(context, {})
  const answer = await bench.call('POST', 'topics/t/records', 'x\n'.repeat(100_001))
  deepStrictEqual([answer.status, codeOf(answer)], [413, 'COMMIT_TOO_LARGE'])
  strictEqual((await bench.call('POST', 'topics/t/records', 'x\n'.repeat(100_000))).status, 200)
})

/** A WebSocket of the API, open. */
async function opened(context: TestContext, bench: ApiBench): Promise<WebSocket> {
  const socket = new WebSocket(`${bench.url.replace('http', 'ws')}/api/v1/socket`)
  context.after(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

test('messages of WebSockets count as bodies', async context => {
  const bench = await ApiBench.start(context, { bodiesBytesMax: 1_000 })
  const socket = await opened(context, bench)
  const produce = async (length: number): Promise<unknown> => {
    const message = once(socket, 'message') as Promise<[Buffer]>
    const records = [{ value: 'x'.repeat(length) }]
    socket.send(JSON.stringify({ op: 'produce', id: length, topic: 't', records }))
    const [data] = await message
    return JSON.parse(data.toString()) as unknown
  }
  const { op, id, problem } = (await produce(1_000)) as Record<string, { code: string }>
  deepStrictEqual([op, id, problem!.code], ['error', 1_000, 'BODIES_TOO_LARGE'])
  const offsets = [{ partition: 0, offset: 0 }]
  deepStrictEqual(await produce(500), { op: 'produced', id: 500, offsets })
})

test('a message counts while it comes, until it is whole or its connection ends', async context => {
  const bench = await ApiBench.start(context, { bodiesBytesMax: 1_000 })
  const post = async (): Promise<number> =>
    (await bench.call('POST', 'topics/t/records', 'x'.repeat(600))).status
  const message = JSON.stringify({ op: 'produce', id: 1, topic: 't', records: [{ value: 'x' }] })
  const padded = message.padEnd(500)
  const first = await opened(context, bench)
  first.send(padded.slice(0, 400), { fin: false })
  while ((await post()) === 200);
  strictEqual(await post(), 503)
  const answered = once(first, 'message') as Promise<[Buffer]>
  first.send(padded.slice(400))
  match(String((await answered)[0]), /"produced"/)
  strictEqual(await post(), 200)
  first.send(padded, { fin: false })
  while ((await post()) === 200);
  first.terminate()
  while ((await post()) === 503);
})

test('where there is no room for the rest of a message its connection ends', async context => {
  const bench = await ApiBench.start(context, { bodiesBytesMax: 1_000 })
  const socket = await opened(context, bench)
  const closed = once(socket, 'close') as Promise<[number, Buffer]>
  socket.send('x'.repeat(600), { fin: false })
  socket.send('x'.repeat(600), { fin: false })
  await bench.timers(2)
  await bench.clock.advance(500)
  const [code, reason] = await closed
  deepStrictEqual(
    [code, String(reason)],
    [1013, 'too many large requests at once; repeat the request later']
  )
  strictEqual((await bench.call('POST', 'topics/t/records', 'x'.repeat(900))).status, 200)
})

test('who does not go on with a message for a minute is cut off, and who begins others is not', async context => {
  const bench = await ApiBench.start(context, {})
  const [stuck, busy] = [await opened(context, bench), await opened(context, bench)]
  const cut = once(stuck, 'close') as Promise<[number]>
  stuck.send('{', { fin: false })
  for (let minute = 0; minute < 2; minute++) {
    for (const half of ['{', '}']) {
      busy.send(half, { fin: half === '}' })
      if (half === '}') await once(busy, 'message')
    }
    busy.send('{', { fin: false })
    for (const socket of [stuck, busy]) {
      if (socket.readyState !== WebSocket.OPEN) continue
      const seen = once(socket, 'pong')
      socket.ping()
      await seen
    }
    const looked = once(busy, 'ping')
    await bench.clock.advance(30_000)
    await looked
    busy.send('}')
    await once(busy, 'message')
  }
  strictEqual((await cut)[0], 1006)
  strictEqual(busy.readyState, WebSocket.OPEN)
})

test('a message of a WebSocket has 16 MiB at most: a larger one ends the connection', async context => {
  const bench = await ApiBench.start(context, {})
  const socket = await opened(context, bench)
  socket.on('error', () => {})
  const closed = new Promise<number>(resolve => socket.once('close', resolve))
  socket.send('x'.repeat(16 * 1024 * 1024 + 1))
  strictEqual(await closed, 1009)
})

test('WebSockets beyond the bound are refused until one ends', async context => {
  const bench = await ApiBench.start(context, { socketsMax: 2 })
  const [first] = [await opened(context, bench), await opened(context, bench)]
  const url = `${bench.url.replace('http', 'ws')}/api/v1/socket`
  const attempt = (): Promise<{ status: number; retry: string | undefined }> =>
    new Promise(resolve => {
      const socket = new WebSocket(url)
      socket.on('error', () => {})
      socket.on('open', () => {
        socket.terminate()
        resolve({ status: 101, retry: undefined })
      })
      socket.on('unexpected-response', (_, response) => {
        resolve({ status: response.statusCode!, retry: response.headers['retry-after'] })
      })
    })
  deepStrictEqual(await attempt(), { status: 503, retry: '1' })
  first!.close()
  await once(first!, 'close')
  let found = await attempt()
  while (found.status === 503) found = await attempt()
  strictEqual(found.status, 101)
})

const RECORDS = 24
const FOLLOW = 'GET /api/v1/topics/t/events HTTP/1.1\r\nhost: localhost\r\n\r\n'

/** More than systems keep for a connection. */
async function stalled(context: TestContext): Promise<{ bench: ApiBench; caller: Socket }> {
  const bench = await ApiBench.start(context, {})
  await bench.fill(RECORDS, 1024 * 1024)
  const caller = await dialled(context, bench)
  caller.write(FOLLOW)
  await bench.timers(1)
  return { bench, caller }
}

/** Stands in the last record. */
const LAST = `"offset":${RECORDS - 1}`

test('a caller that takes nothing of its events for 30 s is cut off', async context => {
  const { bench, caller } = await stalled(context)
  await bench.clock.advance(30_000)
  const ended = new Promise(resolve => caller.once('close', resolve))
  const text = await heard(caller, LAST).catch(() => '')
  ok(!text.includes(LAST))
  await ended
})

test('a caller that goes on taking its events in time gets them all', async context => {
  const { bench, caller } = await stalled(context)
  await bench.clock.advance(29_999)
  ok((await heard(caller, LAST)).includes(LAST))
})
