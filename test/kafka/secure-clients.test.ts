// Clients of others, unchanged, over TLS and logged in: as a super user all that they can, as others what rules allow.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers
} from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import type { Kafka as KafkaClient, SASLOptions } from 'kafkajs'

import { rule } from '../../src/security/kit.cases.ts'
import { textOf, withoutOpenssl } from './certificates.ts'
import { connected, consume } from './kafkajs-kit.ts'
import { finallyIn, until } from './kit.ts'
import { USERS, tlsBrokerFor, type SecureBroker } from './secure-kit.ts'
import { hasCommand, runTool } from './toolchain.ts'

const { Kafka, logLevel } = kafkajs

interface Started extends SecureBroker {
  readonly ca: string
}

/** `ana` may read the topics that begin with `shop.` in groups that do, and write `shop.orders`. */
const RULES = [
  rule({ kind: 'topic', pattern: 'prefixed', name: 'shop.' }),
  rule({ kind: 'group', pattern: 'prefixed', name: 'shop.' }),
  rule({ operation: 'write', name: 'shop.orders' }),
  rule({ permission: 'deny', operation: 'all', name: 'shop.secret' })
]

async function start(t: TestContext): Promise<Started> {
  const started = await tlsBrokerFor(t, { rules: RULES })
  return { ...started, ca: textOf(started.authority.certificate) }
}

function kafkajsOf(
  { bootstrap, ca }: Started,
  username: string,
  mechanism: SASLOptions['mechanism'] = 'scram-sha-512'
): KafkaClient {
  return new Kafka({
    brokers: [bootstrap],
    ssl: { ca: [ca] },
    sasl: { mechanism, username, password: USERS[username]! } as SASLOptions,
    logLevel: logLevel.NOTHING,
    retry: { retries: 1, initialRetryTime: 20 }
  })
}

for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
  test(
    `kafkajs produces and consumes over TLS with ${mechanism}`,
    { skip: withoutOpenssl },
    async t => {
      const started = await start(t)
      const client = kafkajsOf(started, 'admin', mechanism)
      const producer = await connected(t, client.producer())
      await producer.send({ topic: 'all', messages: [{ value: 'a' }, { value: 'b' }] })
      const consumer = client.consumer({ groupId: 'g', maxWaitTimeInMs: 100 })
      const seen = await consume(t, consumer, 'all')
      await until(() => seen.length === 2)
      deepStrictEqual(
        seen.map(each => each.value),
        ['a', 'b']
      )
      deepStrictEqual(started.problems, [])
    }
  )
}

test(
  'kafkajs is told what its user may not do, and keeps access rules and users',
  { skip: withoutOpenssl },
  async t => {
    const started = await start(t)
    const admin = await connected(t, kafkajsOf(started, 'admin').admin())
    await admin.createTopics({
      topics: ['shop.orders', 'shop.secret', 'other'].map(topic => ({ topic }))
    })
    const ana = kafkajsOf(started, 'ana')
    const own = await connected(t, ana.admin())
    deepStrictEqual(await own.listTopics(), ['shop.orders'])
    await rejects(
      own.createTopics({ topics: [{ topic: 'shop.new' }] }),
      (error: { errors: Error[] }) => /authoriz/i.test(error.errors[0]!.message)
    )
    await rejects(own.fetchTopicMetadata({ topics: ['other'] }), /authoriz/i)
    const producer = await connected(t, ana.producer())
    await producer.send({ topic: 'shop.orders', messages: [{ value: '1' }] })
    for (const topic of ['shop.secret', 'other']) {
      await rejects(producer.send({ topic, messages: [{ value: '1' }] }), /authoriz/i)
    }
    const resource = { resourceType: 2, resourceName: 'other', resourcePatternType: 3 }
    const grant = { principal: 'User:ana', host: '*', operation: 4, permissionType: 3 }
    await rejects(own.createAcls({ acl: [{ ...resource, ...grant }] }), /authoriz/i)
    await admin.createAcls({ acl: [{ ...resource, ...grant }] })
    await producer.send({ topic: 'other', messages: [{ value: '1' }] })
    const described = await admin.describeAcls({ ...resource, operation: 1, permissionType: 1 })
    deepStrictEqual(described.resources[0]!.acls, [grant])
    const deleted = await admin.deleteAcls({
      filters: [{ ...resource, operation: 1, permissionType: 1 }]
    })
    strictEqual(deleted.filterResponses[0]!.matchingAcls.length, 1)
    await rejects(producer.send({ topic: 'other', messages: [{ value: '1' }] }), /authoriz/i)
    ok(started.events.some(event => event.kind === 'denied' && event.principal === 'User:ana'))
    const changes = started.events.filter(event => event.kind === 'admin')
    ok(changes.some(event => event.action === 'CreateAcls' && event.outcome === 'ok'))
    ok(changes.some(event => event.outcome === 'CLUSTER_AUTHORIZATION_FAILED'))
  }
)

