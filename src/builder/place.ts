// Where the user's code called the builder: the place that findings about that part of the dataflow have.
import { fileURLToPath } from 'node:url'

/** A place in a source file, by its absolute path; line and column count from 1. */
export interface SourcePlace {
  readonly path: string
  readonly line: number
  readonly column: number
}

const FRAME = /^ {4}at (?:.*? \()?(.+?):(\d+):(\d+)\)?$/

/** Where the caller of `called` stands; null where the engine does not tell. */
export function placeOfCaller(called: (...args: never[]) => unknown): SourcePlace | null {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, called)
  for (const line of (holder.stack ?? '').split('\n')) {
    const match = FRAME.exec(line)
    if (match === null) continue
    const path = pathOf(match[1]!)
    return path === null ? null : { path, line: Number(match[2]), column: Number(match[3]) }
  }
  return null
}

function pathOf(location: string): string | null {
  if (location.startsWith('/')) return location
  try {
    return location.startsWith('file:') ? fileURLToPath(location.replace(/[?#].*$/, '')) : null
  } catch {
    return null
  }
}
