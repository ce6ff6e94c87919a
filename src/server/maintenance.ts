// What can be done with a data directory that no run uses: verify and repair its log.
import { isMillraceError, OverlayDisk, SystemDisk } from '../base/index.ts'
import type { Disk } from '../base/index.ts'
import { repairDiskLog, verifyDiskLog } from '../log/index.ts'
import type { RepairReport, VerifyReport } from '../log/index.ts'
import { existingFolder } from './data-folder.ts'

/**
 * Reads every byte of the log and reports what is damaged. Changes nothing. On a read-only volume it
 * cannot be locked, which is what `onUnlocked` is told to say to people.
 * @throws USAGE no data directory is there · DISK_LOCKED a run uses it
 */
export function verifyLog(
  path: string,
  onUnlocked: (sentence: string) => void
): Promise<VerifyReport> {
  const folder = existingFolder(path).path
  return alsoReadOnly(folder, disk => verifyDiskLog({ disk, folder }), onUnlocked)
}

/** Repairs the log: what is readable stays, what is not is given up and reported. @throws as {@link verifyLog} */
export function repairLog(path: string): Promise<RepairReport> {
  return repairDiskLog({ disk: new SystemDisk(), folder: existingFolder(path).path })
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
