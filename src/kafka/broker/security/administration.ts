// Which requests change what others rely on, and what is noted of them: names and outcomes, never contents.
import type { ApiName, RequestOf } from '../../wire/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import type { BrokerContext, Caller } from '../context.ts'

/** Types of resources that have configurations. */
const CONFIGURED: Readonly<Record<number, string>> = { 2: 'topic', 4: 'node' }

const configured = (each: {
  readonly resourceType: number
  readonly resourceName: string
}): string => `${CONFIGURED[each.resourceType] ?? each.resourceType}:${each.resourceName}`

type Named = { readonly [Name in ApiName]?: (request: RequestOf<Name>) => readonly string[] }

/** Requests that are noted, with the resources that they name. */
const ADMINISTRATION: Named = {
  AlterConfigs: ({ resources }) => resources.map(configured),
  AlterUserScramCredentials: ({ deletions, upsertions }) =>
    [...deletions, ...upsertions].map(each => `user:${each.name}`),
  CreateAcls: request =>
    request.creations.map(each => `acl:${each.principal}:${each.resourceName}`),
  CreatePartitions: request => request.topics.map(each => `topic:${each.name}`),
  CreateTopics: request => request.topics.map(each => `topic:${each.name}`),
  DeleteAcls: request =>
    request.filters.map(
      each => `acl:${each.principalFilter ?? '*'}:${each.resourceNameFilter ?? '*'}`
    ),
  DeleteGroups: request => request.groupsNames.map(each => `group:${each}`),
  DeleteRecords: request => request.topics.map(each => `topic:${each.name}`),
  DeleteTopics: request => [
    ...request.topicNames.map(each => `topic:${each}`),
    ...request.topics.map(each => `topic:${each.name ?? each.topicId}`)
  ],
  IncrementalAlterConfigs: ({ resources }) => resources.map(configured),
  OffsetDelete: request => [`group:${request.groupId}`]
}

const RESOURCES_MAX = 50
const RESOURCE_LENGTH_MAX = 300
const DEPTH_MAX = 6

/** Notes an administrator's request with what became of it; others are not noted. */
export function noteAdministration<Name extends ApiName>(
  context: BrokerContext,
  name: Name,
  request: RequestOf<Name>,
  { response, caller }: { readonly response: object | null; readonly caller: Caller }
): void {
  const resourcesOf = ADMINISTRATION[name] as
    | ((request: RequestOf<Name>) => readonly string[])
    | undefined
  if (resourcesOf === undefined) return
  const { principal, host, door } = caller.identity
  const codes = new Set<number>()
  collectCodes(response, codes, 0)
  const failed = [...codes].filter(code => code !== ERROR_CODES.NONE)
  context.security.audit.note({
    kind: 'admin',
    principal,
    host,
    door,
    action: name,
    resources: resourcesOf(request)
      .slice(0, RESOURCES_MAX)
      .map(each => each.slice(0, RESOURCE_LENGTH_MAX)),
    outcome: failed.length === 0 ? 'ok' : failed.map(nameOf).join(' ')
  })
}

function collectCodes(value: unknown, into: Set<number>, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'errorCode') into.add(Number(inner))
    else collectCodes(inner, into, depth + 1)
  }
}

function nameOf(code: number): string {
  return Object.entries(ERROR_CODES).find(([, known]) => known === code)?.[0] ?? String(code)
}
