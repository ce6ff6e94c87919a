// Topics of a plan as calls of the builder.
import { isScalarType } from '../../dataflow/index.ts'
import type { RegistryPlan, SchedulePlan, TopicPlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { durationText, options, quoted } from './literals.ts'

/** The call of `topic` or `schedule`; `types` writes its types. */
export function topicText(topic: TopicPlan, types: { of(type: Type): string }): string {
  if (topic.schedule !== undefined) return scheduleText(topic.id, topic.schedule)
  const { id, name, partitions, key, value, start, compression, cleanup } = topic
  const type = types.of(value.type)
  const both = key === null ? type : `{ key: ${types.of(key)}, value: ${type} }`
  const usual = isScalarType(value.type) ? 'raw' : 'json'
  const isFromStart = start.position === 'beginning' && start.value === 0
  const { retentionMs, retentionBytes } = topic
  const said = options({
    name: name === id ? null : quoted(name),
    partitions: partitions === null ? null : String(partitions),
    converter: value.converter === usual ? null : quoted(value.converter),
    registry: value.registry === undefined ? null : registryText(value.registry),
    start: isFromStart
      ? null
      : options({ position: quoted(start.position), value: String(start.value) }),
    compression: compression === 'none' ? null : quoted(compression),
    retention:
      options({
        time: retentionMs === null ? null : quoted(durationText(retentionMs)),
        size: retentionBytes === null ? null : quoted(String(retentionBytes))
      }) || null,
    cleanup: cleanup === null ? null : quoted(cleanup),
    migrate: topic.migrate === undefined ? null : `{ accept: ${topic.migrate.accept} }`
  })
  return `topic(${[quoted(id), both, ...(said === '' ? [] : [said])].join(', ')})`
}

/** The topic that stands for a schedule is called `schedule <id>`. */
function scheduleText(topicId: string, { cron, timezone, missed }: SchedulePlan): string {
  const said = options({
    cron: quoted(cron),
    timezone: timezone === 'UTC' ? null : quoted(timezone),
    missed: missed === 'once' ? null : quoted(missed)
  })
  return `schedule(${quoted(topicId.slice(topicId.indexOf(' ') + 1))}, ${said})`
}

function registryText({ url, authEnv }: RegistryPlan): string {
  return options({ url: quoted(url), authEnv: authEnv === null ? null : quoted(authEnv) })
}
