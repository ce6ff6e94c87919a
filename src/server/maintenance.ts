// What can be done with a data directory that no run uses: look at topics, delete them, verify and repair the log.
import {
  isMillraceError,
  OverlayDisk,
  SystemClock,
  SystemDisk,
  SystemRandom
} from '../base/index.ts'
import type { Disk } from '../base/index.ts'
import { openDiskLog, repairDiskLog, verifyDiskLog } from '../log/index.ts'
import type { Log, RepairReport, VerifyReport } from '../log/index.ts'
import { existingFolder } from './data-folder.ts'

/**
 * Opens the log of the data directory `path`, gives it to `action`, and closes it again.
 * @throws USAGE no data directory is there · DISK_LOCKED a run uses it
 */
export async function withLog<T>(path: string, action: (log: Log) => Promise<T>): Promise<T> {
  return withLogOn(new SystemDisk(), existingFolder(path).path, action)
}

/**
 * As {@link withLog}, for an action that only looks: the directory may be on a read-only volume too. That cannot be
 * locked, which is what `onUnlocked` is told to say to people.
 */
export function lookAtLog<T>(
  path: string,
  action: (log: Log) => Promise<T>,
  onUnlocked: (sentence: string) => void
): Promise<T> {
  const folder = existingFolder(path).path
  return alsoReadOnly(folder, disk => withLogOn(disk, folder, action), onUnlocked)
}

/**
 * Reads every byte of the log and reports what is damaged. Changes nothing. On a read-only volume as
 * {@link lookAtLog}. @throws as {@link withLog}
 */
export function verifyLog(
  path: string,
  onUnlocked: (sentence: string) => void
): Promise<VerifyReport> {
  const folder = existingFolder(path).path
  return alsoReadOnly(folder, disk => verifyDiskLog({ disk, folder }), onUnlocked)
}

/** Repairs the log: what is readable stays, what is not is given up and reported. @throws as {@link withLog} */
export function repairLog(path: string): Promise<RepairReport> {
  return repairDiskLog({ disk: new SystemDisk(), folder: existingFolder(path).path })
}

async function withLogOn<T>(
  disk: Disk,
  folder: string,
  action: (log: Log) => Promise<T>
): Promise<T> {
  const log = await openDiskLog({
    disk,
    folder,
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

/** Looks through the system's disk, and on a read-only volume through one that keeps all changes in memory. */
async function alsoReadOnly<T>(
  folder: string,
  look: (disk: Disk) => Promise<T>,
  onUnlocked: (sentence: string) => void
): Promise<T> {
  try {
    return await look(new SystemDisk())
  } catch (error) {
    if (!isMillraceError(error, 'DISK_FAILED') || error.details['errno'] !== 'EROFS') throw error
    onUnlocked(
      `${folder} is on a read-only volume, so it is read without its lock; ` +
        'a run that writes it by another mount must be stopped, or what is shown may be wrong'
    )
    return look(new OverlayDisk(new SystemDisk('/')))
  }
}
