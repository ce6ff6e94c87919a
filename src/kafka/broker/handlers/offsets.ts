// OffsetCommit, OffsetFetch, OffsetDelete: positions of groups, which are the log's.
import type { CommitOffset, GroupPosition } from '../../../log/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import {
  OFFSET_METADATA_LENGTH_MAX,
  type BrokerContext,
  type Caller,
  type Handler
} from '../context.ts'
import { distinct } from '../distinct.ts'
import { coordinatorCode } from '../error-of.ts'
import { denialOf, maySee } from '../security/permission.ts'
import type { TopicLookUps } from '../topics.ts'

/** First version that asks for several groups at once. */
const MANY_GROUPS_VERSION = 8
const NO_OFFSET = -1

/** Answers OffsetCommit: durable when answered. */
export const handleOffsetCommit: Handler<'OffsetCommit'> = async (context, request, caller) => {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
  const committer = { memberId, groupInstanceId, generationId }
  const denied = denialOf(context, caller, 'read', 'group', groupId)
  const refused =
    denied || context.groups.checkMember(groupId, committer, { isTransactional: false })
  const lookUps = context.topics.lookUps()
  const offsets: CommitOffset[] = []
  const topics = []
  for (const { name, partitions } of request.topics) {
    const answers = []
    const fault = denied || denialOf(context, caller, 'read', 'topic', name) || refused
    for (const { partitionIndex, committedOffset, committedMetadata } of partitions) {
      const metadata = committedMetadata ?? ''
      const place = { group: groupId, topic: name, partition: partitionIndex }
      const errorCode =
        fault === ERROR_CODES.NONE
          ? await faultOf(lookUps, place, committedOffset, metadata)
          : fault
      if (errorCode === ERROR_CODES.NONE) {
        offsets.push({ ...place, offset: committedOffset, metadata })
      }
      answers.push({ partitionIndex, errorCode })
    }
    topics.push({ name, partitions: answers })
  }
  return { topics: await commitPositions(context, offsets, topics) }
}

/** What is answered for each partition. */
type Answers = readonly {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}[]

/**
 * Commits positions in one step, and puts into the answers what became of it. A partition that is gone although it was
 * seen (who deletes a topic need not be a client) is refused, the others are committed.
 */
async function commitPositions(
  context: BrokerContext,
  positions: readonly CommitOffset[],
  answers: Answers
): Promise<Answers> {
  if (positions.length === 0) return answers
  const commit = (offsets: readonly CommitOffset[]): Promise<number> =>
    coordinatorCode(context.log.commit({ batches: [], offsets }).then(() => ERROR_CODES.NONE))
  const withCode = (codeOf: (topic: string, partition: number) => number): Answers =>
    answers.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, errorCode }) => {
        return { partitionIndex, errorCode: errorCode || codeOf(name, partitionIndex) }
      })
    }))
  const errorCode = await commit(positions)
  if (errorCode !== ERROR_CODES.COORDINATOR_NOT_AVAILABLE) return withCode(() => errorCode)
  for (const { topic } of positions) context.topics.forget(topic)
  const lookUps = context.topics.lookUps()
  const left: CommitOffset[] = []
  for (const each of positions) {
    if (await lookUps.hasPartition(each.topic, each.partition)) left.push(each)
  }
  const there = new Set(left.map(({ topic, partition }) => `${partition}:${topic}`))
  const leftCode = left.length === 0 ? ERROR_CODES.NONE : await commit(left)
  return withCode((topic, partition) =>
    there.has(`${partition}:${topic}`) ? leftCode : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  )
}

async function faultOf(
  lookUps: TopicLookUps,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  offset: number,
  metadata: string
): Promise<number> {
  if (!(await lookUps.hasPartition(topic, partition))) {
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
    denialOf(context, caller, 'describe', 'group', groupId)
  if (version < MANY_GROUPS_VERSION) {
    const { groupId, topics: asked } = request
    const errorCode = denied(groupId)
    if (errorCode !== ERROR_CODES.NONE) return { errorCode, topics: refuseAll(asked, errorCode) }
    return { errorCode, topics: await positionsOf(context, caller, groupId, asked, requireStable) }
  }
  const groups = []
  for (const asked of distinct(request.groups, group => group.groupId)) {
    const { groupId, memberId, memberEpoch, topics } = asked
    const errorCode = denied(groupId) || faultOfMember(context, groupId, memberId, memberEpoch)
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

const NOTHING_PENDING: ReadonlySet<string> = new Set()

async function positionsOf(
  context: BrokerContext,
  caller: Caller,
  groupId: string,
  asked: AskedTopics | null,
  requireStable: boolean
): Promise<FoundTopics> {
  const known = await context.log.positions(groupId)
  const byPlace = new Map(known.map(each => [`${each.partition}:${each.topic}`, each]))
  const pending = requireStable ? context.transactions.pendingOffsets(groupId) : NOTHING_PENDING
  const answer = (name: string, partitionIndex: number) => {
    const place = `${partitionIndex}:${name}`
    const position = byPlace.get(place)
    const isPending = pending.has(place)
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
    const fault = denialOf(context, caller, 'describe', 'topic', name)
    if (fault !== ERROR_CODES.NONE) return refuseAll([topic], fault) ?? []
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
  const fault =
    denialOf(context, caller, 'delete', 'group', groupId) || context.groups.faultOfId(groupId)
  if (fault !== ERROR_CODES.NONE) return { errorCode: fault }
  if (!(await context.groups.exists(groupId))) return { errorCode: ERROR_CODES.GROUP_ID_NOT_FOUND }
  const names = request.topics.map(topic => topic.name)
  const subscribed = context.groups.subscribed(groupId, names)
  const lookUps = context.topics.lookUps()
  const offsets: CommitOffset[] = []
  const topics = []
  for (const { name, partitions } of request.topics) {
    const answers = []
    const isRead = subscribed.has(name)
    const refused =
      denialOf(context, caller, 'read', 'topic', name) ||
      (isRead ? ERROR_CODES.GROUP_SUBSCRIBED_TO_TOPIC : ERROR_CODES.NONE)
    for (const { partitionIndex: partition } of partitions) {
      const isThere = await lookUps.hasPartition(name, partition)
      const missing = isThere ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
      const errorCode = refused || missing
      if (errorCode === ERROR_CODES.NONE) {
        offsets.push({ group: groupId, topic: name, partition, offset: null, metadata: '' })
      }
      answers.push({ partitionIndex: partition, errorCode })
    }
    topics.push({ name, partitions: answers })
  }
  return { topics: await commitPositions(context, offsets, topics) }
}
