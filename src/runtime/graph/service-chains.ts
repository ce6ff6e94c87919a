// The chains of operators of one service in one task: from its sources over partition, windows or join to its sinks.
import { assert } from '../../base/index.ts'
import type {
  JoinPlan,
  PartitionPlan,
  ServicePlan,
  SourcePlan,
  StepPlan,
  WindowPlan
} from '../../dataflow/plan.ts'
import { DedupOperator, type Seen } from '../dedup/dedup.ts'
import type { JoinEntryOptions } from '../joins/contract.ts'
import { AssignKeyOperator } from '../operators/assign-key.ts'
import {
  AssignTimestampOperator,
  RecordTimeOperator,
  type TimeProgress
} from '../operators/assign-timestamp.ts'
import { fuse } from '../operators/fuse.ts'
import { LateRecords } from '../operators/late-records.ts'
import type { Operator } from '../operators/operator.ts'
import type { RecordErrors } from '../operators/record-errors.ts'
import {
  type Mark,
  type RepartitionFormat,
  RepartitionOperator,
  RepartitionSource,
  writeMark
} from '../operators/repartition.ts'
import { SourceOperator } from '../operators/source.ts'
import { UpdateStateOperator } from '../operators/update-state.ts'
import { sourceName } from '../task/counters.ts'
import { Frame } from '../task/frame.ts'
import type { TopicOutput } from '../task/outputs.ts'
import type { RecordTaker } from '../task/record-facts.ts'
import type { TimeInput } from '../time/event-time.ts'
import type { Windows } from '../windows/contract.ts'
import type { LastBook } from '../windows/last-flushed.ts'
import { WindowResults } from '../windows/results.ts'
import type { Circuit } from './circuit.ts'
import { seenOf } from './service-dedup.ts'
import { stateJoinOf, tableJoinOf, timedJoinOf } from './service-joins.ts'
import { repartitionTopicName } from './names.ts'
import { type Path, ServiceOperators, onlyFilters } from './service-operators.ts'
import type { ServiceTime } from './service-time.ts'
import { isPerKey, windowsOf } from './service-windows.ts'
import { lastStateName, windowKeyCodec, windowStateName } from './window-states.ts'

/** Builds the chains of one service. */
export class ServiceChains {
  readonly #circuit: Circuit
  readonly #service: ServicePlan
  readonly #errors: RecordErrors
  readonly #operators: ServiceOperators
  readonly #time: ServiceTime | null
  readonly #windows: Windows | null
  readonly #join: { entry(options: JoinEntryOptions): Operator } | null
  readonly #seen: Seen | null

  constructor(circuit: Circuit, service: ServicePlan) {
    this.#circuit = circuit
    this.#service = service
    this.#errors = circuit.errors(service.name)
    this.#operators = new ServiceOperators(circuit, service)
    this.#time = circuit.timeOf(service.name)
    this.#windows = service.window === null ? null : this.#makeWindows(service.window)
    this.#join = service.join === undefined ? null : this.#makeJoin(service.join)
    this.#seen = seenOf(service, circuit.options.state)
  }

  /** The chain behind one source, from decoding to the sinks. */
  source(source: SourcePlan): RecordTaker {
    const { plan, library, counters, signal } = this.#circuit.options
    const format = library.topic(source.topic)
    const steps = [...source.steps, ...this.#service.steps]
    const inWindow = this.#service.window?.steps ?? []
    const frame = new Frame(format.key)
    const path: Path = {
      frame,
      state: this.#operators.access(frame),
      valueBytes: onlyFilters([...steps, ...inWindow]) ? format.value.fingerprint : null,
      keyBytes: format.key.fingerprint,
      inPartition: false
    }
    const { partition } = this.#service
    const tail = partition === null ? this.#operators.sinks(path) : this.#partition(path, partition)
    const name = sourceName(plan, source.topic)
    const topic = plan.topics[source.topic]!.name
    const timed = this.#assignTimestamp(path, topic, this.#operators.steps(inWindow, path, tail))
    return new SourceOperator({
      name,
      converter: format.value,
      absent: format.absent,
      signal,
      frame,
      counters,
      index: this.#operators.index(name),
      errors: this.#errors,
      next: this.#recordTime(
        path,
        topic,
        this.#operators.index(name),
        this.#operators.steps(steps, path, timed)
      )
    })
  }

