// Errors that both kinds of logs give alike.
import { MillraceError } from '../base/index.ts'

/** There is no such topic. */
export function topicUnknown(topic: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'TOPIC_UNKNOWN',
    `there is no topic ${topic}; expected one that exists; see millrace topic list, or create it: ` +
      `millrace topic create ${topic}`,
    { details: { topic }, cause }
  )
}

/** There is no such partition. */
export function partitionUnknown(
  topic: string,
  partition: number,
  partitions: number
): MillraceError {
  return new MillraceError(
    'PARTITION_UNKNOWN',
    `there is no partition ${topic}/${partition}; expected was 0 to ${partitions - 1}; correct it`,
    { details: { topic, partition } }
  )
}

/** There is no such group. */
export function groupUnknown(group: string): MillraceError {
  return new MillraceError(
    'GROUP_UNKNOWN',
    `there is no group ${group}; expected one that has members or positions; see millrace group list`,
    { details: { group } }
  )
}

/** A group's positions cannot be changed from outside while it has members. */
export function groupNotEmpty(group: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'GROUP_NOT_EMPTY',
    `group ${group} has members; expected was one without; stop its consumers first`,
    { details: { group }, cause }
  )
}

/** A member's partitions are another's now. */
export function groupRebalanced(group: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'GROUP_REBALANCED',
    `the partitions of group ${group} are being shared out anew, so its positions were not taken; ` +
      'expected was a member of the newest generation; go on reading, the records come again',
    { retriable: true, details: { group }, cause }
  )
}

/** Something that was closed is used. */
export function clientClosed(what: string): MillraceError {
  return new MillraceError(
    'CLIENT_CLOSED',
    `the ${what} is closed; expected was an open one; make a new one`
  )
}

/** Another producer has taken over. */
export function producerFenced(transactionalId: string | null, cause?: unknown): MillraceError {
  return new MillraceError(
    'PRODUCER_FENCED',
    `a later producer uses ${transactionalId ?? 'the same id'}, so this one may not write any more; ` +
      'expected was one producer of a transactional id at a time; close this one',
    { cause }
  )
}
