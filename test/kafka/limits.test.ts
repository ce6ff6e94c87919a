// What one client may take from the others: connections, time without a login, memory; and what ends it.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'

import { SimulatedClock } from '../../src/base/index.ts'
import { Load } from '../../src/kafka/broker/load.ts'
import { BatchBuilder, crc32c } from '../../src/record/index.ts'
import { withoutOpenssl } from './certificates.ts'
import { brokerFor, finallyIn, until } from './kit.ts'
import { loginScram } from './sasl-client.ts'
import { USERS, secureBrokerFor, tlsBrokerFor, type SecureBroker } from './secure-kit.ts'
import { WireClient, wireClientFor } from './wire-client.ts'

const LOGIN_MS = 10_000
const MESSAGE_TOO_LARGE = 10
const INVALID_GROUP_ID = 24
const INVALID_REQUEST = 42

/** A connection that says nothing. */
async function silent(t: TestContext, { broker }: SecureBroker): Promise<Socket> {
  const socket = connect(broker.address.port, broker.address.host)
  socket.on('error', () => {})
  finallyIn(t, () => socket.destroy())
  await new Promise(resolve => socket.once('connect', resolve))
  return socket
}

const isClosed = (socket: Socket): Promise<boolean> =>
  new Promise(resolve => {
    if (socket.destroyed) resolve(true)
    socket.once('close', () => resolve(true))
    socket.resume()
  })

test('an address has so many connections; one that ends makes room', async t => {
  const started = await secureBrokerFor(t, { admission: { perAddressMax: 2 } })
  const first = await silent(t, started)
  await silent(t, started)
  ok(await isClosed(await silent(t, started)))
  ok(await isClosed(await silent(t, started)))
  first.destroy()
  await until(async () => {
    try {
      const client = await wireClientFor(t, started.bootstrap)
      return (await loginScram(client, 'ana', USERS['ana']!)).errorCode === 0
    } catch {
      return false
    }
  })
  // Told once a minute for an address, not for each attempt.
  deepStrictEqual(started.problems, ['there are 2 connections from 127.0.0.1 already'])
})

test('there are so many connections in all; who comes beyond is told of once', async t => {
  const started = await secureBrokerFor(t, { connectionsMax: 1 })
  const client = await wireClientFor(t, started.bootstrap)
  strictEqual((await loginScram(client, 'admin', USERS['admin']!)).errorCode, 0)
  for (let count = 0; count < 3; count++) ok(await isClosed(await silent(t, started)))
  ok((await client.ask('Metadata', 9, { topics: null })).clusterId !== null)
  deepStrictEqual(started.problems, ['there are 1 connections already'])
})

test('so many connections may not have logged in yet; those that have do not count', async t => {
  const started = await secureBrokerFor(t, { admission: { strangersMax: 2 } })
  for (let count = 0; count < 4; count++) {
    const client = await wireClientFor(t, started.bootstrap)
    strictEqual((await loginScram(client, 'ana', USERS['ana']!)).errorCode, 0)
  }
  await silent(t, started)
  await silent(t, started)
  ok(await isClosed(await silent(t, started)))
  match(started.problems[0]!, /2 connections have not logged in/)
})

test('who does not log in within ten seconds is ended, in the clear and in a TLS handshake', async t => {
  for (const start of withoutOpenssl === false
    ? [secureBrokerFor, tlsBrokerFor]
    : [secureBrokerFor]) {
    const clock = new SimulatedClock()
    const started = await start(t, { brokerClock: clock })
    const idle = await silent(t, started)
    const asking = start === secureBrokerFor ? await WireClient.connect(started.bootstrap) : null
    if (asking !== null) await asking.ask('ApiVersions', 0, {})
    const known = start === secureBrokerFor ? await WireClient.connect(started.bootstrap) : null
    if (known !== null) await loginScram(known, 'admin', USERS['admin']!)
    await clock.advance(LOGIN_MS)
    ok(await isClosed(idle))
    await asking?.ended()
    if (known !== null) ok((await known.ask('Metadata', 9, { topics: null })).clusterId !== null)
    match(started.problems.join(), /did not log in within 10 s/)
    known?.close()
  }
})

test('frames are short before a login, and large behind it', async t => {
  const started = await secureBrokerFor(t)
  const large = Buffer.alloc(65 * 1024)
  const stranger = await WireClient.connect(started.bootstrap)
  await stranger.ask('SaslHandshake', 1, { mechanism: 'SCRAM-SHA-256' })
  await rejects(stranger.ask('SaslAuthenticate', 2, { authBytes: large }), /ended/)
  match(started.problems[0]!, /at most 65536 are taken/)
  const client = await wireClientFor(t, started.bootstrap)
  await loginScram(client, 'admin', USERS['admin']!)
  await started.log.createTopic('t')
  const { errorCode } = await client.produce('t', ['x'.repeat(1 << 20)])
  strictEqual(errorCode, 0)
})

