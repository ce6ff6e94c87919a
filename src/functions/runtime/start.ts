// Starting an application of functions: topics and positions checked, tasks opened, wired and run.
import { FUNCTION_MAILBOX_BYTES_MAX, STATE_HOT_BYTES_DEFAULT } from '../../base/index.ts'
import type { Topic } from '../../log/log.ts'
import type { FirstPosition } from '../../runtime/contract.ts'
import {
  type Budget,
  type InputPosition,
  type PositionedInput,
  type RecordTaker,
  SourceReader,
  Task,
  metadataOf,
  openGroupPositions
} from '../../runtime/task/index.ts'
import { type TaskState, changelogOf, openTaskState } from '../../state/index.ts'
import { checkOptions, checkPartitions, tasksChanged } from './check-options.ts'
import type { FunctionsOptions, IngressSpec, IngressStart, RunningFunctions } from './contract.ts'
import { EgressTopics } from './egress/egress-topics.ts'
import type { HeardTopics } from './egress/egress.ts'
import { FunctionTable } from './function-table.ts'
import { IngressTaker } from './ingress/ingress.ts'
import {
  functionsChangelogName,
  functionsGroupName,
  ingressGroupName,
  messagesTopicName
} from './names.ts'
import { FUNCTION_STATES, FunctionsProgram } from './program.ts'
import { type Resident, Running } from './running.ts'
import { requiredFunctionTopics } from './topics.ts'
import { Pressure } from './pressure/pressure.ts'
import { Requests } from './ingress/requests.ts'
import { Valves } from './pressure/valves.ts'

const NO_RETRIES = { retries: 0, backoffMs: 0, backoffMaxMs: 0 }
const BEGINNING: FirstPosition = { position: 'beginning', value: 0 }
/** How often values are looked through at most and at least, ms. */
const SWEEP_MS_MIN = 1_000
const SWEEP_MS_MAX = 3_600_000
/** How often where only remote functions may tell of expirations. */
const SWEEP_MS_REMOTE = 60_000

/**
 * State changes that start a flush, and those that may wait for it before the task does. Measured: with half as much
 * counters are a quarter slower. Delayed messages count with what they hold in memory until their flush (`isCold`).
 */
const FLUSH_BYTES = 4 * 1024 * 1024
const UNFLUSHED_BYTES_MAX = 16 * 1024 * 1024

/** What all tasks of a starting application share. */
interface Common {
  readonly options: FunctionsOptions
  readonly tasks: number
  readonly positions: readonly InputPosition[]
  readonly valves: Valves
  readonly pressure: Pressure
  readonly requests: Requests
  /** Ends of the partitions of the messages topic; with one task there is none. */
  readonly messagesEnds: readonly number[]
  readonly topics: EgressTopics
  readonly heard: HeardTopics
}

/**
 * Starts an application on topics that exist (see `requiredFunctionTopics`). Resolves when its tasks have recovered
 * their state and run. What earlier runs have left in the log and in mailboxes is continued.
 * @throws TOPIC_UNKNOWN a topic of {@link requiredFunctionTopics} is missing
 * @throws TOPIC_INVALID an internal topic has fewer partitions than there are tasks
 * @throws TASKS_CHANGED the application ran with another number of tasks before
 * @throws FUNCTION_DUPLICATE, FUNCTION_TYPENAME, INGRESS_DUPLICATE, EGRESS_DUPLICATE, TASKS_INVALID bad options
 */
export async function startFunctions(options: FunctionsOptions): Promise<RunningFunctions> {
  const { log, tasks = 1 } = options
  checkOptions(options, tasks)
  const known = new Map<string, Topic>()
  for (const { name, role } of requiredFunctionTopics(options)) {
    const topic = await log.describeTopic(name)
    if (role === 'changelog' || role === 'messages') checkPartitions(options, topic, tasks)
    known.set(name, topic)
  }
  const inputs: PositionedInput[] = []
  for (const { topic, name = '', start = BEGINNING } of options.ingresses) {
    inputs.push({
      topic: known.get(topic)!,
      start: await firstPosition(options, topic, start),
      group: ingressGroupName(options.name, name)
    })
  }
  const messages = known.get(messagesTopicName(options.name))
  if (tasks > 1) inputs.push({ topic: messages!, start: BEGINNING })
  const positions = await openGroupPositions({
    group: functionsGroupName(options.name),
    log,
    inputs,
    tasks,
    tasksChanged: before => tasksChanged(options, before, tasks)
  })
  const heard: HeardTopics = new Map(options.heardTopics?.map(topic => [topic, { listener: null }]))
  const valves = new Valves()
  const bytesMax = options.mailboxBytesMax ?? FUNCTION_MAILBOX_BYTES_MAX
  const pressure = new Pressure({ bytesMax, valves })
  const messagesEnds = messages?.status.partitions.map(({ endOffset }) => endOffset) ?? []
  const common = {
    options,
    tasks,
    positions,
    valves,
    pressure,
    requests: new Requests(),
    messagesEnds,
    topics: await EgressTopics.open(options),
    heard
  }
  const states = await openStates(options, tasks)
  const residents = states.map((state, index) => enter(common, index, state))
  const names = [...new Set(inputs.map(({ topic }) => topic.name))]
  return new Running(options, residents, names, heard)
}

/** Where an ingress begins; what a consumer group has committed is looked up. */
async function firstPosition(
  { log }: FunctionsOptions,
  topic: string,
  start: IngressStart
): Promise<FirstPosition> {
  if (start.position !== 'group') return start
  const { group, others } = start
  const committed = (await log.positions(group)).filter(position => position.topic === topic)
  const offsets = new Map(committed.map(({ partition, offset }) => [partition, offset]))
  return { position: 'offsets', offsets, others }
}

