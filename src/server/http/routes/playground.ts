// Routes of the playground's components: messages in by address, payloads out by polling.
//
// As in StateFun's playground, with true status codes (there all are 200, and the code is a header named Status) and
// on durable topics. Bodies are values as they are, also those without a type, which count as texts.
import { FUNCTION_ID_LENGTH_MAX, FUNCTION_MESSAGE_BYTES_MAX } from '../../../base/index.ts'
import { parseTypeName, stringType } from '../../../functions/index.ts'
import { HttpError, comeLater, methodNotAllowed } from '../errors.ts'
import { readBody, send } from '../exchange.ts'
import type { BodyBudget, Exchange } from '../exchange.ts'
import type { HttpApp } from '../listen.ts'
import type { PlaygroundDoor } from '../requests/playground-door.ts'
import type { PolledTopic } from '../requests/polled-topic.ts'
import { pathWords } from './path.ts'

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }
const TYPED = /^application\/vnd\.([^;]+)/i

/** `PUT` or `POST /<namespace>/<type>/<id>`. */
export function addPlaygroundIngress(app: HttpApp, door: PlaygroundDoor, budget: BodyBudget): void {
  app.all('/:namespace/:type/:id', exchange => take(exchange, door, budget))
}

/** `GET /<topic>`. */
export function addPlaygroundEgress(app: HttpApp, topics: ReadonlyMap<string, PolledTopic>): void {
  app.all('/:topic', exchange => poll(exchange, topics))
}

async function take(
  exchange: Exchange,
  door: PlaygroundDoor,
  budget: BodyBudget
): Promise<Response> {
  const { method = '', headers } = exchange.env.incoming
  if (method !== 'POST' && method !== 'PUT') throw methodNotAllowed(method, 'PUT, POST')
  const [namespace = '', type = '', id = ''] = pathWords(exchange)
  const typename = `${namespace}/${type}`
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

async function poll(
  exchange: Exchange,
  topics: ReadonlyMap<string, PolledTopic>
): Promise<Response> {
  const { method = '' } = exchange.env.incoming
  if (method !== 'GET') throw methodNotAllowed(method, 'GET')
  const [name = ''] = pathWords(exchange)
  const topic = topics.get(name)
  if (topic === undefined) {
    const message = `there is no topic ${name}; expected one of ${[...topics.keys()].join(', ')}`
    throw new HttpError(404, 'TOPIC_UNKNOWN', message)
  }
  const value = await topic.take()
  return value === null ? send(exchange, 204, {}, '') : send(exchange, 200, PLAIN, value)
}
