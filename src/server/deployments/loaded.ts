// A version of a deployment, loaded from its folder and checked as a run checks its files.
import { realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

import { MillraceError, sendConsoleToStderr } from '../../base/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import { functionsGroupName } from '../../functions/index.ts'
import { groupName, requiredTopics } from '../../runtime/index.ts'
import { loadApplication } from '../functions/application.ts'
import type { LoadedApplication } from '../functions/application.ts'
import { functionsFolder, stateFolder } from '../data-folder.ts'
import type { DataFolder } from '../data-folder.ts'
import type { Log } from '../../log/log.ts'
import { hasErrors, loadFiles } from '../files/dataflow-files.ts'
import type { LoadedDataflow } from '../files/dataflow-files.ts'
import { applicationTopics } from '../functions/engine-functions.ts'
import { compareWithLog, readRecords, recordKey, refuseMisfits } from '../upgrade/index.ts'
import type { Change, Upgrade } from '../upgrade/index.ts'
import type { DeploymentSettings } from './contract.ts'
import { DiagnosticsError } from './diagnostics-error.ts'
import type { Owned } from './store.ts'

/** What runs of a version. */
export interface LoadedDeployment {
  readonly dataflows: readonly LoadedDataflow[]
  readonly application: LoadedApplication | null
  readonly warnings: readonly Diagnostic[]
}

/**
 * Loads the files of a version. Files in diagnostics are named by their paths in the deployment.
 * @throws DEPLOYMENT_INVALID with diagnostics
 */
export async function loadDeployment(
  folder: string,
  version: {
    readonly entries: readonly string[]
    readonly functionFiles: readonly string[]
    readonly settings: DeploymentSettings
  }
): Promise<LoadedDeployment> {
  const { entries, functionFiles, settings } = version
  // Files with functions may print as they are loaded.
  sendConsoleToStderr()
  const files = loadFiles(
    entries.map(entry => join(folder, entry)),
    { dev: settings.dev }
  )
  const { application, diagnostics } = await loadApplication(files, {
    functionFiles: functionFiles.map(file => join(folder, file)),
    localAddresses: settings.localAddresses,
    allowPrivate: settings.allowPrivate
  })
  const found = [...files.diagnostics, ...diagnostics].map(one => ({
    ...one,
    file: ownNames(folder, one.file),
    message: ownNames(folder, one.message)
  }))
  if (hasErrors(found)) {
    const errors = found.filter(({ severity }) => severity === 'error')
    const [{ file, line, column, message }] = errors as [Diagnostic]
    throw new DiagnosticsError(
      'DEPLOYMENT_INVALID',
      `${file}:${line}:${column}: ${message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
      found
    )
  }
  const { dataflows } = files
  if (dataflows.length === 0 && application === null) {
    throw new MillraceError(
      'DEPLOYMENT_INVALID',
      `${entries.join(', ')} hold no dataflow and no module; expected at least one`
    )
  }
  return { dataflows, application, warnings: found }
}

/** A text in which files of the version are named from its folder. */
export function ownNames(folder: string, text: string): string {
  const near = relative('', folder)
  const names = [...namesOfFolder(folder), ...(near === '' ? [] : [near])]
  return names.reduce((named, name) => named.replaceAll(`${name}/`, ''), text)
}

/** All that Node calls a folder in stacks and messages: URLs first, then paths. */
export function namesOfFolder(folder: string): readonly string[] {
  const paths = unique([folder, withoutLinks(folder)])
  return [...paths.map(path => pathToFileURL(path).href), ...paths]
}

function withoutLinks(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    // It has been removed.
    return folder
  }
}

/** Names that no other deployment may have: dataflows and applications keep positions and dead letters by them. */
export function namesOf({ dataflows, application }: LoadedDeployment): readonly string[] {
  const names = dataflows.map(({ plan }) => plan.name)
  return application === null ? names : [...names, application.name]
}

/** What a version makes for itself. */
export function ownedBy(
  dataFolder: string,
  { dataflows, application }: Pick<LoadedDeployment, 'dataflows' | 'application'>
): Owned {
  const records: string[] = []
  const paths: string[] = []
  const topics: string[] = []
  const groups: string[] = []
  for (const { plan } of dataflows) {
    const internal = requiredTopics(plan).filter(topic => topic.internal)
    topics.push(...internal.map(topic => topic.name))
    groups.push(groupName(plan))
    paths.push(relative(dataFolder, stateFolder(dataFolder, plan)))
    records.push(recordKey(plan))
  }
  if (application !== null) {
    // However many tasks there are, the topics are the same, but for that of messages, which one task has not.
    const internal = applicationTopics(application, 2).filter(topic => topic.internal)
    topics.push(...internal.map(topic => topic.name))
    groups.push(functionsGroupName(application.name))
    paths.push(relative(dataFolder, functionsFolder(dataFolder, application.name)))
  }
  return {
    topics: unique(topics),
    groups: unique(groups),
    paths: unique(paths),
    records: unique(records)
  }
}

/** What both own. */
export function joined(one: Owned, other: Owned): Owned {
  return {
    topics: unique([...one.topics, ...other.topics]),
    groups: unique([...one.groups, ...other.groups]),
    paths: unique([...one.paths, ...other.paths]),
    records: unique([...one.records, ...other.records])
  }
}

/** What a version does to what is stored of one dataflow. */
export interface PlannedChanges {
  readonly dataflow: string
  readonly changes: readonly Change[]
}

/** Compares a version with what is stored; writes nothing. @throws UPGRADE_REFUSED something does not fit */
export async function compareStored(
  folder: DataFolder,
  log: Log,
  loaded: LoadedDeployment,
  settings: DeploymentSettings
): Promise<readonly PlannedChanges[]> {
  const { dataflows } = loaded
  const partitions = settings.partitions ?? Math.max(1, workersOf(loaded, settings))
  const records = await readRecords(log)
  const upgrades: Upgrade[] = []
  for (const { plan } of dataflows) {
    upgrades.push(await compareWithLog(plan, log, records, partitions))
  }
  refuseMisfits(upgrades, folder.path)
  return upgrades.map(({ plan, before, changes }) => ({
    dataflow: plan.name,
    changes: before === null ? [] : changes.filter(({ status }) => status !== 'kept')
  }))
}

/** Threads for the tasks: functions of code that need what stands around them cannot go into any. */
export function workersOf(
  { dataflows }: LoadedDeployment,
  { workers }: DeploymentSettings
): number {
  const isBound = dataflows.some(
    ({ plan, functions }) =>
      functions !== null && JSON.stringify(plan.services).includes('"kind":"closure"')
  )
  return isBound ? 0 : workers
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
