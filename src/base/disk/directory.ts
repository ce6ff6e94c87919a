// Makes a directory that a crash does not take away, with all that it stands in.
//
// Owns: the names on the path of a data directory. Does not own: what lies in it. A failed sync may have dropped the
// name, and a later one then resolves without writing it (D3), so what a failure leaves must say so by itself, to
// another process too:
//   N1  Only MARKER is put into a directory whose name is not durable.
//   N2  MARKER is there from before the first sync of the name until one has resolved. So where it is found, a sync
//       may have failed, and the name is given once more, by way of another name, which makes it a new change.
// Removing the directory instead, after the failed sync, was rejected: the removal can fail as well, the process can
// be killed before it, and a directory that a user made has an owner, a mode and perhaps a shell that stands in it.
// Not covered: a directory that others made and filled, whose name they never synced.
import { isMillraceError } from '../errors.ts'
import type { Disk } from './disk.ts'

/** What a system says of a directory that cannot be synced at all, as `/` in some containers. */
const NO_SYNC_ERRNOS: readonly unknown[] = ['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']

/** The file in a directory whose name may not be durable, and the end of its other name (N2). */
const MARKER = 'unsynced'

/**
 * Creates the directory and its parents as `disk.createDirectory` does, and resolves when every name on the path
 * is durable (D2). Names that were there are synced too: whoever made them may not have come so far.
 * @throws DISK_FULL, DISK_FAILED
 */
export async function createDirectoryDurably(disk: Disk, path: string): Promise<void> {
  const names = namesTo(path)
  for (const [index, name] of names.entries()) {
    const state = await look(disk, name, names[index + 1])
    if (state === 'settled') await syncName(disk, name, { isFound: true })
    else await giveName(disk, name, state)
  }
}

/**
 * `settled`: something is in it, so its name is durable (N1), or others made it. `doubtful`: a sync of its name may
 * have failed. `aside`: it was left under its other name.
 */
type State = 'missing' | 'aside' | 'doubtful' | 'empty' | 'settled'

async function look(disk: Disk, name: string, next: string | undefined): Promise<State> {
  if (!(await disk.exists(name))) {
    return (await disk.exists(`${name}.${MARKER}`)) ? 'aside' : 'missing'
  }
  if (await disk.exists(`${name}/${MARKER}`)) return 'doubtful'
  if (next !== undefined && (await disk.exists(next))) return 'settled'
  return (await isEmpty(disk, name)) ? 'empty' : 'settled'
}

/** Resolves when the name of a directory in which nothing is yet is durable. */
async function giveName(disk: Disk, name: string, state: State): Promise<void> {
  const aside = `${name}.${MARKER}`
  if (state === 'missing') await disk.createDirectory(name)
  if (state === 'doubtful') await disk.rename(name, aside)
  if (state === 'doubtful' || state === 'aside') await disk.rename(aside, name)
  const marker = await disk.open(`${name}/${MARKER}`, { write: true, create: true })
  await marker.close()
  await syncName(disk, name, { isFound: state !== 'missing' })
  try {
    await disk.remove(`${name}/${MARKER}`)
  } catch (error) {
    // Another process that starts at the same time has removed it; the lock, which comes next, takes one of the two.
    if (!isMillraceError(error, 'DISK_NOT_FOUND')) throw error
  }
}

async function syncName(
  disk: Disk,
  name: string,
  { isFound }: { readonly isFound: boolean }
): Promise<void> {
  try {
    await disk.syncDirectory(`${name}/..`)
  } catch (error) {
    // Somebody else provided it: no reason to refuse what is in it.
    if (!isFound || !NO_SYNC_ERRNOS.includes(errnoOf(error))) throw error
  }
}

/** A directory that may not be listed was provided by somebody else, and counts as filled. */
async function isEmpty(disk: Disk, name: string): Promise<boolean> {
  try {
    return (await disk.list(name)).length === 0
  } catch (error) {
    if (NO_SYNC_ERRNOS.includes(errnoOf(error))) return false
    throw error
  }
}

function errnoOf(error: unknown): unknown {
  return isMillraceError(error, 'DISK_FAILED') ? error.details['errno'] : null
}

/** `/a`, `/a/b`, `/a/b/c` of `/a/b/c`. */
function namesTo(path: string): readonly string[] {
  const names = path.split('/').filter(Boolean)
  const root = path.startsWith('/') ? '/' : ''
  return names.map((_, index) => root + names.slice(0, index + 1).join('/'))
}
