// What chains of a service are made of: its steps, sinks and their contexts, as operators of one task.
import { AssertionFailure, assert, unreachable } from '../../base/index.ts'
import type { ServicePlan, SinkPlan, StepPlan } from '../../dataflow/plan.ts'
import { keyConverter } from '../convert/index.ts'
import { AssignIdOperator } from '../operators/assign-id.ts'
import { FilterMapOperator } from '../operators/filter-map.ts'
import { FilterOperator } from '../operators/filter.ts'
import { FlatMapOperator } from '../operators/flat-map.ts'
import type { FunctionParts } from '../operators/function-operator.ts'
import { fuse } from '../operators/fuse.ts'
import type { LateSink } from '../operators/late-records.ts'
import { MapOperator } from '../operators/map.ts'
import type { Operator } from '../operators/operator.ts'
import type { RecordErrors } from '../operators/record-errors.ts'
import { type Branch, RouteOperator } from '../operators/route.ts'
import { SinkOperator } from '../operators/sink.ts'
import { RecordContext, contextLog } from '../task/context.ts'
import { sinkName } from '../task/counters.ts'
import { Frame } from '../task/frame.ts'
import { accessTo } from '../task/state-access.ts'
import type { Circuit } from './circuit.ts'
import { sinksInOrder } from './delivery-order.ts'

/** What a chain knows of where it began. */
export interface Path {
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

/** Makes the operators of one service in one task. */
export class ServiceOperators {
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

  /** A path that begins with no record. */
  ownPath(): Path {
    const frame = new Frame(keyConverter(null))
    return { frame, state: this.access(frame), valueBytes: null, keyBytes: '', inPartition: false }
  }

  /** All sinks of the service; each value goes to all of them. */
  sinks(path: Path): Operator {
    const { sinks } = this.#service
    const order = sinksInOrder(this.#circuit.options.plan, this.#service)
    const branches = order.map(index => this.#sink(sinks[index]!, path))
    if (branches.length === 0) return { push: () => undefined }
    if (branches.length === 1) return branches[0]!.operator
    return new RouteOperator(branches, path.frame)
  }

  /** The sink of late records, with a frame of its own; null where they have no topic. */
  lateSink(topic: string | null | undefined): LateSink | null {
    if (topic === null || topic === undefined) return null
    const path = this.ownPath()
    const sink = { topic, steps: [], at: this.#service.at }
    return { frame: path.frame, operator: this.#sink(sink, path).operator }
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
      index: this.index(name),
      errors: this.#errors
    })
    return {
      operator: this.steps(sink.steps, path, operator),
      mayChange: sink.steps.length > 0,
      failed: error => operator.failed(error)
    }
  }

  /** Steps of transforms in front of `last`. */
  steps(steps: readonly StepPlan[], path: Path, last: Operator): Operator {
    return steps.reduceRight((next, step) => this.#step(step, path, next), last)
  }

  #step(step: StepPlan, path: Path, next: Operator): Operator {
    const parts = this.parts(step, path, next)
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
      case 'assign-timestamp':
      case 'merge':
      case 'flush':
      case 'migrate':
        throw new AssertionFailure(`${step.operator} has a place of its own`)
      default:
        return unreachable(step.operator)
    }
  }

  /** A function with all that it is called with, in front of `next`. */
  parts(step: StepPlan, path: Path, next: Operator): FunctionParts {
    const { library, counters, clock, signal, env, onLog } = this.#circuit.options
    const { fn, describe } = library.step(step)
    const log = contextLog(this.#service.name, step.name, onLog)
    const { frame, inPartition } = path
    const { states } = this.#circuit
    const sql = states.sql.of(this.#service)
    const state = isAggregate(step)
      ? accessTo(states.ofAggregate(this.#service), frame)
      : path.state
    return {
      name: step.name,
      fn,
      describe,
      context: new RecordContext({ frame, inPartition, params: step.with, env, state, log, sql }),
      frame,
      counters,
      index: this.index(step.name),
      guard: this.#writes ? this.#circuit.guard : null,
      errors: this.#errors,
      clock,
      signal,
      next
    }
  }

  /** `ctx.state` of functions that work on what stands in `frame`. */
  access(frame: Frame): Readonly<Record<string, unknown>> {
    return accessTo(this.#circuit.states.of(this.#service), frame)
  }

  /** Where the counters of an operator of the service stand. */
  index(operator: string): number {
    const index = this.#circuit.options.counters.indexOf(this.#service.name, operator)
    assert(index >= 0, `counters for ${this.#service.name}/${operator} exist`)
    return index
  }
}

/** Whether values pass as they are. */
export function onlyFilters(steps: readonly StepPlan[]): boolean {
  return steps.every(({ operator }) => operator === 'filter' || operator === 'assign-id')
}

/** Whether a step is part of an aggregate, which alone sees all of what it keeps. */
function isAggregate({ code }: StepPlan): boolean {
  return code.kind === 'builtin' && code.call.name === 'aggregate'
}
