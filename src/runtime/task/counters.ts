// Counters of operators as typed arrays, so that a task counts without allocating and workers send few bytes.
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import type { OperatorMetrics } from '../contract.ts'
import { lateTopicIds, topicOf } from '../graph/required-topics.ts'

/** Whose counters stand at an index. */
export interface OperatorId {
  readonly service: string
  readonly operator: string
}

/** All operators of a plan in a fixed order: equal in every task of it. */
export function operatorIds(plan: Plan): OperatorId[] {
  return plan.services.flatMap(service =>
    operatorNames(plan, service).map(operator => ({ service: service.name, operator }))
  )
}

/** Name of a source's counters. */
export function sourceName(plan: Plan, topicId: string): string {
  return `source/${topicOf(plan, topicId).id}`
}

/** Name of a sink's counters. */
export function sinkName(plan: Plan, topicId: string): string {
  return `sink/${topicOf(plan, topicId).id}`
}

function operatorNames(plan: Plan, service: ServicePlan): string[] {
  const names = service.sources.flatMap(source => [
    sourceName(plan, source.topic),
    ...source.steps.map(step => step.name)
  ])
  names.push(...service.steps.map(step => step.name))
  if (service.time?.assignTimestamp) names.push(service.time.assignTimestamp.name)
  if (service.window !== null) {
    const { steps, merge, flushKey, flush } = service.window
    names.push(...steps.map(step => step.name))
    for (const step of [merge, flushKey, flush]) if (step !== null) names.push(step.name)
  }
  names.push(...lateTopicIds(service).map(id => sinkName(plan, id)))
  if (service.partition !== null) {
    const { assignKey, steps, updateState } = service.partition
    names.push(assignKey.name, ...steps.map(step => step.name))
    if (updateState !== null) names.push(updateState.name)
  }
  for (const sink of service.sinks) {
    names.push(...sink.steps.map(step => step.name), sinkName(plan, sink.topic))
  }
  return [...new Set(names)]
}

/**
 * The first call of a function is timed, and every so many further ones: a look at the clock costs as much as a
 * call. A power of two.
 */
export const LATENCY_STRIDE = 1_024

/** Some numbers per operator, and the totals of a task. */
export class Counters {
  readonly ids: readonly OperatorId[]
  /** Values that arrived. */
  readonly in: Float64Array
  /** Values that left. */
  readonly out: Float64Array
  /** Values given to the error policy. */
  readonly failed: Float64Array
  /** Offset of the record that failed last, −1 for none. */
  readonly lastErrorOffset: Float64Array
  /** How many calls of the function were timed, and their durations together in ms. */
  readonly timed: Float64Array
  readonly timedMs: Float64Array
  recordsOut = 0
  deadLetters = 0
  commits = 0

  constructor(ids: readonly OperatorId[]) {
    this.ids = ids
    this.in = new Float64Array(ids.length)
    this.out = new Float64Array(ids.length)
    this.failed = new Float64Array(ids.length)
    this.lastErrorOffset = new Float64Array(ids.length).fill(-1)
    this.timed = new Float64Array(ids.length)
    this.timedMs = new Float64Array(ids.length)
  }

  /** Where the counters of an operator stand. */
  indexOf(service: string, operator: string): number {
    return this.ids.findIndex(id => id.service === service && id.operator === operator)
  }
}

/** What a task tells of its counters; plain data that travels between threads. */
export interface CountersSnapshot {
  readonly in: Float64Array
  readonly out: Float64Array
  readonly failed: Float64Array
  readonly lastErrorOffset: Float64Array
  readonly timed: Float64Array
  readonly timedMs: Float64Array
  readonly recordsIn: number
  readonly recordsOut: number
  readonly deadLetters: number
  readonly commits: number
  readonly commitMs: readonly number[]
}

/** The sums of several tasks' counters, with names. */
export function sumOperators(
  ids: readonly OperatorId[],
  snapshots: readonly CountersSnapshot[]
): OperatorMetrics[] {
  return ids.map((id, index) => ({
    ...id,
    in: sum(snapshots, one => one.in[index]!),
    out: sum(snapshots, one => one.out[index]!),
    failed: sum(snapshots, one => one.failed[index]!),
    lastErrorOffset: Math.max(-1, ...snapshots.map(one => one.lastErrorOffset[index]!)),
    latencyMsMean: latency(
      sum(snapshots, one => one.timed[index]!),
      sum(snapshots, one => one.timedMs[index]!)
    )
  }))
}

function latency(timed: number, timedMs: number): number | null {
  return timed === 0 ? null : timedMs / timed
}

/** Adds up one number of each snapshot. */
export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0
  for (const item of items) total += of(item)
  return total
}

/** The value at a share of sorted ones; 0 without any. */
export function quantile(sorted: readonly number[], fraction: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]!
}
