// Routes of groups: who reads what and how far, and moving them. Engine's own groups can be looked at, not changed.
import { MillraceError } from '../../../../base/index.ts'
import type { GroupPosition } from '../../../../log/log.ts'
import type { ApiHost } from '../host.ts'
import { fromOf } from '../records/read-options.ts'
import { TopicFollower } from '../records/reader.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'
import { ownTopic } from './topics.ts'

const TAG = 'groups'
const GROUP = inPath('group', 'Name of the group.')
const BODY_BYTES_MAX = 1024 * 1024
/** Groups of dataflows, functions and feeds have it in their names. */
const ENGINE_MARK = '/'

interface GroupListing {
  readonly group: string
  readonly type: 'classic' | 'consumer' | 'engine'
  readonly state: string
  readonly members: number
}

async function listed(host: ApiHost): Promise<readonly GroupListing[]> {
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
      const members = broker?.get(group)?.members.size ?? 0
      return {
        group,
        type: isEngine ? 'engine' : type,
        state: isEngine ? 'Stable' : state,
        members
      }
    })
    .toSorted((a, b) => (a.group < b.group ? -1 : 1))
}

async function describe(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('group')
  const found = (await listed(host)).find(one => one.group === name)
  if (found === undefined) throw unknownGroup(name)
  const group = host.served.broker?.context.groups.get(name)
  const members = [...(group?.members ?? [])].map(([id, { facts }]) => ({
    id,
    clientId: facts.clientId,
    host: facts.clientHost
  }))
  return ok({ ...found, members, positions: await positionsOf(host, name) })
}

async function positionsOf(host: ApiHost, group: string): Promise<readonly object[]> {
  const ends = new Map<string, ReadonlyMap<number, number>>()
  const described: object[] = []
  for (const { topic, partition, offset, metadata } of await host.log.positions(group)) {
    let own = ends.get(topic)
    if (own === undefined) {
      const { status } = await host.log.describeTopic(topic)
      own = new Map(status.partitions.map(one => [one.partition, one.endOffset]))
      ends.set(topic, own)
    }
    const endOffset = own.get(partition) ?? offset
    const lag = Math.max(0, endOffset - offset)
    described.push({ topic, partition, offset, metadata, endOffset, lag })
  }
  return described
}

async function remove(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('group')
  checkOwn(name)
  if (!(await listed(host)).some(one => one.group === name)) throw unknownGroup(name)
  checkEmpty(host, name)
  const { broker } = host.served
  if (broker !== null) await broker.context.groups.delete(name)
  const positions = await host.log.positions(name)
  await commit(
    host,
    name,
    positions.map(position => ({ ...position, offset: null }))
  )
  return { status: 204, body: null }
}

interface ResetBody {
  readonly positions?: readonly GroupPosition[]
  readonly topic?: string
  readonly from?: string
}

/** Moves a group, or commits for readers over HTTP. */
async function reset(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('group')
  checkOwn(name)
  const { positions, topic, from } = await request.json<ResetBody>()
  if ((positions === undefined) === (topic === undefined)) {
    throw new MillraceError(
      'USAGE',
      'expected "positions", or "topic" and "from" for all partitions of a topic; give one of them'
    )
  }
  checkEmpty(host, name)
  const wanted = positions ?? (await positionsFrom(request, host, topic!, from ?? 'beginning'))
  for (const one of wanted) await checkPosition(host, one)
  await commit(host, name, wanted)
  return ok({ group: name, positions: await positionsOf(host, name) })
}

async function positionsFrom(
  request: ApiRequest,
  host: ApiHost,
  topic: string,
  from: string
): Promise<readonly Omit<GroupPosition, 'metadata'>[]> {
  request.require('read', 'topic', topic)
  await ownTopic(host, topic)
  const follower = await TopicFollower.open(host.log, {
    topic,
    partitions: null,
    from: fromOf({ position: null, group: null, from }),
    forms: host.forms(topic)
  })
  return [...follower.offsets].map(([partition, offset]) => ({ topic, partition, offset }))
}

