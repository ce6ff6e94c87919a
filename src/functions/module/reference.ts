// Writes the reference of module files from the declarations that also drive the checks.
import { renderSection, type SectionSpec } from '../../dataflow/index.ts'
import * as sections from './sections.ts'

/** A section under the heading that it has in the reference. */
export interface ReferenceEntry {
  readonly title: string
  readonly doc: string
  readonly section: SectionSpec
  /** A whole module file that shows it, compiled by a test. */
  readonly example?: string
}

/** What the reference explains together. */
export interface ReferenceGroup {
  readonly title: string
  readonly doc: string
  readonly entries: readonly ReferenceEntry[]
}

const OWN_TOPICS = { hasId: true, hasAddress: false }
const CLUSTER_TOPICS = { hasId: true, hasAddress: true }

const INTRODUCTION = `# The module file

This page is generated from the declarations in \`src/functions/module/sections.ts\`, which also check every file: write
it anew with \`node scripts/generate-docs.ts\`.

A module file says where stateful functions answer, where their messages come from and where their values go. It is a
YAML file of one or more documents with a \`kind\` and a \`spec\`; files of StateFun 3.x are read unchanged, those of
2.x and 3.0 too. All module files of a run are one application. Keys that millrace does not know are ignored with a
warning, because other engines may know them; one that resembles a known key is an error. Durations are written as
Flink writes them: \`10s\`, \`2min\`, \`15 s\`.
`

const FILE: ReferenceGroup = {
  title: 'The file',
  doc: 'Documents of a file are separated by `---`, each is one component.',
  entries: [
    {
      title: 'Every document',
      doc: 'Its kind says which keys its spec has.',
      section: sections.COMPONENT
    },
    {
      title: 'io.millrace.application.v1',
      doc:
        'What is said of the application as a whole, at most once in all files of a run. The name stands for its ' +
        'state, its positions and its dead letters: another one begins anew beside the old, so several applications ' +
        'can use one data directory, one run after the other. No dataflow of the run may have the same name.',
      section: sections.APPLICATION,
      example: `kind: io.millrace.application.v1
spec: { name: fraud-detection, retries: 3 }`
    }
  ]
}

const ENDPOINTS: ReferenceGroup = {
  title: 'Endpoints',
  doc:
    'Functions that answer over HTTP. An exact function type goes before its namespace. Functions in the process of ' +
    'the engine need no endpoint: they stand in files of `--functions`.',
  entries: [
    {
      title: 'io.statefun.endpoints.v2/http',
      doc: 'Functions behind a URL, in which `{function.name}` stands for the name part of their type.',
      section: sections.ENDPOINT_V2,
      example: `kind: io.statefun.endpoints.v2/http
spec:
  functions: example/*
  urlPathTemplate: http://127.0.0.1:8000/{function.name}
  maxNumBatchRequests: 500
  transport:
    type: io.statefun.transports.v1/async
    call: 1min
    connect: 5s`
    },
    {
      title: 'transport: io.statefun.transports.v1/async',
      doc: 'Repeats on every failure until the budget of the call is used up.',
      section: sections.TRANSPORT_ASYNC
    },
    {
      title: 'transport: io.statefun.transports.v1/okhttp',
      doc:
        'Repeats what promises a later success: lost connections, and the statuses 408, 409, 420, 429, 499 and from ' +
        '500 on. Requests and replies have at most 32 MiB.',
      section: sections.TRANSPORT_OKHTTP
    },
    {
      title: 'timeouts',
      doc: 'Of the transport okhttp; async has call and connect only.',
      section: sections.TIMEOUTS_OKHTTP
    },
    {
      title: 'io.statefun.endpoints.v1/http',
      doc: 'The same with the transport okhttp, whose timeouts stand in the endpoint.',
      section: sections.ENDPOINT_V1,
      example: `kind: io.statefun.endpoints.v1/http
spec:
  functions: example/greeter
  urlPathTemplate: http://127.0.0.1:8000/statefun
  timeouts: { call: 30s, read: 10s }`
    }
  ]
}

