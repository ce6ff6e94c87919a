// OffsetCommit, OffsetFetch, OffsetDelete: positions of groups, which are the log's.
import type { CommitOffset, GroupPosition } from '../../../log/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import {
  OFFSET_METADATA_LENGTH_MAX,
  type BrokerContext,
  type Caller,
  type Handler
} from '../context.ts'
import { may, maySee } from '../security/permission.ts'

/** First version that asks for several groups at once. */
const MANY_GROUPS_VERSION = 8
const NO_OFFSET = -1

/** Answers OffsetCommit: durable when answered. */
export const handleOffsetCommit: Handler<'OffsetCommit'> = async (context, request, caller) => {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
  const isAllowed = may(context, caller, 'read', 'group', groupId)
  const refused = isAllowed
    ? context.groups.checkMember(
        groupId,
        { memberId, groupInstanceId, generationId },
        { isTransactional: false }
      )
    : ERROR_CODES.GROUP_AUTHORIZATION_FAILED
  const offsets: CommitOffset[] = []
  const topics = []
  for (const { name, partitions } of request.topics) {
    const answers = []
    const isHidden = isAllowed && !may(context, caller, 'read', 'topic', name)
    const fault = isHidden ? ERROR_CODES.TOPIC_AUTHORIZATION_FAILED : refused
    for (const { partitionIndex, committedOffset, committedMetadata } of partitions) {
      const metadata = committedMetadata ?? ''
      const place = { group: groupId, topic: name, partition: partitionIndex }
      const errorCode =
        fault === ERROR_CODES.NONE
          ? await faultOf(context, place, committedOffset, metadata)
          : fault
      if (errorCode === ERROR_CODES.NONE) {
        offsets.push({ ...place, offset: committedOffset, metadata })
      }
      answers.push({ partitionIndex, errorCode })
    }
    topics.push({ name, partitions: answers })
  }
  if (offsets.length > 0) await context.log.commit({ batches: [], offsets })
  return { topics }
}

async function faultOf(
  context: BrokerContext,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  offset: number,
  metadata: string
): Promise<number> {
  if (!(await context.topics.hasPartition(topic, partition))) {
    return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (offset < 0) return ERROR_CODES.OFFSET_OUT_OF_RANGE
  return metadata.length > OFFSET_METADATA_LENGTH_MAX
    ? ERROR_CODES.OFFSET_METADATA_TOO_LARGE
    : ERROR_CODES.NONE
}

type AskedTopics = readonly {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}[]
type FoundTopics = Sparse<ResponseOf<'OffsetFetch'>['groups'][number]['topics']>

/** Answers OffsetFetch. */
export const handleOffsetFetch: Handler<'OffsetFetch'> = async (
  context,
  request,
  caller,
  version
) => {
  const { requireStable } = request
  const denied = (groupId: string): number =>
    may(context, caller, 'describe', 'group', groupId)
      ? ERROR_CODES.NONE
      : ERROR_CODES.GROUP_AUTHORIZATION_FAILED
  if (version < MANY_GROUPS_VERSION) {
    const { groupId, topics: asked } = request
    const errorCode = denied(groupId)
    if (errorCode !== ERROR_CODES.NONE) return { errorCode, topics: refuseAll(asked, errorCode) }
    return { errorCode, topics: await positionsOf(context, caller, groupId, asked, requireStable) }
  }
  const groups = []
  for (const { groupId, memberId, memberEpoch, topics } of request.groups) {
    const fault = denied(groupId)
    const errorCode =
      fault === ERROR_CODES.NONE ? faultOfMember(context, groupId, memberId, memberEpoch) : fault
    const found =
      errorCode === ERROR_CODES.NONE
        ? await positionsOf(context, caller, groupId, topics, requireStable)
        : []
    groups.push({ groupId, errorCode, topics: found })
  }
  return { groups }
}

/** Members of groups of KIP-848 say who they are. */
function faultOfMember(
  context: BrokerContext,
  groupId: string,
  memberId: string | null,
  epoch: number
): number {
  const group = context.groups.consumer(groupId)
  if (group === null || memberId === null || epoch < 0) return ERROR_CODES.NONE
  return group.mayCommit(memberId, epoch, false)
}

/** Clients of versions that know no error of the whole look for it in each partition. */
function refuseAll(asked: AskedTopics | null, errorCode: number): FoundTopics {
  return (asked ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map(partitionIndex => {
      return { partitionIndex, committedOffset: NO_OFFSET, metadata: '', errorCode }
    })
  }))
}

