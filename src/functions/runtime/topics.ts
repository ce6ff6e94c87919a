// Which topics an application of functions needs, and with which shape.
import type { RequiredTopic } from '../../runtime/contract.ts'
import type { FunctionsOptions } from './contract.ts'
import { functionsChangelogName, functionsDeadLetterName, messagesTopicName } from './names.ts'

/** What tells which topics are needed. */
export type TopicsOptions = Pick<FunctionsOptions, 'name' | 'ingresses' | 'tasks'>

/**
 * Every topic that an application needs before it starts, each once: ingresses, dead letters, changelog, and with
 * several tasks the messages topic. Topics of egresses are asked for when they are first used.
 */
export function requiredFunctionTopics(options: TopicsOptions): RequiredTopic[] {
  const { name, ingresses, tasks = 1 } = options
  const common = { retentionMs: null, retentionBytes: null }
  const sources = new Map(ingresses.map(ingress => [ingress.topic, ingress.internal ?? false]))
  const topics: RequiredTopic[] = [...sources].map(([topic, internal]) => ({
    ...common,
    name: topic,
    partitions: null,
    internal,
    cleanup: null,
    role: 'source'
  }))
  topics.push({
    ...common,
    name: functionsDeadLetterName(name),
    partitions: 1,
    internal: false,
    cleanup: null,
    role: 'dead-letter'
  })
  topics.push({
    ...common,
    name: functionsChangelogName(name),
    partitions: tasks,
    internal: true,
    cleanup: 'compact',
    role: 'changelog'
  })
  if (tasks > 1) {
    topics.push({
      ...common,
      name: messagesTopicName(name),
      partitions: tasks,
      internal: true,
      cleanup: 'delete',
      role: 'messages'
    })
  }
  return topics
}
