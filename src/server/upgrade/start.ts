// The upgrades of a start: all dataflows are compared before any is touched, then each is upgraded before its tasks.
import type { Clock } from '../../base/index.ts'
import type { Log } from '../../log/log.ts'
import type { LogLine } from '../../runtime/contract.ts'
import { allSteps, loadStep } from '../../runtime/index.ts'
import { openLevelStore } from '../../state/index.ts'
import { type DataFolder, stateFolder } from '../data-folder.ts'
import type { LoadedDataflow } from '../files/dataflow-files.ts'
import { applyUpgrade } from './apply.ts'
import { compareWithLog, refuseMisfits, type Upgrade } from './compare.ts'
import { readRecords } from './record.ts'

/** What starts. */
export interface StartedFiles {
  readonly folder: DataFolder
  readonly dataflows: readonly LoadedDataflow[]
  onLog(dataflow: string, line: LogLine): void
}

/** One dataflow that is about to start. */
export interface ComparedDataflow {
  /** Its plan has the names under which its data is stored. */
  readonly loaded: LoadedDataflow
  /** Makes what is stored what the plan says; resolves when that is durable. @throws MIGRATION_FAILED */
  apply(): Promise<void>
}

/**
 * Compares all dataflows with the log; writes nothing. Topics that are made and declare none get `partitions`.
 * @throws UPGRADE_REFUSED something that is stored does not fit
 */
export async function compareAll(
  options: StartedFiles,
  log: Log,
  clock: Clock,
  partitions: number
): Promise<readonly ComparedDataflow[]> {
  const { dataflows, folder } = options
  const records = await readRecords(log)
  const upgrades: { upgrade: Upgrade; loaded: LoadedDataflow }[] = []
  for (const loaded of dataflows) {
    const upgrade = await compareWithLog(loaded.plan, log, records, partitions)
    upgrades.push({ upgrade, loaded: { ...loaded, plan: upgrade.plan } })
  }
  refuseMisfits(
    upgrades.map(({ upgrade }) => upgrade),
    folder.path
  )
  return upgrades.map(({ upgrade, loaded }) => ({
    loaded,
    apply: async () => {
      const { rewrites, removals } = upgrade
      // A file whose functions do not load changes nothing.
      if (rewrites.length + removals.length > 0) await loadFunctions(loaded)
      await applyUpgrade(upgrade, {
        log,
        clock,
        folder: loaded.folder,
        openStore: task => openLevelStore(`${stateFolder(folder.path, loaded.plan)}/${task}`),
        onDone: (service, message) =>
          options.onLog(loaded.plan.name, { level: 'info', service, operator: 'migrate', message })
      })
    }
  }))
}

/** @throws what the dataflow would throw at its start */
async function loadFunctions({ plan, folder, functions }: LoadedDataflow): Promise<void> {
  for (const step of allSteps(plan)) {
    if (functions?.has(step) !== true) await loadStep(step, folder)
  }
}
