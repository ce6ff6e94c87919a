// InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn, and what tells of transactions.
import type { CommitOffset } from '../../../log/index.ts'
import { isPlainName } from '../../../security/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import {
  OFFSET_METADATA_LENGTH_MAX,
  type BrokerContext,
  type Caller,
  type Handler
} from '../context.ts'
import { coordinatorCode, coordinatorCodeOf } from '../error-of.ts'
import { denialOf, denialOfCluster, may, maySee } from '../security/permission.ts'
import type { ProducerIdentity, TransactionPartition } from '../transactions/transactions.ts'

type TopicsToAdd = RequestOf<'AddPartitionsToTxn'>['v3AndBelowTopics']
type AddedTopics = ResponseOf<'AddPartitionsToTxn'>['resultsByTopicV3AndBelow']
/** First version with several transactions in a request. */
const MANY_TRANSACTIONS_VERSION = 4
const NO_PRODUCER = -1

/** Answers InitProducerId: a new id for an idempotent producer, a bumped epoch for a transactional one. */
export const handleInitProducerId: Handler<'InitProducerId'> = async (context, request, caller) => {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request
  const denied = deniedProducer(context, caller, transactionalId)
  if (denied !== ERROR_CODES.NONE) return { ...NOBODY, errorCode: denied }
  if (transactionalId !== null) {
    if (!isPlainName(transactionalId)) return { ...NOBODY, errorCode: ERROR_CODES.INVALID_REQUEST }
    const identity = { transactionalId, producerId, epoch: producerEpoch }
    return await context.transactions
      .initialise(identity, transactionTimeoutMs, context.producers)
      .then(({ errorCode, epoch, ...given }) => {
        return { errorCode, producerId: given.producerId, producerEpoch: epoch }
      }, nobody)
  }
  const given = context.producers.newId()
  return await context.store
    .change(given.changes)
    .then(() => ({ producerId: given.producerId, producerEpoch: 0 }), nobody)
}

/** The answer when no producer could be made. @throws the error, when it is a bug */
const nobody = (error: unknown) => ({ ...NOBODY, errorCode: coordinatorCodeOf(error) })

/** An idempotent producer needs to be one, or to be allowed to write anything at all (KIP-679). */
function deniedProducer(context: BrokerContext, caller: Caller, id: string | null): number {
  if (id !== null) return deniedTransaction(context, caller, id)
  return context.security.mightAllowAny(caller.identity, 'write', 'topic')
    ? ERROR_CODES.NONE
    : denialOfCluster(context, caller, 'idempotent-write')
}

const deniedTransaction = (context: BrokerContext, caller: Caller, id: string): number =>
  denialOf(context, caller, 'write', 'transactional-id', id)

const deniedGroup = (context: BrokerContext, caller: Caller, groupId: string): number =>
  denialOf(context, caller, 'read', 'group', groupId)

const NOBODY = { producerId: NO_PRODUCER, producerEpoch: -1 }

/** Answers AddPartitionsToTxn. */
export const handleAddPartitionsToTxn: Handler<'AddPartitionsToTxn'> = async (
  context,
  request,
  caller,
  version
) => {
  if (version < MANY_TRANSACTIONS_VERSION) {
    const identity = {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      epoch: request.v3AndBelowProducerEpoch
    }
    const topics = await addPartitions(context, caller, identity, request.v3AndBelowTopics)
    return { resultsByTopicV3AndBelow: topics }
  }
  // Several transactions at once are asked for by brokers, not by clients.
  const denied = denialOfCluster(context, caller, 'cluster-action')
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  const resultsByTransaction = []
  for (const each of request.transactions) {
    const { transactionalId, producerId, producerEpoch } = each
    const identity = { transactionalId, producerId, epoch: producerEpoch }
    const topicResults = each.verifyOnly
      ? verifyPartitions(context, identity, each.topics)
      : await addPartitions(context, caller, identity, each.topics)
    resultsByTransaction.push({ transactionalId, topicResults })
  }
  return { resultsByTransaction }
}

