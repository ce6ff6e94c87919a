// The exclusive lock of a directory: a file that names its holder, taken over when the holder is dead.
//
// Node has no flock, so a lock is a file with the holder's pid, start time and boot. It comes into being
// whole, by link(2) of a finished file, so nobody reads half a holder. Invariants:
//   K1  A lock file whose process lives is never touched by another.
//   K2  A stale lock file is replaced only by who holds `<path>.takeover`, itself a lock of this kind, and
//       only when the file still names the same dead holder. So of two that race exactly one wins.
//   K3  A pid alone proves nothing: it counts with its start time (Linux) and boot, and a zombie is dead.
// A file that nobody can read as a holder was cut by a power failure (K1: it was whole before), so it is stale.
// Not covered: two machines that mount one network volume, and two containers that share a volume but not
// their process table; there the orchestrator must keep a single writer.
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'

import { diskError, errnoOf, lockedError } from './errors.ts'
import type { DiskLock } from './disk.ts'

interface Holder {
  readonly pid: number
  /** Clock ticks since boot when the process started; null where the system does not tell. */
  readonly startTicks: string | null
  /** Changes with each start of the machine; null where the system does not tell. */
  readonly boot: string | null
  readonly token: string
}

/**
 * Takes the lock at the absolute `path`, taking it over when its holder is dead.
 * @throws DISK_LOCKED a live process (this one included) holds it
 */
export async function takeLock(path: string): Promise<DiskLock> {
  const holder = await describeSelf()
  const candidate = `${path}.${holder.token}`
  try {
    await writeFile(candidate, JSON.stringify(holder), { mode: 0o600, flag: 'wx' })
    while (!(await linkNew(candidate, path))) {
      const found = await readText(path)
      if (found === null) continue
      const other = parseHolder(found)
      if (other !== null && (await isAlive(other))) throw lockedError(path, other.pid)
      if (await replaceStale(candidate, path, found)) break
    }
  } catch (error) {
    throw isSystemError(error) ? diskError({ verb: 'locking', path }, error) : error
  } finally {
    await unlink(candidate).catch(() => undefined)
  }
  return { release: () => release(path, holder) }
}

/** Puts the candidate in the place of a stale file (K2); false when somebody else was first. */
async function replaceStale(candidate: string, path: string, stale: string): Promise<boolean> {
  const claim = await takeLock(`${path}.takeover`)
  try {
    if ((await readText(path)) !== stale) return false
    await rename(candidate, path)
    return true
  } finally {
    await claim.release()
  }
}

async function release(path: string, holder: Holder): Promise<void> {
  const found = await readText(path)
  if (found === null || parseHolder(found)?.token !== holder.token) return
  try {
    await unlink(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw diskError({ verb: 'unlocking', path }, error)
  }
}

async function linkNew(candidate: string, path: string): Promise<boolean> {
  try {
    await link(candidate, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null
    if (!Number.isSafeInteger(value?.pid) || typeof value?.token !== 'string') return null
    return value as Holder
  } catch {
    return null
  }
}

async function describeSelf(): Promise<Holder> {
  return {
    pid: process.pid,
    startTicks: (await readProcess(process.pid))?.startTicks ?? null,
    boot: await readBoot(),
    token: randomUUID()
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.boot !== (await readBoot())) return false
  const found = holder.startTicks === null ? null : await readProcess(holder.pid)
  // Without /proc, or where it hides other users' processes, the signal has the last word.
  if (found === null) return answersSignal(holder.pid)
  return !found.dead && found.startTicks === holder.startTicks
}

async function readBoot(): Promise<string | null> {
  return (await readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? null
}

/** State and start of a process from /proc; null when there is none, or no /proc. */
async function readProcess(
  pid: number
): Promise<{ readonly dead: boolean; readonly startTicks: string } | null> {
  let text: string | null
  try {
    text = await readText(`/proc/${pid}/stat`)
  } catch (error) {
    // A process that ends while it is read.
    if (errnoOf(error) === 'ESRCH') return null
    throw error
  }
  if (text === null) return null
  // The name in parentheses may hold spaces and parentheses; fields are counted from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { dead: fields[0] === 'Z' || fields[0] === 'X', startTicks: fields[19] ?? '' }
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
