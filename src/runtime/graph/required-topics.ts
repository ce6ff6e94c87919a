// Which topics must exist before a dataflow starts, and with which shape.
import type { Plan, ServicePlan, TopicPlan } from '../../dataflow/plan.ts'
import type { RequiredTopic } from '../contract.ts'
import {
  changelogTopicName,
  deadLetterTopicName,
  repartitionTopicName,
  watermarksTopicName
} from './names.ts'

/**
 * Every topic that `plan` needs, each once: sources and sinks in the file's order, then dead letters,
 * changelog and repartition topics. The last two need one partition per task, which is known only when all
 * sources' partitions are: from the file, or from `partitionsOf`, which tells how many an existing (or about
 * to be created) topic has. Unknown counts stay null.
 */
export function requiredTopics(
  plan: Plan,
  partitionsOf: (topic: string) => number | null = () => null
): RequiredTopic[] {
  const found = new Map<string, RequiredTopic>()
  for (const topic of Object.values(plan.topics)) {
    const role = isSource(plan, topic.name) ? 'source' : 'sink'
    if (role === 'source' || isSink(plan, topic.name)) {
      const before = found.get(topic.name)
      found.set(topic.name, before === undefined ? ofPlan(topic, role) : mergeTopic(before, topic))
    }
  }
  for (const topic of internalTopics(plan, tasksOf(found, partitionsOf))) {
    if (!found.has(topic.name)) found.set(topic.name, topic)
  }
  return [...found.values()]
}

/** How many tasks a dataflow has: the most partitions of a topic that it reads. */
export function taskCount(plan: Plan, partitionsOf: (topic: string) => number): number {
  let tasks = 1
  for (const name of sourceTopicNames(plan)) tasks = Math.max(tasks, partitionsOf(name))
  return tasks
}

/** Names of the topics that services read, in the order of the services. */
export function sourceTopicNames(plan: Plan): string[] {
  const names = new Set<string>()
  for (const service of plan.services) {
    for (const source of service.sources) names.add(topicOf(plan, source.topic).name)
  }
  return [...names]
}

/** Ids of the topics that a service writes: its sinks', and those of late records. */
export function writtenTopicIds(service: ServicePlan): string[] {
  return [...service.sinks.map(sink => sink.topic), ...lateTopicIds(service)]
}

/** Ids of the topics of a service's late records. */
export function lateTopicIds({ window, join }: ServicePlan): string[] {
  const ids = [window?.lateTopic, join?.left.lateTopic, join?.right.lateTopic]
  return ids.filter(id => id !== null && id !== undefined)
}

/** The topic `id` of a checked plan. */
export function topicOf(plan: Plan, id: string): TopicPlan {
  const topic = plan.topics[id]
  if (topic === undefined) throw new Error(`broken invariant: the plan has topic ${id}`)
  return topic
}

/** Whether a service takes the event time of what another one writes: then tasks tell each other how far they are. */
export function tellsTimes(plan: Plan): boolean {
  const written = new Set(plan.services.flatMap(({ sinks }) => sinks.map(({ topic }) => topic)))
  return plan.services.some(
    ({ time, sources }) =>
      time !== null &&
      time.assignTimestamp === null &&
      sources.some(({ topic }) => written.has(topic))
  )
}

/** Services with an assign-key: their records may change tasks. */
export function repartitionedServices(plan: Plan): readonly string[] {
  return plan.services.filter(service => service.partition !== null).map(service => service.name)
}

function isSource(plan: Plan, name: string): boolean {
  return sourceTopicNames(plan).includes(name)
}

function isSink(plan: Plan, name: string): boolean {
  return plan.services.some(service =>
    writtenTopicIds(service).some(id => topicOf(plan, id).name === name)
  )
}

function ofPlan(topic: TopicPlan, role: string): RequiredTopic {
  const { name, partitions, cleanup, retentionMs, retentionBytes } = topic
  const internal = topic.function !== undefined || topic.schedule !== undefined
  return { name, partitions, internal, cleanup, retentionMs, retentionBytes, role }
}

/** A topic that is named twice: what the first leaves open, the second may say. */
export function mergeTopic(
  before: RequiredTopic,
  topic: Pick<RequiredTopic, 'partitions' | 'cleanup' | 'retentionMs' | 'retentionBytes'>
): RequiredTopic {
  return {
    ...before,
    partitions: before.partitions ?? topic.partitions,
    cleanup: before.cleanup ?? topic.cleanup,
    retentionMs: before.retentionMs ?? topic.retentionMs,
    retentionBytes: before.retentionBytes ?? topic.retentionBytes
  }
}

function tasksOf(
  found: ReadonlyMap<string, RequiredTopic>,
  partitionsOf: (topic: string) => number | null
): number | null {
  let tasks: number | null = 1
  for (const topic of found.values()) {
    if (topic.role !== 'source') continue
    const partitions = partitionsOf(topic.name) ?? topic.partitions
    tasks = partitions === null || tasks === null ? null : Math.max(tasks, partitions)
  }
  return tasks
}

/** Whether a service keeps anything: states, or how far its time is. */
function keepsState({ states, time, window, join, partition }: ServicePlan): boolean {
  const hasBooks = time !== null || window !== null || join !== undefined
  const hasSeen = partition?.dedup !== undefined
  return hasBooks || hasSeen || states.some(state => state.kind === 'owned')
}

function internalTopics(plan: Plan, tasks: number | null): RequiredTopic[] {
  const common = { retentionMs: null, retentionBytes: null }
  const topics: RequiredTopic[] = []
  if (plan.services.some(service => service.errors.policy === 'dead-letter')) {
    const name = deadLetterTopicName(plan)
    topics.push({
      ...common,
      name,
      partitions: 1,
      internal: false,
      cleanup: null,
      role: 'dead-letter'
    })
  }
  if (plan.services.some(keepsState)) {
    const name = changelogTopicName(plan)
    topics.push({
      ...common,
      name,
      partitions: tasks,
      internal: true,
      cleanup: 'compact',
      role: 'changelog'
    })
  }
  const travelling = repartitionedServices(plan).map(name => repartitionTopicName(plan, name))
  if (tellsTimes(plan)) travelling.push(watermarksTopicName(plan))
  for (const name of travelling) {
    topics.push({
      ...common,
      name,
      partitions: tasks,
      internal: true,
      cleanup: 'delete',
      role: 'repartition'
    })
  }
  return topics
}
