// Routes of records: write some, read some.
import { BATCH_BYTES_MAX } from '../../../../base/index.ts'
import type { RecordHeader } from '../../../../record/index.ts'
import { readPreference } from '../../routes/preference.ts'
import type { ApiHost } from '../host.ts'
import { ownTopic } from '../own-topic.ts'
import { jsonOf } from '../request.ts'
import type { ApiRequest } from '../request.ts'
import { checkKey } from '../records/idempotency.ts'
import {
  recordOfBytes,
  recordsOfJson,
  recordsOfLines,
  recordsOfText,
  timeOf
} from '../records/new-records.ts'
import type { NewRecord, RecordDefaults } from '../records/new-records.ts'
import { READ_PARAMETERS, readRequest } from '../records/read-options.ts'
import { TopicFollower } from '../records/reader.ts'
import type { RecordPlace } from '../records/writer.ts'
import { API, gives, inPath, inQuery, needs } from '../route.ts'
import type { ApiAnswer, ApiRoute, Parameter } from '../route.ts'
import { named } from '../schema.ts'
import type { Schema } from '../schema.ts'

const TOPIC = inPath('topic', 'Name of the topic.')
const TAG = 'records'
const RECORD_HEADER = 'record-header-'
const WAIT_MS_MAX = 60_000
const ANSWER_BYTES_MAX = 16 * 1024 * 1024
const RECORDS_MAX = 10_000

const PLACES: Schema = {
  type: 'object',
  properties: {
    offsets: {
      type: ['array', 'null'],
      description:
        'Where the records are, in their order; null of a repeated request whose places are not known any more.',
      items: {
        type: 'object',
        properties: { partition: { type: 'integer' }, offset: { type: 'integer' } }
      }
    }
  },
  required: ['offsets']
}

const WRITE_PARAMETERS: readonly Parameter[] = [
  TOPIC,
  inQuery('key', 'Key of text and byte bodies.', { type: 'string' }),
  inQuery(
    'keySeparator',
    'In text bodies: what stands before the first of these in a line is its key.',
    {
      type: 'string',
      minLength: 1
    }
  ),
  inQuery('partition', 'Partition of text and byte bodies.', { type: 'integer', minimum: 0 }),
  inQuery('timestamp', 'Time of text and byte bodies: milliseconds or RFC 3339.', {
    type: 'string'
  }),
  {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A repeated request with this key writes nothing and gets the same answer, for a day.',
    schema: { type: 'string', maxLength: 255 }
  }
]

async function write(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const topic = request.named('topic')
  await ownTopic(host, topic)
  return await request.withBody(async bytes => {
    const records = recordsOf(request, host, topic, bytes)
    const key = request.text('Idempotency-Key')
    if (records.length === 0) return written([])
    if (key === null) return written(await host.writer.write(topic, records))
    const once = { topic, key: checkKey(key), body: bytes }
    const { places, isRepeated } = await host.keys.once(once, () =>
      host.writer.prepare(topic, records)
    )
    return written(places, isRepeated ? { 'idempotent-replayed': 'true' } : {})
  })
}

function written(
  offsets: readonly RecordPlace[] | null,
  headers: Readonly<Record<string, string>> = {}
): ApiAnswer {
  return { status: 200, headers, body: { offsets } }
}

function recordsOf(
  request: ApiRequest,
  host: ApiHost,
  topic: string,
  bytes: Uint8Array
): NewRecord[] {
  const forms = host.forms(topic)
  switch (request.mediaType) {
    case 'application/x-ndjson':
      return recordsOfLines(bytes, forms)
    case 'text/plain':
      return recordsOfText(bytes, forms, {
        ...defaultsOf(request),
        separator: request.text('keySeparator')
      })
    case 'application/octet-stream':
      return [recordOfBytes(bytes, forms, defaultsOf(request))]
    default:
      return recordsOfJson(jsonOf(bytes), forms)
  }
}

function defaultsOf(request: ApiRequest): RecordDefaults {
  const timestamp = request.text('timestamp')
  return {
    key: request.text('key'),
    partition: request.number('partition'),
    timestampMs: timestamp === null ? null : timeOf(timestamp, 'the parameter timestamp'),
    headers: headersOf(request)
  }
}

/** Headers of the request that are those of the records. */
function headersOf(request: ApiRequest): RecordHeader[] {
  const { headers } = request.exchange.env.incoming
  return Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(RECORD_HEADER) && value !== undefined
      ? [{ key: name.slice(RECORD_HEADER.length), value: Buffer.from([value].flat().join(', ')) }]
      : []
  )
}

