// Routes of dataflows: what runs, how far it is, what its states hold.
import { MillraceError } from '../../../../base/index.ts'
import { nearestWord } from '../../../../dataflow/index.ts'
import type { EngineDataflow } from '../../../engine-dataflow.ts'
import { answered } from '../answering.ts'
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, inQuery, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'

const TAG = 'dataflows'
const NAME = inPath('name', 'Name of the dataflow.')
const STATE = inPath('state', 'The state, as SERVICE.STATE, or STATE where only one has that name.')
const ENTRIES_MAX = 10_000

interface Found {
  readonly deployment: string | null
  readonly dataflow: EngineDataflow
}

function all(host: ApiHost): readonly Found[] {
  return host
    .engines()
    .flatMap(({ deployment, engine }) =>
      engine.dataflows.map(dataflow => ({ deployment, dataflow }))
    )
}

function find(host: ApiHost, name: string): Found {
  const found = all(host)
  const one = found.find(({ dataflow }) => dataflow.name === name)
  if (one !== undefined) return one
  const nearest = nearestWord(
    name,
    found.map(({ dataflow }) => dataflow.name)
  )
  const hint = nearest === null ? 'expected one of the list' : `did you mean "${nearest}"?`
  throw new MillraceError(
    'DATAFLOW_UNKNOWN',
    `no dataflow called ${JSON.stringify(name)} runs; ${hint}`
  )
}

function reportOf({ deployment, dataflow }: Found): object {
  const { plan } = dataflow.loaded
  const { name, namespace, version, apiVersion } = plan
  const { status, tasks } = dataflow.running
  return {
    name,
    namespace,
    version,
    apiVersion,
    deployment,
    status,
    tasks,
    startedAt: dataflow.startedAtMs,
    services: plan.services.map(service => ({
      name: service.name,
      sources: service.sources.map(source => source.topic),
      sinks: service.sinks.map(sink => sink.topic),
      states: service.states.map(state => state.name)
    }))
  }
}

async function entries(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const { dataflow } = find(host, request.named('name'))
  const prefix = request.text('prefix')
  const limit = request.number('limit')!
  const found = await answered(
    host.clock,
    dataflow.running.stateEntries(request.named('state'), {
      limit: limit + 1,
      ...(prefix === null ? {} : { prefix })
    })
  )
  return ok({ entries: found.slice(0, limit), isCut: found.length > limit })
}

async function entry(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const { dataflow } = find(host, request.named('name'))
  const key = request.named('key')
  const found = await answered(
    host.clock,
    dataflow.running.stateEntries(request.named('state'), { key })
  )
  if (found.length > 0) return ok({ entries: found })
  throw new MillraceError(
    'KEY_UNKNOWN',
    `the state ${request.named('state')} holds nothing under ${JSON.stringify(key)}; expected a key that it has`
  )
}

/** The routes. */
export const DATAFLOW_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/dataflows`,
    id: 'listDataflows',
    tag: TAG,
    summary: 'List the dataflows that run, deployed or those of the run',
    answers: gives('The dataflows.', {
      type: 'object',
      properties: { dataflows: { type: 'array', items: named('Dataflow') } }
    }),
    access: null,
    handle: (request, host) => {
      const found = all(host).filter(({ dataflow }) =>
        request.may('describe', 'dataflow', dataflow.name)
      )
      return ok({ dataflows: found.map(reportOf) })
    }
  },
  {
    method: 'GET',
    path: `${API}/dataflows/{name}`,
    id: 'describeDataflow',
    tag: TAG,
    summary: 'Describe a dataflow',
    parameters: [NAME],
    answers: gives('The dataflow.', named('Dataflow')),
    access: needs('describe', 'dataflow', 'name'),
    handle: (request, host) => ok(reportOf(find(host, request.named('name'))))
  },
  {
    method: 'GET',
    path: `${API}/dataflows/{name}/metrics`,
    id: 'dataflowMetrics',
    tag: TAG,
    summary: 'Counters of a dataflow and its operators, its lag, its watermarks',
    parameters: [NAME],
    answers: gives('Counters since the start.', { type: 'object' }),
    access: needs('describe', 'dataflow', 'name'),
    handle: async (request, host) =>
      ok(await answered(host.clock, find(host, request.named('name')).dataflow.metrics()))
  },
  {
    method: 'GET',
    path: `${API}/dataflows/{name}/states`,
    id: 'listStates',
    tag: TAG,
    summary: 'List the states of a dataflow with how many keys they have',
    parameters: [NAME],
    answers: gives('The states.', {
      type: 'object',
      properties: { states: { type: 'array', items: { type: 'object' } } }
    }),
    access: needs('describe', 'dataflow', 'name'),
    handle: async (request, host) => {
      const { dataflow } = find(host, request.named('name'))
      return ok({ states: await answered(host.clock, dataflow.running.states()) })
    }
  },
  {
    method: 'GET',
    path: `${API}/dataflows/{name}/states/{state}`,
    id: 'scanState',
    tag: TAG,
    summary: 'Entries of a state',
    parameters: [
      NAME,
      STATE,
      inQuery(
        'prefix',
        "Beginning of the keys' text; looked for among the first million keys of a task.",
        {
          type: 'string'
        }
      ),
      inQuery('limit', 'Most entries.', {
        type: 'integer',
        minimum: 1,
        maximum: ENTRIES_MAX,
        default: 100
      })
    ],
    answers: gives('Entries, and whether there are more.', named('StateEntries')),
    access: needs('query', 'dataflow', 'name'),
    handle: entries
  },
  {
    method: 'GET',
    path: `${API}/dataflows/{name}/states/{state}/{key}`,
    id: 'lookUpState',
    tag: TAG,
    summary: 'What a state holds under a key; of states in windows one entry for each window',
    parameters: [NAME, STATE, inPath('key', 'The key as text.')],
    answers: gives('The entry.', named('StateEntries')),
    access: needs('query', 'dataflow', 'name'),
    handle: entry
  }
]
