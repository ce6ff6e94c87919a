// Metadata, DescribeCluster, FindCoordinator, DescribeTopicPartitions: one node that leads and coordinates everything.
import type { Topic } from '../../../log/index.ts'
import { isMillraceError } from '../../../base/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, NODE_ID, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { errorCodeOf } from '../error-of.ts'

type MetadataTopic = Sparse<ResponseOf<'Metadata'>['topics'][number]>
const NO_ID = '0'.repeat(32)
/** What is said of allowed operations when nobody asked. */
const OPERATIONS_NOT_ASKED = -(2 ** 31)
/** Topics of the engine, which clients neither see nor make. */
const INTERNAL_PREFIX = '_millrace.'

const brokerOf = (caller: Caller) => ({ nodeId: NODE_ID, ...caller.address, rack: null })

/** Answers Metadata; makes topics that are asked for when client and broker allow it. */
export const handleMetadata: Handler<'Metadata'> = async (context, request, caller, version) => {
  const topics: MetadataTopic[] = []
  const isAll = request.topics === null || (version === 0 && request.topics.length === 0)
  if (isAll) {
    for (const topic of await context.topics.list()) topics.push(describe(context, topic))
  } else {
    const mayCreate =
      context.settings.autoCreateTopics && (version < 4 || request.allowAutoTopicCreation)
    for (const { name, topicId } of request.topics ?? []) {
      topics.push(await lookUp(context, name, topicId, mayCreate))
    }
  }
  return {
    brokers: [brokerOf(caller)],
    clusterId: context.clusterId,
    controllerId: NODE_ID,
    topics,
    clusterAuthorizedOperations: OPERATIONS_NOT_ASKED
  }
}

async function lookUp(
  context: BrokerContext,
  name: string | null,
  topicId: string,
  mayCreate: boolean
): Promise<MetadataTopic> {
  if (name === null || (name === '' && topicId !== NO_ID)) {
    const known = await context.topics.nameOf(topicId)
    const topic = known === null ? null : await context.topics.describe(known)
    return topic === null
      ? { errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, name: null, topicId }
      : describe(context, topic)
  }
  const topic = await context.topics.describe(name)
  if (topic !== null) return describe(context, topic)
  if (!mayCreate || name.startsWith(INTERNAL_PREFIX)) {
    return { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name }
  }
  try {
    await context.log.createTopic(name, { partitions: context.settings.partitions })
  } catch (error) {
    if (!isMillraceError(error, 'TOPIC_EXISTS')) return { errorCode: errorCodeOf(error), name }
  }
  const made = await context.topics.describe(name)
  return made === null
    ? { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name }
    : describe(context, made)
}

function describe(context: BrokerContext, topic: Topic): MetadataTopic {
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
    topicAuthorizedOperations: OPERATIONS_NOT_ASKED
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
    clusterAuthorizedOperations: OPERATIONS_NOT_ASKED
  }
}

/** First version that asks for several coordinators at once. */
const MANY_KEYS_VERSION = 4
const KEY_TYPES = new Set([0, 1])

/** Answers FindCoordinator: this node, for groups (0) and transactions (1). */
export const handleFindCoordinator: Handler<'FindCoordinator'> = (
  _context,
  request,
  caller,
  version
) => {
  const { host, port } = caller.address
  const isKnown = KEY_TYPES.has(request.keyType)
  const errorCode = isKnown ? ERROR_CODES.NONE : ERROR_CODES.INVALID_REQUEST
  const node = isKnown ? { nodeId: NODE_ID, host, port } : { nodeId: -1, host: '', port: -1 }
  if (version < MANY_KEYS_VERSION) return { errorCode, errorMessage: null, ...node }
  return { coordinators: request.coordinatorKeys.map(key => ({ key, ...node, errorCode })) }
}

/** Answers DescribeTopicPartitions: all partitions from the cursor on, up to the limit. */
export const handleDescribeTopicPartitions: Handler<'DescribeTopicPartitions'> = async (
  context,
  request
) => {
  const { cursor } = request
  const names = request.topics.map(topic => topic.name).toSorted()
  const wanted = cursor === null ? names : names.filter(name => name >= cursor.topicName)
  let left = Math.max(1, request.responsePartitionLimit)
  const topics: Sparse<ResponseOf<'DescribeTopicPartitions'>['topics'][number]>[] = []
  for (const name of wanted) {
    if (left <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    const topic = await context.topics.describe(name)
    if (topic === null) {
      topics.push({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, name })
      continue
    }
    const { partitions = [], ...rest } = describe(context, topic)
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
