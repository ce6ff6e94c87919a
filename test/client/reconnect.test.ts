// A server that goes away and comes back: clients wait, go on, lose nothing; several logs at once in one program.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { connect, text, type Client } from '../../src/client/index.ts'
import { finallyIn, startOn, stop, temporaryFolder, until, type TestBroker } from '../kafka/kit.ts'

const TYPES = { key: text, value: text }

async function clientOf(t: TestContext, choice: object): Promise<Client> {
  const client = await connect(choice)
  finallyIn(t, () => client.close())
  return client
}

/** The same log behind the same port, later. */
async function restarted(folder: string, before: TestBroker): Promise<TestBroker> {
  const { port } = before.broker.address
  await stop(before)
  return await startOn(folder, {}, { port })
}

test('producer, consumer and group go on with a server that comes back', async t => {
  const folder = temporaryFolder(t)
  let broker = await startOn(folder)
  finallyIn(t, () => stop(broker))
  const client = await clientOf(t, { bootstrap: broker.bootstrap })
  await client.admin.createTopic('events', { partitions: 2 })
  const producer = await client.producer({ types: TYPES })
  const options = { topics: ['events'], types: TYPES, waitMs: 50 }
  const alone = await client.consumer(options)
  const member = await client.consumer({ ...options, group: 'g', commitIntervalMs: 0 })
  const seen = { alone: [] as string[], member: new Set<string>() }
  const follow = (async () => {
    for await (const { value } of alone) seen.alone.push(value!)
  })()
  const followGroup = (async () => {
    for await (const { value } of member) seen.member.add(value!)
  })()
  const values: string[] = []
  for (let life = 0; life < 3; life++) {
    const fresh = Array.from({ length: 50 }, (_, index) => `${life}.${index}`)
    values.push(...fresh)
    await producer.sendAll(fresh.map(value => ({ topic: 'events', key: value, value })))
    await until(() => seen.alone.length === values.length && seen.member.size === values.length)
    if (life < 2) broker = await restarted(folder, broker)
  }
  deepStrictEqual(seen.alone.toSorted(), values.toSorted())
  await alone.close()
  await member.close()
  await Promise.all([follow, followGroup])
})

test(
  'at most once is sent once; otherwise a producer waits for the server',
  { timeout: 30_000 },
  async t => {
    const folder = temporaryFolder(t)
    let broker = await startOn(folder)
    finallyIn(t, () => stop(broker))
    const client = await clientOf(t, { bootstrap: broker.bootstrap })
    await client.admin.createTopic('events')
    const once = await client.producer({ types: TYPES, delivery: 'at-most-once' })
    const again = await client.producer({ types: TYPES, delivery: 'at-least-once' })
    for (const producer of [once, again]) await producer.send({ topic: 'events', value: 'before' })
    const { port } = broker.broker.address
    await stop(broker)
    await rejects(once.send({ topic: 'events', value: 'lost' }), { code: 'CLUSTER_UNREACHABLE' })
    const waiting = again.send({ topic: 'events', value: 'late' })
    broker = await startOn(folder, {}, { port })
    strictEqual((await waiting).offset, 2)
  }
)

test('a member leaves at once when the server is gone for good', { timeout: 15_000 }, async t => {
  const broker = await startOn(temporaryFolder(t))
  const client = await clientOf(t, { bootstrap: broker.bootstrap })
  await client.admin.createTopic('events')
  const options = { topics: ['events'], types: TYPES, group: 'g' }
  const member = await client.consumer(options)
  await stop(broker)
  await member.close()
})

test('several logs are open at once: what one has is carried to the other', async t => {
  const broker = await startOn(temporaryFolder(t))
  finallyIn(t, () => stop(broker))
  const near = await clientOf(t, { dataDir: temporaryFolder(t) })
  const far = await clientOf(t, { bootstrap: broker.bootstrap })
  for (const client of [near, far]) await client.admin.createTopic('numbers')
  const source = await near.producer({ types: TYPES })
  await source.sendAll(['1', '2', '3'].map(value => ({ topic: 'numbers', value })))
  const target = await far.producer({ types: TYPES })
  const reader = await near.consumer({ topics: ['numbers'], types: TYPES, stopAtEnd: true })
  for await (const { value } of reader) await target.send({ topic: 'numbers', value })
  const check = await far.consumer({ topics: ['numbers'], types: TYPES, stopAtEnd: true })
  const copied: (string | null)[] = []
  for await (const { value } of check) copied.push(value)
  deepStrictEqual(copied, ['1', '2', '3'])
})

test('a data directory that is open refuses a second client, by its lock', async t => {
  const folder = temporaryFolder(t)
  await clientOf(t, { dataDir: folder })
  const failure = await connect({ dataDir: folder }).then(
    () => null,
    (error: Error & { code?: string }) => error
  )
  ok(failure !== null)
  strictEqual(/LOCKED/.test(failure.code ?? ''), true, failure.message)
})
