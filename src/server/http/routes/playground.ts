// Routes of the playground's components: messages in by address, payloads out by polling.
//
// As in StateFun's playground, with true status codes (there all are 200, and the code is a header named Status) and
// on durable topics. Bodies are values as they are, also those without a type, which count as texts.
import { FUNCTION_ID_LENGTH_MAX, FUNCTION_MESSAGE_BYTES_MAX } from '../../../base/index.ts'
import type { Clock } from '../../../base/index.ts'
import { parseTypeName, stringType } from '../../../functions/index.ts'
import { HttpError, comeLater, methodNotAllowed } from '../errors.ts'
import { readBody, send } from '../exchange.ts'
import type { Exchange } from '../exchange.ts'
import { checkInvoke, checkRead } from '../identity.ts'
import type { HttpApp } from '../mount.ts'
import type { PlaygroundDoor } from '../requests/playground-door.ts'
import type { PolledTopic } from '../requests/polled-topic.ts'
import type { Security } from '../../../security/index.ts'
import type { IngressScope } from './ingress.ts'
import { pathWords } from './path.ts'
import { readPreference } from './preference.ts'

/** How long a poll waits at most, ms. */
const POLL_MS_MAX = 30_000
const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }
const TYPED = /^application\/vnd\.([^;]+)/i

/** What is polled. */
export interface PolledEgress {
  readonly topics: ReadonlyMap<string, PolledTopic>
  readonly clock: Clock
  /** null: everybody may take. */
  readonly security: Security | null
  /** Ends all waiting. */
  readonly stopping: AbortSignal
}

/** `PUT` or `POST /<namespace>/<type>/<id>`. */
export function addPlaygroundIngress(
  app: HttpApp,
  door: PlaygroundDoor,
  scope: IngressScope
): void {
  app.all('/:namespace/:type/:id', exchange => take(exchange, door, scope))
}

/** `GET /<topic>`. */
export function addPlaygroundEgress(app: HttpApp, egress: PolledEgress): void {
  app.all('/:topic', exchange => poll(exchange, egress))
}

async function take(
  exchange: Exchange,
  door: PlaygroundDoor,
  { budget, security }: IngressScope
): Promise<Response> {
  const { method = '', headers } = exchange.env.incoming
  if (method !== 'POST' && method !== 'PUT') throw methodNotAllowed(method, 'PUT, POST')
  const [namespace = '', type = '', id = ''] = pathWords(exchange)
  const typename = `${namespace}/${type}`
  // Before anything is said of what is here.
  if (security !== null) checkInvoke(security, exchange, [typename])
  if (parseTypeName(typename) === null || !door.isKnown(namespace, type)) {
    const message = `no functions answer for ${typename}; expected one of ${door.known.join(', ')}`
    throw new HttpError(404, 'FUNCTION_UNKNOWN', message)
  }
  if (id === '' || id.length > FUNCTION_ID_LENGTH_MAX) {
    const message = `an id of ${id.length} characters; expected 1 to ${FUNCTION_ID_LENGTH_MAX}`
    throw new HttpError(400, 'ID_INVALID', message)
  }
  const valueType = readType(headers['content-type'])
  if (await door.isFull()) {
    const message =
      'too many messages wait for the functions; nothing was taken, repeat the request later'
    throw comeLater('BACK_PRESSURE', message)
  }
  const body = await readBody(exchange, FUNCTION_MESSAGE_BYTES_MAX, budget)
  try {
    await door.append({ key: `${typename}/${id}`, valueType, value: body.bytes })
  } finally {
    body.release()
  }
  return send(exchange, 200, PLAIN, '')
}

function readType(contentType: string | undefined): string {
  if (contentType === undefined) {
    const message =
      'the request has no Content-Type; expected application/vnd.<namespace>/<name>, the type of the value'
    throw new HttpError(415, 'CONTENT_TYPE_MISSING', message)
  }
  const typed = TYPED.exec(contentType)?.[1]?.trim()
  if (typed === undefined) return stringType.typename
  if (parseTypeName(typed) !== null) return typed
  const message = `the Content-Type ${contentType} names no type; expected application/vnd.<namespace>/<name>`
  throw new HttpError(415, 'CONTENT_TYPE', message)
}

async function poll(exchange: Exchange, egress: PolledEgress): Promise<Response> {
  const { topics, security } = egress
  const { method = '', headers } = exchange.env.incoming
  if (method !== 'GET') throw methodNotAllowed(method, 'GET')
  const [name = ''] = pathWords(exchange)
  // Before anything is said of what is here.
  if (security !== null) checkRead(security, exchange, name)
  const topic = topics.get(name)
  if (topic === undefined) {
    const message = `there is no topic ${name}; expected one of ${[...topics.keys()].join(', ')}`
    throw new HttpError(404, 'TOPIC_UNKNOWN', message)
  }
  const { waitMs, applied } = readPreference(headers['prefer'])
  const own: Record<string, string> = applied === null ? {} : { 'preference-applied': applied }
  const value = await taken(exchange, topic, egress, Math.min(waitMs ?? 0, POLL_MS_MAX))
  return value === null
    ? send(exchange, 204, own, '')
    : send(exchange, 200, { ...PLAIN, ...own }, value)
}

/** The next record, within some time; none for a caller that is gone meanwhile. */
async function taken(
  { env: { outgoing } }: Exchange,
  topic: PolledTopic,
  { clock, stopping }: PolledEgress,
  waitMs: number
): Promise<Buffer | null> {
  const first = await topic.take()
  if (first !== null || waitMs === 0) return first
  const late = new AbortController()
  const timer = clock.timer(waitMs, () => late.abort())
  outgoing.once('close', () => late.abort())
  const signal = AbortSignal.any([late.signal, stopping])
  try {
    for (;;) {
      await topic.wait(signal)
      signal.throwIfAborted()
      const value = await topic.take()
      // Somebody else may have been faster.
      if (value !== null) return value
    }
  } catch (error) {
    if (signal.aborted) return null
    throw error
  } finally {
    timer.cancel()
  }
}
