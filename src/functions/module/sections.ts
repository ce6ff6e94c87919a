// The keys of module files, by section: they drive the checks and, with reference.ts, docs/reference/module-file.md.
import { FUNCTION_MESSAGE_BYTES_MAX } from '../../base/index.ts'
import type { KeySpec, SectionSpec, ValueShape } from '../../dataflow/index.ts'

const section = (name: string, keys: readonly KeySpec[]): SectionSpec => ({
  name,
  doc: '',
  keys,
  ignoresUnknownKeys: true
})
const key = (name: string, value: ValueShape, doc: string, example?: string): KeySpec => ({
  key: name,
  value,
  doc,
  ...(example === undefined ? {} : { example })
})
/** With what an absent key means. */
const or = (standard: string, spec: KeySpec): KeySpec => ({ ...spec, default: standard })
const needed = (spec: KeySpec): KeySpec => ({ ...spec, required: true })

const TEXT: ValueShape = { kind: 'text' }
/** A text, or a number that is meant as one. */
const WORD: ValueShape = { kind: 'word' }
const LIST: ValueShape = { kind: 'list', of: 'entries' }
const integer = (min: number, max: number): ValueShape => ({ kind: 'integer', min, max })
const into = (name: string): ValueShape => ({ kind: 'section', section: name })

const COUNT_MAX = 2_147_483_647
const PORT = needed(key('port', integer(0, 65_535), 'Port that is listened on.', '8090'))
const ID = needed(key('id', TEXT, 'Name of the component.', 'example/names'))
const ADDRESS = needed(key('address', WORD, 'Bootstrap servers, comma separated.', 'kafka:9092'))
const PROPERTIES = key(
  'properties',
  LIST,
  'Settings of a Kafka client, one "key: value" each; the engine’s own topics have none and say so.'
)
const BATCH_MAX = or(
  '1000',
  key(
    'maxNumBatchRequests',
    integer(-COUNT_MAX, COUNT_MAX),
    'Most messages of an address in one request; the others wait in its mailbox. 0 or less: any number.'
  )
)
const TIMEOUTS = key('timeouts', into('timeouts'), 'How long a request and its parts may take.')
const TIMEOUTS_OF_ASYNC = key(
  'timeouts',
  into('timeouts'),
  'As okhttp has them: its call and connect go before the keys below, with the defaults of the section.'
)

/** One document of the layout with a kind. */
export const COMPONENT: SectionSpec = section('a component', [
  needed(key('kind', TEXT, 'What the component is.', 'io.statefun.endpoints.v2/http')),
  needed(key('spec', into('spec'), 'Its settings.'))
])

/** What is said of the application. */
export const APPLICATION: SectionSpec = section('an application', [
  needed(
    key(
      'name',
      TEXT,
      'Names the state, the positions and the dead letters in the data directory. Without this document: functions.',
      'fraud-detection'
    )
  ),
  or('0', key('retries', integer(0, 100), 'Further tries of a handler in the process that threw.')),
  or('100ms', key('backoff', WORD, 'Wait before the first of them; doubles each time.')),
  or('10s', key('backoffMax', WORD, 'Longest wait between two tries.'))
])

const ENDPOINT_KEYS: readonly KeySpec[] = [
  needed(key('functions', TEXT, 'A function type, or a namespace with "/*".', 'example/*')),
  needed(
    key(
      'urlPathTemplate',
      TEXT,
      'Where they answer: http, https, or a unix socket as in http+unix:///run/functions.sock/statefun.',
      'http://127.0.0.1:8000/{function.name}'
    )
  ),
  BATCH_MAX
]
export const ENDPOINT_V1: SectionSpec = section('an endpoint', [...ENDPOINT_KEYS, TIMEOUTS])
export const ENDPOINT_V2: SectionSpec = section('an endpoint', [
  ...ENDPOINT_KEYS,
  key('transport', into('transport'), 'How requests are sent.')
])