  /** assign-timestamp, where the service has it, in front of `next`. */
  #assignTimestamp(path: Path, topic: string, next: Operator): Operator {
    const time = this.#service.time
    if (time === null || time.assignTimestamp === null) return next
    const parts = this.#operators.parts(time.assignTimestamp, path, next)
    const { fn } = parts
    const takesTime = time.timestampArgument === 'number'
    const withTime: typeof fn = (value, ctx) => fn(value, ctx.timestamp as never)
    return new AssignTimestampOperator(takesTime ? { ...parts, fn: withTime } : parts, {
      ...this.#progress(topic),
      futureBoundMs: time.futureBoundMs
    })
  }

  /** Where records come with their times, what tells them, in front of `next`. */
  #recordTime(path: Path, topic: string, index: number, next: Operator): Operator {
    if (this.#time === null || (this.#service.time?.assignTimestamp ?? null) !== null) return next
    const { futureBoundMs } = this.#time.timed
    const progress = this.#progress(topic)
    if (progress.inputs.length === 0 && futureBoundMs === null) return next
    return new RecordTimeOperator({
      ...progress,
      futureBoundMs,
      frame: path.frame,
      next,
      errors: this.#errors,
      name: this.#circuit.options.counters.ids[index]!.operator,
      index
    })
  }

  #progress(topic: string): TimeProgress {
    const inputs: TimeInput[] = []
    for (const one of this.#time!.partitions) {
      if (one.topic === topic) inputs[one.partition] = one.input
    }
    return { time: this.#time!.arriving, inputs, now: this.#circuit.options.time }
  }

  /** The chain behind assign-key, for records that come from other tasks. */
  repartitionSource(): RecordTaker {
    const { partition } = this.#service
    assert(partition !== null, 'only a partitioned service has a repartition topic')
    const format = this.#repartitionFormat(partition)
    const frame = new Frame(format.key)
    const path: Path = {
      frame,
      state: this.#operators.access(frame),
      valueBytes: format.value.fingerprint,
      keyBytes: format.key.fingerprint,
      inPartition: false
    }
    const time = this.#time
    const takeMark = time === null ? null : (mark: Mark) => time.takeMark(mark)
    return new RepartitionSource(format, frame, this.#partitioned(path, partition), takeMark)
  }

  /** assign-key, the way to the owner, and what stands behind it. */
  #partition(path: Path, partition: PartitionPlan): Operator {
    const { tasks, task, plan, library } = this.#circuit.options
    const step = partition.assignKey
    let next = this.#partitioned(path, partition)
    if (tasks > 1) {
      const pinned = this.#circuit.pinnedOf(this.#service)
      const topic = repartitionTopicName(plan, this.#service.name)
      const output = this.#circuit.internalOutput(topic)
      this.#sendMarks(output, pinned)
      next = new RepartitionOperator({
        pinned,
        name: step.name,
        index: this.#operators.index(step.name),
        task,
        tasks,
        format: this.#repartitionFormat(partition),
        output,
        frame: path.frame,
        errors: this.#errors,
        next
      })
    }
    const codec = library.keyCodec(step.outputKey)
    return fuse(new AssignKeyOperator(this.#operators.parts(step, path, next), { codec }), next)
  }

  /** Lets the other owners of keys know how far this task is. */
  #sendMarks(output: TopicOutput, pinned: number | null): void {
    if (this.#time === null) return
    const { task, tasks } = this.#circuit.options
    const owners = pinned === null ? Array.from({ length: tasks }, (_, index) => index) : [pinned]
    this.#time.sendMark = mark => {
      for (const owner of owners) if (owner !== task) writeMark(output, owner, mark)
    }
  }

  /** What stands behind assign-key in the owner task. */
  #partitioned(path: Path, partition: PartitionPlan): Operator {
    const { steps, updateState } = partition
    const isOriginal = onlyFilters(steps) && updateState === null && this.#join === null
    const behind: Path = isOriginal ? path : { ...path, valueBytes: null }
    const inside: Path = { ...path, inPartition: true }
    let next = this.#operators.sinks(behind)
    if (updateState !== null) {
      const emits = this.#service.emitsFromUpdateState
      next = fuse(
        new UpdateStateOperator(this.#operators.parts(updateState, inside, next), { emits }),
        next
      )
    }
    const first = this.#operators.steps(steps, inside, next)
    const entry = this.#entry(path.frame, first, !isOriginal)
    return this.#seen === null ? entry : new DedupOperator(this.#seen, path.frame, entry)
  }

  /** The window or the join in front of the steps, where there is one. */
  #entry(frame: Frame, next: Operator, mayChange: boolean): Operator {
    if (this.#join !== null) return this.#join.entry({ frame, next })
    return this.#windows === null ? next : this.#windows.entry({ frame, next, mayChange })
  }

  /** The join of the service, with the way of pairs that begin with time. */
  #makeJoin(join: JoinPlan): { entry(options: JoinEntryOptions): Operator } {
    const circuit = this.#circuit
    const { state, task, onLog } = circuit.options
    const service = this.#service
    if (join.right.type === 'state')
      return stateJoinOf(service, join, circuit.states.named(service, join.right.state!))
    if (!join.isTimed) return tableJoinOf(service, join, state!)
    const time = this.#time!
    const watermark = (): number => time.owned.exact()
    const late = new LateRecords({
      service: service.name,
      sink: this.#operators.lateSink(join.left.lateTopic),
      rightSink: this.#operators.lateSink(join.right.lateTopic),
      watermark,
      onLog
    })
    const path = this.#operators.ownPath()
    const inside: Path = { ...path, inPartition: true }
    const next = this.#operators.steps(
      service.partition!.steps,
      inside,
      this.#operators.sinks(path)
    )
    const results = { frame: path.frame, next }
    const options = { service, join, state: state!, task, late, time: time.owned, results }
    const windows = timedJoinOf(options)
    time.windows = windows
    const clocked = { earlyMs: null, endsWithTime: true, isJoin: true }
    circuit.work!.addWindows({ service: service.name, windows, late, time, ...clocked })
    return windows
  }

  /** The windows of the service, with what becomes of their results and of late records. */
  #makeWindows(window: WindowPlan): Windows {
    const circuit = this.#circuit
    const { library, clock, state, onLog } = circuit.options
    const time = this.#time
    const work = circuit.work!
    const service = this.#service
    const windowed = circuit.states.windowed.get(service.name)!
    const isByClock = window.time === 'processing'
    const eventTime = time?.owned ?? null
    const late = new LateRecords({
      service: service.name,
      sink: this.#operators.lateSink(window.lateTopic),
      watermark: () => eventTime?.exact() ?? clock.now(),
      onLog
    })
    const results = this.#results(
      window,
      isPerKey(window) ? state!.state(lastStateName(service)) : null
    )
    const windows = windowsOf({
      plan: window,
      key: windowKeyCodec(service, library),
      registry: state!.state(windowStateName(service)),
      graceMs: window.gracePeriodMs,
      early: window.early,
      scope: windowed.scope,
      results,
      late,
      time: eventTime ?? { exact: () => Number.NEGATIVE_INFINITY, want: due => work.want(due) },
      clock: isByClock ? clock : null
    })
    if (!isByClock && time !== null) time.windows = windows
    windowed.windows = windows
    windowed.last = results.last
    work.addWindows({
      service: service.name,
      windows,
      late,
      time: isByClock ? null : time,
      earlyMs: window.early?.everyMs ?? null,
      endsWithTime: window.shape.kind !== 'count' && window.shape.kind !== 'global',
      isJoin: false
    })
    return windows
  }

  /** What runs when windows close, on a frame of its own. */
  #results(window: WindowPlan, lastBook: LastBook | null): WindowResults {
    const { task } = this.#circuit.options
    const { scope, states } = this.#circuit.states.windowed.get(this.#service.name)!
    const path = this.#operators.ownPath()
    const inside: Path = { ...path, inPartition: true }
    const closing = (step: StepPlan | null): Operator | null => {
      if (step === null) return null
      const parts = this.#operators.parts(step, inside, this.#operators.sinks(path))
      const { fn, describe } = parts
      return new UpdateStateOperator(
        {
          ...parts,
          fn: (_, ctx) => fn(ctx, ctx),
          describe: error => {
            describeWindow(path.frame, this.#service.name)
            return describe(error)
          }
        },
        { emits: true }
      )
    }
    const nothing: Operator = { push: () => undefined }
    return new WindowResults({
      frame: path.frame,
      scope,
      states,
      task,
      flush: closing(window.flush),
      flushKey: closing(window.flushKey),
      merge: window.merge === null ? null : this.#operators.parts(window.merge, inside, nothing),
      lastBook
    })
  }

  #repartitionFormat(partition: PartitionPlan): RepartitionFormat {
    return this.#circuit.options.library.repartition(partition.assignKey)
  }
}

/** For dead letters: a result that fails has no record, but a window. */
function describeWindow(frame: Frame, service: string): void {
  const key = frame.owner === undefined ? {} : { key: String(frame.owner) }
  frame.bytes = Buffer.from(JSON.stringify({ window: frame.window, ...key }))
  frame.valueStart = 0
  frame.valueEnd = frame.bytes.length
  frame.topic = `${service}.window`
}
