// DescribeGroups, ListGroups, DeleteGroups: what administrators see and do.
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Handler } from '../context.ts'

type DescribedGroup = Sparse<ResponseOf<'DescribeGroups'>['groups'][number]>
const NOT_ASKED = -(2 ** 31)

/** Answers DescribeGroups. */
export const handleDescribeGroups: Handler<'DescribeGroups'> = async (context, request) => {
  const groups: DescribedGroup[] = []
  for (const groupId of request.groups) groups.push(await describe(context, groupId))
  return { groups }
}

async function describe(context: BrokerContext, groupId: string): Promise<DescribedGroup> {
  const group = context.groups.classic(groupId)
  if (group === null) {
    // Of a group that only has positions, nothing more is known; the other kind has its own description.
    const isOther = context.groups.consumer(groupId) !== null
    const isThere = !isOther && (await context.groups.exists(groupId))
    return { groupId, groupState: isThere ? 'Empty' : 'Dead', authorizedOperations: NOT_ASKED }
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
    })),
    authorizedOperations: NOT_ASKED
  }
}

/** Answers ListGroups. */
export const handleListGroups: Handler<'ListGroups'> = async (context, request) => {
  const states = new Set(request.statesFilter.map(state => state.toLowerCase()))
  const types = new Set(request.typesFilter.map(type => type.toLowerCase()))
  const groups = (await context.groups.list()).filter(
    ({ groupState, groupType }) =>
      (states.size === 0 || states.has(groupState.toLowerCase())) &&
      (types.size === 0 || types.has(groupType))
  )
  return { errorCode: ERROR_CODES.NONE, groups }
}

/** Answers DeleteGroups. */
export const handleDeleteGroups: Handler<'DeleteGroups'> = async (context, request) => {
  const results = []
  for (const groupId of request.groupsNames) {
    results.push({ groupId, errorCode: await context.groups.delete(groupId) })
  }
  return { results }
}