const TYPE = key(
  'type',
  TEXT,
  'io.statefun.transports.v1/async or io.statefun.transports.v1/okhttp. Without it: async.'
)
export const TRANSPORT_OKHTTP: SectionSpec = section('an okhttp transport', [TYPE, TIMEOUTS])
export const TRANSPORT_ASYNC: SectionSpec = section('an async transport', [
  TYPE,
  TIMEOUTS_OF_ASYNC,
  or('2min', key('call', WORD, 'Budget of a call with all its attempts.')),
  or('20s', key('connect', WORD, 'How long connecting may take.')),
  or('15s', key('pool_ttl', WORD, 'How long an idle connection is kept.')),
  or('1024', key('pool_size', integer(1, COUNT_MAX), 'Most connections.')),
  or('32 MiB', key('payload_max_bytes', integer(1, COUNT_MAX), 'Largest request and response.')),
  key('trust_cacerts', TEXT, 'File of trusted certificates.'),
  key('client_cert', TEXT, 'File of the client’s certificate.'),
  key('client_key', TEXT, 'File of the client’s key.'),
  key('client_key_password', TEXT, 'File of the key’s password.')
])
export const TIMEOUTS_OKHTTP: SectionSpec = section('timeouts', [
  or('1min', key('call', WORD, 'The whole call.')),
  or('10s', key('connect', WORD, 'Connecting.')),
  or('10s', key('read', WORD, 'Waiting for bytes.')),
  or('10s', key('write', WORD, 'Sending bytes.'))
])
export const TIMEOUTS_ASYNC: SectionSpec = section('timeouts', TIMEOUTS_OKHTTP.keys.slice(0, 2))

const TOPIC_INGRESS_KEYS: readonly KeySpec[] = [
  key(
    'consumerGroupId',
    WORD,
    'With group-offsets: the consumer group whose committed offsets the first start reads from.'
  ),
  needed(key('topics', LIST, 'What is read.')),
  or(
    'latest',
    key(
      'autoOffsetResetPosition',
      { kind: 'choice', of: ['latest', 'earliest'] },
      'Where group-offsets and specific-offsets read what they say nothing of.'
    )
  ),
  or('latest', key('startupPosition', into('startupPosition'), 'Where the first start reads.')),
  PROPERTIES
]
const TOPIC_EGRESS_KEYS: readonly KeySpec[] = [
  key(
    'topics',
    LIST,
    'Ours: the only topics that functions may write over it. Without it they may write any.',
    '[greetings]'
  ),
  key(
    'deliverySemantic',
    into('deliverySemantic'),
    'Read for the sake of other engines: here every value leaves exactly once.'
  ),
  PROPERTIES
]

/** Which keys a layout takes from elsewhere, or not at all. */
export interface TopicSectionOptions {
  /** Whether the id stands in the section itself. */
  readonly hasId: boolean
  /** Whether the section names a cluster. */
  readonly hasAddress: boolean
}

/** An ingress of topics. */
export function topicIngress(options: TopicSectionOptions): SectionSpec {
  return section('an ingress', [...ownKeys(options), ...TOPIC_INGRESS_KEYS])
}

/** An egress into topics. */
export function topicEgress(options: TopicSectionOptions): SectionSpec {
  return section('an egress', [...ownKeys(options), ...TOPIC_EGRESS_KEYS])
}

function ownKeys({ hasId, hasAddress }: TopicSectionOptions): KeySpec[] {
  return [...(hasId ? [ID] : []), ...(hasAddress ? [ADDRESS] : [])]
}

const TARGETS = needed(key('targets', LIST, 'Function types.', '[example/person]'))
const TOPIC = needed(key('topic', WORD, 'Name of the topic.', 'names'))
export const ROUTED_TOPIC: SectionSpec = section('a topic', [
  TOPIC,
  needed(key('valueType', TEXT, 'Typename of its messages.', 'example/GreetRequest')),
  TARGETS
])
/** The same in 2.x. */
export const ROUTED_TOPIC_2: SectionSpec = section('a topic', [
  TOPIC,
  needed(key('typeUrl', TEXT, 'Type of its messages.', 'com.googleapis/example.GreetRequest')),
  TARGETS
])
export const STARTUP: SectionSpec = section('startupPosition', [
  needed(
    key(
      'type',
      { kind: 'choice', of: ['latest', 'earliest', 'group-offsets', 'specific-offsets', 'date'] },
      'Kind of the position.',
      'earliest'
    )
  ),
  key('offsets', LIST, 'With specific-offsets: one "topic/partition: offset" each.'),
  key('date', WORD, 'With date: yyyy-MM-dd HH:mm:ss.SSS Z.')
])
export const DELIVERY: SectionSpec = section('deliverySemantic', [
  or(
    'at-least-once',
    key('type', { kind: 'choice', of: ['at-least-once', 'exactly-once', 'none'] }, 'The promise.')
  ),
  key('transactionTimeout', WORD, 'With exactly-once: how long a transaction may stay open.'),
  key('transactionTimeoutMillis', integer(1, COUNT_MAX), 'The same in milliseconds.')
])
export const PLAYGROUND_INGRESS: SectionSpec = section('a playground ingress', [PORT])
export const PLAYGROUND_EGRESS: SectionSpec = section('a playground egress', [
  PORT,
  needed(key('topics', LIST, 'Topics that can be polled.', '[greetings]'))
])
export const HTTP_INGRESS: SectionSpec = section('an HTTP ingress', [
  ID,
  key('port', integer(0, 65_535), 'Port that is listened on; without it that of --http.'),
  needed(key('path', TEXT, 'Path of the requests, with {id} for the id.', '/orders/{id}')),
  needed(key('valueType', TEXT, 'Type of the messages.', 'shop/Order')),
  needed(key('targets', LIST, 'Function types.', '[shop/order]')),
  or(
    'one-way',
    key('mode', { kind: 'choice', of: ['one-way', 'request-reply'] }, 'What a caller waits for.')
  ),
  or('30s', key('timeout', WORD, 'How long a caller waits for a reply at most.')),
  or(
    '1 MiB',
    key('maxBodyBytes', integer(1, FUNCTION_MESSAGE_BYTES_MAX), 'Largest body of a request.')
  ),
  or(
    'application/json',
    key('replyContentType', TEXT, 'Media type of replies that are messages to the caller.')
  ),
  key('idempotency', into('idempotency'), 'How long keys of callers are remembered.')
])
export const IDEMPOTENCY: SectionSpec = section('idempotency', [
  or('24h', key('window', WORD, 'For how long.')),
  or('100000', key('keys', integer(1, 10_000_000), 'How many at most.'))
])
export const HTTP_EGRESS: SectionSpec = section('an HTTP egress', [ID])

