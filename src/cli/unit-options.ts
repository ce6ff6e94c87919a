// Durations and sizes as users give them to options: read by commands, so that their units are loaded by these alone.
import { MillraceError } from '../base/index.ts'
import { parseDuration, parseSize } from '../dataflow/index.ts'

/** Milliseconds. @throws USAGE */
export function durationOf(option: string, text: string): number {
  const value = parseDuration(text)
  if (value !== null) return value
  throw wrong(option, text, 'a duration, as in 15m or 7d')
}

/** Bytes. @throws USAGE */
export function sizeOf(option: string, text: string): number {
  const value = parseSize(text)
  if (value !== null && value > 0) return value
  throw wrong(option, text, 'a size, as in 512k or 10MB')
}

function wrong(option: string, text: string, expected: string): MillraceError {
  return new MillraceError('USAGE', `${option} ${text}: expected was ${expected}; correct it`)
}
