// Routes of SQL: questions about the states of everything that runs. Nothing can be changed by them.
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'

const ROWS_MAX = 100_000
const TIMEOUT_MS_MAX = 300_000

interface SqlBody {
  readonly query: string
  readonly limit?: number
  readonly timeoutMs?: number
}

async function query(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const { query: text, limit = 1_000, timeoutMs } = await request.json<SqlBody>()
  // A query may join any of them.
  for (const { engine } of host.engines()) {
    for (const { name } of engine.dataflows) request.require('query', 'dataflow', name)
  }
  const options = { rowsMax: limit, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
  const { columns, rows, isCut } = await host.sql().query(text, options)
  return ok({ columns, rows, isCut })
}

/** The routes. */
export const SQL_ROUTES: readonly ApiRoute[] = [
  {
    method: 'POST',
    path: `${API}/sql`,
    id: 'querySql',
    tag: 'sql',
    summary: 'Ask the states of everything that runs, as of one commit',
    body: {
      description: 'The query, and its bounds.',
      content: {
        'application/json': {
          type: 'object',
          properties: {
            query: { type: 'string', minLength: 1, maxLength: 100_000 },
            limit: {
              type: 'integer',
              minimum: 1,
              maximum: ROWS_MAX,
              description: 'Most rows; default 1000.'
            },
            timeoutMs: { type: 'integer', minimum: 1, maximum: TIMEOUT_MS_MAX }
          },
          required: ['query'],
          additionalProperties: false
        }
      },
      bytesMax: 512 * 1024
    },
    answers: gives('Columns and rows, and whether there are more.', {
      type: 'object',
      properties: {
        columns: { type: 'array', items: { type: 'string' } },
        rows: { type: 'array', items: { type: 'array' } },
        isCut: { type: 'boolean' }
      },
      required: ['columns', 'rows', 'isCut']
    }),
    access: null,
    handle: query
  },
  {
    method: 'GET',
    path: `${API}/sql/tables`,
    id: 'listTables',
    tag: 'sql',
    summary: 'The tables that can be asked',
    answers: gives('Tables with their columns.', {
      type: 'object',
      properties: { tables: { type: 'array', items: { type: 'object' } } }
    }),
    access: null,
    handle: (request, host) => {
      const tables = host
        .sql()
        .tables.filter(({ dataflow }) => request.may('query', 'dataflow', dataflow))
      return ok({
        tables: tables.map(({ name, dataflow, state, part, columns }) => ({
          name,
          dataflow,
          state,
          part,
          columns: columns.map(column => column.name)
        }))
      })
    }
  }
]
