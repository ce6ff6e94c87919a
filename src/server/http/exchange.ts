// One request and its response over Node's own objects: bodies with bounds, headers in one write.
//
// Bodies do not go through the Request and Response of Hono, which would copy them and replace globals that users'
// functions share with this process.
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

import { HttpError, asHttpError, comeLater, errorBody } from './errors.ts'

/** What handlers get. */
export type Exchange = Context<{ Bindings: HttpBindings }>
/** The part of it that stands before any routing, too. */
export type Connected = Pick<Exchange, 'env'>

/** Bytes of bodies that are in memory, over all listeners of a process. */
export class BodyBudget {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** @throws 503 there are too many */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax) {
      throw comeLater(
        'BODIES_TOO_LARGE',
        'too many large requests at once; repeat the request later'
      )
    }
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }

  /** Counts bytes for as long as `work` has them. @throws 503 there are too many */
  async during<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.take(bytes)
    try {
      return await work()
    } finally {
      this.give(bytes)
    }
  }
}

/** A body and the bytes that it took of the budget, to be given back. */
export interface Body {
  readonly bytes: Uint8Array
  release(): void
}

/**
 * Reads a body. What is declared too long is refused before a byte is read.
 * @throws 413, 415 it is compressed, 400 the connection ended in the middle, 503 too many at once
 */
export async function readBody(
  { env }: Connected,
  bytesMax: number,
  budget: BodyBudget
): Promise<Body> {
  const { incoming, outgoing } = env
  const { headers } = incoming
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding !== 'identity') {
    const message = `a body with content-encoding ${coding}; expected one that is not compressed`
    throw new HttpError(415, 'CONTENT_ENCODING', message)
  }
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
  if (headers.expect === '100-continue') outgoing.writeContinue()
  return collected(incoming, bytesMax, budget)
}

/** By events: a body is one chunk most of the time, for which an iterator costs more than all the rest. */
function collected(incoming: IncomingMessage, bytesMax: number, budget: BodyBudget): Promise<Body> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const fail = (error: HttpError): void => {
      incoming.off('data', take).off('end', end).off('close', cut)
      budget.give(bytes)
      reject(error)
    }
    const take = (chunk: Buffer): void => {
      if (bytes + chunk.length > bytesMax) return fail(tooLarge(bytesMax))
      try {
        budget.take(chunk.length)
      } catch (error) {
        return fail(asHttpError(error))
      }
      bytes += chunk.length
      chunks.push(chunk)
    }
    const end = (): void => {
      incoming.off('close', cut)
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      resolve({ bytes: body, release: () => budget.give(bytes) })
    }
    const cut = (): void =>
      fail(new HttpError(400, 'BODY_INCOMPLETE', 'the connection ended in the middle of the body'))
    incoming
      .on('data', take)
      .once('end', end)
      .once('close', cut)
      .on('error', () => {})
  })
}

/** Sends a response at once; gives what a handler returns. */
export function send(
  { env }: Connected,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array
): Response {
  const { incoming, outgoing } = env
  if (outgoing.headersSent || outgoing.destroyed) return alreadySent()
  const all: Record<string, string | number> = {
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...headers
  }
  if (status !== 204) all['content-length'] = Buffer.byteLength(body)
  // What was not read would be taken for the next request.
  if (hasBody(incoming) && !incoming.complete) all['connection'] = 'close'
  outgoing.writeHead(status, all)
  if (incoming.method === 'HEAD' || status === 204) outgoing.end()
  else if (typeof body === 'string') outgoing.end(body)
  else if (body.length > JOINED_BYTES_MAX) outgoing.end(body)
  // As text it leaves in one write with its head: a third less of what a response costs.
  else
    outgoing.end(
      Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'),
      'latin1'
    )
  // Whoever does not take the response loses the connection; the server's own bound counts from the next request on.
  if (!outgoing.writableFinished && outgoing.writableLength > 0)
    outgoing.setTimeout(RESPONSE_MS_MAX)
  return alreadySent()
}

/** Sends an error. */
export function sendError(exchange: Connected, error: unknown): Response {
  const known = asHttpError(error)
  const headers = { 'content-type': 'application/json', ...known.headers }
  return send(exchange, known.status, headers, errorBody(known))
}

/** Bodies up to this size are copied behind their head. */
const JOINED_BYTES_MAX = 16 * 1024
/** How long a caller may take for a response, ms. */
const RESPONSE_MS_MAX = 30_000

let sent: Response | null = null

/**
 * Tells the adapter that a response is on its way; one for all, for nothing is ever added to it. Made when the first
 * one goes out: Node loads its HTTP client for it, which took 20 ms of each start.
 */
function alreadySent(): Response {
  sent ??= new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
  return sent
}

function hasBody({ headers }: IncomingMessage): boolean {
  return (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
}

function tooLarge(bytesMax: number): HttpError {
  const message = `the body is larger than ${bytesMax} bytes; send less, or a reference to it`
  return new HttpError(413, 'BODY_TOO_LARGE', message)
}
