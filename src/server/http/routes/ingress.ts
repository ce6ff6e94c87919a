// Routes of HTTP ingresses: a message to the function whose id stands in the path, and its reply.
//
// A path that is written plainly takes the short way, without Hono: what it costs to route is a third of a request.
import { FUNCTION_ID_LENGTH_MAX } from '../../../base/index.ts'
import type { HttpPath } from '../../../functions/index.ts'
import { HttpError, methodNotAllowed } from '../errors.ts'
import { readBody, send } from '../exchange.ts'
import type { BodyBudget, Connected } from '../exchange.ts'
import type { HttpApp, ShortWay } from '../mount.ts'
import type { Call } from '../requests/call.ts'
import type { DoorRequest, IngressDoor } from '../requests/door.ts'
import type { Security } from '../../../security/index.ts'
import { checkInvoke } from '../identity.ts'
import { pathWords } from './path.ts'
import { readPreference } from './preference.ts'

/** Visible ASCII, as in draft-ietf-httpapi-idempotency-key-header; quotes belong to the key. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** Paths of millrace itself. */
const OWN = '/_millrace/'
/** A word of a path that stands for itself. */
const PLAIN_WORD = /^[\w.~!$&'()*+,;=:@-]+$/

/** What ingresses share. */
export interface IngressScope {
  readonly budget: BodyBudget
  /** null: everybody may send messages. */
  readonly security: Security | null
}

/** Adds the route of an ingress. */
export function addIngress(app: HttpApp, door: IngressDoor, scope: IngressScope): void {
  app.all(routeOf(door.plan.path), exchange => handle(exchange, null, door, scope))
}

/** The same for paths that hold nothing to be decoded. */
export function ingressWay(door: IngressDoor, scope: IngressScope): ShortWay {
  const { segments } = door.plan.path
  const at = segments.indexOf(null)
  const before = segments.slice(0, at).map(segment => `${segment}/`)
  const prefix = `/${before.join('')}`
  const suffix = segments
    .slice(at + 1)
    .map(segment => `/${segment}`)
    .join('')
  return connected => {
    const { url = '' } = connected.env.incoming
    if (!url.startsWith(prefix) || !url.endsWith(suffix) || url.startsWith(OWN)) return null
    const id = url.slice(prefix.length, url.length - suffix.length)
    return PLAIN_WORD.test(id) ? handle(connected, id, door, scope) : null
  }
}

async function handle(
  exchange: Connected,
  plainId: string | null,
  door: IngressDoor,
  { budget, security }: IngressScope
): Promise<Response> {
  const { plan } = door
  if (security !== null) checkInvoke(security, exchange, plan.targets)
  const { method = '', headers } = exchange.env.incoming
  if (method !== 'POST' && method !== 'PUT') throw methodNotAllowed(method, 'POST, PUT')
  const id = checkedId(plainId ?? pathWords(exchange)[plan.path.segments.indexOf(null)] ?? '')
  const key = readKey(headers['idempotency-key'])
  const preference = readPreference(headers['prefer'])
  const wantsReply =
    preference.waitMs !== null || (plan.mode === 'request-reply' && !preference.isAsync)
  const timeoutMs = wantsReply ? Math.min(preference.waitMs ?? Infinity, plan.timeoutMs) : null
  const body = await readBody(exchange, plan.bodyBytesMax, budget)
  const { call, isRepeated, reply: replying } = await admitted(door, { id, key, timeoutMs }, body)
  const common: Record<string, string> = { 'millrace-request-id': call.requestId }
  if (isRepeated) common['idempotent-replayed'] = 'true'
  if (preference.applied !== null) common['preference-applied'] = preference.applied
  if (timeoutMs === null) {
    const text = `${JSON.stringify({ requestId: call.requestId })}\n`
    return send(exchange, 202, { ...common, 'content-type': 'application/json' }, text)
  }
  const reply = await replying
  if (reply === null) throw noReply(call, timeoutMs, common)
  const own = { 'content-type': plan.replyContentType, ...reply.headers }
  return send(exchange, reply.status, { ...own, ...common }, reply.body)
}

async function admitted(
  door: IngressDoor,
  request: Omit<DoorRequest, 'body'>,
  body: Awaited<ReturnType<typeof readBody>>
): ReturnType<IngressDoor['admit']> {
  try {
    return await door.admit({ ...request, body: body.bytes })
  } finally {
    body.release()
  }
}

/** The template as the router writes it; its literal words have none of the router's signs. */
export function routeOf({ segments }: HttpPath): string {
  return `/${segments.map(segment => segment ?? ':id').join('/')}`
}

function checkedId(id: string): string {
  if (id !== '' && id.length <= FUNCTION_ID_LENGTH_MAX) return id
  const message = `an id of ${id.length} characters; expected 1 to ${FUNCTION_ID_LENGTH_MAX}`
  throw new HttpError(400, 'ID_INVALID', message)
}

function readKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header
  const message =
    'the Idempotency-Key must be one text of 1 to 255 visible ASCII characters; ' +
    'a UUID for each request is usual'
  throw new HttpError(400, 'IDEMPOTENCY_KEY_INVALID', message)
}

function noReply(call: Call, timeoutMs: number, headers: Record<string, string>): HttpError {
  const later =
    call.key === null
      ? 'send an Idempotency-Key with requests, and repeat them with it to get such a reply'
      : 'repeat the request with the same Idempotency-Key to get the reply'
  const message = `the message is durable, but no reply came within ${timeoutMs} ms; ${later}`
  return new HttpError(504, 'REPLY_TIMEOUT', message, { headers })
}
