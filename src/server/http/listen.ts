// One listener: a port of this machine, the bounds of its connections, and an end that finishes what runs.
//
// Owns: the server. Does not own: what is served (`mounts.ts`).
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpBindings } from '@hono/node-server'

import { HTTP_CONNECTIONS_MAX, MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { isLoopback, urlOf } from './address.ts'
import type { HttpAddress } from './address.ts'
import type { Mount, MountRoutes } from './mount.ts'
import { Mounts } from './mounts.ts'
import { refuse } from './refusals.ts'
import { secureOptions } from '../../security/index.ts'
import type { TlsSource } from '../../security/index.ts'

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
  /** Origins of pages that may send requests and read answers, beside those of this machine. */
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
    const { Hono, getRequestListener } = await import('./libraries.ts')
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
  const { ADMISSION_BOUNDS, Admission } = await import('../../kafka/index.ts')
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
