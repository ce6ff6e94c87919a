// A walk through requests that brokers refuse, with the codes that they give. The same for every broker.
import type { ApiName, RequestOf, ResponseOf, Sparse } from '../../src/kafka/wire/index.ts'
import { batchOf, type BatchOf, type WireClient } from './wire-client.ts'

/** Error codes of each answer, by what was asked. */
export type Codes = Map<string, readonly number[]>

/** A broker that has just started says so, and is asked again: loading, not the coordinator, transaction ending. */
const PASSING: ReadonlySet<number> = new Set([14, 15, 16, 51])
const PASSING_TIMES = 100
const PASSING_MS = 100
const NO_ID = '0'.repeat(32)
const UNKNOWN_ID = 'ab'.repeat(16)
const MEMBER = 'AAAAAAAAAAAAAAAAAAAAAA'
/** What a consumer says that reads the topic t. */
const SUBSCRIPTION = Buffer.from('00000000000100017400000000', 'hex')

/** All error codes in an answer, in its order. */
export function codesOf(value: unknown): readonly number[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'errorCode' || key === 'partitionErrorCode' ? [Number(inner)] : codesOf(inner)
  )
}

type Ask = <Name extends ApiName>(
  what: string,
  api: Name,
  version: number,
  request: Sparse<RequestOf<Name>>
) => Promise<ResponseOf<Name>>

/** Asks everything over one connection. */
export async function walk(client: WireClient): Promise<Codes> {
  const codes: Codes = new Map()
  const ask: Ask = async (what, api, version, request) => {
    for (let time = 1; ; time++) {
      const response = await client.ask(api, version, request)
      const found = codesOf(response)
      if (time === PASSING_TIMES || !found.some(code => PASSING.has(code))) {
        codes.set(what, found)
        return response
      }
      await new Promise(resolve => setTimeout(resolve, PASSING_MS))
    }
  }
  await topics(ask)
  await records(ask)
  await reads(ask)
  await configs(ask)
  await classicGroups(ask)
  await consumerGroups(ask)
  await transactions(ask)
  return codes
}

async function topics(ask: Ask): Promise<void> {
  const topic = { name: 'n', numPartitions: 1, replicationFactor: 1 }
  const assigned = { numPartitions: -1, replicationFactor: -1 }
  const create = (what: string, more: object, validateOnly = false) =>
    ask(what, 'CreateTopics', 7, {
      timeoutMs: 5_000,
      topics: [{ ...topic, ...more }],
      validateOnly
    })
  await create('a topic', { name: 't', numPartitions: 2 })
  for (let isThere = false; !isThere;) {
    const { topics: found } = await ask('its partitions', 'Metadata', 9, {
      topics: [{ name: 't' }]
    })
    isThere = found[0]!.errorCode === 0 && found[0]!.partitions.every(each => each.errorCode === 0)
  }
  await create('a topic again', { name: 't' })
  await create('a topic with a slash', { name: 'a/b' })
  await create('a topic with a slash on trial', { name: 'a/b' }, true)
  await create('no partitions', { numPartitions: 0 })
  await create('three replicas', { replicationFactor: 3 })
  const elsewhere = [{ partitionIndex: 0, brokerIds: [9] }]
  await create('a topic on another node', { ...assigned, assignments: elsewhere })
  const gap = [{ partitionIndex: 1, brokerIds: [1] }]
  await create('a topic without partition 0', { ...assigned, assignments: gap })
  await create('a bad configuration', { configs: [{ name: 'retention.ms', value: 'x' }] })
  await create('an unknown configuration', { configs: [{ name: 'nope', value: 'x' }] })
  const twice = { timeoutMs: 5_000, topics: [topic, topic] }
  await ask('a topic twice', 'CreateTopics', 7, twice)
  const grow = (what: string, more: object, times = 1) => {
    const one = { name: 't', count: 3, assignments: null, ...more }
    const all = Array.from({ length: times }, () => one)
    return ask(what, 'CreatePartitions', 3, { timeoutMs: 5_000, topics: all })
  }
  await grow('partitions of no topic', { name: 'zz' })
  await grow('fewer partitions', { count: 1 })
  await grow('as many partitions', { count: 2 })
  await grow('partitions on another node', { assignments: [{ brokerIds: [9] }] })
  await grow('partitions with too few nodes', { count: 4, assignments: [{ brokerIds: [1] }] })
  await grow('partitions twice', {}, 2)
  await ask('no topic deleted', 'DeleteTopics', 5, { timeoutMs: 5_000, topicNames: ['zz'] })
  const byId = [{ name: null, topicId: UNKNOWN_ID }]
  await ask('no id deleted', 'DeleteTopics', 6, { timeoutMs: 5_000, topics: byId })
  for (const [what, name, topicId] of [
    ['no topic described', 'zz', NO_ID],
    ['no id described', null, UNKNOWN_ID],
    ['no name described', 'a/b', NO_ID]
  ] as const) {
    const asked = { topics: [{ name, topicId }], allowAutoTopicCreation: false }
    await ask(what, 'Metadata', 12, asked)
  }
  const page = { topics: [{ name: 'zz' }], responsePartitionLimit: 10, cursor: null }
  await ask('no topic by pages', 'DescribeTopicPartitions', 0, page)
}