async function positionsOf(
  context: BrokerContext,
  caller: Caller,
  groupId: string,
  asked: AskedTopics | null,
  requireStable: boolean
): Promise<FoundTopics> {
  const known = await context.log.positions(groupId)
  const byPlace = new Map(known.map(each => [`${each.partition}:${each.topic}`, each]))
  const answer = (name: string, partitionIndex: number) => {
    const position = byPlace.get(`${partitionIndex}:${name}`)
    const isPending =
      requireStable && context.transactions.hasPendingOffset(groupId, name, partitionIndex)
    return {
      partitionIndex,
      committedOffset: isPending ? NO_OFFSET : (position?.offset ?? NO_OFFSET),
      metadata: isPending ? '' : (position?.metadata ?? ''),
      errorCode: isPending ? ERROR_CODES.UNSTABLE_OFFSET_COMMIT : ERROR_CODES.NONE
    }
  }
  if (asked === null) {
    return byTopic(known)
      .filter(({ name }) => maySee(context, caller, 'topic', name))
      .map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partition => answer(name, partition))
      }))
  }
  return asked.flatMap(topic => {
    const { name, partitionIndexes } = topic
    if (!may(context, caller, 'describe', 'topic', name)) {
      return refuseAll([topic], ERROR_CODES.TOPIC_AUTHORIZATION_FAILED) ?? []
    }
    return [{ name, partitions: partitionIndexes.map(partition => answer(name, partition)) }]
  })
}

function byTopic(positions: readonly GroupPosition[]): AskedTopics {
  const topics = Map.groupBy(positions, position => position.topic)
  return [...topics].map(([name, of]) => {
    return { name, partitionIndexes: of.map(position => position.partition) }
  })
}

/** Answers OffsetDelete (KIP-496): positions in topics that no member reads. */
export const handleOffsetDelete: Handler<'OffsetDelete'> = async (context, request, caller) => {
  const { groupId } = request
  if (!may(context, caller, 'delete', 'group', groupId)) {
    return { errorCode: ERROR_CODES.GROUP_AUTHORIZATION_FAILED }
  }
  const fault = context.groups.faultOfId(groupId)
  if (fault !== ERROR_CODES.NONE) return { errorCode: fault }
  if (!(await context.groups.exists(groupId))) return { errorCode: ERROR_CODES.GROUP_ID_NOT_FOUND }
  const names = request.topics.map(topic => topic.name)
  const subscribed = context.groups.subscribed(groupId, names)
  const offsets: CommitOffset[] = []
  const topics = []
  for (const { name, partitions } of request.topics) {
    const answers = []
    const isAllowed = may(context, caller, 'read', 'topic', name)
    for (const { partitionIndex } of partitions) {
      const isThere = await context.topics.hasPartition(name, partitionIndex)
      const errorCode = !isAllowed
        ? ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
        : subscribed.has(name)
          ? ERROR_CODES.GROUP_SUBSCRIBED_TO_TOPIC
          : isThere
            ? ERROR_CODES.NONE
            : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
      if (errorCode === ERROR_CODES.NONE) {
        offsets.push({
          group: groupId,
          topic: name,
          partition: partitionIndex,
          offset: null,
          metadata: ''
        })
      }
      answers.push({ partitionIndex, errorCode })
    }
    topics.push({ name, partitions: answers })
  }
  if (offsets.length > 0) await context.log.commit({ batches: [], offsets })
  return { topics }
}
