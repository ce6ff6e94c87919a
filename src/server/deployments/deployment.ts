// One deployment: its record, what runs of it, its log. What is done to it comes one after the other.
import { MillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import type { DeploymentReport, DeploymentStatus } from './contract.ts'
import { ownNames } from './loaded.ts'
import type { LoadedDeployment } from './loaded.ts'
import { LogRing } from './log-ring.ts'
import { RunningDeployment } from './running.ts'
import type { DeploymentGround } from './running.ts'
import type { DeploymentStore, StoredDeployment } from './store.ts'

/** A deployment of a server. */
export class Deployment {
  readonly log: LogRing
  /** The version that runs; null: none does. */
  running: RunningDeployment | null = null
  readonly #ground: DeploymentGround & { readonly store: DeploymentStore; readonly clock: Clock }
  /** What was ended, and has its paths still. */
  #left: RunningDeployment | null = null
  #stored: StoredDeployment
  /** Whether it has been started, or need not be. */
  #isKnown: boolean

  constructor(
    stored: StoredDeployment,
    ground: DeploymentGround & { readonly store: DeploymentStore; readonly clock: Clock }
  ) {
    this.#stored = stored
    this.#ground = ground
    this.#isKnown = stored.wanted !== 'running'
    this.log = new LogRing(ground.store.folderOf(stored.name), ground.clock)
  }

  get stored(): StoredDeployment {
    return this.#stored
  }

  get status(): DeploymentStatus {
    if (this.running !== null) return 'running'
    if (this.#stored.wanted !== 'running') return 'stopped'
    return this.#isKnown ? 'failed' : 'starting'
  }

  /** Changes the record; durable when resolved. */
  async record(changes: Partial<StoredDeployment>): Promise<void> {
    const changed = { ...this.#stored, ...changes }
    await this.#ground.store.record(changed)
    this.#stored = changed
  }

  /** Starts a loaded version. @throws what its engine throws when it opens */
  async start(loaded: LoadedDeployment, onFailure: (error: unknown) => void): Promise<void> {
    const { settings, version } = this.#stored
    if (this.running !== null) {
      throw new MillraceError(
        'DEPLOYMENT_FAILED',
        `${this.#stored.name} runs already; expected it stopped`
      )
    }
    const { log } = this
    try {
      this.running = await RunningDeployment.start(this.#ground, loaded, {
        settings,
        log,
        onFailure
      })
      this.#say('info', `version ${version} runs`)
    } finally {
      this.#isKnown = true
      await this.leave()
    }
  }

  /** Ends what runs, with all that it has begun. Callers over HTTP are told to come again until `start` or `leave`. */
  async end(): Promise<void> {
    const { running } = this
    if (running === null) return
    await running.stop()
    this.running = null
    this.#left = running
    this.#say('info', `version ${this.#stored.version} stopped`)
    this.log.flush()
  }

  /** Gives the paths of what was ended back. */
  async leave(): Promise<void> {
    const left = this.#left
    this.#left = null
    await left?.leave()
  }

  /** Notes that it failed, and ends what still runs of it. */
  async fail(reason: string): Promise<void> {
    const { running } = this
    this.#say('error', `version ${this.#stored.version} failed: ${reason}`)
    this.#isKnown = true
    try {
      await running?.stop(0)
      await running?.leave()
      await this.leave()
      this.log.flush()
      await this.record({ failure: reason, updatedAt: this.#ground.clock.now() })
    } finally {
      this.running = null
    }
  }

  /** A text in which files of this version are named from its folder. */
  ownNames(text: string): string {
    return ownNames(this.#ground.store.filesOf(this.#stored), text)
  }

  report(): DeploymentReport {
    const { settings, failure, ...stored } = this.#stored
    const { name, version, createdAt, updatedAt, entries, functionFiles } = stored
    const { files, bytes, digest, dataflows, application } = stored
    return {
      name,
      version,
      status: this.status,
      reason: failure,
      createdAt,
      updatedAt,
      entries,
      functionFiles,
      files,
      bytes,
      digest,
      settings: { ...settings, env: Object.keys(settings.env).toSorted() },
      dataflows,
      application
    }
  }

  #say(level: 'info' | 'error', message: string): void {
    this.log.add({ level, source: '', service: '', operator: '', message })
  }
}
