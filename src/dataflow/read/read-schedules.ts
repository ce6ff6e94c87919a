// Reads the section `schedule`, makes the internal topics that stand for schedules, and reads the sources of them.
import { createHash } from 'node:crypto'

import { cronClock, cronProblem, isTimezone } from '../cron.ts'
import { toKebab } from '../names.ts'
import type { SchedulePlan, TopicPlan } from '../plan.ts'
import { SCHEDULE } from '../sections/file-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { quoted, type Entry, type ScalarNode } from '../yaml/tree.ts'
import type { IoModel, TopicModel } from './model.ts'
import { checkName } from './read-names.ts'
import { readSteps } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'

/** A moment from which the next time is looked for, to see whether there is any: 2024, so a leap year follows soon. */
const SOME_TIME_MS = 1_700_000_000_000
/** Room in a topic's name for what stands behind the parts that people read. */
const READABLE_LENGTH_MAX = 200

/** Who the dataflow is. */
interface Identity {
  readonly name: string
  readonly namespace: string
}

/** The id of the topic that stands for a schedule; no topic of a file has a blank in its name. */
export function scheduleTopicId(id: string): string {
  return `schedule ${id}`
}

/** The topics that stand for the schedules of a file, by the schedules' ids in kebab-case. */
export function readSchedules(
  context: ReadContext,
  file: Section,
  identity: Identity
): Map<string, TopicModel> {
  const schedules = new Map<string, TopicModel>()
  for (const entry of file.entries('schedule')) {
    const id = checkName(context, entry, 'schedule')
    if (id === null) continue
    if (schedules.has(id)) {
      const message = `there is already a schedule ${quoted(id)}`
      const hint = 'Names are compared in kebab-case.'
      context.report.error('NAME_DUPLICATE', entry.keySpan, message, hint)
      continue
    }
    const schedule = readSchedule(context, entry)
    const plan = schedule === null ? null : topicOf(context, entry, id, schedule, identity)
    schedules.set(id, { plan, id: scheduleTopicId(id), at: entry.keySpan })
  }
  return schedules
}

/** A source of `type: schedule`. */
export function readScheduleSource(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  id: ScalarNode
): IoModel[] {
  const steps = readSteps(context, types, section, 'transforms')
  const schedule = toKebab(id.text)
  return [{ topic: scheduleTopicId(schedule), topicSpan: id, steps, schedule, at: id }]
}

/** null after a finding. */
function readSchedule(context: ReadContext, entry: Entry): SchedulePlan | null {
  const section = readSection(context, entry.value, SCHEDULE, entry.keySpan)
  const cron = section?.scalar('cron') ?? null
  if (section === null || cron === null) return null
  const missed = (section.text('missed') as SchedulePlan['missed'] | null) ?? 'once'
  const zone = section.scalar('timezone')
  const timezone = zone?.text ?? 'UTC'
  const { report } = context
  if (!isTimezone(timezone)) {
    const message = `${quoted(timezone)} is no time zone`
    report.error('TIMEZONE', zone!, message, 'It must be a name as in Europe/Berlin, or UTC.')
    return null
  }
  const problem = cronProblem(cron.text)
  if (problem !== null) {
    const message = `${quoted(cron.text)} is no cron expression: ${problem}`
    const hint =
      'Minute, hour, day of the month, month and day of the week, as in "30 7 * * MON-FRI"; a sixth field in front ' +
      'is the second.'
    report.error('CRON', cron, message, hint)
    return null
  }
  if (cronClock({ cron: cron.text, timezone }).after(SOME_TIME_MS) === null) {
    const message = `the time ${quoted(cron.text)} never comes`
    report.error('CRON', cron, message, 'Look at the day of the month and the month.')
    return null
  }
  return { cron: cron.text, timezone, missed }
}

function topicOf(
  context: ReadContext,
  entry: Entry,
  id: string,
  schedule: SchedulePlan,
  identity: Identity
): TopicPlan {
  return {
    id: scheduleTopicId(id),
    name: topicName(identity, id),
    partitions: 1,
    key: null,
    value: { type: { kind: 's64', bigint: false }, converter: 'raw' },
    start: { position: 'beginning', value: 0 },
    compression: 'none',
    retentionMs: null,
    retentionBytes: null,
    cleanup: null,
    schedule,
    at: context.report.position(entry.keySpan)
  }
}

/** With the namespace: dataflows of one name must not have each other's ticks. */
function topicName({ name, namespace }: Identity, id: string): string {
  const readable = `_millrace.${namespace}.${name}.schedule.${id}`
  if (readable.length <= READABLE_LENGTH_MAX) return readable
  const digest = createHash('sha256').update(readable).digest('hex').slice(0, 32)
  return `_millrace.schedule.${digest}`
}
