// Requests of all kinds, with what they answer to somebody who may do nothing, and the least that lets them through.
import type { AccessRule } from '../../src/security/index.ts'
import type { ApiName, RequestOf, Sparse } from '../../src/kafka/wire/index.ts'
import { batchOf } from './wire-client.ts'

export const TOPIC_DENIED = 29
const GROUP_DENIED = 30
const CLUSTER_DENIED = 31
const TRANSACTION_DENIED = 53
export const DENIALS: ReadonlySet<number> = new Set([
  TOPIC_DENIED,
  GROUP_DENIED,
  CLUSTER_DENIED,
  TRANSACTION_DENIED
])

/** One request: all error codes of its answer for who may nothing, and the least that lets it through. */
export interface Case {
  readonly api: ApiName
  readonly version: number
  readonly request: object
  readonly denied: readonly number[]
  readonly needs: readonly Partial<AccessRule>[]
}

const topic = (operation: AccessRule['operation'], name = 'orders'): Partial<AccessRule> => {
  return { kind: 'topic', operation, name }
}
const group = (operation: AccessRule['operation']): Partial<AccessRule> => {
  return { kind: 'group', operation, name: 'g' }
}
const cluster = (operation: AccessRule['operation']): Partial<AccessRule> => {
  return { kind: 'cluster', operation, name: 'kafka-cluster' }
}
const transaction = (operation: AccessRule['operation']): Partial<AccessRule> => {
  return { kind: 'transactional-id', operation, name: 'tx' }
}

const of = <Name extends ApiName>(
  api: Name,
  version: number,
  request: Sparse<RequestOf<Name>>,
  denied: readonly number[],
  needs: readonly Partial<AccessRule>[]
): Case => ({ api, version, request, denied, needs })

const ONE = [{ partitionIndex: 0 }]
const FILTER = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 }
const PRODUCER = { producerId: 1, producerEpoch: 0 }
const records = batchOf(['x'], null)
const produce = {
  acks: -1,
  timeoutMs: 1_000,
  topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }]
}
const scram = {
  name: 'zoe',
  mechanism: 1,
  iterations: 4_096,
  salt: Buffer.from('s'),
  saltedPassword: Buffer.alloc(32)
}
const acl = {
  resourceType: 2,
  resourceName: 't',
  resourcePatternType: 3,
  principal: 'User:x',
  host: '*',
  operation: 3,
  permissionType: 3
}

