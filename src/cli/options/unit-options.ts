// Durations, sizes and NAME=VALUE as users give them to options: read by commands, so that only these load the units.
import { MillraceError } from '../../base/index.ts'
import { parseDuration, parseSize } from '../../dataflow/index.ts'

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

/** `name=value` texts as an object; `example` is one. @throws USAGE */
export function settingsOf(
  option: string,
  texts: readonly string[],
  example: string
): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const text of texts) {
    const at = text.indexOf('=')
    if (at < 1) throw wrong(option, text, `NAME=VALUE, as in ${example}`)
    settings[text.slice(0, at)] = text.slice(at + 1)
  }
  return settings
}

function wrong(option: string, text: string, expected: string): MillraceError {
  return new MillraceError('USAGE', `${option} ${text}: expected was ${expected}; correct it`)
}
