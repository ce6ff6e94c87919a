// A part of what a listener serves, which comes and goes by itself: its routes, and the count of its requests.
//
//   M1  A request belongs to one mount from its routing to its response.
//   M2  A mount that a listener lets go of gets no further requests; `idle` resolves when those that it has are
//       answered.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'

import { sendError } from './exchange.ts'
import type { Connected } from './exchange.ts'

/** An app that routes are added to. */
export type HttpApp = Hono<{ Bindings: HttpBindings }>

/** Takes a request that it is for without routing; null: it is for another. */
export type ShortWay = (connected: Connected) => Promise<Response> | null

/** What a mount serves. */
export interface MountRoutes {
  /** Adds the routes; gives what is asked before them. */
  routes(app: HttpApp): readonly ShortWay[]
  /** Whether paths like this are its own, so that no short way of another mount may take them. */
  reserves?(url: string): boolean
  /** Answers requests for its own paths that were refused before they came here. */
  refused?(connected: Connected, error: unknown): Response
  /** Answers requests that no mount has a route for. */
  unknown?(connected: Connected): Response
  /** Takes a connection that asks for another protocol; false: it is for another. */
  upgrade?(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/** Routes and their requests. */
export class Mount {
  readonly app: HttpApp
  readonly ways: readonly ShortWay[]
  readonly upgrade: MountRoutes['upgrade']
  readonly reserves: MountRoutes['reserves']
  readonly refused: MountRoutes['refused']
  readonly unknown: MountRoutes['unknown']
  #running = 0
  #waiting: (() => void)[] = []

  constructor(app: HttpApp, routes: MountRoutes) {
    this.app = app
    this.ways = routes.routes(app)
    this.upgrade = routes.upgrade?.bind(routes)
    this.reserves = routes.reserves?.bind(routes)
    this.refused = routes.refused?.bind(routes)
    this.unknown = routes.unknown?.bind(routes)
  }

  /** Whether one of the routes is for the request. */
  fits(request: Request): boolean {
    const [found] = this.app.router.match(request.method, this.app.getPath(request))
    return found.length > 0
  }

  /** Answers a request that fits. */
  async pass(connected: Connected, request: Request): Promise<Response> {
    this.#running++
    try {
      return await this.app.fetch(request, connected.env)
    } catch (error) {
      return sendError(connected, error)
    } finally {
      this.#end()
    }
  }

  /** Answers a request by a short way; false: none is for it. */
  passShort(connected: Connected): boolean {
    let handled: Promise<Response> | null = null
    try {
      for (const way of this.ways) {
        handled = way(connected)
        if (handled !== null) break
      }
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

  /** Resolves when no request runs. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise(resolve => void this.#waiting.push(resolve))
  }

  #end(): void {
    this.#running--
    if (this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
