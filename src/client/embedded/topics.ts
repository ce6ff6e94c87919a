// Topics of a data directory as clients see them: those of the engine do not exist for them.
import { isMillraceError, MillraceError } from '../../base/index.ts'
import type { Log, Topic } from '../../log/index.ts'
import { partitionUnknown, topicUnknown } from '../errors.ts'

/** The only node of a data directory. */
export const NODE_ID = 1

/** The topic, unless it is the engine's own. @throws TOPIC_UNKNOWN */
export async function visibleTopic(log: Log, name: string): Promise<Topic> {
  const topic = await knownTopic(log, name)
  if (topic.spec.internal) throw topicUnknown(name)
  return topic
}

/** The topic, whosever it is. @throws TOPIC_UNKNOWN */
export async function knownTopic(log: Log, name: string): Promise<Topic> {
  try {
    return await log.describeTopic(name)
  } catch (error) {
    if (isMillraceError(error, 'TOPIC_UNKNOWN')) throw topicUnknown(name, error)
    throw error
  }
}

/** @throws PARTITION_UNKNOWN */
export function checkPartition(topic: Topic, partition: number): void {
  const count = topic.spec.partitions
  if (partition >= 0 && partition < count) return
  throw partitionUnknown(topic.name, partition, count)
}

/** A configuration that is not possible. */
export function configInvalid(topic: string, problem: string): MillraceError {
  return new MillraceError(
    'CONFIG_INVALID',
    `topic ${topic} cannot be configured so: ${problem}; correct it and try again`,
    { details: { topic } }
  )
}
