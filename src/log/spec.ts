// What a topic's name and spec may be: pure checks that every log shares.
import { MillraceError, PARTITIONS_MAX, TOPIC_NAME_LENGTH_MAX } from '../base/index.ts'
import { quote } from './errors.ts'
import { TOPIC_SPEC_DEFAULT, type TopicSpec } from './log.ts'

const NAME = /^[A-Za-z0-9._-]+$/

/** Whether a name is `[A-Za-z0-9._-]{1,249}` and neither `.` nor `..`. */
export function isTopicName(name: string): boolean {
  return (
    typeof name === 'string' &&
    name.length <= TOPIC_NAME_LENGTH_MAX &&
    NAME.test(name) &&
    name !== '.' &&
    name !== '..'
  )
}

/** @throws TOPIC_INVALID unless it is the name of a topic: {@link isTopicName} */
export function checkTopicName(name: string): void {
  if (isTopicName(name)) return
  throw invalid(
    name,
    `the name has ${String(name).length} characters`,
    `1 to ${TOPIC_NAME_LENGTH_MAX} of A-Z a-z 0-9 . _ -, not "." or ".."`
  )
}

/** The whole spec of a new topic. @throws TOPIC_INVALID */
export function specOf(name: string, asked: Partial<TopicSpec> = {}): TopicSpec {
  return checkedSpec(name, { ...TOPIC_SPEC_DEFAULT, ...defined(asked) })
}

/** The spec after `changes`; partitions never become fewer. @throws TOPIC_INVALID */
export function alteredSpec(name: string, spec: TopicSpec, changes: Partial<TopicSpec>): TopicSpec {
  const altered = checkedSpec(name, { ...spec, ...defined(changes) })
  if (altered.partitions < spec.partitions) {
    throw invalid(
      name,
      `${altered.partitions} partitions were asked for and it has ${spec.partitions}`,
      'the same number or more; to have fewer, copy the records to a new topic'
    )
  }
  return altered
}

function checkedSpec(name: string, spec: TopicSpec): TopicSpec {
  const { partitions, cleanup, retentionMs, retentionBytes, internal } = spec
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
    throw invalid(name, `partitions is ${String(partitions)}`, `1 to ${PARTITIONS_MAX}`)
  }
  if (cleanup !== 'delete' && cleanup !== 'compact') {
    throw invalid(name, `cleanup is ${String(cleanup)}`, '"delete" or "compact"')
  }
  checkBound(name, 'retentionMs', retentionMs)
  checkBound(name, 'retentionBytes', retentionBytes)
  if (typeof internal !== 'boolean') {
    throw invalid(name, `internal is ${String(internal)}`, 'true or false')
  }
  return { partitions, cleanup, retentionMs, retentionBytes, internal }
}

function checkBound(name: string, field: string, value: number | null): void {
  if (value === null || (Number.isSafeInteger(value) && value >= 0)) return
  throw invalid(
    name,
    `${field} is ${String(value)}`,
    'a whole number from 0 on, or null for no bound'
  )
}

/** Leaves out fields that are there but undefined, so that they do not hide a default. */
function defined(asked: Partial<TopicSpec>): Partial<TopicSpec> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
}

function invalid(name: string, happened: string, expected: string): MillraceError {
  return new MillraceError(
    'TOPIC_INVALID',
    `topic ${quote(String(name))} is not possible: ${happened}; expected was ${expected}; correct it and try again`,
    { details: { topic: String(name).slice(0, 300) } }
  )
}