async function read(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const topic = request.named('topic')
  await ownTopic(host, topic)
  const follower = await TopicFollower.open(host.log, readRequest(request, host, topic))
  const bounds = {
    recordsMax: request.number('maxRecords')!,
    bytesMax: request.number('maxBytes')!
  }
  const lines: string[] = []
  const take = (): Promise<number> =>
    follower.take(bounds, ({ json }) => {
      lines.push(json)
    })
  const { waitMs: preferred, applied } = readPreference(
    request.exchange.env.incoming.headers['prefer']
  )
  const waitMs = Math.min(request.number('waitMs') ?? preferred ?? 0, WAIT_MS_MAX)
  if ((await take()) === 0 && waitMs > 0) {
    if (await someCame(request, host, follower, waitMs)) await take()
  }
  const headers: Record<string, string> = { 'millrace-position': follower.position }
  if (applied !== null) headers['preference-applied'] = applied
  if (request.accepts('application/x-ndjson')) {
    const body = lines.map(line => `${line}\n`).join('')
    return { status: 200, headers, body, contentType: 'application/x-ndjson' }
  }
  const position = JSON.stringify(follower.position)
  const body = `{"records":[${lines.join(',\n')}],"position":${position}}\n`
  return { status: 200, headers, body, contentType: 'application/json' }
}

/** Whether records came within the time; false too when the server ends, so that callers come again elsewhere. */
async function someCame(
  request: ApiRequest,
  { log, clock }: ApiHost,
  follower: TopicFollower,
  waitMs: number
): Promise<boolean> {
  const late = new AbortController()
  const timer = clock.timer(waitMs, () => late.abort())
  const signal = AbortSignal.any([late.signal, request.signal])
  try {
    await log.wait(follower.waiting, signal)
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    timer.cancel()
  }
}

/** The routes. */
export const RECORD_ROUTES: readonly ApiRoute[] = [
  {
    method: 'POST',
    path: `${API}/topics/{topic}/records`,
    id: 'produce',
    tag: TAG,
    summary: 'Write records',
    description:
      'All records of a request become durable in one step, or none does; the answer comes when they are. Headers of ' +
      'the request that begin with `Record-Header-` are headers of the records of text and byte bodies.',
    parameters: WRITE_PARAMETERS,
    body: {
      description:
        'Records as JSON (`{"records": […]}` or one), as lines, or the bytes of one value.',
      content: {
        'application/json': {
          type: 'object',
          description: 'One record, or several under `records`.',
          properties: { records: { type: 'array', items: named('NewRecord') } }
        },
        'application/x-ndjson': { type: 'string', description: 'A record as JSON in each line.' },
        'text/plain': { type: 'string', description: 'A value as text in each line.' },
        'application/octet-stream': { type: 'string', format: 'binary', description: 'One value.' }
      },
      bytesMax: BATCH_BYTES_MAX
    },
    answers: gives('They are durable.', PLACES),
    access: needs('write', 'topic', 'topic'),
    handle: write
  },
  {
    method: 'GET',
    path: `${API}/topics/{topic}/records`,
    id: 'consume',
    tag: TAG,
    summary: 'Read records, and wait for some',
    description:
      'Go on with `position` of the answer. With `Accept: application/x-ndjson` the records are lines, and the ' +
      'position is the header `Millrace-Position`.',
    parameters: [
      TOPIC,
      ...READ_PARAMETERS,
      inQuery('maxRecords', 'Most records of the answer.', {
        type: 'integer',
        minimum: 1,
        maximum: RECORDS_MAX,
        default: 1_000
      }),
      inQuery('maxBytes', 'Characters after which the answer ends; one record always comes.', {
        type: 'integer',
        minimum: 1,
        maximum: ANSWER_BYTES_MAX,
        default: 1024 * 1024
      }),
      inQuery(
        'waitMs',
        'How long to wait when there is none; `Prefer: wait=SECONDS` says the same.',
        {
          type: 'integer',
          minimum: 0,
          maximum: WAIT_MS_MAX
        }
      )
    ],
    answers: {
      200: {
        description: 'Records in the order of their partitions; none, when none came.',
        content: {
          'application/json': {
            type: 'object',
            properties: {
              records: { type: 'array', items: named('StoredRecord') },
              position: { type: 'string', examples: ['0:16,1:20'] }
            },
            required: ['records', 'position']
          },
          'application/x-ndjson': { type: 'string' }
        }
      }
    },
    access: needs('read', 'topic', 'topic'),
    handle: read
  }
]
