// The API on a listener: routes each request to its declaration, checks it, asks whether it is allowed, answers.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { isMillraceError } from '../../../base/index.ts'
import type { Security } from '../../../security/index.ts'
import { HttpError, comeLater, methodNotAllowed } from '../errors.ts'
import { send } from '../exchange.ts'
import type { BodyBudget, Connected, Exchange } from '../exchange.ts'
import { unknownPath } from '../mounts.ts'
import type { HttpApp, MountRoutes, ShortWay } from '../mount.ts'
import type { RequestCounters } from './counters.ts'
import type { ApiHost } from './host.ts'
import { sendProblem } from './problem.ts'
import { ApiRequest } from './request.ts'
import type { RequestScope } from './request.ts'
import type { ApiAnswer, ApiRoute } from './route.ts'
import { API } from './route.ts'

/** Paths of the API; an ingress of functions may lie beside them. */
const OWN_PATHS = /^\/(?:api\/v1|health|metrics|openapi\.json)(?:[/?]|$)/
/** Requests that may run at once; those that wait for records count. What asks how the server is comes beside. */
const REQUESTS_MAX = 2_000

/** What the API is made from. */
export interface ApiOptions {
  readonly host: ApiHost
  readonly routes: readonly ApiRoute[]
  readonly counters: RequestCounters
  /** For bodies, over all that is served. */
  readonly budget: BodyBudget
  /** null: everybody who reaches this machine may do everything. */
  readonly security: Security | null
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

  constructor(options: ApiOptions) {
    this.#options = options
    this.counters = options.counters
    const { budget, security } = options
    this.#scope = { budget, stopping: this.#stop.signal, security }
  }

  routes(app: HttpApp): readonly ShortWay[] {
    const byPath = Map.groupBy(this.#options.routes, route => route.path)
    for (const [path, routes] of byPath) {
      const template = path.replaceAll(/\{(\w+)\}/g, ':$1')
      for (const route of routes) {
        app.on(route.method, template, exchange => this.#answer(exchange, route))
      }
      const allowed = routes.map(route => route.method).join(', ')
      app.all(template, exchange => {
        const { method = '' } = exchange.env.incoming
        return sendProblem(exchange, methodNotAllowed(method, allowed))
      })
    }
    app.all(`${API}/*`, exchange => this.unknown(exchange))
    return []
  }

  refused(connected: Connected, error: unknown): Response {
    return sendProblem(connected, error)
  }

  unknown(connected: Connected): Response {
    const expected = `a path of /openapi.json, most of which begin with ${API}, or that of an ingress`
    return sendProblem(connected, unknownPath(connected.env.incoming, expected))
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
    const beginMs = host.clock.monotonic()
    counters.running++
    let response: Response
    let request: ApiRequest | null = null
    try {
      if (counters.running > requestsMax && route.tag !== 'system') {
        throw comeLater(
          'TOO_MANY_REQUESTS',
          `${requestsMax} requests run; repeat the request later`
        )
      }
      request = new ApiRequest(exchange, route, this.#scope)
      request.authorise()
      response = sendAnswer(exchange, await route.handle(request, host))
    } catch (error) {
      if (!(error instanceof HttpError) && !isMillraceError(error)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
        host.onProblem(`${route.method} ${route.path} failed: ${text}`)
      }
      response = sendProblem(exchange, error)
    } finally {
      counters.running--
    }
    const { statusCode } = exchange.env.outgoing
    request?.noteAdministration(statusCode)
    counters.count(route.id, statusCode, host.clock.monotonic() - beginMs)
    return response
  }
}

function sendAnswer(exchange: Exchange, answer: ApiAnswer | null): Response {
  if (answer === null) return send(exchange, 200, {}, '')
  const { status, headers = {}, body, contentType } = answer
  if (body === null) return send(exchange, status, headers, '')
  const isData = typeof body === 'object' && !(body instanceof Uint8Array)
  const type = contentType ?? (isData ? 'application/json' : 'text/plain; charset=utf-8')
  const all = { ...headers, 'content-type': type }
  return send(exchange, status, all, isData ? `${jsonText(body)}\n` : body)
}

/** Bigints beyond what JSON's numbers carry become texts. */
function jsonText(value: object): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint' ? (Number.isSafeInteger(Number(one)) ? Number(one) : String(one)) : one
  )
}
