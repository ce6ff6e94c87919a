// Groups as the API has them: who reads what and how far, and moving those that nobody takes part in.
//
// Groups of Kafka's clients are the broker's, their positions the log's. Those of dataflows, functions and feeds can be
// looked at, and moved by nobody but these.
import { MillraceError } from '../../../base/index.ts'
import type { Topic } from '../../../log/log.ts'
import type { ApiHost } from './host.ts'
import { ownTopic, unknownPartition } from './own-topic.ts'

/** Groups of dataflows, functions and feeds have it in their names. */
const ENGINE_MARK = '/'
/** Kafka's code. */
const NO_ERROR = 0

/** A group of a list. */
export interface GroupListing {
  readonly group: string
  readonly type: 'classic' | 'consumer' | 'engine'
  readonly state: string
  readonly members: number
}

/** The next offset that a group reads of a partition. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata?: string
}

/** All groups by name. */
export async function listGroups(host: ApiHost): Promise<readonly GroupListing[]> {
  const broker = host.served.broker?.context.groups ?? null
  const names =
    broker === null
      ? (await host.log.listGroups()).map(group => ({
          group,
          state: 'Empty',
          type: 'classic' as const
        }))
      : (await broker.list()).map(one => ({
          group: one.groupId,
          state: one.groupState,
          type: one.groupType
        }))
  return names
    .map(({ group, state, type }): GroupListing => {
      const isEngine = group.includes(ENGINE_MARK)
      const members = membersOf(host, group)
      return {
        group,
        type: isEngine ? 'engine' : type,
        state: isEngine ? 'Stable' : state,
        members
      }
    })
    .toSorted((a, b) => (a.group < b.group ? -1 : 1))
}

/** The group of that name. @throws GROUP_UNKNOWN */
export async function findGroup(host: ApiHost, name: string): Promise<GroupListing> {
  const found = (await listGroups(host)).find(one => one.group === name)
  if (found !== undefined) return found
  throw new MillraceError(
    'GROUP_UNKNOWN',
    `no group is called ${JSON.stringify(name)}; expected one of the list`
  )
}

/** How far a group is in the topics that `sees` lets through, and how much is before it. */
export async function positionsOf(
  host: ApiHost,
  group: string,
  sees: (topic: string) => boolean
): Promise<readonly object[]> {
  const topics = new Map<string, Topic>()
  const described: object[] = []
  for (const { topic, partition, offset, metadata } of await host.log.positions(group)) {
    if (!sees(topic)) continue
    if (!topics.has(topic)) topics.set(topic, await host.log.describeTopic(topic))
    const found = topics.get(topic)!.status.partitions.find(one => one.partition === partition)
    const endOffset = found?.endOffset ?? offset
    const lag = Math.max(0, endOffset - offset)
    described.push({ topic, partition, offset, metadata, endOffset, lag })
  }
  return described
}

/**
 * Sets positions of a group that nobody takes part in; resolves when they are durable.
 * @throws GROUP_INVALID, GROUP_NOT_EMPTY · TOPIC_UNKNOWN, TOPIC_INTERNAL, PARTITION_UNKNOWN, OFFSET_OUT_OF_RANGE
 */
export async function commitPositions(
  host: ApiHost,
  group: string,
  positions: readonly Position[]
): Promise<void> {
  checkFree(host, group)
  const topics = new Map<string, Topic>()
  for (const position of positions) {
    const { topic } = position
    if (!topics.has(topic)) topics.set(topic, await ownTopic(host, topic))
    checkPosition(topics.get(topic)!, position)
  }
  await commit(host, group, positions)
}

/**
 * Deletes a group that nobody takes part in, with its positions.
 * @throws GROUP_INVALID, GROUP_NOT_EMPTY, GROUP_UNKNOWN
 */
export async function deleteGroup(host: ApiHost, group: string): Promise<void> {
  checkFree(host, group)
  await findGroup(host, group)
  const groups = host.served.broker?.context.groups
  if (groups === undefined) {
    const positions = await host.log.positions(group)
    await commit(
      host,
      group,
      positions.map(position => ({ ...position, offset: null }))
    )
  } else if ((await groups.delete(group)) !== NO_ERROR) {
    // Somebody has come in meanwhile.
    checkFree(host, group)
  }
}

async function commit(
  host: ApiHost,
  group: string,
  positions: readonly (Omit<Position, 'offset'> & { readonly offset: number | null })[]
): Promise<void> {
  if (positions.length === 0) return
  const offsets = positions.map(({ topic, partition, offset, metadata = '' }) => {
    return { group, topic, partition, offset, metadata }
  })
  await host.log.commit({ batches: [], offsets })
}

/** @throws GROUP_INVALID it is the engine's · GROUP_NOT_EMPTY clients read in it */
function checkFree(host: ApiHost, group: string): void {
  if (group.includes(ENGINE_MARK)) {
    throw new MillraceError(
      'GROUP_INVALID',
      `${group} is a group of the engine: names with a slash are those of dataflows, functions and feeds; expected ` +
        'one of a client'
    )
  }
  const members = membersOf(host, group)
  if (members === 0) return
  throw new MillraceError(
    'GROUP_NOT_EMPTY',
    `the group ${group} has ${members} members that read; expected none; stop them first`
  )
}

function membersOf({ served }: ApiHost, group: string): number {
  return served.broker?.context.groups.get(group)?.members.size ?? 0
}

function checkPosition(
  { status: { partitions } }: Topic,
  { topic, partition, offset }: Position
): void {
  const found = partitions.find(one => one.partition === partition)
  if (found === undefined) throw unknownPartition(topic, partition, partitions.length)
  if (offset >= found.startOffset && offset <= found.endOffset) return
  throw new MillraceError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} of ${topic}/${partition}; expected one from ${found.startOffset} to ${found.endOffset}`
  )
}