const produced = (records: Buffer, more: object = {}, name = 't', index = 0) => ({
  acks: -1,
  timeoutMs: 5_000,
  topicData: [{ name, partitionData: [{ index, records }] }],
  ...more
})

async function records(ask: Ask): Promise<void> {
  const batch = batchOf(['x'], null)
  const produce = (what: string, request: Sparse<RequestOf<'Produce'>>) =>
    ask(what, 'Produce', 9, request)
  await produce('a batch', produced(batch))
  await produce('a batch for no topic', produced(batch, {}, 'zz'))
  await produce('a batch for no partition', produced(batch, {}, 't', 7))
  await produce('acks of five', produced(batch, { acks: 5 }))
  const damaged = Buffer.from(batch)
  damaged[30]! ^= 1
  await produce('a damaged batch', produced(damaged))
  const old = Buffer.from(batch)
  old[16] = 1
  await produce('a batch of before', produced(old))
  await produce('two batches', produced(Buffer.concat([batch, batch])))
  await produce(
    'nobody’s producer',
    produced(batchOf(['x'], { producerId: 987_654, epoch: 0, sequence: 5 }))
  )
  const nobody = { transactionalId: null, transactionTimeoutMs: 1_000, producerId: -1 }
  const init = { ...nobody, producerEpoch: -1 }
  const { producerId } = await ask('a producer', 'InitProducerId', 3, init)
  for (const [what, epoch, sequence] of [
    ['the first sequence', 0, 0],
    ['a gap in the sequence', 0, 5],
    ['the first sequence again', 0, 0],
    ['a gap in a new epoch', 1, 5],
    ['a new epoch', 1, 0],
    ['the epoch of before', 0, 1]
  ] as const) {
    await produce(what, produced(batchOf(['x'], { producerId, epoch, sequence })))
  }
}

async function reads(ask: Ask): Promise<void> {
  const bounds = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionEpoch: -1 }
  const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }
  const fetch = (what: string, more: object, topic = 't', session: object = {}) => {
    const partitions = [{ ...partition, currentLeaderEpoch: -1, ...more }]
    return ask(what, 'Fetch', 11, { ...bounds, topics: [{ topic, partitions }], ...session })
  }
  await fetch('records', {})
  await fetch('records of no topic', {}, 'zz')
  await fetch('records of no partition', { partition: 9 })
  await fetch('records beyond the end', { fetchOffset: 1_000 })
  await fetch('records before zero', { fetchOffset: -3 })
  await fetch('records of a later epoch', { currentLeaderEpoch: 9 })
  await fetch('no session', {}, 't', { sessionId: 12_345, sessionEpoch: 4 })
  const topicsById = [{ topicId: UNKNOWN_ID, partitions: [partition] }]
  await ask('records of no id', 'Fetch', 13, { ...bounds, topics: topicsById })
  const list = (what: string, more: object, name = 't') => {
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1, ...more }]
    return ask(what, 'ListOffsets', 9, { replicaId: -1, topics: [{ name, partitions }] })
  }
  for (const timestamp of [-1, -2, -3, -4, -5, -9, 5])
    await list(`offset ${timestamp}`, { timestamp })
  await list('an offset of no topic', {}, 'zz')
  await list('an offset of a later epoch', { currentLeaderEpoch: 9 })
  for (const [what, each] of [
    ['the end of the epoch', { partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }],
    ['the end of a later epoch', { partition: 0, currentLeaderEpoch: -1, leaderEpoch: 7 }],
    ['the end as of a later epoch', { partition: 0, currentLeaderEpoch: 5, leaderEpoch: 0 }],
    ['the end of no partition', { partition: 9, currentLeaderEpoch: -1, leaderEpoch: 0 }]
  ] as const) {
    const asked = { replicaId: -1, topics: [{ topic: 't', partitions: [each] }] }
    await ask(what, 'OffsetForLeaderEpoch', 4, asked)
  }
  const remove = (what: string, offset: number, name = 't') => {
    const topicsOf = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
    return ask(what, 'DeleteRecords', 2, { timeoutMs: 5_000, topics: topicsOf })
  }
  await remove('records beyond the end removed', 1_000)
  await remove('records of no topic removed', 0, 'zz')
  await remove('a record removed', 1)
  await fetch('a record that was removed', { fetchOffset: 0 })
}

