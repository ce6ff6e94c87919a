// Routes of functions: types with their counters, addresses with their values, delayed messages.
import { MillraceError } from '../../../../base/index.ts'
import { addressOf } from '../../../../functions/index.ts'
import type { EngineFunctions } from '../../../functions/engine-functions.ts'
import {
  addressReport,
  addressReports,
  checkFunctionType,
  functionReports,
  timerReport,
  whereOf
} from '../../../functions/function-report.ts'
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, inQuery, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'

const TAG = 'functions'
const NAMESPACE = inPath('namespace', 'Namespace of the type.')
const TYPE = inPath('type', 'Name of the type.')
const LIMIT_MAX = 10_000

function all(host: ApiHost): readonly EngineFunctions[] {
  return host.engines().flatMap(({ engine }) => engine.functions ?? [])
}

function typenameOf(request: ApiRequest): string {
  return `${request.named('namespace')}/${request.named('type')}`
}

/** The application that a type belongs to. @throws FUNCTION_UNKNOWN */
function find(host: ApiHost, typename: string): EngineFunctions {
  const found = all(host)
  const one = found.find(({ application }) => whereOf(application, typename) !== null)
  if (one !== undefined) return one
  try {
    if (found[0] !== undefined) checkFunctionType(found[0].application, typename)
  } catch (error) {
    throw new MillraceError('FUNCTION_UNKNOWN', (error as Error).message)
  }
  throw new MillraceError(
    'FUNCTION_UNKNOWN',
    `no functions are called "${typename}"; none run here`
  )
}

async function list(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const functions: object[] = []
  for (const one of all(host)) {
    for (const report of await functionReports(one)) {
      if (!request.may('describe', 'function', report.typename)) continue
      functions.push({ application: one.name, ...report })
    }
  }
  return ok({ functions })
}

async function addresses(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const typename = typenameOf(request)
  const prefix = request.text('prefix') ?? ''
  const limit = request.number('limit')!
  const found = await addressReports(find(host, typename), typename, {
    limit: limit + 1,
    fits: id => id.startsWith(prefix)
  })
  return ok({ addresses: found.slice(0, limit), isCut: found.length > limit })
}

async function timers(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const typename = typenameOf(request)
  const id = request.text('id')
  const { running } = find(host, typename)
  const { timers: found, isComplete } = await running.findTimers({
    limit: request.number('limit')!,
    ...(id === null ? { typename } : { sender: addressOf(typename, id) })
  })
  return ok({ timers: found.map(timerReport), isCut: !isComplete })
}

const LIMIT = inQuery('limit', 'Most of them.', {
  type: 'integer',
  minimum: 1,
  maximum: LIMIT_MAX,
  default: 100
})

/** The routes. */
export const FUNCTION_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/functions`,
    id: 'listFunctions',
    tag: TAG,
    summary: 'List function types with counters, mailboxes and delayed messages',
    answers: gives('The types.', {
      type: 'object',
      properties: { functions: { type: 'array', items: { type: 'object' } } }
    }),
    access: null,
    handle: list
  },
  {
    method: 'GET',
    path: `${API}/functions/{namespace}/{type}`,
    id: 'listAddresses',
    tag: TAG,
    summary: 'Addresses of a type that have values or messages, by their ids',
    parameters: [
      NAMESPACE,
      TYPE,
      inQuery('prefix', 'Beginning of the ids.', { type: 'string' }),
      LIMIT
    ],
    answers: gives('Addresses, and whether there are more.', {
      type: 'object',
      properties: {
        addresses: { type: 'array', items: named('FunctionAddress') },
        isCut: { type: 'boolean' }
      }
    }),
    access: needs('query', 'function', 'namespace', 'type'),
    handle: addresses
  },
  {
    method: 'GET',
    path: `${API}/functions/{namespace}/{type}/addresses/{id}`,
    id: 'describeAddress',
    tag: TAG,
    summary: 'Values and waiting messages of an address; every address exists',
    parameters: [NAMESPACE, TYPE, inPath('id', 'The id.')],
    answers: gives('The address.', named('FunctionAddress')),
    access: needs('query', 'function', 'namespace', 'type'),
    handle: (request, host) => {
      const typename = typenameOf(request)
      return ok(addressReport(find(host, typename), typename, request.named('id')))
    }
  },
  {
    method: 'GET',
    path: `${API}/functions/{namespace}/{type}/timers`,
    id: 'listTimers',
    tag: TAG,
    summary: 'The next delayed messages that addresses of a type have sent',
    parameters: [
      NAMESPACE,
      TYPE,
      inQuery('id', 'Of this address only.', { type: 'string', minLength: 1 }),
      LIMIT
    ],
    answers: gives('Delayed messages by time, and whether there are more.', {
      type: 'object',
      properties: {
        timers: { type: 'array', items: { type: 'object' } },
        isCut: { type: 'boolean' }
      }
    }),
    access: needs('query', 'function', 'namespace', 'type'),
    handle: timers
  }
]
