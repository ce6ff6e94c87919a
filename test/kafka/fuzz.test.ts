// What a stranger may send: bytes that are no requests, requests cut, changed, too long. MILLRACE_CASES lengthens it.
import { match, ok, strictEqual } from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'

import { SeededRandom, SimulatedClock, isMillraceError } from '../../src/base/index.ts'
import { FrameSplitter } from '../../src/kafka/broker/connections/frame-splitter.ts'
import { openRequest } from '../../src/kafka/broker/connections/dispatch.ts'
import { openBrokerState } from '../../src/kafka/broker/index.ts'
import { Login } from '../../src/kafka/broker/security/login.ts'
import {
  APIS,
  FrameWriter,
  writeRequest,
  writeRequestHeader,
  type Api,
  type ApiName,
  type Field
} from '../../src/kafka/wire/index.ts'
import { openMemoryLog } from '../../src/log/index.ts'
import { ScramExchange, Security, credentialOf, saltPassword } from '../../src/security/index.ts'
import { brokerFor, finallyIn, startOn, stop, temporaryFolder, until } from './kit.ts'
import { loginScram } from './sasl-client.ts'
import { USERS, secureBrokerFor } from './secure-kit.ts'
import { wireClientFor } from './wire-client.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const CASES = Number(process.env['MILLRACE_CASES'] ?? 100_000)
const SOCKETS = 300
const SCRAM_CASES = Math.ceil(CASES / 10)
const FRAME_BYTES_MAX = 1 << 20
const HEAP_GROWTH_MAX = 96 * 1024 * 1024
const CODES = new Set(['FRAME_MALFORMED', 'FRAME_TOO_LARGE', 'REQUEST_UNKNOWN'])

/** A message of a layout with random values, small. */
function messageOf(random: SeededRandom, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(field => [field.name, valueOf(random, field)]))
}

function valueOf(random: SeededRandom, field: Field): unknown {
  if (field.array === true) {
    return Array.from({ length: random.below(3) }, () => oneOf(random, field))
  }
  return oneOf(random, field)
}

function oneOf(random: SeededRandom, field: Field): unknown {
  if (typeof field.type !== 'string') return messageOf(random, field.type)
  switch (field.type) {
    case 'string':
      return 'x'.repeat(random.below(12))
    case 'bytes':
    case 'records':
      return random.bytes(random.below(80))
    case 'uuid':
      return Buffer.from(random.bytes(16)).toString('hex')
    case 'bool':
      return random.below(2) === 1
    default:
      return random.below(100) - 1
  }
}

/** A whole frame, without its length. */
function frameOf(random: SeededRandom, api: Api): Buffer {
  const version = api.min + random.below(api.max - api.min + 1)
  const writer = new FrameWriter()
  const header = { apiKey: api.key, apiVersion: version, correlationId: 1, clientId: 'fuzz' }
  writeRequestHeader(writer, api, header)
  writeRequest(api.name as ApiName, version, writer, messageOf(random, api.request))
  return Buffer.concat(writer.finish()).subarray(4)
}

function nobody(): never {
  throw new Error('nobody answers here')
}

/** Changes a frame in one of the ways in which bytes go wrong. */
function spoil(random: SeededRandom, frame: Buffer): Buffer {
  switch (random.below(5)) {
    case 0:
      return frame.subarray(0, random.below(frame.length + 1))
    case 1:
      return Buffer.from(random.bytes(random.below(200)))
    case 2:
      return Buffer.concat([frame, random.bytes(random.below(20))])
    default: {
      const changed = Buffer.from(frame)
      for (let count = 1 + random.below(4); count > 0; count--) {
        changed[random.below(changed.length)] = random.below(3) === 0 ? 0xff : random.below(256)
      }
      return changed
    }
  }
}

test(`the parser refuses what is no request, in bounded time and memory (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  const heapBefore = process.memoryUsage().heapUsed
  let longestMs = 0
  let accepted = 0
  for (let round = 0; round < CASES; round++) {
    const frame = spoil(random, frameOf(random, APIS[random.below(APIS.length)]!))
    const startedAt = performance.now()
    try {
      openRequest(frame, nobody, () => null)
      accepted++
    } catch (error) {
      if (!isMillraceError(error) || !CODES.has(error.code)) {
        throw new Error(`seed ${SEED}, case ${round}: ${frame.toString('hex')}`, { cause: error })
      }
    }
    longestMs = Math.max(longestMs, performance.now() - startedAt)
  }
  ok(longestMs < 1_000, `a frame took ${longestMs} ms`)
  ok(accepted > 0 && accepted < CASES, `${accepted} of ${CASES} were requests`)
  const growth = process.memoryUsage().heapUsed - heapBefore
  ok(growth < HEAP_GROWTH_MAX, `the heap grew by ${growth} bytes`)
})

test(`before a login nothing but a login is read, whatever comes (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED)
  const clock = new SimulatedClock()
  const log = openMemoryLog({ clock })
  const { store } = await openBrokerState(log, clock)
  const security = await Security.open({ memory: store, clock, random, isRequired: true })
  const options = { security, clock, random, host: '10.0.0.1', isEncrypted: true, certified: null }
  const login = new Login({ ...options, sessionLifetimeMs: 0 })
  let accepted = 0
  let refused = 0
  for (let round = 0; round < CASES; round++) {
    const frame = frameOf(random, APIS[random.below(APIS.length)]!)
    const sent = round % 4 === 0 ? frame : spoil(random, frame)
    try {
      const { name } = openRequest(sent, nobody, api => login.refusalOf(api))
      ok(/^(ApiVersions|SaslHandshake|SaslAuthenticate)( |$)/.test(name), name)
      accepted++
    } catch (error) {
      if (!isMillraceError(error) || !(CODES.has(error.code) || error.code === 'REQUEST_REFUSED')) {
        throw new Error(`seed ${SEED}, case ${round}: ${sent.toString('hex')}`, { cause: error })
      }
      if (error.code === 'REQUEST_REFUSED') refused++
    }
  }
  ok(accepted > 0 && refused > CASES / 4, `${accepted} accepted, ${refused} refused of ${CASES}`)
})

