// All deployments of a server: what is stored runs, what is deployed replaces it, what fails harms nothing else.
//
//   P1  What is done to one deployment is done one after the other, in the order of the calls.
//   P2  The record on disk says what runs after a start. It changes between the stop of the old version and the start
//       of the new one, so a process that ends at any step goes on with one of the two, from the last commit of either.
//   P3  A version that does not start gives way to the one before, also when the process ended in between.
//   P4  Names of dataflows and applications belong to one deployment, as long as it is there.
import { MillraceError, messageOf } from '../../base/index.ts'
import type { Clock, Disk } from '../../base/index.ts'
import { checkBundle } from './check-bundle.ts'
import { DEPLOYMENT_NAME } from './contract.ts'
import type { DeployOutcome, DeployRequest, DeployStep, DeploymentReport } from './contract.ts'
import { Deployment } from './deployment.ts'
import { compareStored, joined, loadDeployment, namesOf, namesOfFolder, ownedBy } from './loaded.ts'
import type { LoadedDeployment, PlannedChanges } from './loaded.ts'
import { NameOwners, namesOfRecord } from './name-owners.ts'
import { digestOf, newRecord } from './new-record.ts'
import type { DeploymentGround, RunningDeployment } from './running.ts'
import { removeRecord } from '../upgrade/index.ts'
import { DeploymentStore } from './store.ts'
import type { StoredDeployment } from './store.ts'

/** Deployments that start at the same time. */
const STARTS_MAX = 4

/** What {@link Deployments} are opened with. */
export interface DeploymentsOptions extends DeploymentGround {
  readonly clock: Clock
  readonly disk: Disk
  /** Told of what happens to deployments, for the server's own log. */
  onEvent?(name: string, message: string): void
  /** Awaited after each step of a deployment: tests end the process there. */
  onStep?(step: DeployStep, name: string): Promise<void> | void
}

/** The deployments of a server. */
export class Deployments {
  readonly #options: DeploymentsOptions
  readonly #store: DeploymentStore
  readonly #all = new Map<string, Deployment>()
  readonly #turns = new Map<string, Promise<unknown>>()
  /** How often files were written: Node keeps modules by their paths, so no path comes twice in a process. */
  #writes = 0
  /** Whose a name is (P4). */
  readonly #owners = new NameOwners()
  #isClosing = false

  private constructor(options: DeploymentsOptions, store: DeploymentStore) {
    this.#options = options
    this.#store = store
  }

  /** Reads what is stored; starts nothing. @throws DEPLOYMENT_DAMAGED */
  static async open(options: DeploymentsOptions): Promise<Deployments> {
    const { store, found } = await DeploymentStore.open(options.disk, options.folder.path)
    const deployments = new Deployments(options, store)
    for (const stored of found) {
      deployments.#all.set(stored.name, deployments.#deploymentOf(stored))
      deployments.#owners.settle(stored.name, namesOfRecord(stored))
    }
    return deployments
  }

