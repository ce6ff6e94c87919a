// Metadata, DescribeCluster, FindCoordinator, DescribeTopicPartitions: one node that leads and coordinates everything.
import type { Topic } from '../../../log/index.ts'
import { isMillraceError } from '../../../base/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, NODE_ID, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { errorCodeOf } from '../error-of.ts'
import {
  clusterOperationsFor,
  may,
  mayCreateTopic,
  maySee,
  operationsFor
} from '../security/permission.ts'

type MetadataTopic = Sparse<ResponseOf<'Metadata'>['topics'][number]>
const NO_ID = '0'.repeat(32)
/** Topics of the engine, which clients neither see nor make. */
const INTERNAL_PREFIX = '_millrace.'

const brokerOf = (caller: Caller) => ({ nodeId: NODE_ID, ...caller.address, rack: null })

/** Answers Metadata; makes topics that are asked for when client and broker allow it. */
export const handleMetadata: Handler<'Metadata'> = async (context, request, caller, version) => {
  const topics: MetadataTopic[] = []
  const isAll = request.topics === null || (version === 0 && request.topics.length === 0)
  const asked: Asked = { caller, withOperations: request.includeTopicAuthorizedOperations }
  if (isAll) {
    // What one may not know of is left out, without an error.
    for (const topic of await context.topics.list()) {
      if (maySee(context, caller, 'topic', topic.name)) topics.push(describe(context, asked, topic))
    }
  } else {
    const mayCreate =
      context.settings.autoCreateTopics && (version < 4 || request.allowAutoTopicCreation)
    for (const { name, topicId } of request.topics ?? []) {
      topics.push(await lookUp(context, asked, { name, topicId, mayCreate }))
    }
  }
  return {
    brokers: [brokerOf(caller)],
    clusterId: context.clusterId,
    controllerId: NODE_ID,
    topics,
    clusterAuthorizedOperations: clusterOperationsFor(
      context,
      caller,
      request.includeClusterAuthorizedOperations
    )
  }
}

/** Who asks about topics, and whether for what may be done to them. */
interface Asked {
  readonly caller: Caller
  readonly withOperations: boolean
}

interface Wanted {
  readonly name: string | null
  readonly topicId: string
  readonly mayCreate: boolean
}

async function lookUp(
  context: BrokerContext,
  asked: Asked,
  { name, topicId, mayCreate }: Wanted
): Promise<MetadataTopic> {
  const { caller } = asked
  const denied = ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
  if (name === null || (name === '' && topicId !== NO_ID)) {
    const known = await context.topics.nameOf(topicId)
    const topic = known === null ? null : await context.topics.describe(known)
    if (topic === null) return { errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, name: null, topicId }
    return may(context, caller, 'describe', 'topic', topic.name)
      ? describe(context, asked, topic)
      : { errorCode: denied, name: null, topicId }
  }
  if (!may(context, caller, 'describe', 'topic', name)) return { errorCode: denied, name }
  const topic = await context.topics.describe(name)
  if (topic !== null) return describe(context, asked, topic)
  if (!mayCreate || name.startsWith(INTERNAL_PREFIX)) {
    return { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name }
  }
  if (!mayCreateTopic(context, caller, name)) return { errorCode: denied, name }
  try {
    await context.log.createTopic(name, { partitions: context.settings.partitions })
  } catch (error) {
    if (!isMillraceError(error, 'TOPIC_EXISTS')) return { errorCode: errorCodeOf(error), name }
  }
  const made = await context.topics.describe(name)
  return made === null
    ? { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name }
    : describe(context, asked, made)
}

function describe(
  context: BrokerContext,
  { caller, withOperations }: Asked,
  topic: Topic
): MetadataTopic {
  return {
    name: topic.name,
    topicId: context.topics.idOf(topic),
    isInternal: topic.spec.internal,
    partitions: topic.status.partitions.map(({ partition, damage }) => ({
      errorCode: damage === null ? ERROR_CODES.NONE : ERROR_CODES.KAFKA_STORAGE_ERROR,
      partitionIndex: partition,
      leaderId: NODE_ID,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [NODE_ID],
      isrNodes: [NODE_ID]
    })),
    topicAuthorizedOperations: operationsFor(context, caller, withOperations, 'topic', topic.name)
  }
}

/** Answers DescribeCluster. */
export const handleDescribeCluster: Handler<'DescribeCluster'> = (context, request, caller) => {
  const { host, port } = caller.address
  return {
    endpointType: request.endpointType,
    clusterId: context.clusterId,
    controllerId: NODE_ID,
    brokers: [{ brokerId: NODE_ID, host, port, rack: null }],
    clusterAuthorizedOperations: clusterOperationsFor(
      context,
      caller,
      request.includeClusterAuthorizedOperations
    )
  }
}

/** First version that asks for several coordinators at once. */
const MANY_KEYS_VERSION = 4
const GROUP_KEY = 0
const TRANSACTION_KEY = 1

/** Answers FindCoordinator: this node, for groups (0) and transactions (1). */
export const handleFindCoordinator: Handler<'FindCoordinator'> = (
  context,
  request,
  caller,
  version
) => {
  const { keyType } = request
  const find = (key: string) => {
    const errorCode = faultOfKey(context, caller, keyType, key)
    return errorCode === ERROR_CODES.NONE
      ? { errorCode, errorMessage: null, nodeId: NODE_ID, ...caller.address }
      : { errorCode, errorMessage: null, nodeId: -1, host: '', port: -1 }
  }
  if (version < MANY_KEYS_VERSION) return find(request.key)
  return { coordinators: request.coordinatorKeys.map(key => ({ key, ...find(key) })) }
}

function faultOfKey(context: BrokerContext, caller: Caller, type: number, key: string): number {
  if (type === GROUP_KEY) {
    return may(context, caller, 'describe', 'group', key)
      ? ERROR_CODES.NONE
      : ERROR_CODES.GROUP_AUTHORIZATION_FAILED
  }
  if (type !== TRANSACTION_KEY) return ERROR_CODES.INVALID_REQUEST
  return may(context, caller, 'describe', 'transactional-id', key)
    ? ERROR_CODES.NONE
    : ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}

/** Answers DescribeTopicPartitions: all partitions from the cursor on, up to the limit. */
export const handleDescribeTopicPartitions: Handler<'DescribeTopicPartitions'> = async (
  context,
  request,
  caller
) => {
  const { cursor } = request
  const asked: Asked = { caller, withOperations: true }
  const names = request.topics.map(topic => topic.name).toSorted()
  const wanted = cursor === null ? names : names.filter(name => name >= cursor.topicName)
  let left = Math.max(1, request.responsePartitionLimit)
  const topics: Sparse<ResponseOf<'DescribeTopicPartitions'>['topics'][number]>[] = []
  for (const name of wanted) {
    if (left <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    if (!may(context, caller, 'describe', 'topic', name)) {
      topics.push({ errorCode: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED, name })
      continue
    }
    const topic = await context.topics.describe(name)
    if (topic === null) {
      topics.push({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name })
      continue
    }
    const { partitions = [], ...rest } = describe(context, asked, topic)
    const first = cursor?.topicName === name ? cursor.partitionIndex : 0
    const page = partitions
      .slice(first, first + left)
      .map(partition => ({ ...partition, eligibleLeaderReplicas: [], lastKnownElr: [] }))
    topics.push({ ...rest, partitions: page })
    left -= page.length
    if (first + page.length < partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: first + page.length } }
    }
  }
  return { topics, nextCursor: null }
}