/** Opens the states of all tasks; on an error none is left open. */
async function openStates(options: FunctionsOptions, tasks: number): Promise<TaskState[]> {
  const { name, log, clock, openStore, onLog, stateHotBytes } = options
  const states: TaskState[] = []
  try {
    for (let index = 0; index < tasks; index++) {
      const state = await openTaskState({
        specs: FUNCTION_STATES,
        store: await openStore(index),
        changelog: changelogOf(log, functionsChangelogName(name), index),
        clock,
        flushBytes: FLUSH_BYTES,
        unflushedBytesMax: UNFLUSHED_BYTES_MAX,
        hotBytesMax: Math.ceil((stateHotBytes ?? STATE_HOT_BYTES_DEFAULT) / tasks),
        onRebuild: reason =>
          onLog({
            level: 'warn',
            service: name,
            operator: '',
            message: `the state of task ${index} is rebuilt from its changelog: ${reason}`
          })
      })
      states.push(state)
    }
  } catch (error) {
    for (const state of states) await state.close()
    throw error
  }
  return states
}

/** Makes one task with its program and its readers. */
function enter(common: Common, index: number, state: TaskState): Resident {
  const { options, tasks, positions } = common
  const { name, log, clock } = options
  const controller = new AbortController()
  const time = { now: clock.now() }
  const budget: Budget = { left: 0, until: Number.POSITIVE_INFINITY }
  const counters = { commits: 0 }
  const messages = messagesTopicName(name)
  const messagesFrom = common.messagesEnds[index] ?? 0
  const read = positions.find(one => one.topic === messages && one.partition === index)
  if (read !== undefined && read.position < messagesFrom) common.requests.behind()
  const program = new FunctionsProgram({
    app: name,
    task: index,
    tasks,
    table: new FunctionTable(options.functions, options.endpoints ?? [], common.pressure),
    egresses: options.egresses,
    retries: options.retries ?? NO_RETRIES,
    state,
    topics: common.topics,
    heard: common.heard,
    pressure: common.pressure,
    requests: common.requests,
    messagesFrom,
    clock,
    time,
    budget,
    signal: controller.signal,
    onLog: options.onLog,
    wake: () => task.wake(),
    failed: error => {
      if (!controller.signal.aborted) task.fail(error)
    }
  })
  const boundaries = new Map(positions.map(one => [`${one.topic}/${one.partition}`, one.boundary]))
  const readers = readersOf(common, index, program, controller.signal, () => task)
  const task: Task = new Task({
    index,
    log,
    clock,
    group: functionsGroupName(name),
    program,
    readers,
    positionMetadata: (topic, partition) =>
      metadataOf(tasks, boundaries.get(`${topic}/${partition}`) ?? 0),
    state,
    changelog: { topic: functionsChangelogName(name), partition: index },
    counters,
    controller,
    time,
    budget,
    sweepMs: sweepMsOf(options)
  })
  return { task, program, counters }
}

function readersOf(
  { options, tasks, positions, valves }: Common,
  index: number,
  program: FunctionsProgram,
  signal: AbortSignal,
  task: () => Task
): SourceReader[] {
  const open = (group: string, topic: string, taker: RecordTaker) =>
    positions
      .filter(one => one.group === group && one.topic === topic && one.partition % tasks === index)
      .map(
        ({ partition, position, boundary }) =>
          new SourceReader({
            log: options.log,
            topic,
            partition,
            group,
            taker,
            position,
            boundary,
            accepted: null,
            signal,
            marker: program.marker,
            wake: () => task().wake(),
            failed: error => task().fail(error)
          })
      )
  const readers: SourceReader[] = []
  for (const spec of options.ingresses) {
    const taker = new IngressTaker(program, spec)
    const group = ingressGroupName(options.name, spec.name ?? '')
    const reads = positions.filter(one => one.group === group && one.topic === spec.topic)
    for (const reader of open(group, spec.topic, taker)) {
      taker.readers.set(reader.partition, reader)
      const wake = (): void => task().wake()
      valves.add(taker.feedOf(reader.partition), reader, wake)
      readers.push(reader)
      if (isEntered(options, spec)) program.enter({ partitions: reads.length, reader, taker, wake })
    }
  }
  if (tasks > 1) {
    const taker: RecordTaker = { accept: facts => program.acceptMessage(facts) }
    readers.push(...open(functionsGroupName(options.name), messagesTopicName(options.name), taker))
  }
  return readers
}

/**
 * Whether records may be handed over. Only for topics of the engine's own, to which no producer writes, with one
 * ingress: the marker says that the application has processed them.
 */
function isEntered({ ingresses }: FunctionsOptions, { topic, internal }: IngressSpec): boolean {
  return internal === true && ingresses.filter(one => one.topic === topic).length === 1
}

/** Half the shortest life of a value, within bounds; null where nothing expires. */
function sweepMsOf({ functions, endpoints = [] }: FunctionsOptions): number | null {
  let shortest = endpoints.length > 0 ? SWEEP_MS_REMOTE * 2 : Infinity
  for (const { expiration } of functions.flatMap(fn => fn.specs)) {
    if (expiration.mode !== 'none') shortest = Math.min(shortest, expiration.durationMs)
  }
  if (shortest === Infinity) return null
  return Math.min(Math.max(shortest / 2, SWEEP_MS_MIN), SWEEP_MS_MAX)
}
