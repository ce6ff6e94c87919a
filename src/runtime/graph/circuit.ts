// From the plan to the operators of one task: who reads what, through which functions, into which outputs.
//
// Every source of a service has its own chain of operators, with a frame of its own, down to its own sinks:
// what a path does to a record is then known before the first one comes (K1). Counters are shared.
import { type Clock, unreachable } from '../../base/index.ts'
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import { partitionForKey } from '../../record/index.ts'
import type { TaskState } from '../../state/contract.ts'
import type { LogLine } from '../contract.ts'
import { RecordErrors } from '../operators/record-errors.ts'
import { type Mark, readMark, writeMark } from '../operators/repartition.ts'
import type { Counters } from '../task/counters.ts'
import { EpochOutputs, type TopicOutput } from '../task/outputs.ts'
import type { TaskProgram } from '../task/program.ts'
import type { Expiring } from '../task/sweeper.ts'
import { type RecordTaker, TopicReaders } from '../task/record-facts.ts'
import { UndoLog, WriteGuard } from '../task/state-view.ts'
import { chainedTopics } from './chained-topics.ts'
import { readersInOrder } from './delivery-order.ts'
import type { Library } from './library.ts'
import {
  deadLetterTopicName,
  markerNumber,
  repartitionTopicName,
  watermarksTopicName
} from './names.ts'
import { sourceTopicNames, tellsTimes, topicOf } from './required-topics.ts'
import { ServiceChains } from './service-chains.ts'
import { ServiceStates } from './service-states.ts'
import { type ServiceInput, ServiceTime } from './service-time.ts'
import { isPerKey } from './service-windows.ts'
import { TaskTimes } from './task-times.ts'
import { type TimedService, outputDelayMs, timedServices } from './time-flow.ts'
import { timeStateName } from './window-states.ts'

/** What a task's operators are made from. */
export interface CircuitOptions {
  readonly plan: Plan
  readonly library: Library
  readonly task: number
  readonly tasks: number
  /** Partitions of every topic that the dataflow touches. */
  readonly partitions: ReadonlyMap<string, number>
  readonly state: TaskState | null
  readonly counters: Counters
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Wall time of the current slice, for times to live. */
  readonly time: { readonly now: number }
  readonly env: Readonly<Record<string, string>>
  onLog(line: LogLine): void
}

/** A topic that the task reads. */
export interface CircuitInput {
  readonly topic: string
  readonly taker: RecordTaker
  /** Whether the task's own batches in it were processed when they were made (K2). */
  readonly chained: boolean
}

/** The operators of one task. */
export class Circuit implements TaskProgram {
  readonly options: CircuitOptions
  readonly outputs: EpochOutputs
  /** Record-wide undo where a service's policy is `fail`, else null. */
  readonly undo: UndoLog | null
  readonly states: ServiceStates
  readonly inputs: readonly CircuitInput[]
  readonly guard: WriteGuard | null
  /** Producer id in batches that this task has processed itself. */
  readonly marker: number
  /** What begins with the clock; null where everything begins with a record. */
  readonly work: TaskTimes | null
  readonly abandonsEpoch: boolean
  readonly #times: ReadonlyMap<string, ServiceTime>
  readonly #readers = new Map<string, TopicReaders>()
  readonly #chained: ReadonlySet<string>