function answerAll(
  topics: TopicsToAdd,
  code: (topic: string, partition: number) => number
): AddedTopics {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map(partitionIndex => {
      return { partitionIndex, partitionErrorCode: code(name, partitionIndex) }
    })
  }))
}

function verifyPartitions(
  context: BrokerContext,
  { transactionalId, producerId, epoch }: ProducerIdentity,
  topics: TopicsToAdd
): AddedTopics {
  return answerAll(topics, (topic, partition) =>
    context.transactions.allows(transactionalId, producerId, epoch, topic, partition)
  )
}

/** All partitions or none are added: with one that does not exist the others are not attempted. */
async function addPartitions(
  context: BrokerContext,
  caller: Caller,
  identity: ProducerIdentity,
  topics: TopicsToAdd
): Promise<AddedTopics> {
  const fault = deniedTransaction(context, caller, identity.transactionalId)
  if (fault !== ERROR_CODES.NONE) return answerAll(topics, () => fault)
  const found: TransactionPartition[] = []
  const missing = new Set<string>()
  const lookUps = context.topics.lookUps()
  const names = topics.map(each => each.name)
  const denied = new Set(names.filter(name => !may(context, caller, 'write', 'topic', name)))
  for (const { name, partitions } of topics) {
    if (denied.has(name)) continue
    const topic = await lookUps.topic(name)
    for (const partition of partitions) {
      const status = topic?.status.partitions[partition]
      if (status === undefined) missing.add(`${partition}:${name}`)
      else found.push({ topic: name, partition, from: status.endOffset })
    }
  }
  if (missing.size > 0 || denied.size > 0) {
    return answerAll(topics, (name, partition) => {
      if (denied.has(name)) return ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
      return missing.has(`${partition}:${name}`)
        ? ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
        : ERROR_CODES.OPERATION_NOT_ATTEMPTED
    })
  }
  const errorCode = await coordinatorCode(context.transactions.add(identity, found, []))
  return answerAll(topics, () => errorCode)
}

/** Answers AddOffsetsToTxn. */
export const handleAddOffsetsToTxn: Handler<'AddOffsetsToTxn'> = async (
  context,
  request,
  caller
) => {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  const denied =
    deniedTransaction(context, caller, transactionalId) || deniedGroup(context, caller, groupId)
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  if (groupId === '') return { errorCode: ERROR_CODES.INVALID_GROUP_ID }
  const identity = { transactionalId, producerId, epoch: producerEpoch }
  return { errorCode: await coordinatorCode(context.transactions.add(identity, [], [groupId])) }
}

/** Answers EndTxn. */
export const handleEndTxn: Handler<'EndTxn'> = async (context, request, caller) => {
  const { transactionalId, producerId, producerEpoch, committed } = request
  const denied = deniedTransaction(context, caller, transactionalId)
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  const identity = { transactionalId, producerId, epoch: producerEpoch }
  return { errorCode: await coordinatorCode(context.transactions.end(identity, committed)) }
}

