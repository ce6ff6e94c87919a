// The mounts of a listener: what every request passes before it comes to one, and which it is for.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { isLocalAuthority } from './address.ts'
import { HttpError, comeLater } from './errors.ts'
import { sendError } from './exchange.ts'
import type { Connected } from './exchange.ts'
import { Mount } from './mount.ts'
import type { HttpApp, MountRoutes } from './mount.ts'
import { refuseUpgrade } from './refusals.ts'

/** All that a listener serves. */
export class Mounts {
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
    const { incoming, outgoing } = connected.env
    try {
      this.#check(incoming)
      if (incoming.headers.origin !== undefined && this.#welcome(incoming, outgoing)) return true
    } catch (error) {
      const own = this.all.find(mount => mount.reserves?.(incoming.url ?? '') === true)
      const send = own?.refused ?? sendError
      send(connected, error)
      return true
    }
    const { url = '' } = incoming
    for (const mount of this.all) {
      if (mount.reserves?.(url) === true) return false
      if (mount.passShort(connected)) return true
    }
    return false
  }

  /** Takes a request by the routes. */
  async route(connected: Connected, request: Request): Promise<Response> {
    for (const mount of this.all) if (mount.fits(request)) return mount.pass(connected, request)
    for (const { unknown } of this.all) if (unknown !== undefined) return unknown(connected)
    return sendError(connected, unknownPath(connected.env.incoming))
  }

  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A connection that breaks off is no error of ours.
    socket.on('error', () => {})
    try {
      this.#check(incoming)
      if (this.all.some(mount => mount.upgrade?.(incoming, socket, head) === true)) return
      throw unknownPath(incoming)
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

  /** Lets pages of listed origins read the answer (CORS); true: they asked whether they may, and it is answered. */
  #welcome({ method, headers }: IncomingMessage, outgoing: ServerResponse): boolean {
    const { origin = '' } = headers
    if (!this.#origins.has(origin)) return false
    outgoing.setHeader('access-control-allow-origin', origin)
    outgoing.setHeader('vary', 'origin')
    if (method !== 'OPTIONS') {
      outgoing.setHeader('access-control-expose-headers', '*')
      return false
    }
    outgoing.writeHead(204, {
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': headers['access-control-request-headers'] ?? '',
      'access-control-max-age': '600'
    })
    outgoing.end()
    return true
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
  const message =
    `a request from a page of ${origin}; expected one of this machine, or of those that ` +
    '--allow-origin names'
  throw new HttpError(403, 'ORIGIN_FORBIDDEN', message)
}

/** The error of a path that nothing serves; `expected` says where to look. */
export function unknownPath(
  { url = '' }: IncomingMessage,
  expected = 'that of an ingress'
): HttpError {
  const path = url.replace(/^https?:\/\/[^/?#]*/, '').split(/[?#]/, 1)[0]!
  return new HttpError(404, 'NOT_FOUND', `there is nothing at ${path}; expected ${expected}`)
}