test(`messages of SCRAM that were changed prove nothing, in bounded time (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED)
  const salt = Buffer.from('salt')
  const salted = await saltPassword('SCRAM-SHA-256', 'correct horse', salt, 4_096)
  const credential = credentialOf('SCRAM-SHA-256', salted, salt, 4_096)
  const first = Buffer.from('n,a=ana,n=ana,r=0123456789abcdef')
  const final = Buffer.from(`c=bixhPWFuYSw=,r=0123456789abcdefnonce,p=${'A'.repeat(43)}=`)
  const long = Buffer.from(`n,,n=${'='.repeat(30_000)},r=x${',x='.repeat(10_000)}`)
  let longestMs = 0
  for (let round = 0; round < SCRAM_CASES; round++) {
    const startedAt = performance.now()
    const exchange = new ScramExchange('SCRAM-SHA-256', 'nonce')
    const isLong = round % 500 === 0
    exchange.first(isLong ? long : round % 2 === 0 ? first : spoil(random, first), () => credential)
    strictEqual(exchange.final(isLong ? long : spoil(random, final)), null, `case ${round}`)
    longestMs = Math.max(longestMs, performance.now() - startedAt)
  }
  ok(longestMs < 1_000, `a message took ${longestMs} ms`)
})

test(`frames come out of any cut of the stream as they went in (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  for (let round = 0; round < 2_000; round++) {
    const frames = Array.from({ length: 1 + random.below(5) }, () =>
      Buffer.from(random.bytes(8 + random.below(60)))
    )
    const stream = Buffer.concat(
      frames.map(frame => {
        const length = Buffer.alloc(4)
        length.writeInt32BE(frame.length)
        return Buffer.concat([length, frame])
      })
    )
    const splitter = new FrameSplitter(FRAME_BYTES_MAX)
    const found: string[] = []
    for (let at = 0; at < stream.length;) {
      const next = Math.min(stream.length, at + 1 + random.below(30))
      for (const frame of splitter.push(stream.subarray(at, next)))
        found.push(frame.toString('hex'))
      at = next
    }
    strictEqual(found.join(), frames.map(frame => frame.toString('hex')).join())
  }
})

test('a large frame that comes byte by byte is put together as it goes', () => {
  const frame = Buffer.from(new SeededRandom(SEED).bytes(70_000))
  const length = Buffer.alloc(4)
  length.writeInt32BE(frame.length)
  const splitter = new FrameSplitter(FRAME_BYTES_MAX)
  const found = Array.from(Buffer.concat([length, frame, length])).flatMap(byte =>
    splitter.push(Buffer.from([byte]))
  )
  strictEqual(found.length, 1)
  ok(found[0]!.equals(frame))
  strictEqual(splitter.bytes, length.length)
})

test('of those who send half of something large, the largest is ended; others go on', async t => {
  const started = await startOn(temporaryFolder(t), {}, { bytesMax: 1 << 20 })
  finallyIn(t, () => stop(started))
  const { host, port } = started.broker.address
  await started.log.createTopic('t')
  const client = await wireClientFor(t, started.bootstrap)
  const sizes = [100, 300, 900]
  const sockets = sizes.map(kib => {
    const socket = connect(port, host)
    socket.on('error', () => {}).resume()
    const length = Buffer.alloc(4)
    length.writeInt32BE(2 << 20)
    socket.write(Buffer.concat([length, Buffer.alloc(kib * 1024)]))
    return socket
  })
  await until(() => started.problems.length === 1)
  strictEqual((await client.produce('t', ['x'])).errorCode, 0)
  match(started.problems[0]!, /more than of any other/)
  strictEqual(sockets.filter(socket => socket.readyState === 'open').length, 2)
  for (const socket of sockets) socket.destroy()
})

for (const door of ['open', 'guarded'] as const) {
  test(`strangers who send anything through an ${door} door disturb nobody (seed ${SEED})`, async t => {
    const started = door === 'open' ? await brokerFor(t) : await secureBrokerFor(t)
    const random = new SeededRandom(SEED)
    const client = await wireClientFor(t, started.bootstrap)
    if (door === 'guarded') await loginScram(client, 'admin', USERS['admin']!)
    await started.log.createTopic('t')
    const { host, port } = started.broker.address
    const before = process.memoryUsage().rss
    for (let round = 0; round < SOCKETS; round++) {
      const frame = spoil(random, frameOf(random, APIS[random.below(APIS.length)]!))
      const length = Buffer.alloc(4)
      length.writeInt32BE(random.below(4) === 0 ? random.u32() | 0 : frame.length)
      const socket = connect(port, host)
      const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
      socket.on('error', () => {})
      socket.resume()
      socket.end(Buffer.concat([length, frame]))
      const { errorCode } = await client.produce('t', [String(round)])
      strictEqual(errorCode, 0)
      socket.destroySoon()
      await ended
    }
    ok(process.memoryUsage().rss - before < 2 * HEAP_GROWTH_MAX)
  })
}