async function configs(ask: Ask): Promise<void> {
  for (const [what, resourceType, resourceName] of [
    ['configurations of no topic', 2, 'zz'],
    ['configurations of no node', 4, '9'],
    ['configurations of no type', 77, '9']
  ] as const) {
    const resources = [{ resourceType, resourceName, configurationKeys: null }]
    await ask(what, 'DescribeConfigs', 4, { resources })
  }
  for (const [what, resourceName, name, value, configOperation] of [
    ['a configuration of no topic set', 'zz', 'retention.ms', '1', 0],
    ['an unknown configuration set', 't', 'nope', '1', 0],
    ['a configuration appended to', 't', 'retention.ms', '1', 2],
    ['a configuration set to nothing', 't', 'retention.ms', null, 0],
    ['a configuration set badly', 't', 'retention.ms', 'x', 0]
  ] as const) {
    const changes = [{ name, configOperation, value }]
    const resources = [{ resourceType: 2, resourceName, configs: changes }]
    await ask(what, 'IncrementalAlterConfigs', 1, { resources })
  }
}

async function classicGroups(ask: Ask): Promise<void> {
  await ask('a coordinator of nothing', 'FindCoordinator', 4, {
    keyType: 7,
    coordinatorKeys: ['x']
  })
  await ask('a coordinator', 'FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['g'] })
  const wish = {
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: SUBSCRIPTION }]
  }
  const join = (what: string, more: object) => ask(what, 'JoinGroup', 5, { ...wish, ...more })
  await join('a group without a name', { groupId: '' })
  await join('a short session', { sessionTimeoutMs: 1 })
  await join('no protocols', { protocols: [] })
  await join('no type of protocol', { protocolType: '' })
  await join('nobody in a new group', { memberId: 'nobody' })
  const { memberId } = await join('a member without an id', {})
  const { generationId } = await join('a member', { memberId })
  await join('nobody', { memberId: 'nobody' })
  await join('another protocol', { protocols: [{ name: 'other', metadata: SUBSCRIPTION }] })
  await join('another type of protocol', { protocolType: 'connect' })
  const me = { groupId: 'g', memberId, generationId, groupInstanceId: null, assignments: [] }
  const given = [{ memberId, assignment: Buffer.from('x') }]
  for (const [what, more] of [
    ['an assignment of another generation', { generationId: 77 }],
    ['nobody’s assignment', { memberId: 'nobody' }],
    ['an assignment', { assignments: given }]
  ] as const) {
    await ask(what, 'SyncGroup', 4, { ...me, ...more })
  }
  for (const [what, more] of [
    ['a heartbeat', {}],
    ['a heartbeat of another generation', { generationId: 9 }],
    ['nobody’s heartbeat', { memberId: 'no' }],
    ['a heartbeat in no group', { groupId: 'none' }],
    ['a heartbeat without a group', { groupId: '' }]
  ] as const) {
    await ask(what, 'Heartbeat', 4, { ...me, ...more })
  }
  await positions(ask, memberId, generationId)
  for (const groupId of ['g', 'never']) {
    const members = [{ memberId: 'no', groupInstanceId: null }]
    await ask(`nobody leaves ${groupId}`, 'LeaveGroup', 4, { groupId, members })
    await ask(`${groupId} deleted`, 'DeleteGroups', 2, { groupsNames: [groupId] })
    await ask(`${groupId} described`, 'DescribeGroups', 5, { groups: [groupId] })
    await ask(`${groupId} described as new`, 'ConsumerGroupDescribe', 0, { groupIds: [groupId] })
  }
}

async function positions(ask: Ask, memberId: string, generation: number): Promise<void> {
  const nobody = { memberId: '', generationIdOrMemberEpoch: -1 }
  const commit = (what: string, more: object, place: object = {}, name = 't') => {
    const position = { partitionIndex: 0, committedOffset: 1, committedMetadata: '', ...place }
    const me = { groupId: 'g', memberId, generationIdOrMemberEpoch: generation }
    const topicsOf = [{ name, partitions: [position] }]
    return ask(what, 'OffsetCommit', 7, { ...me, topics: topicsOf, ...more })
  }
  await commit('a position', {})
  await commit('a position of another generation', { generationIdOrMemberEpoch: 9 })
  await commit('nobody’s position', { memberId: 'no' })
  await commit('a position in no topic', {}, {}, 'zz')
  await commit('a position in no partition', {}, { partitionIndex: 9 })
  await commit('a position beside the members', nobody)
  await commit('a generation of a new group', { groupId: 'new', generationIdOrMemberEpoch: 3 })
  await commit('a position of a new group', { groupId: 'new', ...nobody })
  await commit('a position without a group', { groupId: '', ...nobody })
  await commit('too much beside a position', {}, { committedMetadata: 'x'.repeat(5_000) })
  await commit('a position before zero', {}, { committedOffset: -7 })
  for (const groupId of ['g', 'never']) {
    const wanted = [
      { name: 't', partitionIndexes: [0, 1, 9] },
      { name: 'zz', partitionIndexes: [0] }
    ]
    await ask(`positions of ${groupId}`, 'OffsetFetch', 7, { groupId, topics: wanted })
    const topicsOf = [{ name: 't', partitions: [{ partitionIndex: 0 }] }]
    await ask(`a position of ${groupId} deleted`, 'OffsetDelete', 0, { groupId, topics: topicsOf })
  }
}

