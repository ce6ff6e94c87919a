// What can be done with a data directory that no run uses: look at topics, delete them, verify and repair the log.
import { SystemClock, SystemDisk, SystemRandom } from '../base/index.ts'
import { openDiskLog } from '../log/index.ts'
import type { Log } from '../log/index.ts'
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