export const CASES: readonly Case[] = [
  of('Produce', 9, produce, [TOPIC_DENIED], [topic('write')]),
  of(
    'Produce',
    9,
    { ...produce, transactionalId: 'tx' },
    [TRANSACTION_DENIED],
    [topic('write'), transaction('write')]
  ),
  of(
    'Fetch',
    11,
    { maxBytes: 1_000, topics: [{ topic: 'orders', partitions: [{ partitionMaxBytes: 100 }] }] },
    [TOPIC_DENIED],
    [topic('read')]
  ),
  of(
    'ListOffsets',
    5,
    { topics: [{ name: 'orders', partitions: [{ timestamp: -1 }] }] },
    [TOPIC_DENIED],
    [topic('describe')]
  ),
  of('Metadata', 9, { topics: [{ name: 'orders' }] }, [TOPIC_DENIED], [topic('describe')]),
  of(
    'Metadata',
    9,
    { topics: [{ name: 'new' }], allowAutoTopicCreation: true },
    [TOPIC_DENIED],
    [topic('describe', 'new'), topic('create', 'new')]
  ),
  of(
    'DescribeTopicPartitions',
    0,
    { topics: [{ name: 'orders' }] },
    [TOPIC_DENIED],
    [topic('describe')]
  ),
  of(
    'OffsetForLeaderEpoch',
    4,
    { topics: [{ topic: 'orders', partitions: [{ partition: 0 }] }] },
    [TOPIC_DENIED],
    [topic('describe')]
  ),
  of(
    'CreateTopics',
    7,
    { topics: [{ name: 'made', numPartitions: 1, replicationFactor: 1 }] },
    [TOPIC_DENIED],
    [cluster('create'), topic('describe-configs', 'made')]
  ),
  of(
    'CreateTopics',
    7,
    { topics: [{ name: 'made', numPartitions: 1, replicationFactor: 1 }] },
    [TOPIC_DENIED],
    [topic('create', 'made')]
  ),
  of('DeleteTopics', 6, { topics: [{ name: 'orders' }] }, [TOPIC_DENIED], [topic('delete')]),
  of(
    'CreatePartitions',
    3,
    { topics: [{ name: 'orders', count: 2 }] },
    [TOPIC_DENIED],
    [topic('alter')]
  ),
  of(
    'DeleteRecords',
    2,
    { topics: [{ name: 'orders', partitions: [{ offset: 0 }] }] },
    [TOPIC_DENIED],
    [topic('delete')]
  ),
  of(
    'DescribeConfigs',
    4,
    { resources: [{ resourceType: 2, resourceName: 'orders' }] },
    [TOPIC_DENIED],
    [topic('describe-configs')]
  ),
  of(
    'DescribeConfigs',
    4,
    { resources: [{ resourceType: 4, resourceName: '1' }] },
    [CLUSTER_DENIED],
    [cluster('describe-configs')]
  ),
  of(
    'AlterConfigs',
    2,
    { resources: [{ resourceType: 2, resourceName: 'orders' }] },
    [TOPIC_DENIED],
    [topic('alter-configs')]
  ),
  of(
    'IncrementalAlterConfigs',
    1,
    { resources: [{ resourceType: 2, resourceName: 'orders' }] },
    [TOPIC_DENIED],
    [topic('alter-configs')]
  ),
  of('DescribeLogDirs', 4, { topics: null }, [CLUSTER_DENIED], [cluster('describe')]),
  of(
    'DescribeProducers',
    0,
    { topics: [{ name: 'orders', partitionIndexes: [0] }] },
    [TOPIC_DENIED],
    [topic('read')]
  ),
  of(
    'FindCoordinator',
    4,
    { keyType: 0, coordinatorKeys: ['g'] },
    [GROUP_DENIED],
    [group('describe')]
  ),
  of(
    'FindCoordinator',
    3,
    { keyType: 1, key: 'tx' },
    [TRANSACTION_DENIED],
    [transaction('describe')]
  ),
  of(
    'JoinGroup',
    5,
    {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range' }]
    },
    [GROUP_DENIED],
    [group('read')]
  ),
  of('SyncGroup', 5, { groupId: 'g', memberId: 'm' }, [GROUP_DENIED], [group('read')]),
  of('Heartbeat', 4, { groupId: 'g', memberId: 'm' }, [GROUP_DENIED], [group('read')]),
  of(
    'LeaveGroup',
    5,
    { groupId: 'g', members: [{ memberId: 'm' }] },
    [GROUP_DENIED],
    [group('read')]
  ),
  of(
    'ConsumerGroupHeartbeat',
    0,
    {
      groupId: 'g',
      memberEpoch: 0,
      rebalanceTimeoutMs: 1_000,
      subscribedTopicNames: ['orders'],
      topicPartitions: []
    },
    [GROUP_DENIED],
    [group('read'), topic('describe')]
  ),
  of(
    'ConsumerGroupDescribe',
    0,
    { groupIds: ['g'] },
    [GROUP_DENIED],
    [group('describe'), topic('describe')]
  ),
  of(
    'OffsetCommit',
    8,
    { groupId: 'g', generationIdOrMemberEpoch: -1, topics: [{ name: 'orders', partitions: ONE }] },
    [GROUP_DENIED],
    [group('read'), topic('read')]
  ),
  of(
    'OffsetFetch',
    7,
    { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] },
    [GROUP_DENIED],
    [group('describe'), topic('describe')]
  ),
  of(
    'OffsetFetch',
    8,
    { groups: [{ groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] }] },
    [GROUP_DENIED],
    [group('describe'), topic('describe')]
  ),
  of(
    'OffsetDelete',
    0,
    { groupId: 'g', topics: [{ name: 'orders', partitions: ONE }] },
    [GROUP_DENIED],
    [group('delete'), topic('read')]
  ),
  of('DescribeGroups', 5, { groups: ['g'] }, [GROUP_DENIED], [group('describe')]),
  of('DeleteGroups', 2, { groupsNames: ['g'] }, [GROUP_DENIED], [group('delete')]),
  of(
    'InitProducerId',
    3,
    { transactionalId: null, producerId: -1, producerEpoch: -1 },
    [CLUSTER_DENIED],
    [cluster('idempotent-write')]
  ),
  of(
    'InitProducerId',
    3,
    { transactionalId: null, producerId: -1, producerEpoch: -1 },
    [CLUSTER_DENIED],
    [topic('write')]
  ),
  of(
    'InitProducerId',
    3,
    { transactionalId: 'tx', transactionTimeoutMs: 1_000, producerId: -1, producerEpoch: -1 },
    [TRANSACTION_DENIED],
    [transaction('write')]
  ),
  of(
    'AddPartitionsToTxn',
    3,
    { v3AndBelowTransactionalId: 'tx', v3AndBelowTopics: [{ name: 'orders', partitions: [0] }] },
    [TRANSACTION_DENIED],
    [transaction('write'), topic('write')]
  ),
  of(
    'AddPartitionsToTxn',
    4,
    { transactions: [{ transactionalId: 'tx', ...PRODUCER }] },
    [CLUSTER_DENIED],
    [cluster('cluster-action')]
  ),
  of(
    'AddOffsetsToTxn',
    3,
    { transactionalId: 'tx', groupId: 'g', ...PRODUCER },
    [TRANSACTION_DENIED],
    [transaction('write'), group('read')]
  ),
  of(
    'TxnOffsetCommit',
    3,
    {
      transactionalId: 'tx',
      groupId: 'g',
      ...PRODUCER,
      topics: [{ name: 'orders', partitions: ONE }]
    },
    [TRANSACTION_DENIED],
    [transaction('write'), group('read'), topic('read')]
  ),
  of(
    'EndTxn',
    3,
    { transactionalId: 'tx', ...PRODUCER },
    [TRANSACTION_DENIED],
    [transaction('write')]
  ),
  of(
    'DescribeTransactions',
    0,
    { transactionalIds: ['tx'] },
    [TRANSACTION_DENIED],
    [transaction('describe')]
  ),
  of('DescribeAcls', 3, FILTER, [CLUSTER_DENIED], [cluster('describe')]),
  of('CreateAcls', 3, { creations: [acl] }, [CLUSTER_DENIED], [cluster('alter')]),
  of(
    'DeleteAcls',
    3,
    { filters: [{ ...FILTER, principalFilter: 'User:nobody' }] },
    [CLUSTER_DENIED],
    [cluster('alter')]
  ),
  of('DescribeUserScramCredentials', 0, { users: null }, [CLUSTER_DENIED], [cluster('describe')]),
  of('AlterUserScramCredentials', 0, { upsertions: [scram] }, [CLUSTER_DENIED], [cluster('alter')])
]
