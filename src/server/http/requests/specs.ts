// HTTP components as the runtime of functions sees them: records of topics in, records of topics out.
//
//   request:  key = id of the function · value = body · headers below      → one message for each target
//   reply:    key = id of the request · value = see reply.ts
//   polled:   value = payload, in the topic that the function names
import { createHash } from 'node:crypto'

import { MillraceError, messageOf } from '../../../base/index.ts'
import {
  HTTP_REQUEST_TYPENAME,
  PLAYGROUND_RECORD_TYPENAME,
  addressOf,
  statefulFunction
} from '../../../functions/index.ts'
import type {
  EgressRecord,
  EgressSpec,
  HttpEgressPlan,
  HttpIngressPlan,
  IngressSpec,
  ModulePlan,
  PlaygroundEgressPlan,
  PlaygroundIngressPlan,
  StatefulFunction,
  TypedValue
} from '../../../functions/index.ts'
import type { RecordHeader } from '../../../record/index.ts'
import type { RequiredTopic } from '../../../runtime/contract.ts'
import { encodeReply, replyOfMessage, replyOfResponse } from './reply.ts'
import type { Reply } from './reply.ts'

/** Headers of a request's record. */
export const REQUEST_ID_HEADER = 'millrace-request-id'
export const IDEMPOTENCY_KEY_HEADER = 'millrace-idempotency-key'
export const FINGERPRINT_HEADER = 'millrace-fingerprint'
export const VALUE_TYPE_HEADER = 'millrace-value-type'

/** The egress of {@link replyFunction}; no module file can declare it. */
const REPLY_EGRESS = 'io.millrace.http/reply'
/** Longer names would not fit a topic's. */
const TOPIC_PART_LENGTH_MAX = 150

/** A reply as a record. */
export class ReplyRecord implements EgressRecord {
  readonly topic: string
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly requestId: string
  readonly reply: Reply

  constructor(topic: string, requestId: string, reply: Reply) {
    this.topic = topic
    this.requestId = requestId
    this.reply = reply
    this.key = Buffer.from(requestId)
    this.value = encodeReply(reply)
  }
}

/** The HTTP components of an application. */
export interface HttpComponents {
  readonly ingresses: readonly (HttpIngressPlan | PlaygroundIngressPlan)[]
  readonly egresses: readonly (HttpEgressPlan | PlaygroundEgressPlan)[]
}

/** What HTTP components add to an application. */
export interface HttpParts {
  readonly functions: readonly StatefulFunction[]
  readonly ingresses: readonly IngressSpec[]
  readonly egresses: readonly EgressSpec[]
  /** Topics beside those of the ingresses. */
  readonly topics: readonly RequiredTopic[]
  /** Topics of egresses whose records this process hears of. */
  readonly heardTopics: readonly string[]
}

/** Takes the HTTP components out of a plan. */
export function httpComponents({ ingresses, egresses }: ModulePlan): HttpComponents {
  return {
    ingresses: ingresses.filter(one => one.kind !== 'topic'),
    egresses: egresses.filter(one => one.kind !== 'topic')
  }
}

/** What the components of the application `app` add to it. */
export function httpParts(app: string, { ingresses, egresses }: HttpComponents): HttpParts {
  const replies =
    ingresses.some(one => one.kind === 'http') || egresses.some(one => one.kind === 'http')
  const common = { cleanup: null, retentionMs: null, retentionBytes: null, role: 'sink' }
  const topics: RequiredTopic[] = egresses.flatMap(egress =>
    (egress.kind === 'playground' ? egress.topics : []).map(name => ({
      ...common,
      name,
      partitions: null,
      internal: false
    }))
  )
  if (replies) topics.push({ ...common, name: repliesTopic(app), partitions: 1, internal: true })
  return {
    functions: replies ? [replyFunction] : [],
    ingresses: ingresses.map(plan => ingressSpec(app, plan)),
    egresses: [
      ...egresses.map(plan => egressSpec(app, plan)),
      ...(replies ? [replyEgress(app)] : [])
    ],
    topics,
    heardTopics: replies ? [repliesTopic(app)] : []
  }
}

/** Where the requests of an ingress become durable. */
export function requestsTopic(app: string, ingressId: string): string {
  return `_millrace.${app}.http.${topicPart(ingressId)}`
}

/** Where replies become durable. */
export function repliesTopic(app: string): string {
  return `_millrace.${app}.http-replies`
}

