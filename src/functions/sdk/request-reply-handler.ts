// Serves functions as a remote endpoint of the protocol 3.x, for `node:http` and what is shaped like it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  FUNCTION_PAYLOAD_BYTES_MAX,
  isMillraceError,
  messageOf,
  MillraceError
} from '../../base/index.ts'
import { functionTable, replyTo } from './request-reply.ts'
import type { StatefulFunction } from './stateful-function.ts'

/** What a {@link requestReplyHandler} is made from. */
export interface RequestReplyHandlerOptions {
  readonly functions: readonly StatefulFunction[]
  /** Largest request in bytes; default 32 MiB. */
  readonly payloadBytesMax?: number
  /** Hears of every request that was not answered with 200. Default: writes the sentence to stderr. */
  onError?(error: unknown): void
}

/** A listener for `http.createServer`. Never throws; answers every request unless its connection is lost. */
export type RequestReplyHandler = (request: IncomingMessage, response: ServerResponse) => void

const CONTENT_TYPE = 'application/octet-stream'
const STATUS: Readonly<Record<string, number>> = {
  FUNCTION_REQUEST_METHOD: 405,
  FUNCTION_REQUEST_CONTENT_TYPE: 415,
  FUNCTION_REQUEST_TOO_LARGE: 413,
  FUNCTION_REQUEST_UNDECODABLE: 400,
  FUNCTION_REQUEST_INVALID: 400,
  FUNCTION_UNKNOWN: 404
}

/**
 * A handler that runs the functions for any StateFun 3.x runtime. Answers 200 with the effects; 400, 404, 405, 413 or
 * 415 with a sentence when the request is at fault; 500 with the error's code alone when a function is: then nothing
 * is applied.
 * @throws FUNCTION_DUPLICATE two functions have the same type
 */
export function requestReplyHandler(options: RequestReplyHandlerOptions): RequestReplyHandler {
  const functions = functionTable(options.functions)
  const { payloadBytesMax = FUNCTION_PAYLOAD_BYTES_MAX } = options
  const onError = options.onError ?? (error => console.error(messageOf(error)))
  return (request, response) => {
    answer(request)
      .then(reply => {
        response.writeHead(200, { 'content-type': CONTENT_TYPE, 'content-length': reply.length })
        response.end(reply)
      })
      .catch((error: unknown) => {
        respondError(request, response, error)
        onError(error)
      })
  }

  async function answer(request: IncomingMessage): Promise<Uint8Array> {
    checkHead(request)
    const body = await readBody(request, payloadBytesMax)
    return replyTo(functions, body, { bytesMax: payloadBytesMax })
  }
}

function checkHead(request: IncomingMessage): void {
  if (request.method !== 'POST') {
    throw new MillraceError(
      'FUNCTION_REQUEST_METHOD',
      `the method is ${request.method}; expected POST; this is an endpoint of stateful functions`
    )
  }
  const type = request.headers['content-type'] ?? CONTENT_TYPE
  if (type.split(';')[0]!.trim().toLowerCase() === CONTENT_TYPE) return
  throw new MillraceError(
    'FUNCTION_REQUEST_CONTENT_TYPE',
    `the content type is ${type}; expected ${CONTENT_TYPE}; this is an endpoint of stateful functions`
  )
}

/** The whole body; what is beyond the limit is not kept. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? 0)
  let length = 0
  const chunks: Uint8Array[] = []
  if (declared <= bytesMax) {
    // Leaving the loop must not destroy the connection: the reason has yet to be sent.
    const body = request.iterator({ destroyOnReturn: false })
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > bytesMax) break
      chunks.push(chunk)
    }
  }
  if (declared <= bytesMax && length <= bytesMax) return Buffer.concat(chunks)
  throw new MillraceError(
    'FUNCTION_REQUEST_TOO_LARGE',
    `the request has more than ${bytesMax} bytes; expected fewer; send fewer messages per batch`
  )
}

function respondError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return
  const code = isMillraceError(error) ? error.code : 'FUNCTION_FAILED'
  const status = STATUS[code] ?? 500
  // What a handler threw may hold what the caller must not see.
  const body = status === 500 ? `${code}\n` : `${code}: ${messageOf(error)}\n`
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.shouldKeepAlive = false
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(status === 405 ? { allow: 'POST' } : {})
  })
  response.end(body)
}
