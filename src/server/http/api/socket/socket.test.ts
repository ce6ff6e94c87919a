// WebSockets: written and read over one connection, slow callers are waited for, strangers are refused.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'

import { SimulatedClock } from '../../../../base/index.ts'
import { openMemoryLog } from '../../../../log/index.ts'
import { TopicTable } from '../../../topic-table.ts'
import { BodyBudget } from '../../exchange.ts'
import type { ApiHost } from '../host.ts'
import { ServerBench } from '../kit.cases.ts'
import { RecordWriter } from '../records/writer.ts'
import { SocketConnection } from './connection.ts'

interface Message {
  readonly op: string
  readonly id: number | null
  readonly [more: string]: unknown
}

/** A caller that keeps what comes until it is asked for. */
class Caller {
  readonly socket: WebSocket
  readonly #messages: Message[] = []
  #wake: () => void = () => {}

  constructor(context: TestContext, url: string, origin?: string) {
    const options = origin === undefined ? {} : { origin }
    this.socket = new WebSocket(
      `${url.replace('http', 'ws')}/api/v1/socket`,
      'millrace.v1',
      options
    )
    this.socket.on('message', (data: Buffer) => {
      this.#messages.push(JSON.parse(data.toString()) as Message)
      this.#wake()
    })
    this.socket.on('error', () => {})
    context.after(() => this.socket.terminate())
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The next message with the operation. */
  async next(op: string): Promise<Message> {
    for (;;) {
      const at = this.#messages.findIndex(message => message.op === op)
      if (at >= 0) return this.#messages.splice(at, 1)[0]!
      const [other] = this.#messages
      if (other?.op === 'error') throw new Error(JSON.stringify(other))
      await new Promise<void>(resolve => void (this.#wake = resolve))
    }
  }

  /** Values of the next records until there are so many. */
  async values(count: number): Promise<unknown[]> {
    const found: unknown[] = []
    while (found.length < count) {
      const { records } = await this.next('records')
      found.push(...(records as { value: unknown }[]).map(({ value }) => value))
    }
    return found
  }
}

/** A socket whose other side takes nothing until it is told to. */
class HeldSocket extends EventEmitter {
  readonly sent: string[] = []
  isCut = false
  #waiting: (() => void)[] = []

  send(text: string, taken: () => void): void {
    this.sent.push(text)
    this.#waiting.push(taken)
  }

  take(): void {
    for (const taken of this.#waiting.splice(0)) taken()
  }

  terminate(): void {
    this.isCut = true
    this.emit('close')
  }

  /** Characters that were sent. */
  get length(): number {
    return this.sent.join('').length
  }
}

function unasked(): never {
  throw new Error('nobody has to say who they are')
}

/** A subscription of a caller that takes nothing, to a topic of `count` large records. */
async function heldSubscription(
  context: TestContext,
  clock: SimulatedClock,
  count: number
): Promise<HeldSocket> {
  const log = openMemoryLog({ clock })
  context.after(() => log.close())
  await log.createTopic('t')
  const writer = new RecordWriter(log, clock)
  const record = { key: null, headers: [], partition: null, timestampMs: null }
  for (let at = 0; at < count; at++)
    await writer.write('t', [{ ...record, value: Buffer.alloc(50_000, 'x') }])
  const forms = new TopicTable([]).forms('t')
  const host = { log, clock, writer, forms: () => forms } as unknown as ApiHost
  const socket = new HeldSocket()
  const scope = { host, budget: new BodyBudget(1_000_000), security: null }
  void new SocketConnection(socket as unknown as WebSocket, scope, unasked)
  socket.emit('message', Buffer.from('{"op":"subscribe","id":1,"topics":["t"]}'), false)
  return socket
}

async function opened(context: TestContext, bench: ServerBench): Promise<Caller> {
  const caller = new Caller(context, bench.url)
  await once(caller.socket, 'open')
  return caller
}

test('records are written and read over one connection, and a group goes on where it committed', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 'a' })
  await bench.call('POST', 'topics', { name: 'b', partitions: 2 })
  const caller = await opened(context, bench)
  strictEqual(caller.socket.protocol, 'millrace.v1')
  caller.send({ op: 'subscribe', id: 1, topics: ['a', 'b'] })
  deepStrictEqual(await caller.next('subscribed'), { op: 'subscribed', id: 1 })
  caller.send({ op: 'produce', id: 2, topic: 'a', records: [{ value: 'x' }, { value: { n: 1 } }] })
  deepStrictEqual(await caller.next('produced'), {
    op: 'produced',
    id: 2,
    offsets: [
      { partition: 0, offset: 0 },
      { partition: 0, offset: 1 }
    ]
  })
  deepStrictEqual(await caller.values(2), ['x', '{"n":1}'])
  await bench.produce('b', ['y', 'z'])
  deepStrictEqual((await caller.values(2)).toSorted(), ['y', 'z'])
  caller.send({ op: 'unsubscribe', id: 1 })
  strictEqual((await caller.next('unsubscribed')).id, 1)
  caller.send({ op: 'commit', id: 3, group: 'g', topic: 'a', position: '0:1' })
  await caller.next('committed')
  caller.send({ op: 'subscribe', id: 4, topics: ['a'], group: 'g', values: 'json' })
  deepStrictEqual(await caller.values(1), [{ n: 1 }])
  await bench.produce('b', ['more'])
  caller.send({ op: 'subscribe', id: 5, topics: ['b'], from: '-1', partitions: [0] })
  strictEqual((await caller.next('records'))['topic'], 'b')
})

test('what is wrong is answered with a problem, and the connection goes on', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const caller = await opened(context, bench)
  const cases: readonly (readonly [string, unknown])[] = [
    ['LINE_INVALID', '{'],
    ['MESSAGE_INVALID', {}],
    ['MESSAGE_INVALID', { op: 'shout', id: 1 }],
    ['MESSAGE_INVALID', { op: 'constructor', id: 1 }],
    ['MESSAGE_INVALID', { op: 'produce', id: 1, topic: 't' }],
    ['MESSAGE_INVALID', { op: 'produce', id: 1, topic: 't', records: [{ value: 1, more: 2 }] }],
    ['TOPIC_UNKNOWN', { op: 'produce', id: 1, topic: 'no', records: [{ value: 'x' }] }],
    ['TOPIC_INTERNAL', { op: 'subscribe', id: 1, topics: ['_millrace.broker'] }],
    ['PARTITION_UNKNOWN', { op: 'subscribe', id: 1, topics: ['t'], partitions: [3] }],
    ['USAGE', { op: 'unsubscribe', id: 9 }],
    ['GROUP_INVALID', { op: 'commit', id: 1, group: 'a/b', topic: 't', position: '0:0' }],
    ['PARTITION_UNKNOWN', { op: 'commit', id: 1, group: 'g', topic: 't', position: '3:0' }],
    ['OFFSET_OUT_OF_RANGE', { op: 'commit', id: 1, group: 'g', topic: 't', position: '0:1' }]
  ]
  for (const [code, message] of cases) {
    caller.send(message)
    const { problem } = await caller.next('error')
    strictEqual((problem as { code: string }).code, code, JSON.stringify(message))
  }
  caller.send({ op: 'produce', id: 2, topic: 't', records: [{ value: 'x' }] })
  strictEqual((await caller.next('produced')).id, 2)
})

