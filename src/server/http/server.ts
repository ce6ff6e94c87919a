// All HTTP of a run: which listeners its components need, what each of them serves, and an orderly end.
//
// Order of a start: doors read what is remembered, answers follow, then ports open. Order of an end: ports take no more
// requests, running ones are answered, who still waits for a reply is told to come again, connections end.
import { HTTP_BODIES_BYTES_MAX, MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { httpConflicts, patternText } from '../../functions/index.ts'
import type {
  HttpIngressPlan,
  PlaygroundIngressPlan,
  RunningFunctions
} from '../../functions/index.ts'
import type { Log } from '../../log/log.ts'
import type { LoadedApplication } from '../application.ts'
import type { HttpAddress } from './address.ts'
import { BodyBudget } from './exchange.ts'
import { Listener } from './listen.ts'
import type { HttpApp, ListenerBounds, ShortWay } from './listen.ts'
import { Answers } from './requests/answers.ts'
import { IngressDoor } from './requests/door.ts'
import { PlaygroundDoor } from './requests/playground-door.ts'
import { PolledTopic } from './requests/polled-topic.ts'
import { addHealth } from './routes/health.ts'
import { addIngress, ingressWay } from './routes/ingress.ts'
import { addPlaygroundEgress, addPlaygroundIngress } from './routes/playground.ts'

/** How long running requests may go on when the run ends, ms. */
const GRACE_MS = 5_000
/** How long they have to take their last response. */
const FAREWELL_MS = 1_000

/** What {@link HttpServer} is started with. */
export interface HttpOptions {
  readonly log: Log
  readonly clock: Clock
  /** null: a run without functions. */
  readonly application: LoadedApplication | null
  /** The application as it runs in this process; null or not given: it runs elsewhere, or not yet. */
  readonly functions?: RunningFunctions | null
  /** Where components without a port are; the host counts for all. */
  readonly address: HttpAddress
  /** Whether to listen there even when no component asks for it. */
  readonly isAsked: boolean
  readonly graceMs?: number
  readonly bounds?: Partial<ListenerBounds>
  /** Messages that may wait for functions before callers must come later; default HTTP_WAITING_RECORDS_MAX. */
  readonly waitingRecordsMax?: number
}

/** What is served where, for people. */
export interface Served {
  readonly url: string
  /** For example `POST /orders/{id} → shop/order`. */
  readonly routes: readonly string[]
}

/** What one listener serves. */
interface Site {
  readonly port: number
  readonly routes: string[]
  readonly add: ((app: HttpApp) => void)[]
  readonly ways: ShortWay[]
}

/** Whether a run needs HTTP. */
export function needsHttp(application: LoadedApplication | null): boolean {
  if (application === null) return false
  const { ingresses, egresses } = application.http
  return ingresses.length > 0 || egresses.some(egress => egress.kind === 'playground')
}

/** The HTTP of a run. */
export class HttpServer {
  readonly served: readonly Served[]
  readonly #listeners: readonly Listener[]
  readonly #opened: Opened
  readonly #graceMs: number
  #closing: Promise<void> | null = null

  private constructor(
    listeners: readonly Listener[],
    served: readonly Served[],
    opened: Opened,
    graceMs: number
  ) {
    this.#listeners = listeners
    this.served = served
    this.#opened = opened
    this.#graceMs = graceMs
  }

  /** Opens everything; the topics of the application must exist. @throws HTTP_ADDRESS a port is in use */
  static async start(options: HttpOptions): Promise<HttpServer> {
    const opened = await Opened.open(options)
    const listeners: Listener[] = []
    const served: Served[] = []
    try {
      for (const { port, routes, add, ways } of opened.sites) {
        const listener = await Listener.start({
          address: { host: options.address.host, port },
          clock: options.clock,
          ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
          routes: app => {
            addHealth(app)
            for (const one of add) one(app)
            return ways
          }
        })
        listeners.push(listener)
        served.push({ url: listener.url, routes })
      }
    } catch (error) {
      opened.answers?.stop()
      await Promise.all(listeners.map(listener => listener.close()))
      throw error
    }
    return new HttpServer(listeners, served, opened, options.graceMs ?? GRACE_MS)
  }

  /** Rejects when answers cannot be followed any more. Never resolves. */
  failure(): Promise<never> {
    return new Promise((_, reject) => void this.#opened.answers?.finished.catch(reject))
  }

  /** Finishes running requests within `graceMs` and ends; the functions should still run. Idempotent. */
  close(graceMs: number = this.#graceMs): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const listeners = this.#listeners
    for (const listener of listeners) listener.drain()
    this.#opened.endPolls()
    await Promise.all(listeners.map(listener => listener.finish(graceMs)))
    this.#opened.answers?.stop()
    await Promise.all(listeners.map(listener => listener.finish(FAREWELL_MS)))
    await Promise.all(listeners.map(listener => listener.close()))
    await this.#opened.idle()
    await this.#opened.answers?.finished.catch(() => {})
  }
}

/** The doors behind the listeners. */
class Opened {
  readonly answers: Answers | null
  readonly sites: readonly Site[]
  readonly #doors: readonly (IngressDoor | PlaygroundDoor)[]
  readonly #stop: AbortController

  private constructor(
    answers: Answers | null,
    sites: readonly Site[],
    doors: readonly (IngressDoor | PlaygroundDoor)[],
    stop: AbortController
  ) {
    this.answers = answers
    this.sites = sites
    this.#doors = doors
    this.#stop = stop
  }

  static async open(options: HttpOptions): Promise<Opened> {
    const {
      log,
      clock,
      application,
      address,
      isAsked,
      waitingRecordsMax,
      functions = null
    } = options
    const sites = new Sites(address.port)
    if (isAsked) sites.at(null)
    const stop = new AbortController()
    if (application === null) return new Opened(null, sites.all, [], stop)
    const { name: app, http } = application
    checkPaths(application, address.port)
    const budget = new BodyBudget(HTTP_BODIES_BYTES_MAX)
    const bound = waitingRecordsMax === undefined ? {} : { waitingRecordsMax }
    const doors: IngressDoor[] = []
    for (const plan of http.ingresses.filter(isOwn)) {
      const door = await IngressDoor.open({ log, clock, app, functions, ...bound }, plan)
      doors.push(door)
      const route = `POST ${plan.path.text} → ${plan.targets.join(', ')}`
      const site = sites.add(plan.port, route, to => addIngress(to, door, budget))
      site.ways.push(ingressWay(door, budget))
    }
    let answers: Answers | null = null
    if (doors.length > 0) {
      answers = await Answers.start(
        { log, clock, app, functions },
        doors.flatMap(door => door.restored)
      )
      for (const door of doors) door.attach(answers)
    }
    const playground: PlaygroundDoor[] = []
    for (const { id, port } of http.ingresses.filter(isPlayground)) {
      const known = knownFunctions(application)
      const door = await PlaygroundDoor.open({ log, clock, app, id, known, functions, ...bound })
      playground.push(door)
      const route = 'PUT /<namespace>/<type>/<id>'
      sites.addAlone(port, route, to => addPlaygroundIngress(to, door, budget))
    }
    for (const egress of http.egresses) {
      if (egress.kind !== 'playground') continue
      const topics = new Map<string, PolledTopic>()
      for (const name of egress.topics) {
        topics.set(name, await PolledTopic.open(log, `playground/${app}`, name))
      }
      const route = `GET ${egress.topics.map(name => `/${name}`).join(', ')}`
      const polled = { topics, clock, stopping: stop.signal }
      sites.addAlone(egress.port, route, to => addPlaygroundEgress(to, polled))
    }
    return new Opened(answers, sites.all, [...doors, ...playground], stop)
  }

  /** Polls that wait are answered: nobody loses anything by that. */
  endPolls(): void {
    this.#stop.abort()
  }

  async idle(): Promise<void> {
    await Promise.all(this.#doors.map(door => door.idle()))
  }
}

/** Paths that meet only now, when all ports are known. @throws HTTP_ADDRESS */
function checkPaths({ http }: LoadedApplication, port: number): void {
  const ingresses = http.ingresses
    .filter(isOwn)
    .map(ingress => ({ ...ingress, port: ingress.port ?? port }))
  const [conflict] = httpConflicts({ ingresses, egresses: [] })
  if (conflict === undefined) return
  const { file, line, message, hint } = conflict
  throw new MillraceError('HTTP_ADDRESS', `${file}:${line}: on port ${port} ${message}; ${hint}`)
}

/** Components by port. */
class Sites {
  readonly all: Site[] = []
  readonly #portDefault: number
  readonly #byPort = new Map<number | null, Site>()

  constructor(portDefault: number) {
    this.#portDefault = portDefault
  }

  /** The site of a port; null: the default. */
  at(port: number | null): Site {
    let site = this.#byPort.get(port)
    if (site !== undefined) return site
    site = { port: port ?? this.#portDefault, routes: [], add: [], ways: [] }
    this.#byPort.set(port, site)
    this.all.push(site)
    return site
  }

  add(port: number | null, route: string, add: (app: HttpApp) => void): Site {
    const isDefault = port !== 0 && port === this.#portDefault
    const site = this.at(isDefault ? null : port)
    site.routes.push(route)
    site.add.push(add)
    return site
  }

  /** A listener that nothing else shares. */
  addAlone(port: number, route: string, add: (app: HttpApp) => void): void {
    this.all.push({ port, routes: [route], add: [add], ways: [] })
  }
}

function isOwn(plan: HttpIngressPlan | PlaygroundIngressPlan): plan is HttpIngressPlan {
  return plan.kind === 'http'
}

function isPlayground(
  plan: HttpIngressPlan | PlaygroundIngressPlan
): plan is PlaygroundIngressPlan {
  return plan.kind === 'playground'
}

function knownFunctions({ functions, endpoints }: LoadedApplication): string[] {
  return [...functions.map(fn => fn.typename), ...endpoints.map(({ plan }) => patternText(plan))]
}
