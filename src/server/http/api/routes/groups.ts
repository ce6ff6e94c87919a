// Routes of groups: who reads what and how far, and moving them. Engine's own groups can be looked at, not changed.
import { MillraceError } from '../../../../base/index.ts'
import { commitPositions, deleteGroup, findGroup, listGroups, positionsOf } from '../groups.ts'
import type { Position } from '../groups.ts'
import type { ApiHost } from '../host.ts'
import { ownTopic } from '../own-topic.ts'
import { fromOf } from '../records/read-options.ts'
import { TopicFollower } from '../records/reader.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'

const TAG = 'groups'
const GROUP = inPath('group', 'Name of the group.')
const BODY_BYTES_MAX = 1024 * 1024

async function list(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const all = await listGroups(host)
  return ok({ groups: all.filter(({ group }) => request.may('describe', 'group', group)) })
}

async function describe(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('group')
  const found = await findGroup(host, name)
  const group = host.served.broker?.context.groups.get(name)
  const members = [...(group?.members ?? [])].map(([id, { facts }]) => ({
    id,
    clientId: facts.clientId,
    host: facts.clientHost
  }))
  return ok({ ...found, members, positions: await seenPositions(request, host, name) })
}

/** Positions in topics that the caller may know of. */
function seenPositions(
  request: ApiRequest,
  host: ApiHost,
  group: string
): Promise<readonly object[]> {
  return positionsOf(host, group, topic => request.may('describe', 'topic', topic))
}

async function remove(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  await deleteGroup(host, request.named('group'))
  return { status: 204, body: null }
}

interface ResetBody {
  readonly positions?: readonly Position[]
  readonly topic?: string
  readonly from?: string
}

/** Moves a group, or commits for readers over HTTP. */
async function reset(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('group')
  const { positions, topic, from } = await request.json<ResetBody>()
  const isBoth = positions !== undefined && (topic ?? from) !== undefined
  if (isBoth || (positions ?? topic) === undefined) {
    throw new MillraceError(
      'USAGE',
      'expected "positions", or "topic" and "from" for all partitions of a topic; give one of them'
    )
  }
  const topics = positions?.map(one => one.topic) ?? [topic!]
  for (const one of new Set(topics)) request.require('read', 'topic', one)
  const wanted = positions ?? (await positionsFrom(host, topic!, from ?? 'beginning'))
  await commitPositions(host, name, wanted)
  return ok({ group: name, positions: await seenPositions(request, host, name) })
}

/** Where each partition of a topic is to be read from. */
async function positionsFrom(
  host: ApiHost,
  topic: string,
  from: string
): Promise<readonly Position[]> {
  await ownTopic(host, topic)
  const follower = await TopicFollower.open(host.log, {
    topic,
    partitions: null,
    from: fromOf({ position: null, group: null, from }),
    forms: host.forms(topic)
  })
  return [...follower.offsets].map(([partition, offset]) => ({ topic, partition, offset }))
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
    handle: list
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
