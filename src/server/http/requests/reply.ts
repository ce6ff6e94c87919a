// What a request is answered with: as a function says it, as it is kept in the log, as it is sent.
//
//   stored:  {"status":200,"headers":{"content-type":"application/json"}} "\n" body
import { MillraceError, messageOf } from '../../../base/index.ts'
import {
  HTTP_RESPONSE_TYPENAME,
  boolType,
  doubleType,
  floatType,
  intType,
  longType,
  stringType
} from '../../../functions/index.ts'
import type { Type, TypedValue } from '../../../functions/index.ts'

/** A response to a request. */
export interface Reply {
  /** 200 … 599. */
  readonly status: number
  /** Names in lower case. Without content-type: the ingress says it. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The same with the id of the request that it answers. */
export interface AddressedReply {
  readonly requestId: string
  readonly reply: Reply
}

const LINE_END = 0x0a
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// oxlint-disable-next-line no-control-regex -- what RFC 9110 forbids in a value
const HEADER_VALUE_FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/
/** What belongs to the connection, not to the response. */
const RESERVED_HEADERS = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade'
])
/** Types whose values are texts for callers, with the headers that all of them have. */
const SCALARS = new Map(
  [boolType, intType, longType, floatType, doubleType, stringType].map(type => [
    type.typename,
    {
      type: type as Type<unknown>,
      headers: {
        'millrace-value-type': type.typename,
        'content-type': 'text/plain; charset=utf-8'
      } as Reply['headers']
    }
  ])
)
/** Their first lines as they are stored. */
const SCALAR_LINES = new Map(
  [...SCALARS.values()].map(({ headers }) => [headers, Buffer.from(firstLine(200, headers))])
)

/**
 * The reply in a value that a function gave to an HTTP egress.
 * @throws HTTP_RESPONSE it is none
 */
export function replyOfResponse({ typename, bytes }: TypedValue): AddressedReply {
  if (typename !== HTTP_RESPONSE_TYPENAME) throw refused(`a value of the type ${typename}`)
  const value = parsed(bytes)
  const { requestId, status = 200, headers = {}, body = '' } = value
  if (typeof requestId !== 'string' || requestId === '') throw refused('no "requestId"')
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw refused(`the status ${JSON.stringify(status)}, not 200 to 599`)
  }
  const own = readHeaders(headers)
  if (typeof body === 'string') {
    own['content-type'] ??= 'text/plain; charset=utf-8'
    return { requestId, reply: { status, headers: own, body: Buffer.from(body) } }
  }
  own['content-type'] ??= 'application/json'
  return { requestId, reply: { status, headers: own, body: Buffer.from(JSON.stringify(body)) } }
}

/** The reply that a message to the caller is: scalars as text, other types as their bytes are. */
export function replyOfMessage({ typename, bytes }: TypedValue): Reply {
  const scalar = SCALARS.get(typename)
  if (scalar !== undefined) {
    const { type, headers } = scalar
    return { status: 200, headers, body: Buffer.from(String(type.deserialize(bytes))) }
  }
  const headers: Record<string, string> = {}
  if (!HEADER_VALUE_FORBIDDEN.test(typename)) headers['millrace-value-type'] = typename
  return { status: 200, headers, body: bytes }
}

/** The stored form. */
export function encodeReply({ status, headers, body }: Reply): Uint8Array {
  const known = status === 200 ? SCALAR_LINES.get(headers) : undefined
  return Buffer.concat([known ?? Buffer.from(firstLine(status, headers)), body])
}

function firstLine(status: number, headers: Reply['headers']): string {
  return `${JSON.stringify({ status, headers })}\n`
}

/** Reads the stored form; its body is a view of `bytes`. @throws HTTP_RESPONSE it is damaged */
export function decodeReply(bytes: Uint8Array): Reply {
  const end = bytes.indexOf(LINE_END)
  if (end < 0) throw refused('a stored reply without a first line')
  const { status, headers } = parsed(bytes.subarray(0, end))
  return {
    status: typeof status === 'number' ? status : 500,
    headers: readHeaders(headers),
    body: bytes.subarray(end + 1)
  }
}

function parsed(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (error) {
    throw refused(`bytes that are no JSON (${messageOf(error)})`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw refused('JSON that is no object')
}

function readHeaders(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('"headers" that are no object')
  }
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(value)) {
    const lower = name.toLowerCase()
    if (!HEADER_NAME.test(name) || RESERVED_HEADERS.has(lower)) {
      throw refused(`the header ${JSON.stringify(name)}, which a function cannot set`)
    }
    if (typeof text !== 'string' || HEADER_VALUE_FORBIDDEN.test(text)) {
      throw refused(`a value of the header ${lower} that is no text for a header`)
    }
    headers[lower] = text
  }
  return headers
}

function refused(found: string): MillraceError {
  return new MillraceError(
    'HTTP_RESPONSE',
    `an HTTP egress was given ${found}; expected a ${HTTP_RESPONSE_TYPENAME}, JSON with "requestId" and perhaps ` +
      `"status", "headers" and "body"; correct the function`
  )
}
