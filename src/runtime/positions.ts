// Where a dataflow stands in its inputs: read at the start, or made up and kept when it starts anew.
//
// A position's metadata says `tasks` (how many there were: owners of keys and markers depend on it) and
// `from` (where the dataflow began to read the partition; F3).
import { MillraceError, PARTITIONS_MAX, unreachable } from '../base/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import type { CommitOffset, GroupPosition, LogData, PartitionStatus, Topic } from '../log/log.ts'
import type { FirstPosition } from './contract.ts'
import { groupName, repartitionTopicName, watermarksTopicName } from './graph/names.ts'
import { repartitionedServices, sourceTopicNames, tellsTimes } from './graph/required-topics.ts'

/** Where a partition of an input begins. Plain data: it travels to workers. */
export interface InputPosition {
  /** Whose position it is. */
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly position: number
  /** From here on the task's own batches are skipped. */
  readonly boundary: number
}

/** What is kept beside a position. */
interface Metadata {
  readonly tasks: number
  readonly from: number
}

/** The text kept beside a position. */
export function metadataOf(tasks: number, boundary: number): string {
  return JSON.stringify({ tasks, from: boundary } satisfies Metadata)
}

/** A topic that is read, with where to begin at the very first start. */
export interface PositionedInput {
  readonly topic: Topic
  readonly start: FirstPosition
  /** Whose positions they are, so that one topic can be read from several; default: that of all. */
  readonly group?: string
}

/** Whose positions are opened. */
export interface PositionsOptions {
  /** Of inputs that name none. */
  readonly group: string
  readonly log: LogData
  readonly inputs: readonly PositionedInput[]
  readonly tasks: number
  /** What to say when it ran with `before` tasks. */
  tasksChanged(before: number): MillraceError
}

/**
 * The positions of all inputs. Those that are new are committed before anything is read, so that `end` means
 * the end as of the first start, whatever happens next.
 * @throws TASKS_CHANGED the stored positions belong to another number of tasks
 */
export async function openGroupPositions(options: PositionsOptions): Promise<InputPosition[]> {
  const { log, tasks } = options
  const stored = await storedPositions(options)
  const inputs: InputPosition[] = []
  const fresh: CommitOffset[] = []
  for (const { topic, start, group = options.group } of options.inputs) {
    const { name } = topic
    const known = stored.get(group)!.get(name)
    for (const place of topic.status.partitions) {
      const { partition, endOffset } = place
      const before = known?.get(partition)
      if (before !== undefined) {
        const boundary = parse(before.metadata)?.from ?? 0
        inputs.push({ group, topic: name, partition, position: before.offset, boundary })
        continue
      }
      // A partition that was added to a topic is read whole: nobody chose to begin at its end.
      const position = await firstOffset(log, name, place, known === undefined ? start : BEGINNING)
      inputs.push({ group, topic: name, partition, position, boundary: endOffset })
      const metadata = metadataOf(tasks, endOffset)
      fresh.push({ group, topic: name, partition, offset: position, metadata })
    }
  }
  if (fresh.length > 0) await log.commit({ batches: [], offsets: fresh })
  return inputs
}

/** By group, topic and partition. */
async function storedPositions({
  group,
  log,
  inputs,
  tasks,
  tasksChanged
}: PositionsOptions): Promise<Map<string, Map<string, Map<number, GroupPosition>>>> {
  const stored = new Map<string, Map<string, Map<number, GroupPosition>>>()
  for (const name of new Set([group, ...inputs.map(input => input.group ?? group)])) {
    const topics = new Map<string, Map<number, GroupPosition>>()
    for (const position of await log.positions(name)) {
      const before = parse(position.metadata)?.tasks
      if (before !== undefined && before !== tasks) throw tasksChanged(before)
      const partitions = topics.get(position.topic)
      if (partitions === undefined) {
        topics.set(position.topic, new Map([[position.partition, position]]))
      } else {
        partitions.set(position.partition, position)
      }
    }
    stored.set(name, topics)
  }
  return stored
}

/** The positions of a dataflow's inputs. @throws TASKS_CHANGED */
export function openPositions(
  plan: Plan,
  log: LogData,
  topics: ReadonlyMap<string, Topic>,
  tasks: number
): Promise<InputPosition[]> {
  const inputs = inputTopicNames(plan, tasks).map(name => ({
    topic: topics.get(name)!,
    start: startOf(plan, name)
  }))
  const group = groupName(plan)
  const changed = (before: number) => tasksChanged(plan, before, tasks)
  return openGroupPositions({ group, log, inputs, tasks, tasksChanged: changed })
}

/** Topics that tasks read: sources, and with several tasks those over which they send each other something. */
export function inputTopicNames(plan: Plan, tasks: number): string[] {
  const names = sourceTopicNames(plan)
  if (tasks === 1) return names
  const travelling = repartitionedServices(plan).map(name => repartitionTopicName(plan, name))
  if (tellsTimes(plan)) travelling.push(watermarksTopicName(plan))
  return [...names, ...travelling]
}

const BEGINNING: FirstPosition = { position: 'beginning', value: 0 }

function startOf(plan: Plan, name: string): FirstPosition {
  return Object.values(plan.topics).find(topic => topic.name === name)?.start ?? BEGINNING
}

async function firstOffset(
  log: LogData,
  topic: string,
  { partition, startOffset, endOffset }: PartitionStatus,
  start: FirstPosition
): Promise<number> {
  const clamped = (wanted: number): number => Math.min(Math.max(wanted, startOffset), endOffset)
  switch (start.position) {
    case 'beginning':
      return clamped(startOffset + start.value)
    case 'end':
      return clamped(endOffset - start.value)
    case 'offset':
      return clamped(start.value)
    case 'time':
      return clamped(await log.offsetForTime(topic, partition, start.timestampMs))
    case 'offsets':
      return clamped(
        start.offsets.get(partition) ?? (start.others === 'end' ? endOffset : startOffset)
      )
    default:
      return unreachable(start)
  }
}

function tasksChanged(plan: Plan, before: number, tasks: number): MillraceError {
  return new MillraceError(
    'TASKS_CHANGED',
    `dataflow ${plan.name} ran with ${before} tasks, its topics now ask for ${tasks} (the most ` +
      `partitions of a topic that it reads); expected the same number, for its states are spread by it; ` +
      `run it on topics with ${before} partitions, or give it another name in meta to start anew`,
    { details: { dataflow: plan.name, before, tasks } }
  )
}

function parse(metadata: string): Metadata | null {
  try {
    const parsed = JSON.parse(metadata) as Partial<Metadata> | null
    const tasks = parsed?.tasks
    const from = parsed?.from
    if (typeof tasks !== 'number' || tasks < 1 || tasks > PARTITIONS_MAX) return null
    return { tasks, from: typeof from === 'number' ? from : 0 }
  } catch {
    return null
  }
}