  /** Starts all that are wanted to run; resolves when each of them runs or has failed. */
  async start(): Promise<void> {
    const waiting = [...this.#all.values()]
    const next = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const { name } = one.stored
        await this.#inTurn(name, () => this.#resume(name)).catch((error: unknown) => {
          this.#tell(name, `does not start: ${messageOf(error)}`)
        })
      }
    }
    await Promise.all(Array.from({ length: STARTS_MAX }, next))
  }

  /** Whether all that was to be started has started or failed. */
  get areStarted(): boolean {
    return [...this.#all.values()].every(({ status }) => status !== 'starting')
  }

  list(): readonly DeploymentReport[] {
    const reports = [...this.#all.values()].map(one => one.report())
    return reports.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** @throws DEPLOYMENT_UNKNOWN */
  get(name: string): Deployment {
    const found = this.#all.get(name)
    if (found !== undefined) return found
    const names = [...this.#all.keys()].toSorted()
    const hint = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`
    throw new MillraceError(
      'DEPLOYMENT_UNKNOWN',
      `no deployment is called ${JSON.stringify(name)}; ${hint}`
    )
  }

  /** Versions that run, by the names of their deployments. */
  running(): readonly (readonly [string, RunningDeployment])[] {
    return [...this.#all].flatMap(([name, { running }]) =>
      running === null ? [] : [[name, running] as const]
    )
  }

  /**
   * Deploys files under a name, in place of those that it had; resolves when they run.
   * @throws DEPLOYMENT_INVALID, DEPLOYMENT_TOO_LARGE the files are wrong · UPGRADE_REFUSED what is stored does not
   * fit them · DEPLOYMENT_CONFLICT another one has a dataflow of that name · DEPLOYMENT_FAILED it does not start; what
   * ran before runs again
   */
  async deploy(name: string, request: DeployRequest): Promise<DeployOutcome> {
    if (!DEPLOYMENT_NAME.test(name)) {
      throw new MillraceError(
        'DEPLOYMENT_INVALID',
        `${JSON.stringify(name)} is no name of a deployment; expected 1 to 100 letters, digits, dots, dashes and ` +
          'underscores, the first of them a letter or digit'
      )
    }
    checkBundle(request.bundle)
    return await this.#inTurn(name, () => this.#deploy(name, request))
  }

  /** Ends the tasks of a deployment; it stays stopped after a start of the server, too. */
  async stop(name: string): Promise<DeploymentReport> {
    this.get(name)
    return await this.#inTurn(name, async () => {
      const deployment = this.get(name)
      await deployment.end()
      await deployment.leave()
      await deployment.record({
        wanted: 'stopped',
        failure: null,
        updatedAt: this.#options.clock.now()
      })
      this.#tell(name, 'stopped')
      return deployment.report()
    })
  }

  /** Ends the tasks of a deployment and starts them again. @throws DEPLOYMENT_FAILED */
  async restart(name: string): Promise<DeploymentReport> {
    this.get(name)
    return await this.#inTurn(name, async () => {
      const deployment = this.get(name)
      await deployment.end()
      await deployment.record({
        wanted: 'running',
        failure: null,
        updatedAt: this.#options.clock.now()
      })
      await this.#startOrFail(deployment)
      if (deployment.status === 'failed') throw failed(name, deployment.stored.failure ?? '')
      return deployment.report()
    })
  }

  /** Removes a deployment; with its states, positions and internal topics unless `keepState`. */
  async remove(name: string, { keepState }: { readonly keepState: boolean }): Promise<void> {
    this.get(name)
    await this.#inTurn(name, async () => {
      const deployment = this.get(name)
      await deployment.end()
      await deployment.leave()
      await deployment.record({
        wanted: 'deleted',
        failure: null,
        ...(keepState ? { owned: { topics: [], groups: [], paths: [], records: [] } } : {})
      })
      await this.#removeOwned(deployment)
      this.#tell(name, keepState ? 'deleted; its states stay' : 'deleted with its states')
    })
  }

  /** Ends all tasks; what is stored stays. */
  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.allSettled(this.#turns.values())
    // One that does not end in order must not keep the others, or the log, from doing so.
    await Promise.allSettled([...this.#all.values()].map(one => one.end()))
    await Promise.allSettled([...this.#all.values()].map(one => one.leave()))
    for (const { log } of this.#all.values()) log.flush()
  }

  /** The deployment whose code threw an error outside of every call is failed; false: it is nobody's. */
  async failStray(error: unknown): Promise<boolean> {
    const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
    for (const deployment of this.#all.values()) {
      const { running, stored } = deployment
      const folders = running === null ? [] : namesOfFolder(this.#store.filesOf(stored))
      const line = lines.find(one => folders.some(folder => one.includes(`${folder}/`)))
      if (line === undefined) continue
      const place = /[^\s(]+:\d+:\d+/.exec(deployment.ownNames(line))?.[0] ?? 'its files'
      const reason = `an error was thrown where nothing waits for it: ${messageOf(error)} (at ${place})`
      await this.#inTurn(stored.name, () => deployment.fail(reason))
      this.#tell(stored.name, `failed: ${reason}`)
      return true
    }
    return false
  }

  async #deploy(name: string, request: DeployRequest): Promise<DeployOutcome> {
    const before = this.#all.get(name) ?? null
    const digest = digestOf(request)
    if (before?.stored.digest === digest && before.status === 'running' && !request.dryRun) {
      await clearFailure(before)
      return { deployment: before.report(), outcome: 'unchanged', warnings: [], changes: [] }
    }
    const version = (before?.stored.version ?? 0) + 1
    const files = `v${version}-${++this.#writes}`
    const { bundle, settings } = request
    let loaded: LoadedDeployment
    let changes: readonly PlannedChanges[]
    try {
      const folder = await this.#store.writeFiles({ name, folder: files }, bundle.files)
      await this.#step('written', name)
      loaded = await loadDeployment(folder, { ...bundle, settings })
      this.#owners.claim(name, namesOf(loaded))
      changes = await compareStored(this.#options.folder, this.#options.log, loaded, settings)
    } catch (error) {
      await this.#forget(name, before)
      throw error
    }
    await this.#step('checked', name)
    const stored = newRecord({
      name,
      version,
      folder: files,
      digest,
      request,
      loaded,
      before: before?.stored ?? null,
      dataFolder: this.#options.folder.path,
      now: this.#options.clock.now()
    })
    if (request.dryRun) {
      await this.#forget(name, before)
      const checked = new Deployment(stored, this.#ground())
      const { warnings } = loaded
      return { deployment: checked.report(), outcome: 'checked', warnings, changes }
    }
    await this.#replace(name, before, stored, loaded)
    const outcome = before === null ? 'created' : 'replaced'
    return { deployment: this.get(name).report(), outcome, warnings: loaded.warnings, changes }
  }

  /** From the old version to the new one, or back (P2, P3). */
  async #replace(
    name: string,
    before: Deployment | null,
    stored: StoredDeployment,
    loaded: LoadedDeployment
  ): Promise<void> {
    await before?.end()
    await this.#step('stopped', name)
    const deployment = before ?? this.#deploymentOf(stored)
    try {
      await deployment.record(stored)
    } catch (error) {
      // What ran before still counts (P2); where even that cannot be noted, its status says so.
      if (before?.stored.wanted === 'running') await this.#startOrFail(before).catch(() => {})
      await this.#forget(name, before).catch(() => {})
      throw error
    }
    await this.#step('recorded', name)
    this.#all.set(name, deployment)
    try {
      await deployment.start(loaded, error => this.#onFailure(deployment, error))
    } catch (error) {
      await this.#rollBack(deployment, error)
      throw failed(name, reasonOf(deployment, error), before !== null)
    }
    await this.#step('started', name)
    await this.#settle(deployment)
    this.#tell(name, `version ${stored.version} runs`)
  }

  async #settle(deployment: Deployment): Promise<void> {
    const { name } = deployment.stored
    // An engine names its own topics as they were stored under earlier names of services, too.
    const engine = deployment.running?.engine
    const owned =
      engine === undefined
        ? deployment.stored.owned
        : joined(
            deployment.stored.owned,
            ownedBy(this.#options.folder.path, {
              dataflows: engine.dataflows.map(({ loaded }) => loaded),
              application: engine.functions?.application ?? null
            })
          )
    await deployment.record({ previous: null, failure: null, owned })
    this.#owners.settle(name, namesOfRecord(deployment.stored))
    await this.#step('settled', name)
    await this.#store.clean(deployment.stored)
    await this.#step('cleaned', name)
  }

  /** The version before counts again; without one the deployment is gone. */
  async #rollBack(deployment: Deployment, error: unknown): Promise<void> {
    const { name, version, previous } = deployment.stored
    const reason = reasonOf(deployment, error)
    deployment.log.add({
      ...NOBODY,
      level: 'error',
      message: `version ${version} does not start: ${reason}`
    })
    if (previous === null) return this.#drop(deployment)
    const { owned } = deployment.stored
    const failure = `version ${version} does not start: ${reason}`
    await deployment.record({ ...previous, owned, failure })
    this.#owners.settle(name, namesOfRecord(previous))
    await this.#store.clean(deployment.stored)
    if (previous.wanted !== 'running') return
    await this.#startStored(deployment).catch((again: unknown) => {
      return deployment.fail(reasonOf(deployment, again))
    })
  }

  /** What a start of the server does with a deployment. */
  async #resume(name: string): Promise<void> {
    const deployment = this.get(name)
    const { wanted, previous } = deployment.stored
    if (wanted === 'deleted') return this.#removeOwned(deployment)
    if (wanted === 'stopped' || this.#isClosing) return
    if (previous === null) return this.#startOrFail(deployment)
    try {
      await this.#startStored(deployment)
    } catch (error) {
      return this.#rollBack(deployment, error)
    }
    await this.#settle(deployment)
  }

  async #startOrFail(deployment: Deployment): Promise<void> {
    try {
      await this.#startStored(deployment)
    } catch (error) {
      await deployment.fail(reasonOf(deployment, error))
      this.#tell(deployment.stored.name, `does not start: ${reasonOf(deployment, error)}`)
      return
    }
    await clearFailure(deployment)
  }

  async #startStored(deployment: Deployment): Promise<void> {
    const { stored } = deployment
    const loaded = await loadDeployment(this.#store.filesOf(stored), stored)
    await deployment.start(loaded, error => this.#onFailure(deployment, error))
  }

  #onFailure(deployment: Deployment, error: unknown): void {
    const { name } = deployment.stored
    if (this.#isClosing) return
    const { running } = deployment
    void this.#inTurn(name, async () => {
      // It may have been replaced meanwhile.
      if (deployment.running !== running || running === null) return
      await deployment.fail(reasonOf(deployment, error))
      this.#tell(name, `failed: ${reasonOf(deployment, error)}`)
    }).catch(() => {})
  }

  /** Removes a deployment with all that is its own. */
  async #removeOwned(deployment: Deployment): Promise<void> {
    const { owned } = deployment.stored
    const { log } = this.#options
    const known = new Set((await log.listTopics({ internal: true })).map(topic => topic.name))
    for (const topic of owned.topics) if (known.has(topic)) await log.deleteTopic(topic)
    for (const group of owned.groups) {
      const offsets = (await log.positions(group)).map(({ topic, partition }) => {
        return { group, topic, partition, offset: null, metadata: '' }
      })
      if (offsets.length > 0) await log.commit({ batches: [], offsets })
    }
    for (const key of owned.records) await removeRecord(log, this.#options.clock, key)
    for (const path of owned.paths) await this.#store.removePath(path)
    await this.#drop(deployment)
  }

  /** There is no such deployment any more. */
  async #drop(deployment: Deployment): Promise<void> {
    const { name } = deployment.stored
    deployment.log.end()
    await this.#store.remove(name)
    this.#all.delete(name)
    this.#owners.settle(name, [])
  }

  /** Removes what was written for a version that does not come to run. */
  async #forget(name: string, before: Deployment | null): Promise<void> {
    this.#owners.settle(name, before === null ? [] : namesOfRecord(before.stored))
    if (before === null) await this.#store.remove(name)
    else await this.#store.clean(before.stored)
  }

  #deploymentOf(stored: StoredDeployment): Deployment {
    return new Deployment(stored, this.#ground())
  }

  #ground(): ConstructorParameters<typeof Deployment>[1] {
    return { ...this.#options, store: this.#store }
  }

  async #step(step: DeployStep, name: string): Promise<void> {
    await this.#options.onStep?.(step, name)
  }

  #tell(name: string, message: string): void {
    this.#options.onEvent?.(name, message)
  }

  /** P1. */
  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.catch(() => {})
    this.#turns.set(name, settled)
    void settled.then(() => {
      if (this.#turns.get(name) === settled) this.#turns.delete(name)
    })
    return mine
  }
}

/** What went wrong before does not count any more. */
async function clearFailure(deployment: Deployment): Promise<void> {
  if (deployment.stored.failure !== null) await deployment.record({ failure: null })
}

const NOBODY = { source: '', service: '', operator: '' } as const

function reasonOf(deployment: Deployment, error: unknown): string {
  return deployment.ownNames(messageOf(error))
}

function failed(name: string, reason: string, hadOther = false): MillraceError {
  const then = hadOther ? '; the version before it is in place again' : ''
  return new MillraceError('DEPLOYMENT_FAILED', `${name} does not start: ${reason}${then}`)
}
