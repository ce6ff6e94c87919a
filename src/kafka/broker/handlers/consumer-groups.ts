// ConsumerGroupHeartbeat and ConsumerGroupDescribe: groups of KIP-848.
import { TOPICS_MAX, isMillraceError, messageOf } from '../../../base/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Caller, Handler } from '../context.ts'
import { coordinatorCodeOf } from '../error-of.ts'
import { ASSIGNORS, type Assignment } from '../groups/assignors.ts'
import type { ConsumerMember } from '../groups/consumer-member.ts'
import type { Heartbeat, HeartbeatAnswer } from '../groups/consumer-group.ts'
import { parseTopicPattern } from '../groups/topic-pattern.ts'
import { denialOf, maySee, operationsFor } from '../security/permission.ts'
import type { TopicLookUps } from '../topics.ts'

type HeartbeatRequest = RequestOf<'ConsumerGroupHeartbeat'>
type HeartbeatResponse = Sparse<ResponseOf<'ConsumerGroupHeartbeat'>>
type DescribedGroup = Sparse<ResponseOf<'ConsumerGroupDescribe'>['groups'][number]>
type DescribedAssignment = NonNullable<DescribedMember['assignment']>
type DescribedMember = NonNullable<DescribedGroup['members']>[number]

/** Version from which on members make their ids themselves (KIP-1082). */
const OWN_ID_VERSION = 1
const ID_BYTES = 16

const refused = (errorCode: number, errorMessage: string | null = null): HeartbeatResponse => {
  return { errorCode, errorMessage }
}

/** Answers ConsumerGroupHeartbeat. */
export const handleConsumerGroupHeartbeat: Handler<'ConsumerGroupHeartbeat'> = async (
  context,
  request,
  caller,
  version
) => {
  const denied = deniedBy(context, request, caller)
  if (denied !== null) return denied
  const fault = context.groups.faultOfId(request.groupId) === 0 ? null : 'the name of the group'
  const problem = fault ?? problemOf(request, version)
  if (problem !== null) return refused(ERROR_CODES.INVALID_REQUEST, `${problem} is not valid`)
  if (request.serverAssignor !== null && !ASSIGNORS.has(request.serverAssignor)) {
    const known = [...ASSIGNORS.keys()].join(' and ')
    return refused(
      ERROR_CODES.UNSUPPORTED_ASSIGNOR,
      `assignor ${request.serverAssignor}; there are ${known}`
    )
  }
  const { subscribedTopicRegex: pattern } = request
  try {
    if (pattern !== null && pattern !== '') parseTopicPattern(pattern)
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return refused(ERROR_CODES.INVALID_REGULAR_EXPRESSION, messageOf(error))
  }
  const { groups } = context
  const topics = await groups.topicView({ isFresh: request.memberEpoch === 0 })
  const group =
    request.memberEpoch === 0
      ? groups.consumerFor(request.groupId)
      : groups.consumer(request.groupId)
  if (group === null) {
    const isOther = groups.get(request.groupId) !== undefined
    return refused(isOther ? ERROR_CODES.GROUP_ID_NOT_FOUND : ERROR_CODES.UNKNOWN_MEMBER_ID)
  }
  const { heartbeatIntervalMs } = context.settings
  return await group.heartbeat(beatOf(context, request, caller), topics).then(
    answer => ({ ...responseOf(answer), heartbeatIntervalMs }),
    error => refused(coordinatorCodeOf(error), messageOf(error))
  )
}

function responseOf({ assignment, epoch, ...rest }: HeartbeatAnswer): HeartbeatResponse {
  const topicPartitions = [...(assignment ?? [])].map(([topicId, partitions]) => {
    return { topicId, partitions }
  })
  return {
    ...rest,
    memberEpoch: epoch,
    assignment: assignment === null ? null : { topicPartitions }
  }
}

/** Members take part in the group, and name topics that they may know of. */
function deniedBy(
  context: BrokerContext,
  { groupId, subscribedTopicNames }: HeartbeatRequest,
  caller: Caller
): HeartbeatResponse | null {
  let errorCode = denialOf(context, caller, 'read', 'group', groupId)
  for (const name of subscribedTopicNames ?? []) {
    errorCode ||= denialOf(context, caller, 'describe', 'topic', name)
  }
  return errorCode === ERROR_CODES.NONE ? null : refused(errorCode)
}

