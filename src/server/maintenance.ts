// What can be done with a data directory that no run uses: look at topics, delete them, verify and repair the log.
import { SystemClock, SystemDisk, SystemRandom } from '../base/index.ts'
import { openDiskLog, repairDiskLog, verifyDiskLog } from '../log/index.ts'
import type { Log, RepairReport, VerifyReport } from '../log/index.ts'
import { existingFolder } from './data-folder.ts'

/**
 * Opens the log of the data directory `path`, gives it to `action`, and closes it again.
 * @throws USAGE no data directory is there · DISK_LOCKED a run uses it
 */
export async function withLog<T>(path: string, action: (log: Log) => Promise<T>): Promise<T> {
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder: existingFolder(path).path,
    clock: new SystemClock(),
    random: new SystemRandom(),
    onEvent: () => {}
  })
  try {
    return await action(log)
  } finally {
    await log.close()
  }
}

/** Reads every byte of the log and reports what is damaged. Changes nothing. @throws as {@link withLog} */
export function verifyLog(path: string): Promise<VerifyReport> {
  return verifyDiskLog(placeOf(path))
}

/** Repairs the log: what is readable stays, what is not is given up and reported. @throws as {@link withLog} */
export function repairLog(path: string): Promise<RepairReport> {
  return repairDiskLog(placeOf(path))
}

function placeOf(path: string): { readonly disk: SystemDisk; readonly folder: string } {
  return { disk: new SystemDisk(), folder: existingFolder(path).path }
}
