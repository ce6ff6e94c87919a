// Checks that sources of `type: schedule` name schedules, and puts the topics that stand for them beside the others.
import { nearestWord } from '../names.ts'
import type { Report } from '../report.ts'
import type { FileModel, IoModel, TopicModel } from '../read/model.ts'
import { quoted } from '../yaml/tree.ts'

/** The file with the topics of its schedules; services that name one which is not there are left without the source. */
export function checkSchedules(report: Report, file: FileModel): FileModel {
  const schedules = file.schedules ?? new Map<string, TopicModel>()
  const used = new Set<string>()
  const services = file.services.map(service => {
    const sources = service.sources.filter(source => isKnown(report, schedules, source))
    for (const { schedule } of sources) if (schedule !== undefined) used.add(schedule)
    const isWhole = sources.length === service.sources.length
    return isWhole ? service : { ...service, sources, isPartial: true }
  })
  for (const [id, { at }] of schedules) {
    // With errors a service that uses it may be missing.
    if (used.has(id) || report.hasErrors) continue
    report.warning('SCHEDULE_UNUSED', at, `no service reads the schedule ${quoted(id)}`)
  }
  const topics = new Map(file.topics)
  for (const [id, topic] of schedules) if (used.has(id)) topics.set(topic.id, topic)
  return { ...file, topics, services }
}

function isKnown(
  report: Report,
  schedules: ReadonlyMap<string, unknown>,
  { schedule, topicSpan }: IoModel
): boolean {
  if (schedule === undefined || schedules.has(schedule)) return true
  const nearest = nearestWord(schedule, schedules.keys())
  const hint =
    nearest === null ? 'Declare it in the section "schedule".' : `Did you mean "${nearest}"?`
  const message = `the schedule ${quoted(schedule)} is not declared`
  report.error('SCHEDULE_UNKNOWN', topicSpan, message, hint)
  return false
}
