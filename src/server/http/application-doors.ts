// The HTTP components of an application: the doors behind its routes, and which port serves which of them.
//
// Order of an opening: doors read what is remembered, then answers follow. The ports are whoever opens it.
import type { Clock } from '../../base/index.ts'
import { patternText } from '../../functions/index.ts'
import type {
  HttpIngressPlan,
  PlaygroundIngressPlan,
  RunningFunctions
} from '../../functions/index.ts'
import type { Log } from '../../log/log.ts'
import type { LoadedApplication } from '../functions/application.ts'
import type { Security } from '../../security/index.ts'
import type { BodyBudget } from './exchange.ts'
import type { HttpApp, MountRoutes, ShortWay } from './mount.ts'
import { Answers } from './requests/answers.ts'
import { IngressDoor } from './requests/door.ts'
import { PlaygroundDoor } from './requests/playground-door.ts'
import { PolledTopic } from './requests/polled-topic.ts'
import { addIngress, ingressWay } from './routes/ingress.ts'
import { addPlaygroundEgress, addPlaygroundIngress } from './routes/playground.ts'

/** What doors are opened with. */
export interface DoorsOptions {
  readonly log: Log
  readonly clock: Clock
  readonly application: LoadedApplication
  /** The application as it runs in this process; null: it runs elsewhere, or not yet. */
  readonly functions: RunningFunctions | null
  /** Messages that may wait for functions before callers must come later; default HTTP_WAITING_RECORDS_MAX. */
  readonly waitingRecordsMax?: number
  /** Who may send messages; null: everybody who comes here. */
  readonly security: Security | null
  readonly budget: BodyBudget
}

/** What one port serves. */
export class Site implements MountRoutes {
  /** null: the default port. */
  readonly port: number | null
  /** A listener that nothing else shares. */
  readonly isAlone: boolean
  /** For people: `POST /orders/{id} → shop/order`. */
  readonly lines: string[] = []
  readonly add: ((app: HttpApp) => void)[] = []
  readonly ways: ShortWay[] = []

  constructor(port: number | null, isAlone: boolean) {
    this.port = port
    this.isAlone = isAlone
  }

  routes(app: HttpApp): readonly ShortWay[] {
    for (const add of this.add) add(app)
    return this.ways
  }
}

/** All doors of an application. */
export class ApplicationDoors {
  readonly application: LoadedApplication
  readonly sites: readonly Site[]
  readonly answers: Answers | null
  readonly #doors: readonly (IngressDoor | PlaygroundDoor)[]
  readonly #stop: AbortController

  private constructor(
    application: LoadedApplication,
    sites: readonly Site[],
    answers: Answers | null,
    parts: {
      readonly doors: readonly (IngressDoor | PlaygroundDoor)[]
      readonly stop: AbortController
    }
  ) {
    this.application = application
    this.sites = sites
    this.answers = answers
    this.#doors = parts.doors
    this.#stop = parts.stop
  }

  /** Opens the doors; the topics of the application must exist. */
  static async open(options: DoorsOptions): Promise<ApplicationDoors> {
    const { log, clock, application, functions, waitingRecordsMax, security, budget } = options
    const { name: app, http } = application
    const sites = new Sites()
    const stop = new AbortController()
    const bound = waitingRecordsMax === undefined ? {} : { waitingRecordsMax }
    const doors: IngressDoor[] = []
    for (const plan of http.ingresses.filter(isOwn)) {
      const door = await IngressDoor.open({ log, clock, app, functions, ...bound }, plan)
      doors.push(door)
      const site = sites.at(plan.port)
      site.lines.push(`POST ${plan.path.text} → ${plan.targets.join(', ')}`)
      const scope = { budget, security }
      site.add.push(to => addIngress(to, door, scope))
      site.ways.push(ingressWay(door, scope))
    }
    let answers: Answers | null = null
    if (doors.length > 0) {
      const restored = doors.flatMap(door => door.restored)
      answers = await Answers.start({ log, clock, app, functions }, restored)
      for (const door of doors) door.attach(answers)
    }
    const playground: PlaygroundDoor[] = []
    for (const { id, port } of http.ingresses.filter(isPlayground)) {
      const known = knownFunctions(application)
      const door = await PlaygroundDoor.open({ log, clock, app, id, known, functions, ...bound })
      playground.push(door)
      const site = sites.alone(port, 'PUT /<namespace>/<type>/<id>')
      site.add.push(to => addPlaygroundIngress(to, door, { budget, security }))
    }
    for (const egress of http.egresses) {
      if (egress.kind !== 'playground') continue
      const topics = new Map<string, PolledTopic>()
      for (const name of egress.topics) {
        topics.set(name, await PolledTopic.open(log, `playground/${app}`, name))
      }
      const polled = { topics, clock, stopping: stop.signal, security }
      const line = `GET ${egress.topics.map(name => `/${name}`).join(', ')}`
      sites.alone(egress.port, line).add.push(to => addPlaygroundEgress(to, polled))
    }
    const parts = { doors: [...doors, ...playground], stop }
    return new ApplicationDoors(application, sites.all, answers, parts)
  }

  /** Polls that wait are answered: nobody loses anything by that. */
  endPolls(): void {
    this.#stop.abort()
  }

  /** Resolves when no request is on its way into the log, and nothing is followed any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#doors.map(door => door.idle()))
    await this.answers?.finished.catch(() => {})
  }
}

/** Components by port. */
class Sites {
  readonly all: Site[] = []

  /** The site of a port; null: the default. */
  at(port: number | null): Site {
    const found = this.all.find(site => !site.isAlone && site.port === port)
    if (found !== undefined) return found
    const site = new Site(port, false)
    this.all.push(site)
    return site
  }

  /** A site that nothing else shares. */
  alone(port: number, line: string): Site {
    const site = new Site(port, true)
    site.lines.push(line)
    this.all.push(site)
    return site
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