/** Answers TxnOffsetCommit. Members of a group that has moved on are refused (KIP-447). */
export const handleTxnOffsetCommit: Handler<'TxnOffsetCommit'> = async (
  context,
  request,
  caller
) => {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  const denied =
    deniedTransaction(context, caller, transactionalId) || deniedGroup(context, caller, groupId)
  const names = denied === ERROR_CODES.NONE ? request.topics.map(each => each.name) : []
  const hidden = new Set(names.filter(name => !may(context, caller, 'read', 'topic', name)))
  const answer = (code: (topic: string, partition: number) => number) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const { TOPIC_AUTHORIZATION_FAILED } = ERROR_CODES
        const errorCode = hidden.has(name) ? TOPIC_AUTHORIZATION_FAILED : code(name, partitionIndex)
        return { partitionIndex, errorCode }
      })
    }))
  })
  if (denied !== ERROR_CODES.NONE) return answer(() => denied)
  const refused = context.groups.checkMember(groupId, request, { isTransactional: true })
  if (refused !== ERROR_CODES.NONE) return answer(() => refused)
  const offsets: CommitOffset[] = []
  const missing = new Set<string>()
  const lookUps = context.topics.lookUps()
  for (const { name, partitions } of request.topics) {
    if (hidden.has(name)) continue
    for (const { partitionIndex, committedOffset, committedMetadata } of partitions) {
      const metadata = committedMetadata ?? ''
      if (metadata.length > OFFSET_METADATA_LENGTH_MAX) {
        return answer(() => ERROR_CODES.OFFSET_METADATA_TOO_LARGE)
      }
      const place = { group: groupId, topic: name, partition: partitionIndex }
      if (committedOffset < 0 || !(await lookUps.hasPartition(name, partitionIndex))) {
        missing.add(`${partitionIndex}:${name}`)
      } else offsets.push({ ...place, offset: committedOffset, metadata })
    }
  }
  const identity = { transactionalId, producerId, epoch: producerEpoch }
  const errorCode = await coordinatorCode(context.transactions.addOffsets(identity, offsets))
  return answer((topic, partition) =>
    missing.has(`${partition}:${topic}`) ? ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION : errorCode
  )
}

/** Answers DescribeTransactions. */
export const handleDescribeTransactions: Handler<'DescribeTransactions'> = (
  context,
  request,
  caller
) => {
  const states = context.transactions.list()
  return {
    transactionStates: [...new Set(request.transactionalIds)].map(transactionalId => {
      const errorCode = denialOf(context, caller, 'describe', 'transactional-id', transactionalId)
      if (errorCode !== ERROR_CODES.NONE) return { transactionalId, errorCode }
      const state = states.get(transactionalId)
      if (state === undefined) {
        return { transactionalId, errorCode: ERROR_CODES.TRANSACTIONAL_ID_NOT_FOUND }
      }
      return {
        transactionalId,
        transactionState: state.status,
        transactionTimeoutMs: state.timeoutMs,
        transactionStartTimeMs: state.startedAtMs === 0 ? -1 : state.startedAtMs,
        producerId: state.producerId,
        producerEpoch: state.epoch,
        topics: byTopic(state.partitions).filter(({ topic }) =>
          maySee(context, caller, 'topic', topic)
        )
      }
    })
  }
}

function byTopic(
  partitions: readonly TransactionPartition[]
): readonly { readonly topic: string; readonly partitions: readonly number[] }[] {
  const topics = Map.groupBy(partitions, each => each.topic)
  return [...topics].map(([topic, of]) => ({ topic, partitions: of.map(each => each.partition) }))
}

const STATES = new Set(['Empty', 'Ongoing', 'CompleteCommit', 'CompleteAbort'])

/** Answers ListTransactions. */
export const handleListTransactions: Handler<'ListTransactions'> = (context, request, caller) => {
  const now = context.clock.now()
  const states = new Set(request.stateFilters)
  const producers = new Set(request.producerIdFilters)
  const wanted = [...context.transactions.list()].filter(([id, state]) => {
    if (!maySee(context, caller, 'transactional-id', id)) return false
    const isState = states.size === 0 || states.has(state.status)
    const isProducer = producers.size === 0 || producers.has(state.producerId)
    const age = state.startedAtMs === 0 ? 0 : now - state.startedAtMs
    return isState && isProducer && (request.durationFilter < 0 || age > request.durationFilter)
  })
  const transactionStates: Sparse<ResponseOf<'ListTransactions'>['transactionStates']> = wanted.map(
    ([transactionalId, { producerId, status }]) => {
      return { transactionalId, producerId, transactionState: status }
    }
  )
  const unknownStateFilters = request.stateFilters.filter(state => !STATES.has(state))
  return { unknownStateFilters, transactionStates }
}
