// The join of one service in one task, made from its plan, and the states in which it keeps its sides.
import type { JoinPlan, JoinSidePlan, ServicePlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import type { StateSpec, TaskState, ValueCodec } from '../../state/contract.ts'
import { compileValueCodec, fingerprintOf } from '../convert/index.ts'
import { fieldReader } from '../builtin/index.ts'
import { AsOfJoin } from '../joins/as-of-join.ts'
import type { JoinEntryOptions, SideValues } from '../joins/contract.ts'
import { IntervalJoin } from '../joins/interval-join.ts'
import type { MakePair } from '../joins/pairs.ts'
import { type TableRows, type TimedRows, tableRowsCodec, timedRowsCodec } from '../joins/rows.ts'
import { StateJoin } from '../joins/state-join.ts'
import { TableJoin } from '../joins/table-join.ts'
import type { TimedJoin } from '../joins/timed-join.ts'
import type { LateRecords } from '../operators/late-records.ts'
import type { WindowTime } from '../windows/contract.ts'
import type { AccessSpec } from '../task/state-access.ts'
import type { Library } from './library.ts'
import { bookName } from './names.ts'
import { windowKeyCodec } from './window-states.ts'

/** Buckets of events are a share of the time for which they are kept, but not shorter. */
const BUCKETS = 4
const BUCKET_MS_MIN = 100

/** The states of a service's join. A file's states have no `$`. */
export function joinSpecs(service: ServicePlan, library: Library): StateSpec[] {
  const { join } = service
  if (join === undefined) return []
  const key = windowKeyCodec(service, library)
  return (['left', 'right'] as const).flatMap(side => {
    const { type, value: valueType } = join[side]
    const { type: otherType } = join[other(side)]
    if (type === 'state') return []
    if (type === 'stream' && (otherType === 'table' || otherType === 'state')) return []
    const inner = compileValueCodec(valueType)
    const value = type === 'table' ? tableRowsCodec(inner) : timedRowsCodec(inner)
    const inBuckets = type === 'stream'
    const form = inBuckets
      ? `events by ${bucketMs(join)} ms`
      : `${type} by ${String(join[side].row)}`
    return {
      name: joinStateName(service, side),
      key,
      value: value as ValueCodec as ValueCodec<unknown>,
      fingerprint: `${form}: ${fingerprintOf(valueType)}`,
      namespaced: inBuckets
    }
  })
}

/** What a join is made from beside its plan. */
export interface ServiceJoinOptions {
  readonly service: ServicePlan
  readonly join: JoinPlan
  readonly state: TaskState
  readonly task: number
  readonly late: LateRecords
  readonly time: WindowTime
  /** Where pairs go that begin with time. */
  readonly results: JoinEntryOptions
}

/** The join that waits for event time. */
export function timedJoinOf(options: ServiceJoinOptions): TimedJoin {
  const { service, join, state } = options
  const { kind, gracePeriodMs: graceMs, beforeMs, afterMs, left, right } = join
  const widthMs = bucketMs(join)
  const common = { ...options, kind, graceMs, make: pairMaker(service, join), widthMs }
  const events = {
    ...valuesOf(left),
    state: state.namespaced<TimedRows>(joinStateName(service, 'left'))
  }
  const name = joinStateName(service, 'right')
  if (right.type === 'versions') {
    const versions = { ...valuesOf(right), state: state.state<TimedRows>(name) }
    return new AsOfJoin({ ...common, left: events, right: versions })
  }
  const others = { ...valuesOf(right), state: state.namespaced<TimedRows>(name) }
  return new IntervalJoin({ ...common, beforeMs, afterMs, left: events, right: others })
}

/** The join with a table. */
export function tableJoinOf(service: ServicePlan, join: JoinPlan, state: TaskState): TableJoin {
  const side = (name: 'left' | 'right') => ({
    ...valuesOf(join[name]),
    state: join[name].type === 'table' ? state.state<TableRows>(joinStateName(service, name)) : null
  })
  const { kind } = join
  return new TableJoin({
    kind,
    left: side('left'),
    right: side('right'),
    make: pairMaker(service, join)
  })
}

/** The look-up of a state of another service; `state` is how this service sees it. */
export function stateJoinOf(service: ServicePlan, join: JoinPlan, state: AccessSpec): StateJoin {
  return new StateJoin({ kind: join.kind, make: pairMaker(service, join), state })
}

/** How far the times of what a join sends may lie behind the watermark. */
export function joinDelayMs(join: JoinPlan): number {
  if (!join.isTimed) return 0
  const { kind, beforeMs, afterMs, gracePeriodMs, right } = join
  if (right.type === 'versions') return gracePeriodMs + bucketMs(join)
  return gracePeriodMs + (kind === 'inner' ? 0 : Math.max(beforeMs, afterMs) + bucketMs(join))
}

function bucketMs({ beforeMs, afterMs }: JoinPlan): number {
  return Math.max(BUCKET_MS_MIN, Math.ceil((beforeMs + afterMs) / BUCKETS))
}

function joinStateName(service: ServicePlan, side: 'left' | 'right'): string {
  return bookName(service, side)
}

function other(side: 'left' | 'right'): 'left' | 'right' {
  return side === 'left' ? 'right' : 'left'
}

function valuesOf({ row, value }: JoinSidePlan): SideValues {
  const { size } = compileValueCodec(value)
  return { size, rowOf: row === null ? () => null : fieldReader(row) }
}

/** Makes pairs; what is kept is copied where functions that may change it stand behind. */
function pairMaker(service: ServicePlan, { left, right }: JoinPlan): MakePair {
  const steps = [...(service.partition?.steps ?? []), ...service.sinks.flatMap(sink => sink.steps)]
  const copies = steps.length > 0
  const copyLeft = copier(left.value, copies)
  // What is read of a state is a copy.
  const copyRight = copier(right.value, copies && right.type !== 'state')
  const [leftAs, rightAs] = [left.as, right.as]
  return (one, another) => ({ [leftAs]: copyLeft(one), [rightAs]: copyRight(another) })
}

function copier(type: Type, copies: boolean): (value: unknown) => unknown {
  if (!copies) return value => value
  const { copy } = compileValueCodec(type)
  return value => (value === null ? null : copy(value))
}
