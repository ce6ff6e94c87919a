// Schedules as values: times at which a stream gets a tick without a record from outside.
import { placeOfCaller, type SourcePlace } from './place.ts'
import { defined, Placed, type Tree } from './yaml-text.ts'

/** When ticks come; as in the file. */
export interface ScheduleOptions {
  /** Minute, hour, day of the month, month, day of the week; six fields begin with the second. */
  readonly cron: string
  /** IANA name of the time zone. Default: UTC. */
  readonly timezone?: string
  /** Of ticks that nobody was there for: the latest, none, or all of them. Default: once. */
  readonly missed?: 'once' | 'skip' | 'all'
}

/** A schedule as plain data. */
export interface ScheduleNode {
  readonly id: string
  readonly schedule: ScheduleOptions
  readonly at: SourcePlace | null
}

/** A source of ticks: the value of each is its time in ms since 1970. */
export interface Schedule {
  readonly node: ScheduleNode
}

/** Declares a schedule, for `from`: `schedule('each-morning', { cron: '30 7 * * MON-FRI' })`. */
export function schedule(id: string, options: ScheduleOptions): Schedule {
  return { node: { id, schedule: options, at: placeOfCaller(schedule) } }
}

/** A schedule as the file has it. */
export function scheduleTree({ schedule: { cron, timezone, missed }, at }: ScheduleNode): Tree {
  return new Placed(defined({ cron, timezone, missed }), at)
}
