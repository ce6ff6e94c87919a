// One listener: a port of this machine, the bounds of its connections, and an end that finishes what runs.
//
// Owns: the server, guards that every request passes, the count of running requests. Does not own: what is served.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'

import { HTTP_CONNECTIONS_MAX, MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { isLocalAuthority, urlOf } from './address.ts'
import type { HttpAddress } from './address.ts'
import { HttpError, comeLater, errorBody } from './errors.ts'
import { sendError } from './exchange.ts'
import type { Connected, Exchange } from './exchange.ts'

/** An app that routes are added to. */
export type HttpApp = Hono<{ Bindings: HttpBindings }>

/** Takes a request that it is for without routing; null: it is for another. */
export type ShortWay = (connected: Connected) => Promise<Response> | null

/** Bounds of connections; durations in ms. */
export interface ListenerBounds {
  /** From the first byte of a request to the end of its head. */
  readonly headersMs: number
  /** From its first byte to its last. */
  readonly requestMs: number
  /** Between two requests of a connection. */
  readonly keepAliveMs: number
  /** How often heads and requests are checked. */
  readonly checkMs: number
  readonly connectionsMax: number
}

export const LISTENER_BOUNDS: ListenerBounds = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 10_000,
  checkMs: 1_000,
  connectionsMax: HTTP_CONNECTIONS_MAX
}

/** What a {@link Listener} is started with. */
export interface ListenOptions {
  readonly address: HttpAddress
  readonly clock: Clock
  readonly bounds?: Partial<ListenerBounds>
  /** Adds the routes; gives what is asked before them. */
  routes(app: HttpApp): readonly ShortWay[]
}

/** A port that answers. */
export class Listener {
  readonly address: HttpAddress
  readonly #server: Server
  readonly #clock: Clock
  readonly #guard: Guard

  private constructor(address: HttpAddress, server: Server, clock: Clock, guard: Guard) {
    this.address = address
    this.#server = server
    this.#clock = clock
    this.#guard = guard
  }

  /** @throws HTTP_ADDRESS the port is taken, or must not be used */
  static async start(options: ListenOptions): Promise<Listener> {
    const { address, clock, routes } = options
    // Loaded here: a run without HTTP starts without it.
    const [{ Hono }, { getRequestListener }] = await Promise.all([
      import('hono'),
      import('@hono/node-server')
    ])
    const bounds = { ...LISTENER_BOUNDS, ...options.bounds }
    const guard = new Guard()
    const app: HttpApp = new Hono<{ Bindings: HttpBindings }>()
    app.onError((error, exchange) => sendError(exchange, error))
    app.notFound(exchange => sendError(exchange, unknownPath(exchange)))
    const ways = routes(app)
    const routed = getRequestListener(
      (request, env) => {
        const connected = { env: env as HttpBindings }
        return guard.pass(connected, () => app.fetch(request, connected.env))
      },
      { overrideGlobalObjects: false }
    )
    const server = createServer(
      {
        headersTimeout: bounds.headersMs,
        requestTimeout: bounds.requestMs,
        keepAliveTimeout: bounds.keepAliveMs,
        connectionsCheckingInterval: bounds.checkMs
      },
      (incoming, outgoing) => {
        const connected = { env: { incoming, outgoing } }
        for (const way of ways) if (guard.passShort(connected, way)) return
        void routed(incoming, outgoing)
      }
    )
    server.maxConnections = bounds.connectionsMax
    // The body is asked for when it is read: `readBody`.
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      server.emit('request', request, response)
    })
    server.on('clientError', refuse)
    const port = await listening(server, address)
    return new Listener({ host: address.host, port }, server, clock, guard)
  }

  get url(): string {
    return urlOf(this.address)
  }

  /** No more connections and requests from now on: those that come are told to come later. */
  drain(): void {
    this.#guard.isClosing = true
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  /** Resolves with whether all running requests were answered within `graceMs`. */
  async finish(graceMs: number): Promise<boolean> {
    const ended = new AbortController()
    const late = this.#clock.sleep(graceMs, ended.signal).then(
      () => false,
      () => true
    )
    const done = this.#guard.idle().then(() => true)
    const inTime = await Promise.race([done, late])
    ended.abort()
    return inTime
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      if (this.#server.listening) this.drain()
      this.#server.once('close', resolve)
      this.#server.closeAllConnections()
      // It may have closed before anybody listened.
      this.#server.getConnections((_, count) => count === 0 && resolve())
    })
    await closed
  }
}

/** What every request passes, and the count of those that run. */
class Guard {
  isClosing = false
  /** The last one that was found to mean this machine. */
  #localHost = ''
  #running = 0
  #waiting: (() => void)[] = []

  async pass(connected: Connected, next: () => Response | Promise<Response>): Promise<Response> {
    this.#running++
    try {
      this.#check(connected)
      return await next()
    } catch (error) {
      return sendError(connected, error)
    } finally {
      this.#end()
    }
  }

  /** The same for a short way; false: it is for another. */
  passShort(connected: Connected, way: ShortWay): boolean {
    let handled: Promise<Response> | null
    try {
      this.#check(connected)
      handled = way(connected)
    } catch (error) {
      sendError(connected, error)
      return true
    }
    if (handled === null) return false
    this.#running++
    handled.then(
      () => this.#end(),
      (error: unknown) => {
        sendError(connected, error)
        this.#end()
      }
    )
    return true
  }

  #check(connected: Connected): void {
    if (this.isClosing) throw comeLater('STOPPING', 'millrace stops; repeat the request later')
    const { host, origin } = connected.env.incoming.headers
    if (origin === undefined && host !== undefined && host === this.#localHost) return
    checkSite(connected)
    this.#localHost = host!
  }

  #end(): void {
    this.#running--
    if (this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise(resolve => void this.#waiting.push(resolve))
  }
}

/** @throws 403 the request does not mean this machine, or comes from a page of another site */
function checkSite({ env }: Connected): void {
  const { host, origin } = env.incoming.headers
  if (host === undefined || !isLocalAuthority(host)) {
    const message = `a request for the host ${host ?? '(none)'}; expected localhost or 127.0.0.1`
    throw new HttpError(403, 'HOST_FORBIDDEN', message)
  }
  if (origin === undefined || isLocalAuthority(origin.replace(/^https?:\/\//, ''))) return
  const message = `a request from a page of ${origin}; expected none, or one of this machine`
  throw new HttpError(403, 'ORIGIN_FORBIDDEN', message)
}

function unknownPath(exchange: Exchange): HttpError {
  return new HttpError(404, 'NOT_FOUND', `there is nothing at ${exchange.req.path}`)
}

function listening(server: Server, { host, port }: HttpAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'the port is in use' : error.message
      const message =
        `HTTP cannot listen on ${urlOf({ host, port })}: ${reason}; expected a free port; ` +
        `stop what uses it, or choose another one`
      reject(new MillraceError('HTTP_ADDRESS', message, { cause: error }))
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

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
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
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
  const body = errorBody({ code, message })
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