/** The file of the layouts with a version. */
export const VERSIONED_FILE: SectionSpec = section('a module file', [
  needed(key('version', WORD, 'Version of the layout.', '"3.0"')),
  needed(key('module', into('module'), 'The module.'))
])
export const MODULE: SectionSpec = section('module', [
  key('meta', into('meta'), 'Kind of the module.'),
  needed(key('spec', into('spec'), 'The components.'))
])
export const MODULE_META: SectionSpec = section('meta', [
  key('type', { kind: 'choice', of: ['remote'], unavailable: ['embedded'] }, 'Kind of the module.')
])
export const MODULE_SPEC_3: SectionSpec = section('spec', [
  key('endpoints', LIST, 'Where functions answer.'),
  key('ingresses', LIST, 'Where messages come from.'),
  key('egresses', LIST, 'Where values go.')
])
export const MODULE_SPEC_2: SectionSpec = section('spec', [
  key('functions', LIST, 'Functions.'),
  key('ingresses', LIST, 'Where messages come from.'),
  key('routers', LIST, 'Which function a message goes to.'),
  key('egresses', LIST, 'Where values go.')
])

/** A list item that wraps a component under one word. */
export function wrapped(word: 'function' | 'endpoint' | 'ingress' | 'egress'): SectionSpec {
  const plural = word.endsWith('s') ? `${word}es` : `${word}s`
  return section(`an item of "${plural}"`, [needed(key(word, into(word), 'The component.'))])
}
/** What is in such a word, apart from a function of the README's flat form. */
export const META_AND_SPEC: SectionSpec = section('a component', [
  needed(key('meta', into('meta'), 'What the component is.')),
  needed(key('spec', into('spec'), 'Its settings.'))
])
export const META_OF_ENDPOINT: SectionSpec = section('meta', [
  needed(key('kind', TEXT, 'Kind of the endpoint.', 'http'))
])
export const META_OF_IO: SectionSpec = section('meta', [
  needed(key('type', TEXT, 'What the component is.', 'io.statefun.kafka/ingress')),
  ID
])
export const META_OF_FUNCTION: SectionSpec = section('meta', [
  needed(key('kind', TEXT, 'Kind of the function.', 'http')),
  needed(key('type', TEXT, 'Type of the function.', 'example/greeter'))
])
const FUNCTION_2_KEYS: readonly KeySpec[] = [
  needed(key('endpoint', TEXT, 'Where it answers.', 'http://127.0.0.1:8000/statefun')),
  key('states', LIST, 'Names of its states.'),
  BATCH_MAX,
  or('1min', key('timeout', WORD, 'The whole call.')),
  or('10s', key('connectTimeout', WORD, 'Connecting.')),
  or('10s', key('readTimeout', WORD, 'Waiting for bytes.')),
  or('10s', key('writeTimeout', WORD, 'Sending bytes.'))
]
export const FUNCTION_2: SectionSpec = section('a function', FUNCTION_2_KEYS)
export const FUNCTION_2_FLAT: SectionSpec = section('a function', [
  ...META_OF_FUNCTION.keys,
  ...FUNCTION_2_KEYS
])
export const STATE_2: SectionSpec = section('a state', [
  needed(key('name', WORD, 'Name of the state.', 'seen_count')),
  key('expireAfter', WORD, 'When it disappears; without it: never.'),
  or(
    'after-invoke',
    key('expireMode', { kind: 'choice', of: ['after-invoke', 'after-write'] }, 'Since when.')
  )
])
