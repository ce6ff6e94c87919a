// The chains of operators of one service in one task.
import { AssertionFailure, assert, unreachable } from '../../base/index.ts'
import type {
  PartitionPlan,
  ServicePlan,
  SinkPlan,
  SourcePlan,
  StepPlan
} from '../../dataflow/plan.ts'
import { AssignIdOperator } from '../operators/assign-id.ts'
import { AssignKeyOperator } from '../operators/assign-key.ts'
import { FilterMapOperator } from '../operators/filter-map.ts'
import { FilterOperator } from '../operators/filter.ts'
import { FlatMapOperator } from '../operators/flat-map.ts'
import type { FunctionParts } from '../operators/function-operator.ts'
import { fuse } from '../operators/fuse.ts'
import { MapOperator } from '../operators/map.ts'
import type { Operator } from '../operators/operator.ts'
import type { RecordErrors } from '../operators/record-errors.ts'
import {
  type RepartitionFormat,
  RepartitionOperator,
  RepartitionSource
} from '../operators/repartition.ts'
import { type Branch, RouteOperator } from '../operators/route.ts'
import { SinkOperator } from '../operators/sink.ts'
import { SourceOperator } from '../operators/source.ts'
import { UpdateStateOperator } from '../operators/update-state.ts'
import { RecordContext, contextLog } from '../task/context.ts'
import { sinkName, sourceName } from '../task/counters.ts'
import { Frame } from '../task/frame.ts'
import type { RecordTaker } from '../task/record-facts.ts'
import { StateAccess } from '../task/state-access.ts'
import type { Circuit } from './circuit.ts'
import { sinksInOrder } from './delivery-order.ts'
import { repartitionTopicName } from './names.ts'

/** What a chain knows of where it began. */
interface Path {
  readonly frame: Frame
  /** `ctx.state` of its functions. */
  readonly state: Readonly<Record<string, unknown>>
  /** Fingerprint of the value's bytes while only filters stand behind them; null once a value is made anew. */
  readonly valueBytes: string | null
  /** Fingerprint of the bytes of the record's own key. */
  readonly keyBytes: string
  /** Whether what is being built stands behind assign-key and before the sinks. */
  readonly inPartition: boolean
}

/** Builds the chains of one service. */
export class ServiceChains {
  readonly #circuit: Circuit
  readonly #service: ServicePlan
  readonly #errors: RecordErrors
  readonly #writes: boolean

  constructor(circuit: Circuit, service: ServicePlan) {
    this.#circuit = circuit
    this.#service = service
    this.#errors = circuit.errors(service.name)
    this.#writes = service.states.some(state => state.kind === 'owned')
  }

