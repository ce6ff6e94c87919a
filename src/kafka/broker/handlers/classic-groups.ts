// JoinGroup, SyncGroup, Heartbeat, LeaveGroup: the classic group protocol.
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Caller, Handler } from '../context.ts'
import { coordinatorCode, coordinatorCodeOf } from '../error-of.ts'
import type { JoinAnswer } from '../groups/classic-member.ts'
import { denialOf } from '../security/permission.ts'

const SESSION_TIMEOUT_MS_MAX = 1_800_000
/** Protocols that a member may follow: clients have one or two, and all are compared with those of all others. */
const PROTOCOLS_MAX = 100
/** Versions from which on members join with an id, leaders may skip assigning, and several members leave at once. */
const ID_REQUIRED_VERSION = 4
const SKIP_VERSION = 9
const MANY_LEAVE_VERSION = 3

/** Answers JoinGroup, when the members of the next generation are together. */
export const handleJoinGroup: Handler<'JoinGroup'> = async (context, request, caller, version) => {
  const { groupId, memberId, groupInstanceId, sessionTimeoutMs, protocolType, protocols } = request
  const refused = (errorCode: number): JoinAnswer => ({ errorCode, memberId })
  const fault = denialOfMember(context, caller, groupId) || context.groups.faultOfId(groupId)
  if (fault !== ERROR_CODES.NONE) return refused(fault)
  const { sessionTimeoutMsMin } = context.settings
  if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > SESSION_TIMEOUT_MS_MAX) {
    return refused(ERROR_CODES.INVALID_SESSION_TIMEOUT)
  }
  if (protocolType === '' || protocols.length === 0 || protocols.length > PROTOCOLS_MAX) {
    return refused(ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
  }
  if (memberId !== '' && context.groups.get(groupId) === undefined) {
    return refused(ERROR_CODES.UNKNOWN_MEMBER_ID)
  }
  const group = context.groups.classicFor(groupId)
  if (group === null) return refused(ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
  const { rebalanceTimeoutMs } = request
  const wish = {
    memberId,
    instanceId: groupInstanceId,
    facts: {
      clientId: caller.clientId,
      clientHost: `/${caller.clientHost}`,
      sessionTimeoutMs,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      protocolType,
      // The frame is not kept for as long as the member is.
      protocols: protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }))
    },
    requiresId: version >= ID_REQUIRED_VERSION,
    canSkipAssignment: version >= SKIP_VERSION
  }
  return await group.join(wish).catch(error => refused(coordinatorCodeOf(error)))
}

const denialOfMember = (context: BrokerContext, caller: Caller, groupId: string): number =>
  denialOf(context, caller, 'read', 'group', groupId)

/** Answers SyncGroup, when the leader has assigned. */
export const handleSyncGroup: Handler<'SyncGroup'> = async (context, request, caller) => {
  const { groupId, memberId, groupInstanceId, generationId, assignments } = request
  const denied = denialOfMember(context, caller, groupId)
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  const group = context.groups.classic(groupId)
  if (group === null) return { errorCode: missing(groupId) }
  const { protocolType, protocolName } = request
  return await group.sync(
    { memberId, instanceId: groupInstanceId },
    generationId,
    { type: protocolType, name: protocolName },
    new Map(assignments.map(each => [each.memberId, Buffer.from(each.assignment)]))
  )
}

const missing = (groupId: string): number =>
  groupId === '' ? ERROR_CODES.INVALID_GROUP_ID : ERROR_CODES.UNKNOWN_MEMBER_ID

/** Answers Heartbeat. */
export const handleHeartbeat: Handler<'Heartbeat'> = (context, request, caller) => {
  const { groupId, memberId, groupInstanceId, generationId } = request
  const denied = denialOfMember(context, caller, groupId)
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  const group = context.groups.classic(groupId)
  if (group === null) return { errorCode: missing(groupId) }
  return { errorCode: group.heartbeat({ memberId, instanceId: groupInstanceId }, generationId) }
}

type Left = Sparse<ResponseOf<'LeaveGroup'>['members'][number]>

/** Answers LeaveGroup; administrators remove members of groups of KIP-848 by it too. */
export const handleLeaveGroup: Handler<'LeaveGroup'> = async (
  context,
  request,
  caller,
  version
) => {
  const { groupId, memberId } = request
  const denied = denialOfMember(context, caller, groupId)
  if (denied !== ERROR_CODES.NONE) return { errorCode: denied }
  const leaving =
    version < MANY_LEAVE_VERSION ? [{ memberId, groupInstanceId: null }] : request.members
  const members: Left[] = []
  for (const each of leaving) {
    const { groupInstanceId } = each
    const errorCode = await coordinatorCode(leave(context, groupId, each.memberId, groupInstanceId))
    members.push({ memberId: each.memberId, groupInstanceId, errorCode })
  }
  if (version < MANY_LEAVE_VERSION) return { errorCode: members[0]!.errorCode ?? 0 }
  return { members }
}

async function leave(
  context: BrokerContext,
  groupId: string,
  memberId: string,
  instanceId: string | null
): Promise<number> {
  const consumers = context.groups.consumer(groupId)
  if (consumers !== null) return await consumers.expel(memberId, instanceId)
  const group = context.groups.classic(groupId)
  return group === null ? missing(groupId) : group.leave({ memberId, instanceId })
}
