// Looks at a data directory without touching it, also while a run has it open, and says what a start would change.
//
// The log is opened on a disk that keeps all changes in memory, as a crash at this moment would leave it: whatever a
// running process has acknowledged is there. A file that it replaces meanwhile makes the look fail; it begins anew.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  MillraceError,
  OverlayDisk,
  SystemClock,
  SystemDisk,
  SystemRandom,
  isMillraceError,
  messageOf
} from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import { openDiskLog, openMemoryLog, type Log } from '../../log/index.ts'
import { existingFolder } from '../data-folder.ts'
import type { Change } from './changes.ts'
import { compareWithLog, type Upgrade } from './compare.ts'
import { keyCounts } from './key-counts.ts'
import { readRecords } from './record.ts'

/** Looks at a log that changes meanwhile before it is given up. */
const LOOKS_MAX = 5

/** What a log looks like while another process replaces its files. */
const MOVING = ['DISK_FAILED', 'LOG_DAMAGED', 'BATCH_CORRUPT', 'PARTITION_DAMAGED']

/** What starting one dataflow would do. */
export interface PlannedDataflow {
  readonly name: string
  readonly namespace: string
  readonly file: string
  /** Versions in meta; null: it never ran there. */
  readonly versionBefore: string | null
  readonly version: string
  readonly changes: readonly Change[]
}

/** What {@link planUpgrades} found. */
export interface PlannedUpgrades {
  readonly dataflows: readonly PlannedDataflow[]
  /** `namespace/name` of dataflows that ran there and are not among the files. */
  readonly others: readonly string[]
}

/**
 * Compares plans with the data directory `path`, which need not be there. Changes nothing.
 * @throws LOG_CHANGING a process changes it all the time · LOG_DAMAGED and what else opening a log throws
 */
export async function planUpgrades(
  plans: readonly Plan[],
  path: string,
  partitions: number
): Promise<PlannedUpgrades> {
  return lookUntouched(path, async log => {
    const records = await readRecords(log)
    const dataflows: PlannedDataflow[] = []
    for (const plan of plans) {
      const upgrade = await compareWithLog(plan, log, records, partitions)
      dataflows.push(await describe(upgrade, log))
    }
    const names = plans.map(({ namespace, name }) => `${namespace}/${name}`)
    return { dataflows, others: [...records.keys()].filter(key => !names.includes(key)) }
  })
}

/** Gives `action` the log of the data directory `path` as it is now; an empty one where there is none. */
export async function lookUntouched<T>(path: string, action: (log: Log) => Promise<T>): Promise<T> {
  if (!existsSync(path)) {
    const empty = openMemoryLog({ clock: new SystemClock() })
    return action(empty).finally(() => empty.close())
  }
  const folder = existingFolder(path).path
  let last: unknown = null
  for (let look = 0; look < LOOKS_MAX; look++) {
    try {
      return await lookOnce(folder, action)
    } catch (error) {
      const isTorn = MOVING.some(code => isMillraceError(error, code))
      if (!isTorn || !existsSync(join(folder, 'lock'))) throw error
      last = error
    }
  }
  throw new MillraceError(
    'LOG_CHANGING',
    `${folder} could not be looked at ${LOOKS_MAX} times while a process has it open: ${messageOf(last)}; ` +
      'try again, or stop that process first',
    { details: { folder }, cause: last }
  )
}

async function lookOnce<T>(folder: string, action: (log: Log) => Promise<T>): Promise<T> {
  const log = await openDiskLog({
    disk: new OverlayDisk(new SystemDisk('/')),
    folder,
    clock: new SystemClock(),
    random: new SystemRandom(),
    cleanupIntervalMs: 0,
    onEvent: () => {}
  })
  try {
    return await action(log)
  } finally {
    await log.close()
  }
}

async function describe(upgrade: Upgrade, log: Log): Promise<PlannedDataflow> {
  const { plan, before, changes } = upgrade
  const counts = before === null ? new Map<string, number>() : await keyCounts(log, plan)
  // Before the upgrade: a state that will be written anew has its keys under the old name.
  const places = new Map([
    ...(before?.states ?? []).map(state => [nameOf(state), state.stored] as const),
    ...upgrade.after.states.map(state => [nameOf(state), state.stored] as const),
    ...upgrade.removed.map(state => [nameOf(state), state.stored] as const),
    ...upgrade.rewrites.map(({ from, to }) => [nameOf(to), from.stored] as const)
  ])
  return {
    name: plan.name,
    namespace: plan.namespace,
    file: plan.file,
    versionBefore: before?.version ?? null,
    version: plan.version,
    changes: changes.map(one => {
      if (one.kind !== 'state' || one.status === 'new' || counts === null) return one
      return { ...one, count: counts.get(places.get(one.name) ?? '') ?? 0 }
    })
  }
}

function nameOf({ service, name }: { readonly service: string; readonly name: string }): string {
  return `${service}.${name}`
}
