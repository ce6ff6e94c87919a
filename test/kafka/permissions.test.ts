// What every request answers to somebody who may do nothing, and to somebody who may do just that: Kafka's error codes.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { ApiName, RequestOf, Sparse } from '../../src/kafka/wire/index.ts'
import { SeededRandom, SimulatedClock } from '../../src/base/index.ts'
import { closeBrokerState, openBrokerState, openLocalBroker } from '../../src/kafka/index.ts'
import { openMemoryLog } from '../../src/log/index.ts'
import { Security } from '../../src/security/index.ts'
import { rule } from '../../src/security/kit.cases.ts'
import { brokerFor, finallyIn } from './kit.ts'
import { loginScram } from './sasl-client.ts'
import { USERS, secureBrokerFor, type SecureBroker } from './secure-kit.ts'
import { CASES, DENIALS, TOPIC_DENIED } from './permission-cases.ts'
import { wireClientFor, type WireClient } from './wire-client.ts'

const SECURITY_DISABLED = 54
const ILLEGAL_SASL_STATE = 34

/** What needs no permission, or leaves out what one may not know of; tested below. */
const OPEN: readonly ApiName[] = [
  'ApiVersions',
  'SaslHandshake',
  'SaslAuthenticate',
  'DescribeCluster',
  'ListGroups',
  'ListTransactions'
]

function codesOf(value: unknown): number[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'errorCode' || key === 'partitionErrorCode' ? [Number(inner)] : codesOf(inner)
  )
}

async function login(t: TestContext, started: SecureBroker, user: string): Promise<WireClient> {
  const client = await wireClientFor(t, started.bootstrap)
  strictEqual((await loginScram(client, user, USERS[user]!)).errorCode, 0)
  return client
}

const unique = (codes: readonly number[]): number[] =>
  [...new Set(codes.filter(code => code !== 0))].toSorted((a, b) => a - b)

