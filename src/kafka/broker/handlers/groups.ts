// DescribeGroups, ListGroups, DeleteGroups: what administrators see and do.
import { CLUSTER_NAME } from '../../../security/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Handler } from '../context.ts'
import { coordinatorCode } from '../error-of.ts'
import { denialOf, maySee, operationsFor } from '../security/permission.ts'

type DescribedGroup = Sparse<ResponseOf<'DescribeGroups'>['groups'][number]>

/** Answers DescribeGroups. */
export const handleDescribeGroups: Handler<'DescribeGroups'> = async (context, request, caller) => {
  const groups: DescribedGroup[] = []
  for (const groupId of new Set(request.groups)) {
    const errorCode = denialOf(context, caller, 'describe', 'group', groupId)
    if (errorCode !== ERROR_CODES.NONE) {
      groups.push({ groupId, errorCode })
      continue
    }
    const { includeAuthorizedOperations: isAsked } = request
    const authorizedOperations = operationsFor(context, caller, isAsked, 'group', groupId)
    groups.push({ ...(await describe(context, groupId)), authorizedOperations })
  }
  return { groups }
}

async function describe(context: BrokerContext, groupId: string): Promise<DescribedGroup> {
  const group = context.groups.classic(groupId)
  if (group === null) {
    // Of a group that only has positions, nothing more is known; the other kind has its own description.
    const isOther = context.groups.consumer(groupId) !== null
    const isThere = !isOther && (await context.groups.exists(groupId))
    return { groupId, groupState: isThere ? 'Empty' : 'Dead' }
  }
  const isSettled = group.state === 'Stable'
  return {
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isSettled ? (group.protocol ?? '') : '',
    members: [...group.members.values()].map(member => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.facts.clientId,
      clientHost: member.facts.clientHost,
      memberMetadata: isSettled ? member.metadataOf(group.protocol) : new Uint8Array(0),
      memberAssignment: isSettled ? member.assignment : new Uint8Array(0)
    }))
  }
}

/** Answers ListGroups. */
export const handleListGroups: Handler<'ListGroups'> = async (context, request, caller) => {
  const states = new Set(request.statesFilter.map(state => state.toLowerCase()))
  const types = new Set(request.typesFilter.map(type => type.toLowerCase()))
  const mayAll = maySee(context, caller, 'cluster', CLUSTER_NAME)
  const groups = (await context.groups.list()).filter(
    ({ groupId, groupState, groupType }) =>
      (mayAll || maySee(context, caller, 'group', groupId)) &&
      (states.size === 0 || states.has(groupState.toLowerCase())) &&
      (types.size === 0 || types.has(groupType))
  )
  return { errorCode: ERROR_CODES.NONE, groups }
}

/** Answers DeleteGroups. */
export const handleDeleteGroups: Handler<'DeleteGroups'> = async (context, request, caller) => {
  const results = []
  for (const groupId of new Set(request.groupsNames)) {
    const denied = denialOf(context, caller, 'delete', 'group', groupId)
    const errorCode = denied || (await coordinatorCode(context.groups.delete(groupId)))
    results.push({ groupId, errorCode })
  }
  return { results }
}