test('a slow caller is waited for: nothing is lost', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const caller = await opened(context, bench)
  const pad = 'x'.repeat(50_000)
  const count = 400
  caller.socket.pause()
  caller.send({ op: 'subscribe', id: 1, topics: ['t'] })
  for (let at = 0; at < count; at += 50) {
    await bench.produce(
      't',
      Array.from({ length: 50 }, (_, index) => `${at + index}:${pad}`)
    )
  }
  caller.socket.resume()
  const values = (await caller.values(count)) as string[]
  deepStrictEqual(
    values.map(value => Number(value.split(':', 1)[0])),
    [...Array(count).keys()]
  )
})

test('what waits for a caller that takes nothing is bounded, and the reading goes on when it takes', async context => {
  const clock = new SimulatedClock()
  const count = 200
  const socket = await heldSubscription(context, clock, count)
  const received = (): number => socket.sent.join('').split('"offset":').length - 1
  // Turns of the event loop in which a reading that is not held back would have read everything.
  for (let turn = 0; turn < 200; turn++) await clock.yield()
  const held = socket.length
  ok(held > 1024 * 1024 && held < 2 * 1024 * 1024, `${held} characters wait`)
  for (let turn = 0; received() < count; turn++) {
    ok(turn < 1_000, `${received()} of ${count} records`)
    socket.take()
    await clock.yield()
  }
  socket.emit('close')
})

test('a caller that takes nothing for 30 s is cut off, and not before', async context => {
  const clock = new SimulatedClock()
  const socket = await heldSubscription(context, clock, 50)
  while (clock.pending === 0) await clock.yield()
  await clock.advance(29_999)
  strictEqual(socket.isCut, false)
  socket.take()
  while (clock.pending === 0) await clock.yield()
  await clock.advance(29_999)
  strictEqual(socket.isCut, false)
  await clock.advance(1)
  strictEqual(socket.isCut, true)
})

test('pages of other sites are refused unless they are listed; other paths are none', async context => {
  const bench = await ServerBench.start(context, { origins: ['https://shop.example'] })
  const listed = new Caller(context, bench.url, 'https://shop.example')
  await once(listed.socket, 'open')
  const stranger = new Caller(context, bench.url, 'https://evil.example')
  const [, refused] = (await once(stranger.socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number }
  ]
  strictEqual(refused.statusCode, 403)
  const elsewhere = new WebSocket(`${bench.url.replace('http', 'ws')}/api/v1/topics`)
  elsewhere.on('error', () => {})
  const [, missing] = (await once(elsewhere, 'unexpected-response')) as [
    unknown,
    { statusCode: number }
  ]
  strictEqual(missing.statusCode, 404)
})

test('callers hear of the end of the server', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const caller = await opened(context, bench)
  caller.send({ op: 'subscribe', id: 1, topics: ['t'] })
  await caller.next('subscribed')
  const closed = once(caller.socket, 'close') as Promise<[number, Buffer]>
  await bench.stop()
  const [code, reason] = await closed
  strictEqual(code, 1001)
  match(reason.toString(), /stops/)
})