test('who takes nothing of what it asked for is ended in time; who takes some is not', async t => {
  const clock = new SimulatedClock()
  const started = await secureBrokerFor(t, { brokerClock: clock })
  const [writer, stuck, slow] = await Promise.all(
    [0, 1, 2].map(async () => {
      const client = await wireClientFor(t, started.bootstrap)
      await loginScram(client, 'admin', USERS['admin']!)
      return client
    })
  )
  await started.log.createTopic('t')
  for (let count = 0; count < 12; count++) await writer!.produce('t', ['x'.repeat(1 << 20)])
  const fetch = {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 25,
    topics: [{ topic: 't', partitions: [{ fetchOffset: 0, partitionMaxBytes: 1 << 25 }] }]
  }
  for (const client of [stuck!, slow!]) client.socket.pause()
  const hopeless = stuck!.ask('Fetch', 11, fetch).catch(() => 'ended')
  const waiting = slow!.ask('Fetch', 11, fetch)
  const { load } = started.broker.context
  await until(() => load.bytes > 2 << 20)
  slow!.socket.resume()
  ok((await waiting).responses.length === 1)
  await clock.advance(60_000 + (1 << 25) / 65.536)
  // What lay in the system's buffers is read only now, and then the end.
  stuck!.socket.resume()
  strictEqual(await hopeless, 'ended')
  match(started.problems.join(), /it took nothing of \d+ bytes of answers in \d+ s/)
  strictEqual((await writer!.produce('t', ['y'])).errorCode, 0)
  ok((await slow!.ask('Metadata', 9, { topics: null })).clusterId !== null)
  await until(() => load.bytes === 0)
})

test('records that grow without measure when they are decompressed are refused', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  const bomb = gzipSync(Buffer.alloc(100 << 20), { level: 9 })
  const builder = new BatchBuilder()
  builder.append(1_700_000_000_000, null, Buffer.from('x'))
  const header = builder.build().subarray(0, 61)
  const batch = Buffer.concat([header, bomb])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(1, 21)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  const before = process.memoryUsage().rss
  const response = await client.ask('Produce', 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch }] }]
  })
  strictEqual(response.responses[0]!.partitionResponses[0]!.errorCode, MESSAGE_TOO_LARGE)
  ok(process.memoryUsage().rss - before < 128 << 20)
})

test('records of one request do not grow without measure together either', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  const builder = new BatchBuilder({ compression: 'zstd' })
  builder.append(1_700_000_000_000, null, Buffer.alloc(15 << 20))
  const records = builder.build()
  const bombs = Array.from({ length: 30 }, () => ({ index: 0, records }))
  const plain = new BatchBuilder()
  plain.append(1_700_000_000_000, null, Buffer.from('x'))
  const response = await client.ask('Produce', 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: 't', partitionData: [...bombs, { index: 0, records: plain.build() }] }]
  })
  const codes = response.responses[0]!.partitionResponses.map(each => each.errorCode)
  // 256 MiB are 18 times these records; what is not compressed is taken as before.
  deepStrictEqual(codes.slice(0, 17), Array(17).fill(0))
  deepStrictEqual(codes.slice(18, 30), Array(12).fill(MESSAGE_TOO_LARGE))
  strictEqual(codes.at(-1), 0)
})

test('names of groups and transactional ids are text that can be printed', async t => {
  const { bootstrap } = await brokerFor(t)
  const client = await wireClientFor(t, bootstrap)
  const bad = ['a\nb', '\0', '\u001b[2J', '\u202etxt', 'x'.repeat(513)]
  for (const name of [...bad, '']) {
    const protocols = [{ name: 'range' }]
    const asked = { groupId: name, sessionTimeoutMs: 10_000, protocolType: 'consumer', protocols }
    strictEqual((await client.ask('JoinGroup', 5, asked)).errorCode, INVALID_GROUP_ID, name)
    strictEqual((await client.producer(name)).errorCode, INVALID_REQUEST, name)
  }
  for (const name of ['a group', 'größe.1', 'x'.repeat(512)]) {
    strictEqual((await client.producer(name)).errorCode, 0)
  }
})

test('answers are made small while much is in memory, before anybody has to be ended', () => {
  const load = new Load(100)
  strictEqual(load.count(50), false)
  strictEqual(load.isTight, false)
  strictEqual(load.count(1), false)
  strictEqual(load.isTight, true)
  strictEqual(load.count(50), true)
  load.count(-101)
  strictEqual(load.isTight, false)
  strictEqual(load.bytes, 0)
})
