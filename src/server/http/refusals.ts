// Refusals of what has no response of its own: no HTTP at all, requests that come too slowly, other protocols.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { asHttpError, errorBody } from './errors.ts'

const CLIENT_ERRORS: Readonly<Record<string, readonly [string, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'REQUEST_TIMEOUT',
    'the request came too slowly'
  ],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'HEADERS_TOO_LARGE',
    'the headers are too large'
  ]
}

/** What is no HTTP, or comes too slowly: told in short, and the connection ends. */
export function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const known = CLIENT_ERRORS[error.code ?? '']
  const [status, code, message] = known ?? [
    '400 Bad Request',
    'BAD_REQUEST',
    'this is no HTTP request'
  ]
  socket.end(plainResponse(status, { code, message }))
}

/** Refuses another protocol with an error of HTTP. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const known = asHttpError(error)
  const { status, headers } = known
  socket.end(plainResponse(`${status} ${STATUS_CODES[status] ?? 'Error'}`, known, headers))
}

function plainResponse(
  status: string,
  error: { readonly code: string; readonly message: string },
  headers: Readonly<Record<string, string>> = {}
): string {
  const body = errorBody(error)
  const head = [
    `HTTP/1.1 ${status}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close'
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
