// All HTTP of a process: its listeners, and what comes and goes on them: applications' components, the API.
//
// Order of a start: doors read what is remembered, answers follow, then ports open. Order of an end: ports take no more
// requests, running ones are answered, who still waits for a reply is told to come again, connections end.
import { HTTP_BODIES_BYTES_MAX, MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { httpConflicts } from '../../functions/index.ts'
import type { HttpIngressPlan, RunningFunctions } from '../../functions/index.ts'
import type { Log } from '../../log/log.ts'
import type { Security, TlsSource } from '../../security/index.ts'
import type { LoadedApplication } from '../functions/application.ts'
import type { HttpAddress } from './address.ts'
import { ApplicationDoors } from './application-doors.ts'
import type { Site } from './application-doors.ts'
import { AttachedApplication, FAREWELL_MS, GRACE_MS } from './attached-application.ts'
import type { OpenListener, Placed } from './attached-application.ts'
import { BodyBudget } from './exchange.ts'
import { Listener } from './listen.ts'
import type { ListenerBounds } from './listen.ts'
import type { Mount, MountRoutes } from './mount.ts'
import { addHealth } from './routes/health.ts'

/** What a server listens with. */
export interface HttpServerOptions {
  readonly clock: Clock
  /** Where everything without a port is; the host counts for all. */
  readonly address: HttpAddress
  /** Whether to listen there even when nothing asks for it. */
  readonly isAsked: boolean
  readonly graceMs?: number
  readonly bounds?: Partial<ListenerBounds>
  /** Bytes of bodies in memory; default HTTP_BODIES_BYTES_MAX. */
  readonly bodiesBytesMax?: number
  /** Origins of pages that may send requests and read answers, beside those of this machine. */
  readonly origins?: readonly string[]
  /** Who may send functions messages; null or not given: everybody who reaches this machine. */
  readonly security?: Security | null
  /** Key and certificate; null or not given: no TLS. */
  readonly tls?: TlsSource | null
}

/** An application whose components are to be served. */
export interface AttachOptions {
  readonly log: Log
  readonly application: LoadedApplication
  /** As it runs in this process; null: it runs elsewhere, or not yet. */
  readonly functions: RunningFunctions | null
  /** Messages that may wait for functions before callers must come later; default HTTP_WAITING_RECORDS_MAX. */
  readonly waitingRecordsMax?: number
}

/** A server with one application from its start to its end. */
export interface HttpOptions extends HttpServerOptions {
  readonly log: Log
  /** null: a run without functions. */
  readonly application: LoadedApplication | null
  readonly functions?: RunningFunctions | null
  readonly waitingRecordsMax?: number
}

/** What is served where, for people. */
export interface Served {
  readonly url: string
  /** For example `POST /orders/{id} → shop/order`. */
  readonly routes: readonly string[]
}

/** Whether a run needs HTTP. */
export function needsHttp(application: LoadedApplication | null): boolean {
  if (application === null) return false
  const { ingresses, egresses } = application.http
  return ingresses.length > 0 || egresses.some(egress => egress.kind === 'playground')
}

/** The HTTP of a process. */
export class HttpServer {
  /** For the bodies of everything that is served here. */
  readonly budget: BodyBudget
  readonly #options: HttpServerOptions
  readonly #listeners: OpenListener[] = []
  /** Listeners on their way, by their ports: applications may come at the same time. */
  readonly #opening = new Map<number, Promise<OpenListener>>()
  readonly #attached = new Set<AttachedApplication>()
  #closing: Promise<void> | null = null

  private constructor(options: HttpServerOptions) {
    this.#options = options
    this.budget = new BodyBudget(options.bodiesBytesMax ?? HTTP_BODIES_BYTES_MAX)
  }

  /** Opens everything; the topics of the application must exist. @throws HTTP_ADDRESS a port is in use */
  static async start(options: HttpOptions): Promise<HttpServer> {
    const { application, functions = null, waitingRecordsMax } = options
    const server = new HttpServer(options)
    const bound = waitingRecordsMax === undefined ? {} : { waitingRecordsMax }
    try {
      if (application !== null) {
        const first = options.isAsked ? () => server.#default() : undefined
        await server.#attach({ log: options.log, application, functions, ...bound }, first)
      } else if (options.isAsked) await server.#default()
    } catch (error) {
      await server.close(0)
      throw error
    }
    return server
  }

  get served(): readonly Served[] {
    return this.#listeners.map(({ listener, lines }) => ({ url: listener.url, routes: lines }))
  }

  /** Serves more at the default address, before everything that applications serve there. */
  async mount(routes: MountRoutes): Promise<Mount> {
    const { listener } = await this.#default()
    return listener.mount(routes, { isFirst: true })
  }

  /**
   * Serves an application's components until they are detached; its topics must exist.
   * @throws HTTP_ADDRESS a port is in use, or a path is taken by another application
   */
  attach(options: AttachOptions): Promise<AttachedApplication> {
    return this.#attach(options)
  }

  /** Rejects when answers cannot be followed any more. Never resolves. */
  failure(): Promise<never> {
    const all = [...this.#attached].map(({ doors }) => doors.answers?.finished)
    return new Promise((_, reject) => {
      for (const finished of all) void finished?.catch(reject)
    })
  }

  /** Finishes running requests within `graceMs` and ends; the functions should still run. Idempotent. */
  close(graceMs: number = this.#options.graceMs ?? GRACE_MS): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #attach(
    options: AttachOptions,
    first?: () => Promise<unknown>
  ): Promise<AttachedApplication> {
    const { clock, security = null } = this.#options
    const { budget } = this
    this.#checkPaths(options.application)
    const doors = await ApplicationDoors.open({ clock, security, budget, ...options })
    const placed: Placed[] = []
    const attached = new AttachedApplication(doors, placed, {
      clock,
      leave: all => this.#leave(attached, all)
    })
    try {
      await first?.()
      for (const site of doors.sites) {
        const on = await this.#listenerOf(site)
        on.lines.push(...site.lines)
        placed.push({ site, on, mount: on.listener.mount(site) })
      }
    } catch (error) {
      doors.answers?.stop()
      await this.#leave(attached, placed)
      throw error
    }
    this.#attached.add(attached)
    return attached
  }

  /** Takes sites from their listeners; those that serve nothing else are given back to be closed. */
  async #leave(attached: AttachedApplication, placed: readonly Placed[]): Promise<void> {
    this.#attached.delete(attached)
    for (const { on, site, mount } of placed) {
      on.listener.unmount(mount)
      for (const line of site.lines) on.lines.splice(on.lines.indexOf(line), 1)
    }
    const isOver = ({ port, lines }: OpenListener): boolean =>
      lines.length === 0 && port !== this.#options.address.port
    const over = this.#listeners.filter(isOver)
    for (const one of over) this.#listeners.splice(this.#listeners.indexOf(one), 1)
    await Promise.all(over.map(({ listener }) => listener.close()))
  }

  #default(): Promise<OpenListener> {
    return this.#listenerAt(this.#options.address.port)
  }

  #listenerOf({ port, isAlone }: Site): Promise<OpenListener> {
    const wanted = port ?? this.#options.address.port
    // Any free port is another one, unless it is the default.
    const isOwn = isAlone || port === 0
    return isOwn ? this.#listen(wanted, null) : this.#listenerAt(wanted)
  }

  async #listenerAt(port: number): Promise<OpenListener> {
    const found = this.#listeners.find(one => one.port === port)
    if (found !== undefined) return found
    let opening = this.#opening.get(port)
    if (opening === undefined) {
      opening = this.#listen(port, port).finally(() => this.#opening.delete(port))
      this.#opening.set(port, opening)
    }
    return await opening
  }

  async #listen(port: number, shared: number | null): Promise<OpenListener> {
    const { address, clock, bounds, origins, tls = null } = this.#options
    const listener = await Listener.start({
      address: { host: address.host, port },
      clock,
      tls,
      ...(bounds === undefined ? {} : { bounds }),
      ...(origins === undefined ? {} : { origins })
    })
    listener.mount({ routes: app => addHealth(app) })
    const open = { listener, port: shared, lines: [] }
    this.#listeners.push(open)
    return open
  }

  /** Paths that meet only now, when all ports are known. @throws HTTP_ADDRESS */
  #checkPaths(application: LoadedApplication): void {
    const { port } = this.#options.address
    const all = [...[...this.#attached].map(({ doors }) => doors.application), application]
    const ingresses = all
      .flatMap(({ http }) => http.ingresses)
      .filter((plan): plan is HttpIngressPlan => plan.kind === 'http')
      .map(ingress => ({ ...ingress, port: ingress.port ?? port }))
    const [conflict] = httpConflicts({ ingresses, egresses: [] })
    if (conflict === undefined) return
    const { file, line, message, hint } = conflict
    throw new MillraceError('HTTP_ADDRESS', `${file}:${line}: on port ${port} ${message}; ${hint}`)
  }

  async #close(graceMs: number): Promise<void> {
    const listeners = this.#listeners.map(({ listener }) => listener)
    const doors = [...this.#attached].map(attached => attached.doors)
    for (const listener of listeners) listener.drain()
    for (const one of doors) one.endPolls()
    await Promise.all(listeners.map(listener => listener.finish(graceMs)))
    for (const { answers } of doors) answers?.stop()
    await Promise.all(listeners.map(listener => listener.finish(FAREWELL_MS)))
    await Promise.all(listeners.map(listener => listener.close()))
    await Promise.all(doors.map(one => one.idle()))
  }
}