async function checkPosition(
  host: ApiHost,
  { topic, partition, offset }: Omit<GroupPosition, 'metadata'>
): Promise<void> {
  const { status } = await ownTopic(host, topic)
  const found = status.partitions.find(one => one.partition === partition)
  if (found === undefined) {
    const count = status.partitions.length
    throw new MillraceError(
      'PARTITION_UNKNOWN',
      `partition ${partition} of ${topic}, which has ${count}; expected one from 0 to ${count - 1}`
    )
  }
  if (offset >= found.startOffset && offset <= found.endOffset) return
  throw new MillraceError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} of ${topic}/${partition}; expected one from ${found.startOffset} to ${found.endOffset}`
  )
}

async function commit(
  host: ApiHost,
  group: string,
  positions: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number | null
    readonly metadata?: string
  }[]
): Promise<void> {
  if (positions.length === 0) return
  const offsets = positions.map(({ topic, partition, offset, metadata = '' }) => {
    return { group, topic, partition, offset, metadata }
  })
  await host.log.commit({ batches: [], offsets })
}

function checkOwn(name: string): void {
  if (!name.includes(ENGINE_MARK)) return
  throw new MillraceError(
    'GROUP_INVALID',
    `${name} is a group of the engine: names with a slash are those of dataflows, functions and feeds; expected ` +
      'one of a client'
  )
}

function checkEmpty(host: ApiHost, name: string): void {
  const members = host.served.broker?.context.groups.get(name)?.members.size ?? 0
  if (members === 0) return
  throw new MillraceError(
    'GROUP_NOT_EMPTY',
    `the group ${name} has ${members} members that read; expected none; stop them first`
  )
}

function unknownGroup(name: string): MillraceError {
  return new MillraceError(
    'GROUP_UNKNOWN',
    `no group is called ${JSON.stringify(name)}; expected one of the list`
  )
}

/** The routes. */
export const GROUP_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/groups`,
    id: 'listGroups',
    tag: TAG,
    summary: 'List groups, also those of dataflows and functions',
    answers: gives('The groups by name.', {
      type: 'object',
      properties: { groups: { type: 'array', items: named('Group') } }
    }),
    access: null,
    handle: async (request, host) => {
      const all = await listed(host)
      return ok({ groups: all.filter(({ group }) => request.may('describe', 'group', group)) })
    }
  },
  {
    method: 'GET',
    path: `${API}/groups/{group}`,
    id: 'describeGroup',
    tag: TAG,
    summary: 'Describe a group: members, positions, lag',
    parameters: [GROUP],
    answers: gives('The group.', named('DescribedGroup')),
    access: needs('describe', 'group', 'group'),
    handle: describe
  },
  {
    method: 'DELETE',
    path: `${API}/groups/{group}`,
    id: 'deleteGroup',
    tag: TAG,
    summary: 'Delete a group without members, with its positions',
    parameters: [GROUP],
    answers: { 204: { description: 'It is gone.' } },
    access: needs('delete', 'group', 'group'),
    handle: remove
  },
  {
    method: 'PUT',
    path: `${API}/groups/{group}/offsets`,
    id: 'commitOffsets',
    tag: TAG,
    summary: 'Set positions of a group without members',
    description:
      'For readers over HTTP, which commit so; or to move a group: with `topic` and `from` all partitions of a topic.',
    parameters: [GROUP],
    body: {
      description: 'Positions: the next offsets to read.',
      content: {
        'application/json': {
          type: 'object',
          properties: {
            positions: { type: 'array', items: named('Position'), maxItems: 100_000 },
            topic: { type: 'string' },
            from: {
              type: 'string',
              description: 'As in reading: `beginning`, `end`, an offset, `-N`, a time.'
            }
          },
          additionalProperties: false
        }
      },
      bytesMax: BODY_BYTES_MAX
    },
    answers: gives('They are durable.', {
      type: 'object',
      properties: {
        group: { type: 'string' },
        positions: { type: 'array', items: named('Position') }
      }
    }),
    access: needs('read', 'group', 'group'),
    handle: reset
  }
]
