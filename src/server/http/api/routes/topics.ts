// Routes of topics: list, describe, create, change, delete.
import { MillraceError, TOPIC_PREFIX_RESERVED } from '../../../../base/index.ts'
import type { TopicSpec } from '../../../../log/log.ts'
import { requiredTopics } from '../../../../runtime/index.ts'
import { CLUSTER_NAME } from '../../../../security/index.ts'
import type { ApiHost } from '../host.ts'
import { ownTopic } from '../own-topic.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, inQuery, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'

const BODY_BYTES_MAX = 64 * 1024
const TOPIC = inPath('topic', 'Name of the topic.')
const TAG = 'topics'

type Settings = Partial<Omit<TopicSpec, 'internal'>>

async function list(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const all = await host.log.listTopics({ internal: request.flag('internal') })
  const topics = all
    .filter(({ name }) => request.may('describe', 'topic', name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return ok({ topics })
}

async function create(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const { name, ...spec } = await request.json<Settings & { readonly name: string }>()
  // Who may create any topic may create this one.
  if (request.may('create', 'cluster', CLUSTER_NAME)) request.about([`topic:${name}`])
  else request.require('create', 'topic', name)
  if (name.startsWith(TOPIC_PREFIX_RESERVED)) {
    throw new MillraceError(
      'TOPIC_INVALID',
      `the name ${name} begins as those of topics in which the engine keeps its state; expected one without ` +
        TOPIC_PREFIX_RESERVED
    )
  }
  const topic = await host.log.createTopic(name, spec)
  const location = `${API}/topics/${encodeURIComponent(name)}`
  return { status: 201, headers: { location }, body: topic }
}

async function change(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('topic')
  const changes = await request.json<Settings>()
  const { partitions, ...bounds } = changes
  if (partitions !== undefined) request.require('alter', 'topic', name)
  if (partitions === undefined || Object.keys(bounds).length > 0)
    request.require('alter-configs', 'topic', name)
  await ownTopic(host, name)
  return ok(await host.log.alterTopic(name, changes))
}

async function remove(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('topic')
  await ownTopic(host, name)
  const user = userOf(host, name)
  if (user !== null) {
    throw new MillraceError(
      'TOPIC_IN_USE',
      `${user} runs with the topic ${name}; expected one that nothing uses; stop it first`
    )
  }
  await host.log.deleteTopic(name)
  return { status: 204, body: null }
}

/** What runs with a topic; null: nothing. */
function userOf(host: ApiHost, name: string): string | null {
  for (const { engine } of host.engines()) {
    const dataflow = engine.dataflows.find(({ loaded }) =>
      requiredTopics(loaded.plan).some(topic => topic.name === name)
    )
    if (dataflow !== undefined) return `the dataflow ${dataflow.name}`
    const { functions } = engine
    if (functions?.application.ingresses.some(({ topic }) => topic === name) === true) {
      return `the application ${functions.name}`
    }
  }
  return null
}

async function truncate(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const name = request.named('topic')
  const { partition, beforeOffset } = await request.json<{
    partition: number
    beforeOffset: number
  }>()
  await ownTopic(host, name)
  await host.log.deleteRecords(name, partition, beforeOffset)
  return ok(await host.log.describeTopic(name))
}

/** The routes. */
export const TOPIC_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/topics`,
    id: 'listTopics',
    tag: TAG,
    summary: 'List topics',
    parameters: [
      inQuery('internal', 'Changelogs and the like, too.', { type: 'boolean', default: false })
    ],
    answers: gives('The topics by name.', {
      type: 'object',
      properties: { topics: { type: 'array', items: named('Topic') } }
    }),
    access: null,
    handle: list
  },
  {
    method: 'POST',
    path: `${API}/topics`,
    id: 'createTopic',
    tag: TAG,
    summary: 'Create a topic',
    body: {
      description:
        'Its name; what is left out takes its default: one partition, nothing is dropped.',
      content: { 'application/json': named('NewTopic') },
      bytesMax: BODY_BYTES_MAX
    },
    answers: {
      201: { description: 'It is durable.', content: { 'application/json': named('Topic') } }
    },
    access: null,
    handle: create
  },
  {
    method: 'GET',
    path: `${API}/topics/{topic}`,
    id: 'describeTopic',
    tag: TAG,
    summary: 'Describe a topic with its partitions',
    parameters: [TOPIC],
    answers: gives('The topic.', named('Topic')),
    access: needs('describe', 'topic', 'topic'),
    handle: async (request, host) => ok(await host.log.describeTopic(request.named('topic')))
  },
  {
    method: 'PATCH',
    path: `${API}/topics/{topic}`,
    id: 'alterTopic',
    tag: TAG,
    summary: "Change a topic's bounds, or add partitions",
    parameters: [TOPIC],
    body: {
      description: 'What is to be changed.',
      content: { 'application/json': named('TopicSettings') },
      bytesMax: BODY_BYTES_MAX
    },
    answers: gives('The topic as it is now.', named('Topic')),
    access: null,
    handle: change
  },
  {
    method: 'DELETE',
    path: `${API}/topics/{topic}`,
    id: 'deleteTopic',
    tag: TAG,
    summary: 'Delete a topic with its records and all positions in it',
    parameters: [TOPIC],
    answers: { 204: { description: 'It is gone.' } },
    access: needs('delete', 'topic', 'topic'),
    handle: remove
  },
  {
    method: 'POST',
    path: `${API}/topics/{topic}/truncate`,
    id: 'truncateTopic',
    tag: TAG,
    summary: 'Delete the oldest records of a partition',
    parameters: [TOPIC],
    body: {
      description: 'Records of `partition` before `beforeOffset` go.',
      content: {
        'application/json': {
          type: 'object',
          properties: {
            partition: { type: 'integer', minimum: 0 },
            beforeOffset: { type: 'integer', minimum: 0 }
          },
          required: ['partition', 'beforeOffset'],
          additionalProperties: false
        }
      },
      bytesMax: BODY_BYTES_MAX
    },
    answers: gives('The topic as it is now.', named('Topic')),
    access: needs('delete', 'topic', 'topic'),
    handle: truncate
  }
]
