// All HTTP of a process: its listeners, and what comes and goes on them: applications' components, the API.
//
// Order of a start: doors read what is remembered, answers follow, then ports open. Order of an end: ports take no more
// requests, running ones are answered, who still waits for a reply is told to come again, connections end.
import { MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { httpConflicts } from '../../functions/index.ts'
import type { HttpIngressPlan, RunningFunctions } from '../../functions/index.ts'
import type { TlsSource } from '../../kafka/index.ts'
import type { Log } from '../../log/log.ts'
import type { Security } from '../../security/index.ts'
import type { LoadedApplication } from '../application.ts'
import type { HttpAddress } from './address.ts'
import { ApplicationDoors } from './application-doors.ts'
import type { Site } from './application-doors.ts'
import { comeLater } from './errors.ts'
import { Listener, inTime } from './listen.ts'
import type { ListenerBounds } from './listen.ts'
import type { Mount, MountRoutes } from './mount.ts'
import { addHealth } from './routes/health.ts'
import { routeOf } from './routes/ingress.ts'

/** How long running requests may go on when the run ends, ms. */
const GRACE_MS = 5_000
/** How long they have to take their last response. */
const FAREWELL_MS = 1_000

/** What a server listens with. */
export interface HttpServerOptions {
  readonly clock: Clock
  /** Where everything without a port is; the host counts for all. */
  readonly address: HttpAddress
  /** Whether to listen there even when nothing asks for it. */
  readonly isAsked: boolean
  readonly graceMs?: number
  readonly bounds?: Partial<ListenerBounds>
  /** Origins of pages that may send requests, beside those of this machine. */
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

/** A listener and the lines of what it serves. */
interface OpenListener {
  readonly listener: Listener
  /** Its port as it was asked for; null: nothing else may come here. */
  readonly port: number | null
  readonly lines: string[]
}

/** A site on its listener. */
interface Placed {
  readonly site: Site
  readonly on: OpenListener
  readonly mount: Mount
}

/** The HTTP of a process. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #listeners: OpenListener[] = []
  readonly #attached = new Set<AttachedApplication>()
  #closing: Promise<void> | null = null

  private constructor(options: HttpServerOptions) {
    this.#options = options
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
    this.#checkPaths(options.application)
    const doors = await ApplicationDoors.open({ clock, security, ...options })
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
    return found ?? (await this.#listen(port, port))
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

/** An application that is served. */
export class AttachedApplication {
  readonly doors: ApplicationDoors
  readonly #placed: readonly Placed[]
  readonly #clock: Clock
  readonly #leave: (placed: readonly Placed[]) => Promise<void>
  #paused: (() => void)[] = []

  constructor(
    doors: ApplicationDoors,
    placed: readonly Placed[],
    options: {
      readonly clock: Clock
      readonly leave: (placed: readonly Placed[]) => Promise<void>
    }
  ) {
    this.doors = doors
    this.#placed = placed
    this.#clock = options.clock
    this.#leave = options.leave
  }

  /**
   * Answers what runs within `graceMs`, and takes no more: callers are told to come again until `detach`, and others
   * may be attached with the same paths. Ports that nothing shares are closed. The functions should still run, as those
   * that are waited for are answered by them.
   */
  async pause(graceMs: number = GRACE_MS): Promise<void> {
    for (const { site, on, mount } of this.#placed) {
      on.listener.unmount(mount)
      const pausing = on.listener.mount(pausedSite(this.doors, site), { isFirst: true })
      this.#paused.push(() => on.listener.unmount(pausing))
    }
    this.doors.endPolls()
    const idle = Promise.all(this.#placed.map(({ mount }) => mount.idle()))
    await inTime(this.#clock, graceMs, idle)
    this.doors.answers?.stop()
    await inTime(this.#clock, FAREWELL_MS, idle)
    await this.doors.idle()
    await this.#leave(this.#placed.filter(({ on }) => on.port === null))
  }

  /** Takes everything from the listeners; those that nothing else is on are closed. */
  async detach(): Promise<void> {
    for (const end of this.#paused.splice(0)) end()
    await this.#leave(this.#placed.filter(({ on }) => on.port !== null))
  }
}

/** The paths of an application that is being replaced. */
function pausedSite({ application }: ApplicationDoors, site: Site): MountRoutes {
  const ingresses = application.http.ingresses.filter(
    (plan): plan is HttpIngressPlan => plan.kind === 'http' && plan.port === site.port
  )
  const paths = site.isAlone ? ['*'] : ingresses.map(({ path }) => routeOf(path))
  return {
    routes: app => {
      for (const path of paths) {
        app.all(path, () => {
          throw comeLater('REPLACED', 'the functions are being replaced; repeat the request later')
        })
      }
      return []
    }
  }
}
