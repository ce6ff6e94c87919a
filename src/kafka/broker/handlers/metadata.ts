// Metadata, DescribeCluster, FindCoordinator, DescribeTopicPartitions: one node that leads and coordinates everything.
import { isMillraceError } from '../../../base/index.ts'
import { isTopicName, type Topic } from '../../../log/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, NODE_ID, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { distinct } from '../distinct.ts'
import { errorCodeOf } from '../error-of.ts'
import {
  clusterOperationsFor,
  denialOf,
  mayCreateTopic,
  maySee,
  operationsFor
} from '../security/permission.ts'
import { isReserved, type TopicLookUps } from '../topics.ts'

type MetadataTopic = Sparse<ResponseOf<'Metadata'>['topics'][number]>
const NO_ID = '0'.repeat(32)

const brokerOf = (caller: Caller) => ({ nodeId: NODE_ID, ...caller.address, rack: null })

/** Answers Metadata; makes topics that are asked for when client and broker allow it. */
export const handleMetadata: Handler<'Metadata'> = async (context, request, caller, version) => {
  const topics: MetadataTopic[] = []
  const isAll = request.topics === null || (version === 0 && request.topics.length === 0)
  const asked: Asked = { caller, withOperations: request.includeTopicAuthorizedOperations }
  const lookUps = context.topics.lookUps()
  if (isAll) {
    // What one may not know of is left out, without an error.
    for (const topic of await context.topics.list()) {
      if (maySee(context, caller, 'topic', topic.name)) topics.push(describe(context, asked, topic))
    }
  } else {
    const mayCreate =
      context.settings.autoCreateTopics && (version < 4 || request.allowAutoTopicCreation)
    const named = distinct(request.topics ?? [], each => `${each.topicId}\n${each.name}`)
    for (const { name, topicId } of named) {
      topics.push(await lookUp(context, asked, { name, topicId, mayCreate, lookUps }))
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
  readonly lookUps: TopicLookUps
}

async function lookUp(
  context: BrokerContext,
  asked: Asked,
  { name, topicId, mayCreate, lookUps }: Wanted
): Promise<MetadataTopic> {
  const { caller } = asked
  const denied = (topic: string): number => denialOf(context, caller, 'describe', 'topic', topic)
  if (name === null || (name === '' && topicId !== NO_ID)) {
    const known = await lookUps.nameOf(topicId)
    const topic = known === null ? null : await lookUps.topic(known)
    const errorCode = topic === null ? ERROR_CODES.UNKNOWN_TOPIC_ID : denied(topic.name)
    return topic === null || errorCode !== ERROR_CODES.NONE
      ? { errorCode, name: null, topicId }
      : describe(context, asked, topic)
  }
  const errorCode = denied(name)
  if (errorCode !== ERROR_CODES.NONE) return { errorCode, name }
  const topic = await lookUps.topic(name)
  if (topic !== null) return describe(context, asked, topic)
  if (!isTopicName(name)) return { errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION, name }
  if (!mayCreate || isReserved(name)) {
    return { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name }
  }
  if (!mayCreateTopic(context, caller, name)) {
    return { errorCode: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED, name }
  }
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
  if (type === GROUP_KEY) return denialOf(context, caller, 'describe', 'group', key)
  if (type !== TRANSACTION_KEY) return ERROR_CODES.INVALID_REQUEST
  return denialOf(context, caller, 'describe', 'transactional-id', key)
}

/** Most partitions of an answer, as Apache Kafka's max.request.partition.size.limit. */
const ANSWER_PARTITIONS_MAX = 2_000

/** Names that are asked for, in order; none: all that the caller may know of. */
async function namesOf(
  context: BrokerContext,
  caller: Caller,
  asked: readonly { readonly name: string }[]
): Promise<readonly string[]> {
  if (asked.length > 0) return [...new Set(asked.map(topic => topic.name))].toSorted()
  const names = (await context.topics.list()).map(topic => topic.name)
  return names.filter(name => maySee(context, caller, 'topic', name)).toSorted()
}

/** Answers DescribeTopicPartitions: all partitions from the cursor on, up to the limit. */
export const handleDescribeTopicPartitions: Handler<'DescribeTopicPartitions'> = async (
  context,
  request,
  caller
) => {
  const { cursor } = request
  const asked: Asked = { caller, withOperations: true }
  const names = await namesOf(context, caller, request.topics)
  const wanted = cursor === null ? names : names.filter(name => name >= cursor.topicName)
  let left = Math.min(ANSWER_PARTITIONS_MAX, Math.max(1, request.responsePartitionLimit))
  const topics: Sparse<ResponseOf<'DescribeTopicPartitions'>['topics'][number]>[] = []
  for (const name of wanted) {
    if (left <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    const denied = denialOf(context, caller, 'describe', 'topic', name)
    const topic = denied === ERROR_CODES.NONE ? await context.topics.describe(name) : null
    if (topic === null) {
      topics.push({ errorCode: denied || ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name })
      continue
    }
    const { partitions = [], ...rest } = describe(context, asked, topic)
    const first = cursor?.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
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
