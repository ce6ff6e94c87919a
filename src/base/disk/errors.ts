// Errors of a disk: what the system said, as a MillraceError that names path, operation and way out.
import { MillraceError } from '../errors.ts'

/** Ends the name of the file that `replaceFile` writes first; a crash may leave one behind. */
export const TEMPORARY_SUFFIX = '.new'

/** What a disk was doing when it failed: a verb in -ing form and the path it was done to. */
export interface DiskOperation {
  readonly verb: string
  readonly path: string
}

/**
 * The error for a system call that failed: DISK_NOT_FOUND (ENOENT), DISK_FULL (ENOSPC, EDQUOT) or
 * DISK_FAILED (all others), with `path`, `operation` and `errno` in its details.
 */
export function diskError(operation: DiskOperation, cause: unknown): MillraceError {
  const errno = errnoOf(cause)
  const code = codeOf(errno)
  const text = cause instanceof Error ? systemText(cause) : String(cause)
  const message = `${sentence(operation)} failed: ${errno} (${text}); ${wayOut(errno)}`
  const details = { path: operation.path, operation: operation.verb, errno }
  return new MillraceError(code, message, { details, cause })
}

/** The error for a call on a file that its owner closed: a bug of the caller, reported as DISK_FAILED. */
export function closedError(operation: DiskOperation): MillraceError {
  return new MillraceError(
    'DISK_FAILED',
    `${sentence(operation)} failed: the file is closed; an open file was expected; open it again`,
    { details: { path: operation.path, operation: operation.verb, errno: 'EBADF' } }
  )
}

/** The error for a lock that a live process holds. */
export function lockedError(path: string, pid: number | null): MillraceError {
  const cut = path.lastIndexOf('/')
  const directory = cut < 0 ? '.' : path.slice(0, Math.max(1, cut))
  const holder = pid === null ? 'another process' : `process ${pid}`
  return new MillraceError(
    'DISK_LOCKED',
    `The directory ${directory} is in use by ${holder}, which holds its lock ${path}: ` +
      `stop ${pid === null ? 'that process' : `it (kill ${pid})`} or use another directory`,
    { retriable: true, details: { path, pid } }
  )
}

/** The system's short name of an error, such as ENOENT; UNKNOWN when it has none. */
export function errnoOf(cause: unknown): string {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}

function sentence({ verb, path }: DiskOperation): string {
  return `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${path}`
}

function codeOf(errno: string): string {
  if (errno === 'ENOENT') return 'DISK_NOT_FOUND'
  return errno === 'ENOSPC' || errno === 'EDQUOT' ? 'DISK_FULL' : 'DISK_FAILED'
}

/** Node writes `EIO: i/o error, write '/path'`; the middle is what a reader needs. */
function systemText(cause: Error): string {
  return /^[A-Z0-9_]+: ([^,]+)/.exec(cause.message)?.[1] ?? cause.message
}

function wayOut(errno: string): string {
  switch (errno) {
    case 'ENOENT':
      return 'an existing path was expected; check its spelling, or whether something removed it'
    case 'ENOSPC':
      return 'free space on the volume was expected; free some or use another volume, then start again'
    case 'EDQUOT':
      return 'space within the quota was expected; free some or raise the quota, then start again'
    case 'EACCES':
    case 'EPERM':
      return 'a path that this user may use was expected; change its owner or mode, or run as its owner'
    case 'EROFS':
      return 'a writable volume was expected; mount it writable or use another directory'
    case 'EMFILE':
    case 'ENFILE':
      return 'a free file descriptor was expected; raise the limit (ulimit -n) and start again'
    case 'EISDIR':
      return 'a file was expected and a directory is there; move it away or use another path'
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a directory was expected and a file is there; move it away or use another path'
    default:
      return 'a working disk was expected; check the volume (system log, SMART), then start again'
  }
}

const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EBADF: 'bad file descriptor',
  EEXIST: 'file already exists',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory'
}

/** The error that the system would give for `errno`, from a disk that is not the system's. */
export function systemError(verb: string, path: string, errno: string): MillraceError {
  const cause = Object.assign(new Error(`${errno}: ${SYSTEM_TEXTS[errno]}, not by the system`), {
    code: errno
  })
  return diskError({ verb, path }, cause)
}
