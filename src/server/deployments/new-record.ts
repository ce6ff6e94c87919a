// The record of a version that is about to be deployed, and the digest by which the same is known again.
import { createHash } from 'node:crypto'

import type { DeployRequest } from './contract.ts'
import { joined, ownedBy } from './loaded.ts'
import type { LoadedDeployment } from './loaded.ts'
import type { StoredDeployment } from './store.ts'

/** What a record is made from. */
export interface NewVersion {
  readonly name: string
  readonly version: number
  readonly folder: string
  readonly digest: string
  readonly request: DeployRequest
  readonly loaded: LoadedDeployment
  /** The record that counts so far; null: there is none. */
  readonly before: StoredDeployment | null
  readonly dataFolder: string
  readonly now: number
}

/** The record of a version; it names the one before until it is known to start. */
export function newRecord(made: NewVersion): StoredDeployment {
  const { name, version, folder, digest, request, loaded, before, dataFolder, now } = made
  const { bundle, settings } = request
  const owned = ownedBy(dataFolder, loaded)
  return {
    format: 1,
    name,
    version,
    folder,
    previous: before === null ? null : { ...before, previous: null },
    wanted: 'running',
    failure: null,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    entries: bundle.entries,
    functionFiles: bundle.functionFiles,
    files: bundle.files.length,
    bytes: bundle.files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    digest,
    settings,
    dataflows: loaded.dataflows.map(({ plan }) => ({
      name: plan.name,
      namespace: plan.namespace
    })),
    application: loaded.application?.name ?? null,
    owned: before === null ? owned : joined(before.owned, owned)
  }
}

/** One digest for files and settings that are the same. */
export function digestOf({ bundle, settings }: DeployRequest): string {
  const hash = createHash('sha256')
  const files = bundle.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const { entries, functionFiles } = bundle
  const env = Object.entries(settings.env).toSorted(([a], [b]) => (a < b ? -1 : 1))
  hash.update(JSON.stringify([entries, functionFiles, { ...settings, env }]))
  for (const { path, bytes } of files) {
    hash.update(`\n${path} ${bytes.length}\n`)
    hash.update(bytes)
  }
  return hash.digest('hex')
}
