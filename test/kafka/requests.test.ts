// Requests that name one thing often, two that do not go together, or nothing: what real brokers answer, in time that
// grows with the request and no faster.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  ERROR_CODES,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../../src/kafka/wire/index.ts'
import { brokerFor, valuesOf } from './kit.ts'
import { loginScram } from './sasl-client.ts'
import { USERS, secureBrokerFor } from './secure-kit.ts'
import { wireClientFor, type WireClient } from './wire-client.ts'

const { INVALID_REQUEST, INVALID_REPLICA_ASSIGNMENT, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS } =
  ERROR_CODES
const OFTEN = 1_000
/** So many that a handler which compares each with each other, or asks the log for each, takes minutes. */
const MANY = 50_000

const often = <T>(item: T, count = OFTEN): readonly T[] => Array.from({ length: count }, () => item)

async function start(t: TestContext): Promise<WireClient> {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t', { partitions: 2 })
  return await wireClientFor(t, bootstrap)
}

/** Requests that name one thing a thousand times, and the list of the answer. */
const REPEATING: readonly (readonly [ApiName, number, object, string])[] = [
  ['Metadata', 9, { topics: often({ name: 't' }) }, 'topics'],
  ['DescribeTopicPartitions', 0, { topics: often({ name: 't' }) }, 'topics'],
  ['DescribeConfigs', 4, { resources: often({ resourceType: 2, resourceName: 't' }) }, 'results'],
  [
    'DescribeProducers',
    0,
    { topics: often({ name: 't', partitionIndexes: often(0, 2) }) },
    'topics'
  ],
  ['DescribeGroups', 5, { groups: often('g') }, 'groups'],
  ['ConsumerGroupDescribe', 0, { groupIds: often('g') }, 'groups'],
  ['OffsetFetch', 8, { groups: often({ groupId: 'g', topics: null }) }, 'groups'],
  ['DeleteGroups', 2, { groupsNames: often('g') }, 'results'],
  ['DescribeTransactions', 0, { transactionalIds: often('x') }, 'transactionStates']
]

test('what a request names a thousand times is answered once', async t => {
  const client = await start(t)
  for (const [api, version, request, list] of REPEATING) {
    const response: unknown = await client.ask(api, version, request as Sparse<RequestOf<ApiName>>)
    strictEqual((response as Record<string, readonly unknown[]>)[list]!.length, 1, api)
  }
})

