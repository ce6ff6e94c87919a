// One version of a deployment that runs: its engine on a lease of the log, its HTTP components, an orderly end.
//
//   U1  After `stop` resolved nothing of it writes, and everything that it has committed can be seen: what starts next
//       goes on from there.
//   U2  A failure ends this version and nothing else.
import type { HttpServer } from '../http/index.ts'
import { needsHttp } from '../http/index.ts'
import type { AttachedApplication } from '../http/index.ts'
import type { DataFolder } from '../data-folder.ts'
import { Engine } from '../engine.ts'
import type { Log } from '../../log/log.ts'
import type { ServedLog } from '../served-log.ts'
import type { DeploymentSettings } from './contract.ts'
import { LeasedLog } from './leased-log.ts'
import { workersOf } from './loaded.ts'
import type { LoadedDeployment } from './loaded.ts'
import type { LogRing } from './log-ring.ts'

/** What versions run on. */
export interface DeploymentGround {
  readonly folder: DataFolder
  readonly served: ServedLog
  readonly log: Log
  /** null: components over HTTP are not served. */
  readonly http: HttpServer | null
}

/** A version that runs. */
export class RunningDeployment {
  readonly engine: Engine
  readonly #lease: LeasedLog
  readonly #attached: AttachedApplication | null
  #stopping: Promise<void> | null = null

  private constructor(engine: Engine, lease: LeasedLog, attached: AttachedApplication | null) {
    this.engine = engine
    this.#lease = lease
    this.#attached = attached
  }

  /** Starts it. @throws what Engine.open throws · HTTP_ADDRESS */
  static async start(
    ground: DeploymentGround,
    loaded: LoadedDeployment,
    options: {
      readonly settings: DeploymentSettings
      readonly log: LogRing
      /** Called once, when something of it failed. */
      onFailure(error: unknown): void
    }
  ): Promise<RunningDeployment> {
    const { dataflows, application } = loaded
    const { settings, log: ring } = options
    const lease = new LeasedLog(ground.log)
    let engine: Engine | null = null
    try {
      engine = await Engine.open({
        // What an engine removes at its end is not its own here.
        folder: { ...ground.folder, ephemeral: false, remove: () => {} },
        dataflows,
        application,
        workers: workersOf(loaded, settings),
        partitions: settings.partitions,
        env: settings.env,
        shared: { served: ground.served, log: lease.log },
        onLog: (source, { level, service, operator, message }) =>
          ring.add({ level, source, service, operator, message }),
        onLogEvent: () => {}
      })
      const attached =
        application === null || ground.http === null || !needsHttp(application)
          ? null
          : await ground.http.attach({
              log: lease.log,
              application,
              functions: engine.functions?.running ?? null
            })
      const running = new RunningDeployment(engine, lease, attached)
      running.#watch(options.onFailure)
      return running
    } catch (error) {
      await engine?.stop()
      await lease.end()
      throw error
    }
  }

  /** Answers requests, for `graceMs` at most, commits what runs, ends (U1). Idempotent. */
  stop(graceMs?: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  /** Gives its paths back: until then callers are told to come again. */
  async leave(): Promise<void> {
    await this.#attached?.detach()
  }

  async #stop(graceMs?: number): Promise<void> {
    const isServing = this.engine.functions?.running.status === 'running'
    // Replies come only while the functions run.
    await this.#attached?.pause(isServing ? graceMs : 0)
    await this.engine.stop()
    await this.#lease.end()
  }

  #watch(onFailure: (error: unknown) => void): void {
    let told = false
    const tell = (error: unknown): void => {
      if (told || this.#stopping !== null) return
      told = true
      onFailure(error)
    }
    this.engine.failure().catch(tell)
    this.#attached?.doors.answers?.finished.catch(tell)
  }
}