test('each request is denied with the code of a Kafka broker, and allowed by the least that it needs', async t => {
  const started = await secureBrokerFor(t)
  const [ben, admin] = [await login(t, started, 'ben'), await login(t, started, 'admin')]
  const announced = (
    await admin.ask('ApiVersions', 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' })
  ).apiKeys.length
  strictEqual(new Set([...CASES.map(each => each.api), ...OPEN]).size, announced)
  for (const { api, version, request, denied, needs } of CASES) {
    if ((await started.log.listTopics()).every(each => each.name !== 'orders')) {
      await started.log.createTopic('orders')
    }
    const name = `${api} v${version} ${JSON.stringify(needs)}`
    const ask = async (client: WireClient): Promise<number[]> =>
      unique(codesOf(await client.ask(api, version, request as Sparse<RequestOf<ApiName>>)))
    const before = started.events.length
    deepStrictEqual(await ask(ben), unique(denied), name)
    ok(
      started.events
        .slice(before)
        .some(event => event.kind === 'denied' && event.principal === 'User:ben'),
      name
    )
    // Without any one of the needs it is still denied, with all of them not.
    const rules = needs.map(each => rule({ ...each, principal: 'User:ben' }))
    for (const missing of rules) {
      if (
        missing.kind === 'topic' &&
        missing.operation === 'describe-configs' &&
        api === 'CreateTopics'
      )
        continue
      const others = rules.filter(each => each !== missing)
      await started.security.rules.add(others)
      ok(
        (await ask(ben)).some(code => DENIALS.has(code)),
        `${name} without ${JSON.stringify(missing)}`
      )
      await started.security.rules.remove(others)
    }
    await started.security.rules.add(rules)
    const codes = await ask(ben)
    const isHidden = api === 'CreateTopics' && rules.length === 1
    ok(isHidden || codes.every(code => !DENIALS.has(code)), `${name}: ${codes.join()}`)
    await started.security.rules.remove(rules)
    if (api === 'CreateTopics') await started.log.deleteTopic('made')
  }
  strictEqual(
    started.events.filter(event => event.principal === 'User:admin' && event.kind === 'denied')
      .length,
    0
  )
})

/** What lists show. */
const seen = async (client: WireClient): Promise<object> => ({
  topics: (await client.ask('Metadata', 9, { topics: null })).topics
    .map(each => each.name)
    .toSorted(),
  groups: (await client.ask('ListGroups', 4, {})).groups.map(each => each.groupId).toSorted(),
  transactions: (await client.ask('ListTransactions', 0, { durationFilter: -1 })).transactionStates
    .map(each => each.transactionalId)
    .toSorted(),
  positions: (await client.ask('OffsetFetch', 7, { groupId: 'g1', topics: null })).topics
    .map(each => each.name)
    .toSorted()
})

test('lists leave out what one may not know of', async t => {
  const rules = [
    rule({ principal: 'User:ben', operation: 'describe', pattern: 'prefixed', name: 'shop.' }),
    rule({ principal: 'User:ben', kind: 'group', operation: 'read', name: 'g1' }),
    rule({ principal: 'User:ben', kind: 'transactional-id', operation: 'describe', name: 't1' })
  ]
  const started = await secureBrokerFor(t, { rules })
  for (const name of ['shop.a', 'shop.b', 'other']) await started.log.createTopic(name)
  const [ben, admin] = [await login(t, started, 'ben'), await login(t, started, 'admin')]
  for (const id of ['t1', 't2']) await admin.producer(id)
  for (const groupId of ['g1', 'g2']) {
    const partitions = [{ partitionIndex: 0, committedOffset: 0 }]
    const topics = [
      { name: 'shop.a', partitions },
      { name: 'other', partitions }
    ]
    await admin.ask('OffsetCommit', 8, { groupId, generationIdOrMemberEpoch: -1, topics })
  }
  deepStrictEqual(await seen(ben), {
    topics: ['shop.a', 'shop.b'],
    groups: ['g1'],
    transactions: ['t1'],
    positions: ['shop.a']
  })
  deepStrictEqual(await seen(admin), {
    topics: ['other', 'shop.a', 'shop.b'],
    groups: ['g1', 'g2'],
    transactions: ['t1', 't2'],
    positions: ['other', 'shop.a']
  })
})

test('a topic that one may not see is denied by id too, without its name', async t => {
  const started = await secureBrokerFor(t)
  await started.log.createTopic('orders')
  const [ben, admin] = [await login(t, started, 'ben'), await login(t, started, 'admin')]
  const { topicId } = (await admin.ask('Metadata', 12, { topics: [{ name: 'orders' }] })).topics[0]!
  const [hidden] = (await ben.ask('Metadata', 12, { topics: [{ name: null, topicId }] })).topics
  deepStrictEqual([hidden?.errorCode, hidden?.name, hidden?.topicId], [TOPIC_DENIED, null, topicId])
  const [kept] = (await ben.ask('DeleteTopics', 6, { topics: [{ name: null, topicId }] })).responses
  deepStrictEqual([kept?.errorCode, kept?.name], [TOPIC_DENIED, null])
})

const bits = (...codes: readonly number[]): number =>
  codes.reduce((sum, code) => sum | (1 << code), 0)

test('answers tell which operations are allowed, when asked (KIP-430)', async t => {
  const rules = [rule({ principal: 'User:ben', operation: 'write', name: 'orders' })]
  const started = await secureBrokerFor(t, { rules })
  await started.log.createTopic('orders')
  const [ben, admin] = [await login(t, started, 'ben'), await login(t, started, 'admin')]
  const asked = { topics: [{ name: 'orders' }], includeTopicAuthorizedOperations: true }
  const of = async (client: WireClient): Promise<number> =>
    (await client.ask('Metadata', 9, asked)).topics[0]!.topicAuthorizedOperations
  strictEqual(await of(ben), bits(4, 8))
  strictEqual(await of(admin), bits(3, 4, 5, 6, 7, 8, 10, 11))
  const describe = { includeClusterAuthorizedOperations: true }
  strictEqual((await ben.ask('DescribeCluster', 0, describe)).clusterAuthorizedOperations, 0)
  ok((await admin.ask('DescribeCluster', 0, describe)).clusterAuthorizedOperations > 0)
})

test('where nobody logs in there are no rules and no SASL, and everybody may do everything', async t => {
  const { bootstrap, broker, log } = await brokerFor(t)
  await log.createTopic('orders')
  const client = await wireClientFor(t, bootstrap)
  const filter = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 }
  strictEqual((await client.ask('DescribeAcls', 3, filter)).errorCode, SECURITY_DISABLED)
  // Whoever reaches the server could lock everybody out of its next start.
  const zoe = { name: 'zoe', mechanism: 1, iterations: 4_096, salt: Buffer.from('s') }
  const upsertions = [{ ...zoe, saltedPassword: Buffer.alloc(32) }]
  const altered = await client.ask('AlterUserScramCredentials', 0, { upsertions })
  strictEqual(altered.results[0]!.errorCode, SECURITY_DISABLED)
  strictEqual(broker.context.security.users.size, 0)
  const made = await client.ask('SaslHandshake', 1, { mechanism: 'PLAIN' })
  deepStrictEqual([made.errorCode, made.mechanisms], [ILLEGAL_SASL_STATE, []])
  strictEqual((await client.produce('orders', ['x'])).errorCode, 0)
})

test('whoever opens a data directory in their own process keeps its rules and users', async t => {
  const clock = new SimulatedClock()
  const log = openMemoryLog({ clock })
  const random = new SeededRandom(1)
  const state = await openBrokerState(log, clock)
  finallyIn(t, () => closeBrokerState(state))
  const broker = await openLocalBroker({ log, clock, random, state, clientId: 'here' })
  finallyIn(t, () => broker.close())
  const resource = { resourceType: 2, resourceName: 'orders', resourcePatternType: 4 }
  const grant = { principal: 'User:ana', host: '*', operation: 3, permissionType: 3 }
  const acl = { ...resource, ...grant }
  const { results } = await broker.call('CreateAcls', 3, { creations: [acl] })
  strictEqual(results[0]!.errorCode, 0)
  const security = await Security.open({ memory: state.store, clock, random, isRequired: true })
  ok(security.mightAllow({ principal: 'User:ana', host: 'x' }, 'read', 'topic', 'orders.1'))
  ok(!security.mightAllow({ principal: 'User:ana', host: 'x' }, 'write', 'topic', 'orders.1'))
})