/** The ingress of an HTTP component. */
function ingressSpec(app: string, plan: HttpIngressPlan | PlaygroundIngressPlan): IngressSpec {
  const topic = requestsTopic(app, plan.id)
  const common = { kind: 'router', topic, internal: true } as const
  if (plan.kind === 'playground') return { ...common, route: routePlayground }
  const { targets, valueType } = plan
  return {
    ...common,
    route({ key, value, headers }) {
      const id = textOf(key)
      const argument = { typename: valueType, bytes: value ?? Buffer.alloc(0) }
      const requestId = headerOf(headers(), REQUEST_ID_HEADER) ?? ''
      const caller = addressOf(HTTP_REQUEST_TYPENAME, requestId)
      const request = requestId === '' ? {} : { request: requestId }
      return targets.map(target => ({
        target: addressOf(target, id),
        argument,
        caller,
        ...request
      }))
    }
  }
}

/** The egress of an HTTP component. */
function egressSpec(app: string, plan: PlaygroundEgressPlan | HttpEgressPlan): EgressSpec {
  if (plan.kind === 'playground') {
    const topics = new Set(plan.topics)
    return { typename: plan.id, record: argument => polledRecord(argument, topics) }
  }
  const topic = repliesTopic(app)
  return {
    typename: plan.id,
    record(argument) {
      const { requestId, reply } = replyOfResponse(argument)
      return new ReplyRecord(topic, requestId, reply)
    }
  }
}

/** The egress by which {@link replyFunction} answers. */
function replyEgress(app: string): EgressSpec {
  const topic = repliesTopic(app)
  return {
    typename: REPLY_EGRESS,
    record: (argument, from) => new ReplyRecord(topic, from.id, replyOfMessage(argument))
  }
}

/** The caller of messages from HTTP ingresses: what a function sends to it is the reply. */
const replyFunction: StatefulFunction = statefulFunction({
  typename: HTTP_REQUEST_TYPENAME,
  handler(context, { valueTypeName, rawValue }) {
    const argument = { typename: valueTypeName, bytes: rawValue }
    context.egress({ egress: REPLY_EGRESS, argument })
  }
})

/** The text of a header; null when it is missing. */
export function headerOf(headers: readonly RecordHeader[], name: string): string | null {
  const value = headers.find(header => header.key === name)?.value ?? null
  return value === null ? null : textOf(value)
}

function* routePlayground({
  key,
  value,
  headers
}: Parameters<Extract<IngressSpec, { kind: 'router' }>['route']>[0]) {
  const [namespace = '', name = '', ...id] = textOf(key).split('/')
  const typename = headerOf(headers(), VALUE_TYPE_HEADER) ?? ''
  yield {
    target: addressOf(`${namespace}/${name}`, id.join('/')),
    argument: { typename, bytes: value ?? Buffer.alloc(0) }
  }
}

function polledRecord({ typename, bytes }: TypedValue, topics: ReadonlySet<string>) {
  const refused = (found: string): MillraceError =>
    new MillraceError(
      'PLAYGROUND_RECORD',
      `found ${found}; expected a ${PLAYGROUND_RECORD_TYPENAME}, JSON with a "topic" of the module file ` +
        `(${[...topics].join(', ')}) and a text "payload"; correct the function`
    )
  if (typename !== PLAYGROUND_RECORD_TYPENAME) throw refused(`a value of the type ${typename}`)
  let record: { readonly topic?: unknown; readonly payload?: unknown } | null
  try {
    record = JSON.parse(textOf(bytes)) as typeof record
  } catch (error) {
    throw refused(messageOf(error))
  }
  const { topic, payload } = record ?? {}
  if (typeof topic !== 'string' || !topics.has(topic)) throw refused(JSON.stringify({ topic }))
  if (typeof payload !== 'string') throw refused(`a payload that is ${typeof payload}`)
  return { topic, key: null, value: Buffer.from(payload) }
}

function textOf(bytes: Uint8Array | null): string {
  if (bytes === null) return ''
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

/** A name in the characters of topic names; different for different names. */
function topicPart(name: string): string {
  const escaped = name.replaceAll(
    /[^A-Za-z0-9-]/gu,
    character => `_${Buffer.from(character).toString('hex')}_`
  )
  if (escaped.length <= TOPIC_PART_LENGTH_MAX) return escaped
  return `${escaped.slice(0, 100)}.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
}
