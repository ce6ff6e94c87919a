// Makes a directory that a crash does not take away, with all that it stands in.
import { isMillraceError } from './errors.ts'
import type { Disk } from './disk.ts'

/** What a system says of a directory that cannot be synced at all, as `/` in some containers. */
const NO_SYNC_ERRNOS: readonly unknown[] = ['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']

/**
 * Creates the directory and its parents as `disk.createDirectory` does, and resolves when every name on the path
 * is durable (D2). Names that were there are synced too: whoever made them may not have come so far.
 * @throws DISK_FULL, DISK_FAILED
 */
export async function createDirectoryDurably(disk: Disk, path: string): Promise<void> {
  const names = namesTo(path)
  const found = new Set<string>()
  for (const name of names) {
    if (await disk.exists(name)) found.add(name)
  }
  await disk.createDirectory(path)
  for (const name of names) {
    try {
      await disk.syncDirectory(`${name}/..`)
    } catch (error) {
      // Somebody else provided it: no reason to refuse what is in it.
      const errno = isMillraceError(error, 'DISK_FAILED') ? error.details['errno'] : null
      if (!found.has(name) || !NO_SYNC_ERRNOS.includes(errno)) throw error
    }
  }
}

/** `/a`, `/a/b`, `/a/b/c` of `/a/b/c`. */
function namesTo(path: string): readonly string[] {
  const names = path.split('/').filter(Boolean)
  const root = path.startsWith('/') ? '/' : ''
  return names.map((_, index) => root + names.slice(0, index + 1).join('/'))
}
