// Starting a dataflow: topics checked, tasks counted, positions opened, tasks spread over hosts.
import { MillraceError } from '../base/index.ts'
import type { LogData, Topic } from '../log/log.ts'
import type { DataflowOptions, RunningDataflow } from './contract.ts'
import { requiredTopics, taskCount } from './graph/required-topics.ts'
import { LocalHost, type TaskHost } from './host.ts'
import { inputTopicNames, openPositions } from './positions.ts'
import { Running } from './running.ts'
import { ScheduleFeeder, scheduleTopics } from './schedule/schedule-feeder.ts'
import { WorkerHost } from './worker/worker-host.ts'

/**
 * Starts the dataflow of a checked plan on topics that exist (see `requiredTopics`). Resolves when its tasks
 * have recovered their state and run. What is already in the log of earlier runs is continued.
 * @throws TOPIC_UNKNOWN a topic of {@link requiredTopics} is missing
 * @throws TOPIC_INVALID an internal topic has fewer partitions than there are tasks
 * @throws TASKS_CHANGED the dataflow ran with another number of tasks before
 * @throws FUNCTION_INVALID, MODULE_NOT_FOUND, EXPORT_NOT_FOUND a function does not load
 * @throws STATE_TYPE_CHANGED a state's declared type is not the stored one
 */
export async function startDataflow(options: DataflowOptions): Promise<RunningDataflow> {
  const { plan, log } = options
  const topics = await describeTopics(options, log)
  const partitions = new Map<string, number>()
  for (const topic of topics.values()) partitions.set(topic.name, topic.spec.partitions)
  const tasks = taskCount(plan, name => partitions.get(name)!)
  checkInternal(options, partitions, tasks)
  const positions = await openPositions(plan, log, topics, tasks)
  const common = { ...options, tasks, partitions, positions }
  const hosts: TaskHost[] =
    options.workers === 0
      ? [new LocalHost({ ...common, indexes: range(tasks) })]
      : spread(tasks, options.workers).map(indexes => new WorkerHost({ ...common, indexes }))
  const inputs = inputTopicNames(plan, tasks)
  const hasTicks = options.givesTicks !== false && scheduleTopics(plan).length > 0
  const feeder = hasTicks ? new ScheduleFeeder({ plan, log, clock: options.clock }) : null
  const running = new Running({ plan, log, tasks, hosts, inputs, feeder, onLog: options.onLog })
  await running.open()
  return running
}

async function describeTopics(
  { plan }: DataflowOptions,
  log: LogData
): Promise<ReadonlyMap<string, Topic>> {
  const topics = new Map<string, Topic>()
  for (const { name } of requiredTopics(plan)) topics.set(name, await log.describeTopic(name))
  return topics
}

/** Changelog and repartition topics have a partition for each task. */
function checkInternal(
  { plan }: DataflowOptions,
  partitions: ReadonlyMap<string, number>,
  tasks: number
): void {
  for (const { name, role } of requiredTopics(plan)) {
    if (role !== 'changelog' && role !== 'repartition') continue
    const found = partitions.get(name)!
    if (found >= tasks) continue
    throw new MillraceError(
      'TOPIC_INVALID',
      `topic ${name} has ${found} partitions; expected ${tasks}, one for each task of dataflow ` +
        `${plan.name}; add partitions to it`,
      { details: { topic: name, partitions: found, tasks } }
    )
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Task indexes for min(workers, tasks) hosts, dealt round. */
function spread(tasks: number, workers: number): number[][] {
  const hosts = Math.min(tasks, workers)
  return range(hosts).map(host => range(tasks).filter(task => task % hosts === host))
}
