// One listener: a port of this machine, the bounds of its connections, and an end that finishes what runs.
//
// Owns: the server, the check that every request passes, which mount a request is for. Does not own: what is served.
import { STATUS_CODES, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpBindings } from '@hono/node-server'

import { HTTP_CONNECTIONS_MAX, MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { isLocalAuthority, isLoopback, urlOf } from './address.ts'
import type { HttpAddress } from './address.ts'
import type { TlsSource } from '../../kafka/index.ts'
import { HttpError, asHttpError, comeLater, errorBody } from './errors.ts'
import { sendError } from './exchange.ts'
import type { Connected } from './exchange.ts'
import { Mount } from './mount.ts'
import type { HttpApp, MountRoutes } from './mount.ts'

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
  /** Origins of pages that may send requests, beside those of this machine. */
  readonly origins?: readonly string[]
  /** Key and certificate; null or absent: no TLS, and addresses of this machine only. */
  readonly tls?: TlsSource | null
}

/** A port that answers. */
export class Listener {
  readonly address: HttpAddress
  readonly #server: Server
  readonly #clock: Clock
  readonly #mounts: Mounts
  readonly #tls: TlsSource | null

  private constructor(
    { clock, tls = null }: ListenOptions,
    address: HttpAddress,
    server: Server,
    mounts: Mounts
  ) {
    this.address = address
    this.#tls = tls
    this.#server = server
    this.#clock = clock
    this.#mounts = mounts
  }