test(
  'kafkajs with a wrong password is told so, and no other client is disturbed',
  { skip: withoutOpenssl },
  async t => {
    const started = await start(t)
    const wrong = new Kafka({
      brokers: [started.bootstrap],
      ssl: { ca: [started.ca] },
      sasl: { mechanism: 'scram-sha-256', username: 'ana', password: 'not-the-password' },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 }
    })
    await rejects(wrong.admin().connect(), /authentication failed/i)
    const right = kafkajsOf(started, 'ana').admin()
    await right.connect()
    await right.disconnect()
  }
)

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
  test(
    `@platformatic/kafka produces, consumes and administrates over TLS with ${mechanism}`,
    { skip: withoutOpenssl },
    async t => {
      const started = await start(t)
      const common = {
        clientId: 'test',
        bootstrapBrokers: [started.bootstrap],
        tls: { ca: started.ca },
        sasl: { mechanism, username: 'admin', password: USERS['admin']! }
      }
      const admin = new Admin(common)
      finallyIn(t, () => admin.close())
      await admin.createTopics({ topics: ['p'], partitions: 2, replicas: 1 })
      const producer = new Producer({
        ...common,
        serializers: stringSerializers,
        producerId: -1n,
        producerEpoch: -1
      })
      finallyIn(t, () => producer.close())
      await producer.send({ messages: ['a', 'b', 'c'].map(value => ({ topic: 'p', value })) })
      const consumer = new Consumer({
        ...common,
        groupId: 'g',
        maxWaitTime: 50,
        deserializers: stringDeserializers
      })
      finallyIn(t, () => consumer.close(true))
      const seen: string[] = []
      const stream = await consumer.consume({ topics: ['p'], mode: 'earliest' })
      stream.on('data', message => seen.push(message.value))
      await until(() => seen.length === 3)
      deepStrictEqual(seen.toSorted(), ['a', 'b', 'c'])
      deepStrictEqual(started.problems, [])
    }
  )
}

/** How kcat logs in. */
function sasl(user: string, mechanism: string): readonly string[] {
  const settings = {
    'security.protocol': 'sasl_ssl',
    'sasl.mechanism': mechanism,
    'sasl.username': user,
    'sasl.password': USERS[user]!
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`])
}

const kcatMissing = hasCommand('kcat', '-V') ? false : 'kcat is not installed; apt-get install kcat'

test(
  'kcat produces and reads over TLS, by password and by certificate',
  { skip: withoutOpenssl || kcatMissing },
  async t => {
    const started = await tlsBrokerFor(t, {
      rules: RULES,
      withClientAuthority: true,
      superUsers: ['User:CN=ops,O=Acme']
    })
    const ca = ['-X', `ssl.ca.location=${started.authority.certificate}`]
    const kcat = (args: readonly string[], input = '') =>
      runTool('kcat', ['-b', started.bootstrap, ...ca, ...args], { input })
    for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
      const made = await kcat([...sasl('admin', mechanism), '-P', '-t', 'shop.orders'], 'x\n')
      strictEqual(made.code, 0, made.stderr)
    }
    const pair = started.authority.issue('ops', '/O=Acme/CN=ops')
    const certificate = [
      '-X',
      'security.protocol=ssl',
      '-X',
      `ssl.key.location=${pair.key}`,
      '-X',
      `ssl.certificate.location=${pair.certificate}`
    ]
    const read = await kcat([...certificate, '-C', '-t', 'shop.orders', '-e', '-q'])
    strictEqual(read.stdout, 'x\nx\nx\n', read.stderr)
    const denied = await kcat([
      ...sasl('ben', 'SCRAM-SHA-512'),
      '-C',
      '-t',
      'shop.orders',
      '-e',
      '-q'
    ])
    match(denied.stderr, /authorization failed/i)
  }
)
