// Cron expressions: whether they can be read, and when the next time comes. Time is always given, never looked up.
import { messageOf } from '../base/index.ts'
import { cronLibrary } from './libraries.ts'

const LENGTH_MAX = 200

/** An expression in a time zone. */
export interface CronTimes {
  /** IANA name. */
  readonly timezone: string
  /** Five fields, or six with seconds in front. */
  readonly cron: string
}

/** Whether the platform knows a time zone. */
export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}

/** What is wrong with an expression; null when it can be used. Any text may be given. */
export function cronProblem(cron: string): string | null {
  // The library takes a text with a colon for a date.
  if (cron.includes(':')) return 'it has a ":"'
  if (cron.length > LENGTH_MAX) return `it is longer than ${LENGTH_MAX} characters`
  const fields = cron.trim().split(/\s+/)
  if (!cron.includes('@') && fields.length !== 5 && fields.length !== 6)
    return `it has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}; five or six were expected`
  try {
    cronClock({ cron, timezone: 'UTC' })
    return null
  } catch (error) {
    return messageOf(error).replace(/^\w+: /, '')
  }
}

/** The times that an expression names, ms since 1970; null where there is none. */
export interface CronClock {
  /** The first one after `ms`. */
  after(ms: number): number | null
  /** The last one before `ms`. */
  before(ms: number): number | null
}

/** The times of a valid expression: see {@link cronProblem}, {@link isTimezone}. */
export function cronClock({ cron, timezone }: CronTimes): CronClock {
  const { Cron } = cronLibrary()
  const times = new Cron(cron, { timezone, paused: true, mode: '5-or-6-parts' })
  return {
    after: ms => times.nextRun(new Date(ms))?.getTime() ?? null,
    before: ms => times.previousRuns(1, new Date(ms))[0]?.getTime() ?? null
  }
}
