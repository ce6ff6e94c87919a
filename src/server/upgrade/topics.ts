// What becomes of topics and the positions in them: types against what was written, partitions, where reading begins.
import { compareTypes } from '../../dataflow/index.ts'
import type { Converter, Plan, TopicPlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import type { Log, Topic } from '../../log/log.ts'
import {
  groupName,
  repartitionTopicName,
  sourceTopicNames,
  taskCount
} from '../../runtime/index.ts'
import { change, type Change } from './changes.ts'
import type { DataflowRecord, TopicRecord } from './record.ts'
import type { MatchedServices } from './services.ts'

/** What of a log counts for comparing. */
export interface LogFacts {
  readonly topics: ReadonlyMap<string, Topic>
  /** Committed offsets of the dataflow's group, by topic and partition. */
  readonly positions: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** Partitions of topics that are made and declare none. */
  readonly partitions: number
}

/** The topics' part of an upgrade. */
export interface TopicChanges {
  readonly changes: readonly Change[]
  readonly after: readonly TopicRecord[]
  readonly tasks: number
}

/** Reads what counts for `plan`. */
export async function factsOf(
  log: Pick<Log, 'positions'>,
  topics: readonly Topic[],
  plan: Plan,
  partitions: number
): Promise<LogFacts> {
  const positions = new Map<string, Map<number, number>>()
  for (const { topic, partition, offset } of await log.positions(groupName(plan))) {
    const known = positions.get(topic) ?? new Map<number, number>()
    positions.set(topic, known.set(partition, offset))
  }
  return { topics: new Map(topics.map(topic => [topic.name, topic])), positions, partitions }
}

/** Compares topics and positions. `others` are records of other dataflows, which may have written a topic. */
export function compareTopics(
  plan: Plan,
  record: DataflowRecord | null,
  others: readonly DataflowRecord[],
  matched: MatchedServices,
  facts: LogFacts
): TopicChanges {
  const own = record?.topics ?? []
  const known = [...own, ...others.flatMap(other => other.topics)]
  const declared = Object.values(plan.topics).filter(
    topic => topic.function === undefined && topic.schedule === undefined
  )
  const compared = declared.map(topic =>
    compareTopic(topic, known.find(({ name }) => name === topic.name) ?? null, facts)
  )
  const gone = own.filter(({ name }) => !declared.some(topic => topic.name === name))
  const tasks = taskCount(plan, name => partitionsOf(plan, name, facts))
  return {
    changes: [
      ...compared.map(one => one.change),
      ...gone.filter(({ isDeclared }) => isDeclared).map(({ name }) => leftTopic(name, facts)),
      ...tasksChange(plan, record, tasks, facts),
      ...sourceChanges(plan, record, matched, facts),
      ...removedSources(plan, record, facts),
      ...travellingChanges(plan, matched, facts)
    ],
    after: [
      ...compared.map(({ after }) => after),
      ...gone.map(topic => ({ ...topic, isDeclared: false }))
    ],
    tasks
  }
}

function compareTopic(
  topic: TopicPlan,
  before: TopicRecord | null,
  facts: LogFacts
): { readonly change: Change; readonly after: TopicRecord } {
  const { name, key, value } = topic
  const written = { type: value.type, converter: value.converter }
  const fresh: TopicRecord = { name, key, values: [written], isDeclared: true }
  const found = facts.topics.get(name)
  if (found === undefined) {
    const partitions = topic.partitions ?? facts.partitions
    const detail = `is made, with ${counted(partitions)}`
    return { change: change('topic', name, 'new', detail), after: fresh }
  }
  const records = recordsOf(found)
  if (topic.partitions !== null && topic.partitions !== found.spec.partitions) {
    const detail = `has ${counted(found.spec.partitions)} and the file declares ${topic.partitions}`
    const advice = `declare ${found.spec.partitions}, or delete it: millrace topic delete ${name}`
    return {
      change: change('topic', name, 'refused', detail, { advice, count: records }),
      after: fresh
    }
  }
  if (before === null || records === 0) {
    return { change: change('topic', name, 'kept', '', { count: records }), after: fresh }
  }
  const broken = [
    ...keyProblems(before.key, key),
    ...before.values.flatMap(old => valueProblems(old, written))
  ]
  if (broken.length === 0) {
    const last = before.values.at(-1)!
    const isSame =
      last.converter === value.converter &&
      compareAs(last.type, value.type, value.converter).length === 0
    const detail = isSame ? '' : 'its new type reads what was written'
    const values = isSame ? before.values : [...before.values, written]
    return {
      change: change('topic', name, 'kept', detail, { count: records }),
      after: { ...fresh, values }
    }
  }
  const why = [...new Set(broken)].join('; ')
  if (topic.migrate?.accept === true) {
    const detail = `${why}; its records stay as they are`
    return { change: change('topic', name, 'kept', detail, { count: records }), after: fresh }
  }
  const advice =
    'give it another name, make the new type one that reads the old one, or declare migrate: { accept: true } in the ' +
    'topic to leave its records as they are'
  return { change: change('topic', name, 'refused', why, { advice, count: records }), after: fresh }
}

function keyProblems(before: Type | null, now: Type | null): string[] {
  if (before === null || now === null) return []
  const broken = compareAs(before, now, 'raw').filter(({ backward }) => !backward)
  return broken.map(({ path, reason }) => `${path.replace(/^value/, 'key')} ${reason}`)
}

function valueProblems(
  before: { readonly type: Type; readonly converter: Converter },
  now: { readonly type: Type; readonly converter: Converter }
): string[] {
  if (before.converter !== now.converter) {
    return [`its values are ${now.converter} and were ${before.converter}: neither reads the other`]
  }
  const broken = compareAs(before.type, now.type, now.converter).filter(({ backward }) => !backward)
  return broken.map(({ path, reason }) => `${path} ${reason}`)
}

function compareAs(before: Type, now: Type, converter: Converter): ReturnType<typeof compareTypes> {
  return compareTypes(before, now, converter)
}

function leftTopic(name: string, facts: LogFacts): Change {
  const found = facts.topics.get(name)
  const count = found === undefined ? null : recordsOf(found)
  const detail =
    found === undefined ? 'is no longer declared' : 'is no longer declared: it stays in the log'
  return change('topic', name, 'dropped', detail, {
    count,
    advice: found === undefined ? '' : `millrace topic delete ${name} removes it`
  })
}

/** States are spread by the number of tasks, which is the most partitions of a source. */
function tasksChange(
  plan: Plan,
  record: DataflowRecord | null,
  tasks: number,
  facts: LogFacts
): Change[] {
  if (record === null || record.tasks === tasks || record.states.length === 0) return []
  const counts = sourceTopicNames(plan).map(name => `${name} ${partitionsOf(plan, name, facts)}`)
  const detail =
    `its sources now ask for ${tasks} tasks, the most partitions of one (${counts.join(', ')}), and it ran with ` +
    `${record.tasks}, by which its states are spread`
  const advice =
    `read topics with at most ${record.tasks} partitions, or give the dataflow another name in meta to ` +
    'start anew'
  return [change('service', plan.name, 'refused', detail, { advice })]
}

/** From where each source is read. */
function sourceChanges(
  plan: Plan,
  record: DataflowRecord | null,
  matched: MatchedServices,
  facts: LogFacts
): Change[] {
  const readBefore = new Set((record?.services ?? []).flatMap(({ sources }) => sources))
  return sourceTopicNames(plan)
    .filter(name => isOfFile(plan, name))
    .map(name => {
      const added = addedReaders(plan, matched, name)
      const positions = facts.positions.get(name)
      if (positions === undefined)
        return change('source', name, 'new', firstText(plan, name, facts))
      const unread = unreadOf(name, facts)
      const at = [...positions].toSorted((a, b) => a[0] - b[0]).map(([, offset]) => offset)
      const place = `goes on at ${at.length === 1 ? 'offset' : 'offsets'} ${at.join(', ')}`
      const isJoined = added.length > 0 && readBefore.has(name)
      const joined = isJoined
        ? `; ${added.join(' and ')}, which did not read it before, begins there too`
        : ''
      return change('source', name, 'kept', `${place}${joined}`, {
        count: unread
      })
    })
}

/** Services that read a topic now and did not before, under whatever name. */
function addedReaders(plan: Plan, { services }: MatchedServices, name: string): string[] {
  return services
    .filter(({ plan: service, before }) => {
      const reads = service.sources.some(({ topic }) => plan.topics[topic]!.name === name)
      return reads && before?.sources.includes(name) !== true
    })
    .map(({ plan: service }) => service.name)
}

function firstText(plan: Plan, name: string, facts: LogFacts): string {
  const { position, value } = Object.values(plan.topics).find(topic => topic.name === name)!.start
  const found = facts.topics.get(name)
  const there = found === undefined ? '' : `, of ${recordsOf(found)} records`
  if (position === 'offset') return `is read from offset ${value} on${there}`
  const more =
    value === 0 ? '' : position === 'end' ? ` less ${value} records` : ` plus ${value} records`
  return `is read from its ${position}${more} on${there}`
}

/** Topics that no service reads any more; schedules are told of by themselves. */
function removedSources(plan: Plan, record: DataflowRecord | null, facts: LogFacts): Change[] {
  if (record === null) return []
  const now = new Set(sourceTopicNames(plan))
  const before = new Set(
    record.services.filter(({ isDeclared }) => isDeclared).flatMap(({ sources }) => sources)
  )
  for (const { topic } of record.schedules ?? []) before.delete(topic)
  return [...before]
    .filter(name => !now.has(name) && facts.topics.has(name))
    .map(name => {
      const unread = unreadOf(name, facts)
      const detail = `is no longer read; ${unread} of its records were not processed`
      if (unread === 0)
        return change('source', name, 'dropped', 'is no longer read; all of it was processed')
      if (plan.migrate?.abandon.includes(name))
        return change('source', name, 'dropped', detail, { count: unread })
      const advice = `run the old file with --drain first, or declare migrate: { abandon: [${name}] } in the file`
      return change('source', name, 'refused', detail, { advice, count: unread })
    })
}

/** Records on their way between the tasks of a service that is gone, or that changed what it sends. */
function travellingChanges(
  plan: Plan,
  { services, gone }: MatchedServices,
  facts: LogFacts
): Change[] {
  const found: Change[] = []
  const advice = 'run the old file with --drain first'
  for (const { name, storedAs, isDeclared } of gone) {
    const count = unreadOf(repartitionTopicName(plan, storedAs), facts)
    const isDropped = plan.migrate?.drop.includes(name) === true
    if (count === 0 || !isDeclared || isDropped) continue
    const detail = `is gone, with ${count} records on their way between its tasks`
    const more = `${advice}, or declare migrate: { drop: [${name}] } in the file`
    found.push(change('service', name, 'refused', detail, { advice: more, count }))
  }
  for (const { plan: service, before, storedAs } of services) {
    const input = service.partition?.assignKey.input ?? null
    if (before === null || before.travelling === null || input === null) continue
    const broken = compareTypes(before.travelling, input, 'json').filter(
      ({ backward }) => !backward
    )
    const count = unreadOf(repartitionTopicName(plan, storedAs), facts)
    if (broken.length === 0 || count === 0) continue
    const why = broken.map(({ path, reason }) => `${path} ${reason}`).join('; ')
    const detail = `has ${count} records on their way between its tasks, whose type has changed: ${why}`
    found.push(change('service', service.name, 'refused', detail, { advice, count }))
  }
  return found
}

function isOfFile(plan: Plan, name: string): boolean {
  const topic = Object.values(plan.topics).find(one => one.name === name)
  return topic !== undefined && topic.schedule === undefined && topic.function === undefined
}

function partitionsOf(plan: Plan, name: string, facts: LogFacts): number {
  const declared = Object.values(plan.topics).find(topic => topic.name === name)
  const made = declared?.schedule === undefined ? (declared?.partitions ?? facts.partitions) : 1
  return facts.topics.get(name)?.spec.partitions ?? made
}

/** Records of a topic behind the dataflow's positions; of one that was never read none. */
export function unreadOf(name: string, facts: LogFacts): number {
  const positions = facts.positions.get(name)
  const partitions = facts.topics.get(name)?.status.partitions ?? []
  return partitions.reduce((sum, { partition, startOffset, endOffset }) => {
    const position = positions?.get(partition)
    return position === undefined
      ? sum
      : sum + Math.max(0, endOffset - Math.max(position, startOffset))
  }, 0)
}

function recordsOf({ status }: Topic): number {
  return status.partitions.reduce((sum, one) => sum + one.endOffset - one.startOffset, 0)
}

function counted(partitions: number): string {
  return `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`
}