  /** The chain behind one source, from decoding to the sinks. */
  source(source: SourcePlan): RecordTaker {
    const { plan, library, counters } = this.#circuit.options
    const format = library.topic(source.topic)
    const steps = [...source.steps, ...this.#service.steps]
    const frame = new Frame(format.key)
    const path: Path = {
      frame,
      state: this.#access(frame),
      valueBytes: onlyFilters(steps) ? format.value.fingerprint : null,
      keyBytes: format.key.fingerprint,
      inPartition: false
    }
    const { partition } = this.#service
    const tail = partition === null ? this.#sinks(path) : this.#partition(path, partition)
    const name = sourceName(plan, source.topic)
    return new SourceOperator({
      name,
      converter: format.value,
      absent: format.absent,
      frame,
      counters,
      index: this.#index(name),
      errors: this.#errors,
      next: this.#steps(steps, path, tail)
    })
  }

  /** The chain behind assign-key, for records that come from other tasks. */
  repartitionSource(): RecordTaker {
    const { partition } = this.#service
    assert(partition !== null, 'only a partitioned service has a repartition topic')
    const format = this.#repartitionFormat(partition)
    const frame = new Frame(format.key)
    const path: Path = {
      frame,
      state: this.#access(frame),
      valueBytes: format.value.fingerprint,
      keyBytes: format.key.fingerprint,
      inPartition: false
    }
    return new RepartitionSource(format, frame, this.#partitioned(path, partition))
  }

  /** assign-key, the way to the owner, and what stands behind it. */
  #partition(path: Path, partition: PartitionPlan): Operator {
    const { tasks, task, plan, library } = this.#circuit.options
    const step = partition.assignKey
    let next = this.#partitioned(path, partition)
    if (tasks > 1) {
      next = new RepartitionOperator({
        name: step.name,
        index: this.#index(step.name),
        task,
        tasks,
        format: this.#repartitionFormat(partition),
        output: this.#circuit.internalOutput(repartitionTopicName(plan, this.#service.name)),
        frame: path.frame,
        errors: this.#errors,
        next
      })
    }
    const codec = library.keyCodec(step.outputKey)
    return fuse(new AssignKeyOperator(this.#parts(step, path, next), { codec }), next)
  }

  /** What stands behind assign-key in the owner task. */
  #partitioned(path: Path, partition: PartitionPlan): Operator {
    const { steps, updateState } = partition
    const isOriginal = onlyFilters(steps) && updateState === null
    const behind: Path = isOriginal ? path : { ...path, valueBytes: null }
    const inside: Path = { ...path, inPartition: true }
    let next = this.#sinks(behind)
    if (updateState !== null) {
      const emits = this.#service.emitsFromUpdateState
      next = fuse(new UpdateStateOperator(this.#parts(updateState, inside, next), { emits }), next)
    }
    return this.#steps(steps, inside, next)
  }

  #sinks(path: Path): Operator {
    const { sinks } = this.#service
    const order = sinksInOrder(this.#circuit.options.plan, this.#service)
    const branches = order.map(index => this.#sink(sinks[index]!, path))
    if (branches.length === 0) return { push: () => undefined }
    if (branches.length === 1) return branches[0]!.operator
    return new RouteOperator(branches, path.frame)
  }

  #sink(sink: SinkPlan, path: Path): Branch {
    const circuit = this.#circuit
    const { plan, library, counters } = circuit.options
    const format = library.topic(sink.topic)
    const output = circuit.output(sink.topic)
    const name = sinkName(plan, sink.topic)
    const { key, function: target } = plan.topics[sink.topic]!
    const keepsKey = path.keyBytes === format.key.fingerprint
    const operator = new SinkOperator({
      name,
      output,
      converter: format.value,
      keyConverter: format.key,
      passesValue: onlyFilters(sink.steps) && path.valueBytes === format.value.fingerprint,
      // An id is a text, whatever the key was.
      passesKey: keepsKey || (key === null && target === undefined),
      target: target?.typename ?? null,
      readers: circuit.readersOf(output.topic),
      owns: partition => circuit.owns(partition),
      frame: path.frame,
      counters,
      index: this.#index(name),
      errors: this.#errors
    })
    return {
      operator: this.#steps(sink.steps, path, operator),
      mayChange: sink.steps.length > 0,
      failed: error => operator.failed(error)
    }
  }

  #steps(steps: readonly StepPlan[], path: Path, last: Operator): Operator {
    return steps.reduceRight((next, step) => this.#step(step, path, next), last)
  }

  #step(step: StepPlan, path: Path, next: Operator): Operator {
    const parts = this.#parts(step, path, next)
    switch (step.operator) {
      case 'map':
        return fuse(new MapOperator(parts), next)
      case 'filter':
        return fuse(new FilterOperator(parts), next)
      case 'filter-map':
        return fuse(new FilterMapOperator(parts), next)
      case 'flat-map':
        return fuse(new FlatMapOperator(parts), next)
      case 'assign-id':
        return new AssignIdOperator(parts)
      case 'assign-key':
      case 'update-state':
        throw new AssertionFailure(`${step.operator} stands only in a partition`)
      default:
        return unreachable(step.operator)
    }
  }

  #parts(step: StepPlan, path: Path, next: Operator): FunctionParts {
    const { library, counters, clock, signal, env, onLog } = this.#circuit.options
    const { fn, describe } = library.step(step)
    const log = contextLog(this.#service.name, step.name, onLog)
    const { frame, state, inPartition } = path
    return {
      name: step.name,
      fn,
      describe,
      context: new RecordContext({ frame, inPartition, params: step.with, env, state, log }),
      frame,
      counters,
      index: this.#index(step.name),
      guard: this.#writes ? this.#circuit.guard : null,
      errors: this.#errors,
      clock,
      signal,
      next
    }
  }

  #access(frame: Frame): Readonly<Record<string, unknown>> {
    const access: Record<string, unknown> = {}
    for (const [property, spec] of this.#circuit.states.of(this.#service)) {
      access[property] = new StateAccess(spec, frame)
    }
    return Object.freeze(access)
  }

  #repartitionFormat(partition: PartitionPlan): RepartitionFormat {
    return this.#circuit.options.library.repartition(partition.assignKey)
  }

  #index(operator: string): number {
    const index = this.#circuit.options.counters.indexOf(this.#service.name, operator)
    assert(index >= 0, `counters for ${this.#service.name}/${operator} exist`)
    return index
  }
}

/** Whether values pass as they are. */
function onlyFilters(steps: readonly StepPlan[]): boolean {
  return steps.every(({ operator }) => operator === 'filter' || operator === 'assign-id')
}
