// `millrace start`: a data directory whose log is served to Kafka's clients and over HTTP, with the deployments in it.
//
// Order of a start: the log, the front door, HTTP; then it is ready, and the deployments start. Order of an end: HTTP
// takes no more requests, Kafka's clients are answered, deployments commit what they have begun, the log closes.
import { SystemClock, SystemDisk, SystemRandom } from '../base/index.ts'
import { openDiskLog } from '../log/index.ts'
import type { Log } from '../log/index.ts'
import { permanentFolder } from './data-folder.ts'
import { Deployments } from './deployments/index.ts'
import type { DeployStep } from './deployments/index.ts'
import { serveApi } from './http/api/index.ts'
import { HttpServer } from './http/index.ts'
import type { HttpAddress } from './http/index.ts'
import { describeLogEvent } from './log-events.ts'
import type { LogNotice } from './log-events.ts'
import type { Security } from '../security/index.ts'
import { ServedHost } from './served-host.ts'
import { ServedLog } from './served-log.ts'
import type { OnClientProblem, Protection } from './served-log.ts'
import { SECURITY_DEFAULT, checkExposure } from './security/settings.ts'
import type { Listening, SecuritySettings } from './security/settings.ts'

/** What is served, and who is told what. */
export interface LogServerOptions {
  /** The data directory; made when it is not there. */
  readonly folder: string
  /** For Kafka's clients. */
  readonly address: HttpAddress
  /** For HTTP; null: not served, and nothing can be deployed. */
  readonly http: HttpAddress | null
  /** Origins of pages that may use the API. */
  readonly origins?: readonly string[]
  readonly version: string
  /** Who may come in; default: everybody on this machine, until there is a user or a token. */
  readonly security?: SecuritySettings
  readonly onLogEvent: (notice: LogNotice) => void
  readonly onProblem: OnClientProblem
  /** Told of what happens to deployments. */
  readonly onDeployment: (name: string, message: string) => void
  /** See `DeploymentsOptions`. */
  readonly onStep?: (step: DeployStep, name: string) => Promise<void> | void
}

interface Parts {
  readonly log: Log
  readonly served: ServedLog
  readonly deployments: Deployments
  readonly http: HttpServer | null
  readonly host: ServedHost
  /** Answers those who wait over HTTP. */
  endPolls(): void
}

/** Why the log takes no records; null: it does. */
interface Fence {
  reason: string | null
}

/** A server that listens. */
export class LogServer {
  readonly address: HttpAddress
  /** null: HTTP is not served. */
  readonly url: string | null
  /** Topics that clients see, as of the start. */
  readonly topics: number
  /** How callers say who they are, for people; null: they need not. */
  readonly logins: string | null
  readonly deployments: Deployments
  /** Resolves when each deployment runs or has failed. */
  readonly started: Promise<void>
  readonly #parts: Parts

  private constructor(parts: Parts, address: HttpAddress, topics: number) {
    this.#parts = parts
    this.deployments = parts.deployments
    this.address = address
    this.url = parts.http?.served[0]?.url ?? null
    this.topics = topics
    this.logins = parts.served.guard?.logins ?? null
    this.started = parts.deployments.start()
    this.started.catch(() => {})
  }

  /** Opens the log and listens. @throws LOG_LOCKED, LOG_DAMAGED, LISTEN_ADDRESS and what else a log throws */
  static async start(options: LogServerOptions): Promise<LogServer> {
    const clock = new SystemClock()
    const disk = new SystemDisk()
    const fence: Fence = { reason: null }
    const log = await openDiskLog({
      disk,
      folder: options.folder,
      clock,
      random: new SystemRandom(),
      onEvent: event => {
        if (event.kind === 'fenced') fence.reason = `the log takes no records: ${event.reason}`
        options.onLogEvent(describeLogEvent(event))
      }
    })
    let served: ServedLog | null = null
    let http: HttpServer | null = null
    try {
      served = await ServedLog.open(log, clock, true, protectionOf(options))
      const address = await served.serve(options.address, options.onProblem)
      const { http: httpAddress, origins = [] } = options
      http =
        httpAddress === null
          ? null
          : await HttpServer.start({
              log: served.log,
              clock,
              application: null,
              address: httpAddress,
              isAsked: true,
              origins,
              security: served.guard?.security ?? null,
              tls: served.guard?.tls ?? null
            })
      const parts = await openParts(options, { log, served, http, clock, disk, fence })
      return new LogServer(parts, address, (await log.listTopics()).length)
    } catch (error) {
      await http?.close(0)
      await served?.close()
      await log.close()
      throw error
    }
  }

  /** Who may come in; null: nobody was asked to look. */
  get security(): Security | null {
    return this.#parts.served.guard?.security ?? null
  }

  /** Answers what was begun, ends connections and deployments, closes the log. */
  async stop(): Promise<void> {
    const { endPolls, http, served, deployments, host, log } = this.#parts
    endPolls()
    await http?.close()
    await served.stopServing()
    await this.started.catch(() => {})
    await deployments.close()
    host.close()
    await served.close()
    await log.close()
  }
}

/** @throws USAGE an address can be reached by others, who need not say who they are */
function protectionOf(options: LogServerOptions): Protection {
  const { security: settings = SECURITY_DEFAULT, address, http, folder, onProblem } = options
  const listening: Listening[] = [{ option: '--listen', address }]
  if (http !== null) listening.push({ option: '--http', address: http })
  checkExposure(settings, listening)
  return { settings, listening, folder, onNotice: onProblem }
}

async function openParts(
  options: LogServerOptions,
  {
    log,
    served,
    http,
    clock,
    disk,
    fence
  }: {
    readonly log: Log
    readonly served: ServedLog
    readonly http: HttpServer | null
    readonly clock: SystemClock
    readonly disk: SystemDisk
    readonly fence: Fence
  }
): Promise<Parts> {
  const { onStep } = options
  const deployments = await Deployments.open({
    folder: permanentFolder(options.folder),
    served,
    log: served.log,
    http,
    clock,
    disk,
    onEvent: options.onDeployment,
    ...(onStep === undefined ? {} : { onStep })
  })
  const host = new ServedHost({
    log: served.log,
    served,
    clock,
    version: options.version,
    deployments,
    engines: () =>
      deployments.running().map(([deployment, { engine }]) => ({ deployment, engine })),
    unready: () =>
      fence.reason ?? (deployments.areStarted ? null : 'deployments are being started'),
    onProblem: options.onProblem
  })
  const security = served.guard?.security ?? null
  const endPolls = http === null ? () => {} : await serveApi(http, { host, security })
  return { log, served, deployments, http, host, endPolls }
}
