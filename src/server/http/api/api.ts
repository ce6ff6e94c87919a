// The API on a listener: routes each request to its declaration, checks it, asks whether it is allowed, answers.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { HTTP_BODIES_BYTES_MAX, isMillraceError } from '../../../base/index.ts'
import type { Security } from '../../../security/index.ts'
import { HttpError, comeLater, methodNotAllowed } from '../errors.ts'
import { BodyBudget, send } from '../exchange.ts'
import type { Exchange } from '../exchange.ts'
import type { HttpApp, MountRoutes, ShortWay } from '../mount.ts'
import type { RequestCounters } from './counters.ts'
import type { ApiHost } from './host.ts'
import { sendProblem } from './problem.ts'
import { ApiRequest } from './request.ts'
import type { RequestScope } from './request.ts'
import type { ApiAnswer, ApiRoute, Method } from './route.ts'
import { API } from './route.ts'

/** Paths of the API; an ingress of functions may lie beside them. */
const OWN_PATHS = /^\/(?:api\/v1|health|metrics|openapi\.json)(?:[/?]|$)/
/** Requests that may run at once; those that wait for records count. */
const REQUESTS_MAX = 2_000

/** What the API is made from. */
export interface ApiOptions {
  readonly host: ApiHost
  readonly routes: readonly ApiRoute[]
  readonly counters: RequestCounters
  /** null: everybody who reaches this machine may do everything. */
  readonly security?: Security | null
  /** Origins of pages that may read answers. */
  readonly origins?: readonly string[]
  readonly requestsMax?: number
  /** Takes connections that ask for another protocol; false: the path is none of its. */
  upgrade?(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/** The API. */
export class Api implements MountRoutes {
  readonly counters: RequestCounters
  readonly #options: ApiOptions
  readonly #stop = new AbortController()
  readonly #scope: RequestScope
  readonly #origins: ReadonlySet<string>

  constructor(options: ApiOptions) {
    this.#options = options
    this.counters = options.counters
    this.#origins = new Set(options.origins ?? [])
    const budget = new BodyBudget(HTTP_BODIES_BYTES_MAX)
    this.#scope = { budget, stopping: this.#stop.signal, security: options.security ?? null }
  }

  routes(app: HttpApp): readonly ShortWay[] {
    const byPath = Map.groupBy(this.#options.routes, route => route.path)
    for (const [path, routes] of byPath) {
      const template = path.replaceAll(/\{(\w+)\}/g, ':$1')
      for (const route of routes) {
        app.on(route.method, template, exchange => this.#answer(exchange, route))
      }
      const methods = routes.map(route => route.method)
      app.all(template, exchange => this.#other(exchange, methods))
    }
    app.all(`${API}/*`, exchange =>
      sendProblem(exchange, unknownPath(exchange), this.#corsOf(exchange))
    )
    return []
  }

  reserves(url: string): boolean {
    return OWN_PATHS.test(url)
  }

  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#options.upgrade?.(incoming, socket, head) ?? false
  }

  /** Answers whoever waits for records. */
  end(): void {
    this.#stop.abort()
  }

  async #answer(exchange: Exchange, route: ApiRoute): Promise<Response> {
    const { host, requestsMax = REQUESTS_MAX } = this.#options
    const { counters } = this
    const headers = this.#corsOf(exchange)
    const beginMs = host.clock.monotonic()
    counters.running++
    let response: Response
    let request: ApiRequest | null = null
    try {
      if (counters.running > requestsMax) {
        throw comeLater(
          'TOO_MANY_REQUESTS',
          `${requestsMax} requests run; repeat the request later`
        )
      }
      request = new ApiRequest(exchange, route, this.#scope, headers)
      request.authorise()
      response = sendAnswer(exchange, await route.handle(request, host), headers)
    } catch (error) {
      if (!(error instanceof HttpError) && !isMillraceError(error)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
        host.onProblem(`${route.method} ${route.path} failed: ${text}`)
      }
      response = sendProblem(exchange, error, headers)
    } finally {
      counters.running--
    }
    const { statusCode } = exchange.env.outgoing
    request?.noteAdministration(statusCode)
    counters.count(route.id, statusCode, host.clock.monotonic() - beginMs)
    return response
  }

  #other(exchange: Exchange, methods: readonly Method[]): Response {
    const { method = '' } = exchange.env.incoming
    const headers = this.#corsOf(exchange)
    const allowed = methods.join(', ')
    if (method !== 'OPTIONS' || headers['access-control-allow-origin'] === undefined) {
      return sendProblem(exchange, methodNotAllowed(method, allowed), headers)
    }
    const preflight = {
      ...headers,
      'access-control-allow-methods': allowed,
      'access-control-allow-headers':
        'authorization, content-type, idempotency-key, last-event-id, prefer',
      'access-control-max-age': '600'
    }
    return send(exchange, 204, preflight, '')
  }

  /** Pages of listed origins may read answers, nobody else's. */
  #corsOf({ env }: Exchange): Record<string, string> {
    const { origin } = env.incoming.headers
    if (origin === undefined || !this.#origins.has(origin)) return {}
    return { 'access-control-allow-origin': origin, vary: 'origin' }
  }
}

function sendAnswer(
  exchange: Exchange,
  answer: ApiAnswer | null,
  common: Readonly<Record<string, string>>
): Response {
  if (answer === null) return send(exchange, 200, {}, '')
  const { status, headers = {}, body, contentType } = answer
  if (body === null) return send(exchange, status, { ...common, ...headers }, '')
  const isData = typeof body === 'object' && !(body instanceof Uint8Array)
  const type = contentType ?? (isData ? 'application/json' : 'text/plain; charset=utf-8')
  const all = { ...common, ...headers, 'content-type': type }
  return send(exchange, status, all, isData ? `${jsonText(body)}\n` : body)
}

/** Bigints beyond what JSON's numbers carry become texts. */
function jsonText(value: object): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint' ? (Number.isSafeInteger(Number(one)) ? Number(one) : String(one)) : one
  )
}

function unknownPath({ req }: Exchange): HttpError {
  const message = `there is nothing at ${req.path}; expected a path of /openapi.json`
  return new HttpError(404, 'NOT_FOUND', message)
}

/** The error of a route that a run has not. */
export function onlyOnServer(what: string): HttpError {
  const message = `${what} belong to a server; this is a run of files: start one with millrace start`
  return new HttpError(404, 'NOT_A_SERVER', message)
}
