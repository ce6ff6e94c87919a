// What becomes of schedules: ticks go on behind the last one that was given, at the times that the file says now.
import type { Plan, SchedulePlan, TopicPlan } from '../../dataflow/plan.ts'
import type { GroupPosition } from '../../log/log.ts'
import { scheduleTopics, ticksGivenUntil } from '../../runtime/index.ts'
import { change, type Change } from './changes.ts'
import type { DataflowRecord, ScheduleRecord } from './record.ts'
import { type LogFacts, unreadOf } from './topics.ts'

/** The schedules' part of an upgrade. */
export interface ScheduleChanges {
  readonly changes: readonly Change[]
  readonly after: readonly ScheduleRecord[]
}

/** Compares the schedules of a plan with those of its record. `given` says up to when ticks were given. */
export function compareSchedules(
  plan: Plan,
  record: DataflowRecord | null,
  facts: LogFacts,
  given: readonly GroupPosition[]
): ScheduleChanges {
  const known = record?.schedules ?? []
  const topics = scheduleTopics(plan)
  const gone = known.filter(one => !topics.some(({ name }) => name === one.topic))
  return {
    changes: [
      ...topics.map(topic => {
        const before = known.find(one => one.topic === topic.name) ?? null
        const position = given.find(one => one.topic === topic.name) ?? null
        return compareSchedule(topic, before, position)
      }),
      ...gone.map(one => goneSchedule(one, plan, facts))
    ],
    after: topics.map(topic => ({ id: idOf(topic), topic: topic.name, ...topic.schedule! }))
  }
}

function compareSchedule(
  topic: TopicPlan,
  before: ScheduleRecord | null,
  position: GroupPosition | null
): Change {
  const now = textOf(topic.schedule!)
  if (position === null) {
    return change('schedule', idOf(topic), 'new', `ticks at ${now}, from the start on`)
  }
  const until = new Date(ticksGivenUntil(topic.name, position.metadata)).toISOString()
  const was = before === null ? now : textOf(before)
  const said = was === now ? '' : `ticks at ${now}, and did at ${was}; `
  return change('schedule', idOf(topic), 'kept', `${said}goes on behind ${until}`)
}

function goneSchedule({ id, topic }: ScheduleRecord, plan: Plan, facts: LogFacts): Change {
  const count = unreadOf(topic, facts)
  if (count === 0) return change('schedule', id, 'dropped', 'is no longer declared')
  const detail = `is no longer declared; ${count} of its ticks were not processed`
  if (plan.migrate?.abandon.includes(id) === true)
    return change('schedule', id, 'dropped', detail, { count })
  const advice = `run the old file with --drain first, or declare migrate: { abandon: [${id}] } in the file`
  return change('schedule', id, 'refused', detail, { advice, count })
}

/** Such as `"30 7 * * MON-FRI" Europe/Berlin, missed: all`; what is usual is left out. */
function textOf({ cron, timezone, missed }: SchedulePlan): string {
  const zone = timezone === 'UTC' ? '' : ` ${timezone}`
  return `"${cron}"${zone}${missed === 'once' ? '' : `, missed: ${missed}`}`
}

/** The topic that stands for a schedule is called `schedule <id>`. */
function idOf({ id }: TopicPlan): string {
  return id.slice(id.indexOf(' ') + 1)
}