  constructor(options: CircuitOptions) {
    const { plan, library, state, tasks, time } = options
    this.options = options
    const hasWindows = plan.services.some(keepsBeyondRecords)
    const isFatal = plan.services.some(service => service.errors.policy === 'fail')
    // A record may close windows: what it did cannot be taken back alone.
    this.abandonsEpoch = isFatal && hasWindows
    const staged = isFatal && !hasWindows
    this.outputs = new EpochOutputs({ staged })
    this.undo = staged ? new UndoLog() : null
    this.guard = state === null ? null : new WriteGuard(state, this.undo)
    const { guard, undo } = this
    this.states = new ServiceStates({ plan, library, state, guard, undo, time })
    this.marker = markerNumber(plan, tasks)
    this.#chained = chainedTopics(plan)
    const timed = timedServices(plan)
    const { clock, onLog } = options
    this.work =
      timed.size > 0 || hasWindows ? new TaskTimes({ clock, outputs: this.outputs, onLog }) : null
    this.#times = this.#serviceTimes(timed)
    for (const topic of sourceTopicNames(plan)) this.#readers.set(topic, new TopicReaders())
    const inputs: CircuitInput[] = []
    const chainsOf = new Map<string, ServiceChains>()
    for (const service of plan.services) {
      const chains = new ServiceChains(this, service)
      chainsOf.set(service.name, chains)
      if (service.partition !== null && tasks > 1) {
        const topic = repartitionTopicName(plan, service.name)
        inputs.push({ topic, taker: chains.repartitionSource(), chained: false })
      }
    }
    if (tasks > 1 && tellsTimes(plan)) {
      const taker: RecordTaker = { accept: facts => this.work?.takeMark(readMark(facts)) }
      inputs.push({ topic: watermarksTopicName(plan), taker, chained: false })
    }
    for (const [topic, readers] of this.#readers) {
      for (const service of readersInOrder(plan, topic)) {
        const chains = chainsOf.get(service.name)!
        for (const source of service.sources) {
          if (topicOf(plan, source.topic).name === topic) readers.add(chains.source(source))
        }
      }
    }
    const sources = [...this.#readers].map(([topic, readers]) => ({
      topic,
      taker: readers.only() ?? readers,
      chained: this.#chained.has(topic)
    }))
    this.inputs = [...sources, ...inputs]
  }

  /** The event time of a service; null where it needs none. */
  timeOf(service: string): ServiceTime | null {
    return this.#times.get(service) ?? null
  }

  /** The task that owns all keys of a service, because its windows span them; null where they are spread. */
  pinnedOf({ name, window }: ServicePlan): number | null {
    if (window === null || window.flush === null || isPerKey(window)) return null
    const bytes = Buffer.from(name)
    return partitionForKey(bytes, 0, bytes.length, this.options.tasks)
  }

  /** The times of all services, with those before them linked. */
  #serviceTimes(timed: ReadonlyMap<string, TimedService>): ReadonlyMap<string, ServiceTime> {
    const { task, tasks, state } = this.options
    const times = new Map<string, ServiceTime>()
    for (const [name, one] of timed) {
      const topics = this.#sourceTopics(one.service)
      const time = new ServiceTime({
        timed: one,
        task,
        partitions: this.#givingTime(one.service)
          .filter(topic => !one.upstream.has(topic))
          .flatMap(topic =>
            range(this.partitionsOf(topic))
              .filter(partition => this.owns(partition))
              .map(partition => ({ topic, partition }))
          ),
        services: this.#servicesBefore(one, timed, times),
        tasks: tasks > 1 && one.service.partition !== null ? this.#tasksWith(topics) : null,
        kept: state!.state(timeStateName(one.service))
      })
      times.set(name, time)
      this.work!.addTime(time)
    }
    const told = new Set<string>()
    for (const [name, { upstream }] of timed) {
      for (const writer of new Set([...upstream.values()].flat())) {
        const delayMs = outputDelayMs(timed.get(writer)!.service)
        times.get(name)!.linkService(writer, times.get(writer)!.owned, delayMs)
        told.add(writer)
      }
    }
    if (tasks > 1) for (const writer of told) times.get(writer)!.sendOut = this.#tellsTasks()
    return times
  }

  /** The services whose time another one takes, with the tasks in which they write. */
  #servicesBefore(
    { upstream }: TimedService,
    timed: ReadonlyMap<string, TimedService>,
    times: ReadonlyMap<string, ServiceTime>
  ): ServiceInput[] {
    const { task } = this.options
    const writers = new Set([...upstream.values()].flat())
    return [...writers].flatMap(writer => {
      const { service } = timed.get(writer)!
      const topics = [...upstream].flatMap(([topic, names]) =>
        names.includes(writer) ? [topic] : []
      )
      const exact = (): number => times.get(writer)!.owned.sent() - outputDelayMs(service)
      return this.#tasksThatWrite(service).map(from => ({
        service: writer,
        task: from,
        topics,
        exact: from === task ? exact : null
      }))
    })
  }

  #tasksThatWrite(service: ServicePlan): number[] {
    if (service.partition === null) return this.#tasksWith(this.#sourceTopics(service))
    const pinned = this.pinnedOf(service)
    return pinned === null ? range(this.options.tasks) : [pinned]
  }

  #sourceTopics(service: ServicePlan): string[] {
    return service.sources.map(({ topic }) => topicOf(this.options.plan, topic).name)
  }

  /** Ticks that come beside records hold no time back: an hourly one would hold it for an hour. */
  #givingTime(service: ServicePlan): string[] {
    const { plan } = this.options
    const topics = service.sources.map(({ topic }) => topicOf(plan, topic))
    const giving = topics.filter(({ schedule }) => schedule === undefined)
    return (giving.length === 0 ? topics : giving).map(({ name }) => name)
  }

  /** Tells all other tasks. */
  #tellsTasks(): (mark: Mark) => void {
    const { plan, task, tasks } = this.options
    const output = this.internalOutput(watermarksTopicName(plan))
    return mark => {
      for (const other of range(tasks)) if (other !== task) writeMark(output, other, mark)
    }
  }

  /** Tasks that own a partition of one of these topics. */
  #tasksWith(topics: readonly string[]): number[] {
    const most = Math.max(...topics.map(topic => this.partitionsOf(topic)))
    return range(Math.min(this.options.tasks, most))
  }

  /** The states are closed next: what was flushed last can be looked at afterwards. */
  ended(): void {
    this.states.freeze()
  }

  get expiring(): readonly Expiring[] {
    return this.states.expiring
  }

  /** The task's own readers of a topic that it writes, or null when its records take the log. */
  readersOf(topic: string): RecordTaker | null {
    return this.#chained.has(topic) ? this.#readers.get(topic)! : null
  }

  /** The output to topic `id` of the plan. */
  output(id: string): TopicOutput {
    const { plan } = this.options
    const { name, compression } = topicOf(plan, id)
    const isChained = this.#chained.has(name)
    return this.outputs.open({
      topic: name,
      partitions: this.partitionsOf(name),
      compression,
      producerId: partition => (isChained && this.owns(partition) ? this.marker : -1)
    })
  }

  /** The output to a topic of the dataflow's own. */
  internalOutput(topic: string): TopicOutput {
    const partitions = this.partitionsOf(topic)
    return this.outputs.open({ topic, partitions, compression: 'none', producerId: () => -1 })
  }

  owns(partition: number): boolean {
    return partition % this.options.tasks === this.options.task
  }

  /** The error policy of a service. */
  errors(service: string): RecordErrors {
    const { plan, counters, onLog } = this.options
    const { errors } = plan.services.find(one => one.name === service)!
    const needsTopic = errors.policy === 'dead-letter'
    return new RecordErrors({
      dataflow: plan.name,
      service,
      policy: errors,
      deadLetters: needsTopic ? this.internalOutput(deadLetterTopicName(plan)) : null,
      counters,
      onLog
    })
  }

  partitionsOf(topic: string): number {
    const partitions = this.options.partitions.get(topic)
    return partitions ?? unreachable(topic as never)
  }
}

/** Whether a service keeps what one record's undo does not reach. */
function keepsBeyondRecords({ window, join, partition }: ServicePlan): boolean {
  return window !== null || join !== undefined || partition?.dedup !== undefined
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
