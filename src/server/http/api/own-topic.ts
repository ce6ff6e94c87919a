// Topics that callers may write and change: all but those in which the engine keeps its state.
import { MillraceError } from '../../../base/index.ts'
import type { Topic } from '../../../log/log.ts'
import type { ApiHost } from './host.ts'

/** A topic of the users. @throws TOPIC_UNKNOWN, TOPIC_INTERNAL */
export async function ownTopic({ log }: Pick<ApiHost, 'log'>, name: string): Promise<Topic> {
  const topic = await log.describeTopic(name)
  if (!topic.spec.internal) return topic
  throw new MillraceError(
    'TOPIC_INTERNAL',
    `${name} is a topic in which the engine keeps its own state; expected one of the users'`
  )
}

/** The error of a partition that a topic of so many has not. */
export function unknownPartition(topic: string, partition: number, count: number): MillraceError {
  return new MillraceError(
    'PARTITION_UNKNOWN',
    `partition ${partition} of ${topic}, which has ${count}; expected one from 0 to ${count - 1}`
  )
}