  /** @throws HTTP_ADDRESS the port is taken, or must not be used */
  static async start(options: ListenOptions): Promise<Listener> {
    const { address, tls = null } = options
    if (tls === null && !isLoopback(address.host)) throw exposed(address)
    // Loaded here: a run without HTTP starts without it.
    const [{ Hono }, { getRequestListener }] = await Promise.all([
      import('hono'),
      import('@hono/node-server')
    ])
    const bounds = { ...LISTENER_BOUNDS, ...options.bounds }
    const mounts = new Mounts(() => new Hono<{ Bindings: HttpBindings }>(), {
      origins: options.origins ?? [],
      isExposed: !isLoopback(address.host)
    })
    const routed = getRequestListener(
      (request, env) => mounts.route({ env: env as HttpBindings }, request),
      { overrideGlobalObjects: false }
    )
    const server = await serverFor(options, bounds, (incoming, outgoing) => {
      if (!mounts.takeShort({ env: { incoming, outgoing } })) void routed(incoming, outgoing)
    })
    server.maxConnections = bounds.connectionsMax
    // The body is asked for when it is read: `readBody`.
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      server.emit('request', request, response)
    })
    server.on('clientError', refuse)
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      mounts.upgrade(incoming, socket, head)
    })
    const port = await listening(server, address)
    return new Listener(options, { host: address.host, port }, server, mounts)
  }

  get url(): string {
    return urlOf(this.address, this.#tls === null ? 'http' : 'https')
  }

  /** Serves more from now on, before what was mounted earlier if `isFirst`. */
  mount(routes: MountRoutes, { isFirst = false }: { readonly isFirst?: boolean } = {}): Mount {
    return this.#mounts.add(routes, isFirst)
  }

  /** What was mounted is not served any more; requests that it has go on. */
  unmount(mount: Mount): void {
    this.#mounts.remove(mount)
  }

  /** Whether nothing is mounted. */
  get isEmpty(): boolean {
    return this.#mounts.all.length === 0
  }

  /** No more connections and requests from now on: those that come are told to come later. */
  drain(): void {
    this.#mounts.isClosing = true
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  /** Resolves with whether all running requests were answered within `graceMs`. */
  async finish(graceMs: number): Promise<boolean> {
    return inTime(this.#clock, graceMs, Promise.all(this.#mounts.all.map(mount => mount.idle())))
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

/** Whether `done` resolves within `graceMs`. */
export async function inTime(
  clock: Clock,
  graceMs: number,
  done: Promise<unknown>
): Promise<boolean> {
  const ended = new AbortController()
  const late = clock.sleep(graceMs, ended.signal).then(
    () => false,
    () => true
  )
  const isDone = await Promise.race([done.then(() => true), late])
  ended.abort()
  return isDone
}

/** The mounts of a listener, and what every request passes before it comes to one. */
class Mounts {
  readonly all: Mount[] = []
  isClosing = false
  readonly #newApp: () => HttpApp
  readonly #origins: ReadonlySet<string>
  readonly #isExposed: boolean
  /** The last one that was found to mean this machine. */
  #localHost = ''

  constructor(
    newApp: () => HttpApp,
    options: { readonly origins: readonly string[]; readonly isExposed: boolean }
  ) {
    this.#newApp = newApp
    this.#origins = new Set(options.origins)
    this.#isExposed = options.isExposed
  }

  add(routes: MountRoutes, isFirst: boolean): Mount {
    const app = this.#newApp()
    app.onError((error, exchange) => sendError(exchange, error))
    const mount = new Mount(app, routes)
    if (isFirst) this.all.unshift(mount)
    else this.all.push(mount)
    return mount
  }

  remove(mount: Mount): void {
    const at = this.all.indexOf(mount)
    if (at >= 0) this.all.splice(at, 1)
  }

  /** Takes a request by a short way; false: it needs routing. */
  takeShort(connected: Connected): boolean {
    // Hot: per request.
    try {
      this.#check(connected.env.incoming)
    } catch (error) {
      sendError(connected, error)
      return true
    }
    const { url = '' } = connected.env.incoming
    for (const mount of this.all) {
      if (mount.reserves?.(url) === true) return false
      if (mount.passShort(connected)) return true
    }
    return false
  }

  /** Takes a request by the routes. */
  async route(connected: Connected, request: Request): Promise<Response> {
    for (const mount of this.all) if (mount.fits(request)) return mount.pass(connected, request)
    return sendError(connected, unknownPath(connected))
  }

  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A connection that breaks off is no error of ours.
    socket.on('error', () => {})
    try {
      this.#check(incoming)
      if (this.all.some(mount => mount.upgrade?.(incoming, socket, head) === true)) return
      throw unknownPath({ env: { incoming } })
    } catch (error) {
      refuseUpgrade(socket, error)
    }
  }

  #check(incoming: IncomingMessage): void {
    if (this.isClosing) throw comeLater('STOPPING', 'millrace stops; repeat the request later')
    const { host, origin } = incoming.headers
    if (origin === undefined && host !== undefined && host === this.#localHost) return
    // Who comes from elsewhere comes by any name, and shows a token, which no page of another site has.
    if (this.#isExposed) return
    checkSite(incoming, this.#origins)
    this.#localHost = host!
  }
}

/** @throws 403 the request does not mean this machine, or comes from a page of another site */
function checkSite({ headers }: IncomingMessage, origins: ReadonlySet<string>): void {
  const { host, origin } = headers
  if (host === undefined || !isLocalAuthority(host)) {
    const message = `a request for the host ${host ?? '(none)'}; expected localhost or 127.0.0.1`
    throw new HttpError(403, 'HOST_FORBIDDEN', message)
  }
  if (origin === undefined || isLocalAuthority(origin.replace(/^https?:\/\//, ''))) return
  if (origins.has(origin)) return
  const message = `a request from a page of ${origin}; expected none, or one of this machine`
  throw new HttpError(403, 'ORIGIN_FORBIDDEN', message)
}

function unknownPath({ env }: { readonly env: Pick<HttpBindings, 'incoming'> }): HttpError {
  const path = (env.incoming.url ?? '').replace(/^https?:\/\/[^/?#]*/, '').split(/[?#]/, 1)[0]!
  return new HttpError(404, 'NOT_FOUND', `there is nothing at ${path}`)
}

async function serverFor(
  { tls = null, clock }: ListenOptions,
  bounds: ListenerBounds,
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void
): Promise<Server> {
  const options = {
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: bounds.checkMs
  }
  if (tls === null) return createServer(options, onRequest)
  const { ADMISSION_BOUNDS, Admission, secureOptions } = await import('../../kafka/index.ts')
  // Browsers would ask their users for certificates: over HTTP tokens say who somebody is.
  const current = () => secureOptions({ ...tls.current, clientAuthorities: null })
  const server = createSecureServer(
    { ...options, ...current(), handshakeTimeout: bounds.headersMs },
    onRequest
  )
  const admission = new Admission(clock, ADMISSION_BOUNDS, () => undefined)
  server.on('connection', (socket: Socket) => void admission.admit(socket, false))
  const forget = tls.onChange(() => server.setSecureContext(current()))
  server.once('close', forget)
  return server
}

function exposed({ host, port }: HttpAddress): MillraceError {
  return new MillraceError(
    'HTTP_ADDRESS',
    `HTTP cannot listen on ${host}:${port} without TLS: it can be reached from elsewhere; expected an address of ` +
      'this machine; give --tls-cert FILE and --tls-key FILE'
  )
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
  socket.end(plainResponse(status, { code, message }))
}

/** Refuses another protocol with an error of HTTP. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, code, message } = asHttpError(error)
  socket.end(plainResponse(`${status} ${STATUS_CODES[status] ?? 'Error'}`, { code, message }))
}

function plainResponse(
  status: string,
  error: { readonly code: string; readonly message: string }
): string {
  const body = errorBody(error)
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close'
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