const TOPICS: ReferenceGroup = {
  title: 'Topics',
  doc:
    'Records of topics as messages, and values as records. `io.millrace.topic.v1` components use the engine’s own ' +
    'topics. Those of `io.statefun.kafka.v1` name a cluster; a run takes it for the engine’s own topics with ' +
    '`--map-address BOOTSTRAP=local`, and refuses others.',
  entries: [
    {
      title: 'io.millrace.topic.v1/ingress',
      doc: 'The record’s key is the id of the function, its value the message.',
      section: sections.topicIngress(OWN_TOPICS),
      example: `kind: io.millrace.topic.v1/ingress
spec:
  id: example/names
  startupPosition: { type: earliest }
  topics:
    - topic: names
      valueType: example/GreetRequest
      targets: [example/person]`
    },
    {
      title: 'io.statefun.kafka.v1/ingress',
      doc: 'The same with the address of a cluster.',
      section: sections.topicIngress(CLUSTER_TOPICS),
      example: `kind: io.statefun.kafka.v1/ingress
spec:
  id: example/names
  address: kafka:9092
  consumerGroupId: greeter
  startupPosition: { type: earliest }
  topics:
    - topic: names
      valueType: example/GreetRequest
      targets: [example/person]`
    },
    {
      title: 'an item of topics',
      doc: 'One topic of an ingress: each record becomes one message for each target.',
      section: sections.ROUTED_TOPIC
    },
    {
      title: 'startupPosition',
      doc: 'Where the first start reads; later ones go on where they were.',
      section: sections.STARTUP
    },
    {
      title: 'io.millrace.topic.v1/egress',
      doc:
        'Functions name the topic of each value. With `topics` a run knows them before they are used: `--out` of ' +
        'another is refused, and a value for another is a dead letter.',
      section: sections.topicEgress(OWN_TOPICS),
      example: `kind: io.millrace.topic.v1/egress
spec: { id: example/greets, topics: [greetings] }`
    },
    {
      title: 'io.statefun.kafka.v1/egress',
      doc: 'The same with the address of a cluster.',
      section: sections.topicEgress(CLUSTER_TOPICS),
      example: `kind: io.statefun.kafka.v1/egress
spec:
  id: example/greets
  address: kafka:9092
  deliverySemantic: { type: exactly-once, transactionTimeout: 15min }`
    },
    {
      title: 'deliverySemantic',
      doc: 'What a cluster is asked for.',
      section: sections.DELIVERY
    }
  ]
}

const HTTP: ReferenceGroup = {
  title: 'HTTP',
  doc:
    'Messages and replies over HTTP. A run listens on this machine only, at the address of `--http` unless a ' +
    'component has a port.',
  entries: [
    {
      title: 'io.millrace.http.v1/ingress',
      doc: 'The body of a POST is the message; the answer says that it is durable, or is what the function replies.',
      section: sections.HTTP_INGRESS,
      example: `kind: io.millrace.http.v1/ingress
spec:
  id: shop/orders
  path: /orders/{id}
  valueType: shop/Order
  targets: [shop/order]
  mode: request-reply
  timeout: 10s`
    },
    {
      title: 'idempotency',
      doc: 'A request with an Idempotency-Key that was seen before gets the answer of the first.',
      section: sections.IDEMPOTENCY
    },
    {
      title: 'io.millrace.http.v1/egress',
      doc: 'Values are responses to requests, which they name.',
      section: sections.HTTP_EGRESS,
      example: `kind: io.millrace.http.v1/egress
spec: { id: shop/responses }`
    },
    {
      title: 'io.statefun.playground.v1/ingress',
      doc: 'Messages as PUT requests to /NAMESPACE/TYPE/ID.',
      section: sections.PLAYGROUND_INGRESS,
      example: `kind: io.statefun.playground.v1/ingress
spec: { port: 8090 }`
    },
    {
      title: 'io.statefun.playground.v1/egress',
      doc: 'Values that are polled with GET requests, by topic.',
      section: sections.PLAYGROUND_EGRESS,
      example: `kind: io.statefun.playground.v1/egress
spec: { port: 8091, topics: [greetings] }`
    }
  ]
}

const OLD: ReferenceGroup = {
  title: 'Older layouts',
  doc:
    'Files of 2.x and 3.0 are one document with a version. Functions of 2.x are called with the protocol of 2.x. ' +
    '`io.statefun.kinesis.v1` components are refused with what to use instead.',
  entries: [
    { title: 'a file with a version', doc: '1.0, 2.0 or 3.0.', section: sections.VERSIONED_FILE },
    { title: 'module', doc: 'Of such a file.', section: sections.MODULE },
    {
      title: 'spec of 3.0',
      doc: 'Components with meta and spec, each under the word that it is.',
      section: sections.MODULE_SPEC_3,
      example: `version: "3.0"
module:
  meta: { type: remote }
  spec:
    endpoints:
      - endpoint:
          meta: { kind: http }
          spec:
            functions: example/*
            urlPathTemplate: http://127.0.0.1:8000/statefun`
    },
    {
      title: 'spec of 1.0 and 2.0',
      doc: 'With functions and their states.',
      section: sections.MODULE_SPEC_2
    },
    { title: 'a function of 1.0 and 2.0', doc: 'Its spec.', section: sections.FUNCTION_2 },
    { title: 'a state of 2.0', doc: 'An item of states.', section: sections.STATE_2 }
  ]
}

/** Everything that the reference explains, in its order. */
export const MODULE_REFERENCE: readonly ReferenceGroup[] = [FILE, ENDPOINTS, TOPICS, HTTP, OLD]

/** The Markdown of docs/reference/module-file.md. */
export function renderModuleReference(): string {
  const groups = MODULE_REFERENCE.map(({ title, doc, entries }) =>
    [`## ${title}\n\n${doc}\n`, ...entries.map(rendered)].join('\n')
  )
  return [INTRODUCTION, ...groups].join('\n')
}

function rendered({ title, doc, section, example }: ReferenceEntry): string {
  return renderSection({
    ...section,
    name: title,
    doc,
    ...(example === undefined ? {} : { example })
  })
}