test('requests of very many elements are answered, and others with them', async t => {
  const { log, bootstrap } = await brokerFor(t, { autoCreateTopics: false })
  await log.createTopic('t', { partitions: 1_000 })
  const [large, other] = [await wireClientFor(t, bootstrap), await wireClientFor(t, bootstrap)]
  const topic = { name: 't', numPartitions: 1, replicationFactor: 1 }
  const created = await large.ask('CreateTopics', 7, { topics: often(topic, MANY) })
  strictEqual(created.topics[0]!.errorCode, INVALID_REQUEST)
  const partitions = Array.from({ length: MANY }, (_, partition) => {
    return { partition: partition + 1_000, partitionMaxBytes: 1 }
  })
  const fetched = await large.ask('Fetch', 11, { topics: [{ topic: 't', partitions }] })
  strictEqual(fetched.responses[0]!.partitions.length, MANY)
  const unknown = often({ name: 't', partitions: [{ partitionIndex: 5_000 }] }, MANY / 2)
  const listed = await large.ask('ListOffsets', 9, { topics: unknown })
  strictEqual(listed.topics.length, MANY / 2)
  const names = Array.from({ length: MANY }, (_, index) => ({ name: `none.${index}` }))
  const missing = await large.ask('Metadata', 9, { topics: names })
  strictEqual(missing.topics.at(-1)!.errorCode, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  const ids = Array.from({ length: MANY }, (_, index) => {
    return { name: null, topicId: index.toString(16).padStart(32, '0') }
  })
  const described = await large.ask('Metadata', 12, { topics: ids.slice(1) })
  strictEqual(described.topics[0]!.errorCode, ERROR_CODES.UNKNOWN_TOPIC_ID)
  strictEqual((await other.produce('t', ['x'])).errorCode, 0)
})

test('topics that are named twice, badly or for other nodes are not made, not even on trial', async t => {
  const client = await start(t)
  const make = async (more: object, name = 'n', validateOnly = true): Promise<number> => {
    const topic = { name, numPartitions: 1, replicationFactor: 1, ...more }
    const { topics } = await client.ask('CreateTopics', 7, { topics: [topic], validateOnly })
    return topics[0]!.errorCode
  }
  for (const validateOnly of [true, false]) {
    strictEqual(await make({}, 'a/b', validateOnly), INVALID_TOPIC_EXCEPTION)
    strictEqual(await make({}, '_millrace.x', validateOnly), INVALID_TOPIC_EXCEPTION)
    const all = Array.from({ length: 2_000 }, (_, partitionIndex) => ({
      partitionIndex,
      brokerIds: [1]
    }))
    const assigned = { numPartitions: -1, replicationFactor: -1, assignments: all }
    strictEqual(await make(assigned, 'n', validateOnly), INVALID_PARTITIONS)
    const other = { ...assigned, assignments: [{ partitionIndex: 0, brokerIds: [2] }] }
    strictEqual(await make(other, 'n', validateOnly), INVALID_REPLICA_ASSIGNMENT)
  }
  strictEqual(await make({}), 0)
  const grow = async (count: number, nodes: readonly number[], times = 1): Promise<number> => {
    const assignments = nodes.map(node => ({ brokerIds: [node] }))
    const topics = often({ name: 't', count, assignments }, times)
    return (await client.ask('CreatePartitions', 3, { topics })).results[0]!.errorCode
  }
  strictEqual(await grow(4, [1, 2]), INVALID_REPLICA_ASSIGNMENT)
  strictEqual(await grow(4, [1]), INVALID_REPLICA_ASSIGNMENT)
  strictEqual(await grow(2, []), INVALID_PARTITIONS)
  strictEqual(await grow(3, [], 2), INVALID_REQUEST)
  strictEqual(await grow(4, [1, 1]), 0)
})

test('partitions come page by page, of all topics when none is named', async t => {
  const { log, bootstrap } = await brokerFor(t)
  for (const [name, partitions] of [
    ['a', 3],
    ['b', 1],
    ['c', 2]
  ] as const) {
    await log.createTopic(name, { partitions })
  }
  const client = await wireClientFor(t, bootstrap)
  const seen: string[] = []
  type Page = ResponseOf<'DescribeTopicPartitions'>
  let cursor: Page['nextCursor'] = null
  let pages = 0
  do {
    const asked: object = { topics: [], responsePartitionLimit: 2, cursor }
    const page: Page = await client.ask('DescribeTopicPartitions', 0, asked)
    for (const { name, partitions } of page.topics) {
      seen.push(...partitions.map(each => `${name}/${each.partitionIndex}`))
    }
    cursor = page.nextCursor
    pages++
  } while (cursor !== null)
  deepStrictEqual(seen, ['a/0', 'a/1', 'a/2', 'b/0', 'c/0', 'c/1'])
  strictEqual(pages, 3)
})

test('a partition that a transaction names twice gets one marker, a position the last value', async t => {
  const { log, bootstrap } = await brokerFor(t)
  await log.createTopic('t')
  const client = await wireClientFor(t, bootstrap)
  const of = await client.producer('x')
  const identity = { producerId: of.producerId, producerEpoch: of.epoch }
  const added = await client.ask('AddPartitionsToTxn', 3, {
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: of.producerId,
    v3AndBelowProducerEpoch: of.epoch,
    v3AndBelowTopics: often({ name: 't', partitions: [0, 0] }, 2)
  })
  deepStrictEqual(
    added.resultsByTopicV3AndBelow.flatMap(each =>
      each.resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode)
    ),
    [0, 0, 0, 0]
  )
  await client.produce('t', ['a'], { ...of, sequence: 0, isTransactional: true }, 'x')
  const common = { transactionalId: 'x', groupId: 'g', ...identity }
  await client.ask('AddOffsetsToTxn', 3, common)
  for (const offsets of [[1, 2], [3]]) {
    const partitions = offsets.map(committedOffset => ({ partitionIndex: 0, committedOffset }))
    await client.ask('TxnOffsetCommit', 3, { ...common, topics: [{ name: 't', partitions }] })
  }
  const pending = { groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }] }
  const position = async (): Promise<readonly number[]> => {
    const answer = await client.ask('OffsetFetch', 8, { ...pending, requireStable: true })
    const [found] = answer.groups[0]!.topics[0]!.partitions
    return [found!.errorCode, found!.committedOffset]
  }
  deepStrictEqual(await position(), [ERROR_CODES.UNSTABLE_OFFSET_COMMIT, -1])
  strictEqual(await client.end('x', of, true), 0)
  deepStrictEqual(await position(), [0, 3])
  const { endOffset } = (await log.describeTopic('t')).status.partitions[0]!
  strictEqual(endOffset, 2)
  deepStrictEqual((await valuesOf(log, 't')).length, 2)
})

/** A credential for the user zoe: 1 is SCRAM-SHA-256, 2 SCRAM-SHA-512. */
const added = (mechanism: number) => ({
  name: 'zoe',
  mechanism,
  iterations: 4_096,
  salt: Buffer.from('salt'),
  saltedPassword: Buffer.alloc(mechanism === 1 ? 32 : 64)
})

test('all that is asked of the credentials of a user is done, or nothing', async t => {
  const started = await secureBrokerFor(t)
  const client = await wireClientFor(t, started.bootstrap)
  await loginScram(client, 'admin', USERS['admin']!)
  const change = async (
    upsertions: readonly number[],
    deletions: readonly number[]
  ): Promise<number> => {
    const { results } = await client.ask('AlterUserScramCredentials', 0, {
      upsertions: upsertions.map(added),
      deletions: deletions.map(mechanism => ({ name: 'zoe', mechanism }))
    })
    strictEqual(results.length, 1)
    return results[0]!.errorCode
  }
  const users = often({ name: 'ana' })
  const twice = await client.ask('DescribeUserScramCredentials', 0, { users })
  deepStrictEqual(
    twice.results.map(each => each.errorCode),
    [ERROR_CODES.DUPLICATE_RESOURCE]
  )
  strictEqual(await change([1], [2]), ERROR_CODES.RESOURCE_NOT_FOUND)
  strictEqual(started.security.users.has('zoe'), false)
  strictEqual(await change([1, 1], []), ERROR_CODES.DUPLICATE_RESOURCE)
  strictEqual(await change([1, 3], []), ERROR_CODES.UNSUPPORTED_SASL_MECHANISM)
  strictEqual(started.security.users.has('zoe'), false)
  strictEqual(await change([1], []), 0)
  strictEqual(await change([2], [1]), 0)
  deepStrictEqual(started.security.users.list().find(user => user.name === 'zoe')?.mechanisms, [
    { mechanism: 'SCRAM-SHA-512', iterations: 4_096 }
  ])
  strictEqual(await change([], [2]), 0)
  strictEqual(started.security.users.has('zoe'), false)
  ok(started.events.some(event => event.action === 'AlterUserScramCredentials'))
  match(JSON.stringify(started.events), /user:zoe/)
})