async function consumerGroups(ask: Ask): Promise<void> {
  const joining = {
    groupId: 'cg',
    memberId: MEMBER,
    memberEpoch: 0,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: ['t'],
    topicPartitions: []
  }
  const going = { rebalanceTimeoutMs: -1, subscribedTopicNames: null, topicPartitions: null }
  const owned = [{ topicId: UNKNOWN_ID, partitions: [0] }]
  for (const [what, more, version] of [
    ['a member of both kinds', { groupId: 'g' }, 0],
    ['a member of no group', { memberEpoch: 5 }, 0],
    ['a member without a group', { groupId: '' }, 0],
    ['an unknown assignor', { serverAssignor: 'nope' }, 0],
    ['a member that reads nothing', { subscribedTopicNames: null }, 0],
    ['a new member that owns', { topicPartitions: owned }, 0],
    ['a pattern that is none', { subscribedTopicRegex: '(' }, 1],
    ['epoch −3', { memberEpoch: -3 }, 0],
    ['epoch −2 without an instance', { memberEpoch: -2 }, 0],
    ['a new member', {}, 0],
    ['an epoch to come', { memberEpoch: 99, ...going }, 0],
    ['another member', { memberId: 'B'.repeat(22), memberEpoch: 1, ...going }, 0]
  ] as const) {
    await ask(what, 'ConsumerGroupHeartbeat', version, { ...joining, ...more })
  }
  const members = [{ memberId: '', groupInstanceId: null }]
  await ask('nobody leaves cg', 'LeaveGroup', 4, { groupId: 'cg', members })
}

async function transactions(ask: Ask): Promise<void> {
  await ask('a coordinator of x', 'FindCoordinator', 4, { keyType: 1, coordinatorKeys: ['x'] })
  const wish = { transactionalId: 'x', transactionTimeoutMs: 60_000, producerId: -1 }
  const init = (what: string, more: object) =>
    ask(what, 'InitProducerId', 3, { ...wish, producerEpoch: -1, ...more })
  await init('no time for a transaction', { transactionTimeoutMs: 0 })
  await init('much time for a transaction', { transactionTimeoutMs: 2 ** 30 })
  await init('a transactional id of nothing', { transactionalId: '' })
  const { producerId, producerEpoch } = await init('a transactional id', {})
  const me = { transactionalId: 'x', producerId, producerEpoch }
  const add = (what: string, more: object, name = 't') =>
    ask(what, 'AddPartitionsToTxn', 3, {
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name, partitions: [0] }],
      ...more
    })
  const write = (what: string, sequence: number) => {
    const of: BatchOf = { producerId, epoch: producerEpoch, sequence, isTransactional: true }
    return ask(what, 'Produce', 9, produced(batchOf(['x'], of), { transactionalId: 'x' }))
  }
  const end = (what: string, more: object = {}) =>
    ask(what, 'EndTxn', 3, { ...me, committed: true, ...more })
  await end('an end before the begin')
  await add('no topic in a transaction', {}, 'zz')
  await add('another epoch in a transaction', { v3AndBelowProducerEpoch: 9 })
  await add('another producer in a transaction', { v3AndBelowProducerId: 77 })
  await add('another id in a transaction', { v3AndBelowTransactionalId: 'never' })
  await write('a partition that was not added', 0)
  await add('a partition in a transaction', {})
  await write('a batch in a transaction', 0)
  const position = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }]
  const commit = { ...me, groupId: 'txg', topics: position }
  await ask('positions of a group that was not added', 'TxnOffsetCommit', 3, commit)
  await end('an end in another epoch', { producerEpoch: 9 })
  await end('an end')
  await end('the same end again')
  await end('another end', { committed: false })
  await init('the transactional id again', {})
  await end('an end of who is fenced')
  await write('a batch of who is fenced', 1)
  await ask('no transaction described', 'DescribeTransactions', 0, { transactionalIds: ['never'] })
  const places = [
    { name: 'zz', partitionIndexes: [0] },
    { name: 't', partitionIndexes: [9] }
  ]
  await ask('producers of no partitions', 'DescribeProducers', 0, { topics: places })
}
