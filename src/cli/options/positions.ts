// Positions in partitions as the user writes them.
import { MillraceError } from '../../base/index.ts'
import type { StartPosition } from '../../client/index.ts'
import { parseDuration } from '../../dataflow/index.ts'

/**
 * Reads a position: `beginning`, `end`, an offset (`120`), from the end (`-5`), behind the first (`+5`), a time
 * (`2026-01-31T08:00:00Z`) or how long ago (`15m`).
 * @throws USAGE
 */
export function positionOf(option: string, text: string, nowMs: number): StartPosition {
  if (text === 'beginning' || text === 'end') return text
  if (/^\d{1,16}$/.test(text)) return { offset: Number(text) }
  if (/^-\d{1,16}$/.test(text)) return { last: Number(text.slice(1)) }
  if (/^\+\d{1,16}$/.test(text)) return { skip: Number(text.slice(1)) }
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return { time }
  const agoMs = parseDuration(text)
  if (agoMs !== null) return { time: nowMs - agoMs }
  throw new MillraceError(
    'USAGE',
    `${option} ${text} is no position; expected was beginning, end, an offset (120), from the end (-5), behind the ` +
      'first (+5), a time (2026-01-31T08:00:00Z) or how long ago (15m); correct it'
  )
}