/** What of a request is not as the protocol wants it; null when all is. */
function problemOf(request: HeartbeatRequest, version: number): string | null {
  const { memberId, memberEpoch, instanceId, topicPartitions, subscribedTopicNames } = request
  if ((subscribedTopicNames?.length ?? 0) > TOPICS_MAX) return `more than ${TOPICS_MAX} topics`
  if (memberId === '' && (memberEpoch !== 0 || version >= OWN_ID_VERSION)) return 'an empty member'
  if (instanceId === '') return 'an empty name of an instance'
  if (memberEpoch === -2 && instanceId === null) return 'epoch −2 without the name of an instance'
  if (memberEpoch < -2) return `epoch ${memberEpoch}`
  if (memberEpoch !== 0) return null
  if (request.rebalanceTimeoutMs <= 0) return 'a join without a rebalance timeout'
  if (topicPartitions !== null && topicPartitions.length > 0) return 'a join that owns partitions'
  const hasTopics = subscribedTopicNames !== null || request.subscribedTopicRegex !== null
  return hasTopics ? null : 'a join without topics'
}

function beatOf(context: BrokerContext, request: HeartbeatRequest, caller: Caller): Heartbeat {
  const { memberId, memberEpoch, instanceId, topicPartitions, rebalanceTimeoutMs } = request
  const made = (): string => Buffer.from(context.random.bytes(ID_BYTES)).toString('base64url')
  return {
    memberId: memberId === '' ? made() : memberId,
    epoch: memberEpoch,
    instanceId,
    facts: {
      rackId: request.rackId,
      clientId: caller.clientId,
      clientHost: `/${caller.clientHost}`,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? null : rebalanceTimeoutMs,
      topicNames: request.subscribedTopicNames?.toSorted() ?? null,
      topicPattern: request.subscribedTopicRegex,
      assignor: request.serverAssignor
    },
    owned:
      topicPartitions === null
        ? null
        : new Map(topicPartitions.map(({ topicId, partitions }) => [topicId, partitions]))
  }
}

/** Answers ConsumerGroupDescribe. */
export const handleConsumerGroupDescribe: Handler<'ConsumerGroupDescribe'> = async (
  context,
  request,
  caller
) => {
  const groups: DescribedGroup[] = []
  const lookUps = context.topics.lookUps()
  const { includeAuthorizedOperations: isAsked } = request
  for (const groupId of new Set(request.groupIds)) {
    const denied = denialOf(context, caller, 'describe', 'group', groupId)
    if (denied !== ERROR_CODES.NONE) {
      groups.push({ groupId, errorCode: denied })
      continue
    }
    const group = context.groups.consumer(groupId)
    if (group === null) {
      const errorMessage = `there is no group ${groupId} of the consumer protocol`
      groups.push({ groupId, errorCode: ERROR_CODES.GROUP_ID_NOT_FOUND, errorMessage })
      continue
    }
    const members: DescribedMember[] = []
    for (const member of group.members.values()) members.push(await describe(lookUps, member))
    const topics = members.flatMap(topicsOf)
    if (topics.some(topic => !maySee(context, caller, 'topic', topic))) {
      const errorMessage = 'members of the group read topics that the caller may not know of'
      groups.push({ groupId, errorCode: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED, errorMessage })
      continue
    }
    groups.push({
      groupId,
      groupState: group.state,
      groupEpoch: group.epoch,
      assignmentEpoch: group.targetEpoch,
      assignorName: group.assignor,
      members,
      authorizedOperations: operationsFor(context, caller, isAsked, 'group', groupId)
    })
  }
  return { groups }
}

function topicsOf({ assignment, targetAssignment }: DescribedMember): readonly string[] {
  return [assignment, targetAssignment].flatMap(each =>
    (each?.topicPartitions ?? []).map(({ topicName }) => topicName ?? '')
  )
}

async function describe(lookUps: TopicLookUps, member: ConsumerMember): Promise<DescribedMember> {
  const { facts, share } = member
  return {
    memberId: member.id,
    instanceId: member.instanceId,
    rackId: facts.rackId,
    memberEpoch: member.hasLeft ? -2 : share.epoch,
    clientId: facts.clientId,
    clientHost: facts.clientHost,
    subscribedTopicNames: facts.topicNames,
    subscribedTopicRegex: facts.topicPattern,
    assignment: await named(lookUps, share.assigned),
    targetAssignment: await named(lookUps, member.target)
  }
}

async function named(lookUps: TopicLookUps, assignment: Assignment): Promise<DescribedAssignment> {
  const topicPartitions = []
  for (const [topicId, partitions] of assignment) {
    const topicName = await lookUps.nameOf(topicId)
    if (topicName !== null) topicPartitions.push({ topicId, topicName, partitions })
  }
  return { topicPartitions }
}
