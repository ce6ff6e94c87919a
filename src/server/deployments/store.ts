// Deployments on disk: a folder for each, with a record of what counts and the files of its versions.
//
//   deployments/<name>/deployment.json   the record: which version counts, and how it is to run
//   deployments/<name>/v<N>-<M>/…        the files of a version, never changed
//   deployments/<name>/log-0.jsonl …     what it said, see `log-ring.ts`
//
//   F1  The record is replaced as a whole and durable when that has resolved; versions that it does not name are
//       refuse, which the next opening removes.
//   F2  The files of a version are durable before a record names it.
//   F3  A folder without a record is no deployment.
import { dirname, join } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import type { Disk } from '../../base/index.ts'
import { DEPLOYMENT_NAME } from './contract.ts'
import type { DeploymentFacts, BundledFile, DeploymentSettings } from './contract.ts'

const FOLDER = 'deployments'
const RECORD = 'deployment.json'

/** What is kept of a deployment. */
export interface StoredDeployment extends DeploymentFacts {
  readonly format: 1
  readonly name: string
  /** The version that counts. */
  readonly version: number
  /** Name of the folder with its files. */
  readonly folder: string
  /** The one before, while it is not known whether this one starts; null. */
  readonly previous: StoredDeployment | null
  /** `deleted`: what belongs to it is being removed. */
  readonly wanted: 'running' | 'stopped' | 'deleted'
  /** Why it does not run as wanted; null. */
  readonly failure: string | null
  readonly settings: DeploymentSettings
  /** What it has made for itself, over all its versions: to be removed with it. */
  readonly owned: Owned
}

/** What belongs to a deployment alone. */
export interface Owned {
  readonly topics: readonly string[]
  readonly groups: readonly string[]
  /** Paths below the data directory. */
  readonly paths: readonly string[]
  /** Keys of what is noted of its dataflows, see `upgrade/record.ts`. */
  readonly records: readonly string[]
}

/** The deployments of a data directory. */
export class DeploymentStore {
  readonly #disk: Disk
  readonly #folder: string

  private constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Opens them and removes what no record names. @throws DEPLOYMENT_DAMAGED */
  static async open(
    disk: Disk,
    dataFolder: string
  ): Promise<{ readonly store: DeploymentStore; readonly found: readonly StoredDeployment[] }> {
    const store = new DeploymentStore(disk, join(dataFolder, FOLDER))
    if (!(await disk.exists(store.#folder))) return { store, found: [] }
    const found: StoredDeployment[] = []
    for (const { name, kind } of await disk.list(store.#folder)) {
      if (kind !== 'directory') continue
      const record = await store.#read(name)
      if (record === null) await disk.removeDirectory(store.folderOf(name))
      else {
        found.push(record)
        await store.clean(record)
      }
    }
    return { store, found: found.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
  }

  /** The folder of a deployment. */
  folderOf(name: string): string {
    return join(this.#folder, name)
  }

  /** The folder of a version's files. */
  filesOf({ name, folder }: Pick<StoredDeployment, 'name' | 'folder'>): string {
    return join(this.folderOf(name), folder)
  }

  /** Writes the files of a version; durable when resolved (F2). Gives their folder. */
  async writeFiles(
    version: Pick<StoredDeployment, 'name' | 'folder'>,
    files: readonly BundledFile[]
  ): Promise<string> {
    const disk = this.#disk
    const folder = this.filesOf(version)
    if (await disk.exists(folder)) await disk.removeDirectory(folder)
    await disk.createDirectory(folder)
    const folders = new Set<string>([folder])
    for (const { path, bytes } of files) {
      const full = join(folder, path)
      for (let at = dirname(full); !folders.has(at); at = dirname(at)) folders.add(at)
      await disk.createDirectory(dirname(full))
      const file = await disk.open(full, { write: true, create: true })
      try {
        await file.write([bytes], 0)
        await file.sync()
      } finally {
        await file.close()
      }
    }
    for (const one of folders) await disk.syncDirectory(one)
    for (const one of [dirname(folder), this.#folder, dirname(this.#folder)]) {
      await disk.syncDirectory(one)
    }
    return folder
  }

  /** Replaces the record; durable when resolved (F1). */
  async record(deployment: StoredDeployment): Promise<void> {
    const folder = this.folderOf(deployment.name)
    await this.#disk.createDirectory(folder)
    const bytes = Buffer.from(`${JSON.stringify(deployment, null, 2)}\n`)
    await this.#disk.replaceFile(join(folder, RECORD), bytes)
    await this.#disk.syncDirectory(this.#folder)
  }

  /** Removes versions that the record does not name. */
  async clean({ name, folder, previous }: StoredDeployment): Promise<void> {
    const kept = new Set([folder, previous?.folder ?? folder])
    for (const entry of await this.#disk.list(this.folderOf(name))) {
      if (entry.kind !== 'directory' || kept.has(entry.name)) continue
      await this.#disk.removeDirectory(join(this.folderOf(name), entry.name))
    }
  }

  /** Removes a deployment: the record first (F3). */
  async remove(name: string): Promise<void> {
    const folder = this.folderOf(name)
    if (!(await this.#disk.exists(folder))) return
    const record = join(folder, RECORD)
    if (await this.#disk.exists(record)) {
      await this.#disk.remove(record)
      await this.#disk.syncDirectory(folder)
    }
    await this.#disk.removeDirectory(folder)
    await this.#disk.syncDirectory(this.#folder)
  }

  /** Removes a path below the data directory, whatever it is. */
  async removePath(path: string): Promise<void> {
    const full = join(this.#folder, '..', path)
    if (!(await this.#disk.exists(full))) return
    const parent = dirname(full)
    const entry = (await this.#disk.list(parent)).find(one => join(parent, one.name) === full)
    if (entry?.kind === 'directory') await this.#disk.removeDirectory(full)
    else await this.#disk.remove(full)
  }

  async #read(name: string): Promise<StoredDeployment | null> {
    const path = join(this.folderOf(name), RECORD)
    if (!DEPLOYMENT_NAME.test(name) || !(await this.#disk.exists(path))) return null
    try {
      const text = new TextDecoder().decode(await this.#disk.readFile(path))
      const record = JSON.parse(text) as StoredDeployment
      if (record.format === 1 && record.name === name) return record
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
    throw new MillraceError(
      'DEPLOYMENT_DAMAGED',
      `${path} is no record of a deployment; expected JSON that this version of millrace wrote; restore it from a ` +
        'copy, or remove its folder and deploy again'
    )
  }
}
