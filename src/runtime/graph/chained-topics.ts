// Which topics' records a task hands on to its other services at once, and which always take the log.
import type { Plan } from '../../dataflow/plan.ts'
import { sourceTopicNames, topicOf, writtenTopicIds } from './required-topics.ts'

/**
 * Topics that services of `plan` both write and read, except where a reader's output comes back to a writer:
 * a loop handed on depth first would not end before the next record, so loops go over the log.
 */
export function chainedTopics(plan: Plan): ReadonlySet<string> {
  const chained = new Set<string>()
  for (const topic of sourceTopicNames(plan)) {
    const readers = readersOf(plan, topic)
    const writers = writersOf(plan, topic)
    if (writers.length === 0) continue
    const behind = reachable(plan, readers)
    if (!writers.some(writer => behind.has(writer))) chained.add(topic)
  }
  return chained
}

function readersOf(plan: Plan, topic: string): string[] {
  return plan.services
    .filter(service => service.sources.some(one => topicOf(plan, one.topic).name === topic))
    .map(service => service.name)
}

function writersOf(plan: Plan, topic: string): string[] {
  return plan.services
    .filter(service => writtenTopicIds(service).some(id => topicOf(plan, id).name === topic))
    .map(service => service.name)
}

/** The services `from`, and all that get records from them over any number of topics. */
function reachable(plan: Plan, from: readonly string[]): ReadonlySet<string> {
  const found = new Set(from)
  for (const name of found) {
    const service = plan.services.find(one => one.name === name)!
    for (const id of writtenTopicIds(service)) {
      for (const reader of readersOf(plan, topicOf(plan, id).name)) found.add(reader)
    }
  }
  return found
}
