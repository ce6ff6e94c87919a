// Checks one service: types from its sources through its steps to its sinks, names of operators, keys of states.
import type {
  PartitionPlan,
  ServicePlan,
  SourcePlan,
  StatePlan,
  StepPlan,
  WindowPlan
} from '../plan.ts'
import type {
  FileModel,
  IoModel,
  JoinModel,
  PartitionModel,
  ServiceModel,
  StepModel,
  WindowModel
} from '../read/model.ts'
import { accepts, NUMBER } from '../type-match.ts'
import { describeType } from '../type-text.ts'
import { quoted } from '../yaml/tree.ts'
import { checkAggregate, type CheckedAggregate } from './check-aggregate.ts'
import { Chain, type ChainedStep, type Flow } from './chain.ts'
import type { StepContext } from './check-step.ts'
import { checkJoin } from './check-join.ts'
import { serviceMigrationOf, statePlansOf } from './check-migrate.ts'
import { checkLate, checkSink, topicOf, warnUnreachable } from './check-sinks.ts'
import { ownedStates } from './check-states.ts'
import {
  checkPanes,
  checkWindow,
  checkWithoutWindow,
  recordTime,
  timePlanOf,
  windowPlanOf
} from './check-window.ts'

/** The plan of a service; with findings some parts may be missing, then the whole plan is not used. */
export function checkService(
  context: StepContext,
  file: FileModel,
  service: ServiceModel
): ServicePlan {
  const chain = new Chain(context)
  const read = checkSources(context, chain, file, service)
  const join = service.join ?? null
  const main =
    join === null
      ? { ...checkMain(context, chain, file, service, read.flow), sources: read.sources }
      : checkPairs(context, chain, file, service, join, read)
  const flow = service.isPartial ? { value: null, key: null } : main.flow
  const sinks = service.sinks.flatMap(sink => checkSink(context, chain, file, service, sink, flow))
  return {
    name: service.name,
    sources: main.sources,
    states: [...statePlansOf(context, file, service), ...(main.state === null ? [] : [main.state])],
    ...main.plan,
    sinks,
    errors: service.errors,
    output: flow.value,
    ...serviceMigrationOf(context, file, service),
    at: context.report.position(service.at)
  }
}

interface CheckedSources {
  /** Of all sources together. */
  readonly flow: Flow
  /** Of each, by topic. */
  readonly flows: ReadonlyMap<string, Flow>
  readonly sources: readonly SourcePlan[]
}

/** The parts of a service with a join: what would be its transforms gets the pairs. */
function checkPairs(
  context: StepContext,
  chain: Chain,
  file: FileModel,
  service: ServiceModel,
  join: JoinModel,
  read: CheckedSources
): Main & { readonly sources: readonly SourcePlan[] } {
  const checked = checkJoin(context, file, service, join, read.sources, read.flows)
  const flow = chain.run(service.steps, checked?.flow ?? { value: null, key: null })
  const steps = chain.take()
  const none = { steps: [], time: null, window: null, partition: null, emitsFromUpdateState: true }
  if (checked === null) return { plan: none, flow, state: null, sources: read.sources }
  const { plan, sources, assignKey, assignTimestamp } = checked
  const needed = plan.isTimed ? { ...service, time: service.time ?? recordTime(join.at) } : service
  return {
    plan: {
      ...none,
      time: timePlanOf(context, file, needed, assignTimestamp),
      join: plan,
      partition: { assignKey, steps, updateState: null }
    },
    flow,
    state: null,
    sources
  }
}

/** What stands between sources and sinks. */
interface Main {
  readonly plan: Pick<
    ServicePlan,
    'steps' | 'time' | 'window' | 'join' | 'partition' | 'emitsFromUpdateState'
  >
  readonly flow: Flow
  /** That of an aggregate. */
  readonly state: StatePlan | null
}

function checkMain(
  context: StepContext,
  chain: Chain,
  file: FileModel,
  service: ServiceModel,
  merged: Flow
): Main {
  let flow = chain.run(service.steps, merged)
  const steps = chain.take()
  const { window: windowModel } = service
  if (windowModel === null) checkWithoutWindow(context, service)
  else checkWindow(context, service, windowModel)
  const timestamp = service.time?.assignTimestamp ?? null
  const assignTimestamp = timestamp === null ? null : chain.step(timestamp, flow).plan
  chain.take()
  flow = chain.run(windowModel?.steps ?? [], flow)
  const windowSteps = chain.take()
  const arriving = flow
  const emitsFromUpdateState = file.apiVersion === '1.0.0'
  let partition: PartitionPlan | null = null
  let sendsNothing = false
  let aggregate: CheckedAggregate | null = null
  if (service.partition !== null) {
    const checked = checkPartition(
      context,
      chain,
      service,
      service.partition,
      flow,
      emitsFromUpdateState
    )
    partition = checked.plan
    flow = checked.flow
    sendsNothing = checked.sendsNothing
    aggregate = checked.aggregate
  }
  if (aggregate !== null) {
    const { state, output } = aggregate
    context.aggregates.set(service.name, { key: state.key, value: output })
  }
  let window: WindowPlan | null = null
  let emits = emitsFromUpdateState
  if (windowModel !== null) {
    // What is known to send nothing before a window closes lets the time behind it go on with the window.
    if (service.partition !== null && sendsNothing) emits = false
    checkPanes(context, service, windowModel, !sendsNothing)
    const closing =
      aggregate === null
        ? checkClosing(context, chain, windowModel, sendsNothing ? null : flow)
        : closingOf(context, chain, windowModel, aggregate)
    if (closing.flow !== null) {
      flow = closing.flow
      sendsNothing = closing.sendsNothing
    }
    window = windowPlanOf(context, windowModel, { ...closing, steps: windowSteps })
    const { late } = windowModel
    if (late !== null) checkLate(context, file, late, arriving.value, 'the partition of the window')
  }
  if (sendsNothing && !service.isPartial) warnUnreachable(context, service, emitsFromUpdateState)
  const time = timePlanOf(context, file, service, assignTimestamp)
  return {
    plan: { steps, time, window, partition, emitsFromUpdateState: emits },
    flow,
    state: aggregate?.state ?? null
  }
}

function checkSources(
  context: StepContext,
  chain: Chain,
  file: FileModel,
  service: ServiceModel
): CheckedSources {
  const { report } = context
  const sources: SourcePlan[] = []
  const flows = new Map<string, Flow>()
  let first: { flow: Flow; io: IoModel } | null = null
  let isKeyKnown = true
  for (const io of service.sources) {
    const topic = topicOf(context, file, io)
    if (topic === null) continue
    if (sources.some(source => source.topic === io.topic)) {
      report.error(
        'SOURCE_DUPLICATE',
        io.topicSpan,
        `the topic ${quoted(io.topic)} is already a source of this service`,
        'Use one source; a flat-map can make several values of one.'
      )
      continue
    }
    const flow = chain.run(io.steps, {
      value: topic.plan?.value.type ?? null,
      key: topic.plan?.key ?? null
    })
    sources.push({ topic: io.topic, steps: chain.take(), at: report.position(io.at) })
    flows.set(io.topic, flow)
    if (first === null) first = { flow, io }
    else if (!service.join) {
      checkMerge(context, first, { flow, io })
      isKeyKnown &&=
        first.flow.key !== null && flow.key !== null && accepts(first.flow.key, flow.key)
    }
  }
  const value = first?.flow.value ?? null
  return { flow: { value, key: isKeyKnown ? (first?.flow.key ?? null) : null }, flows, sources }
}

interface Merged {
  readonly flow: Flow
  readonly io: IoModel
}

function checkMerge(context: StepContext, first: Merged, other: Merged): void {
  const into = first.flow.value
  const from = other.flow.value
  if (into === null || from === null || accepts(into, from)) return
  const message =
    `all sources of a service must come to one type, but ${quoted(first.io.topic)} gives ` +
    `${describeType(into)} and ${quoted(other.io.topic)} gives ${describeType(from)}`
  context.report.error(
    'TYPE_MISMATCH',
    other.io.topicSpan,
    message,
    'Add a map to the transforms of one source.'
  )
}

function dedupOf({ dedup }: PartitionModel): Pick<PartitionPlan, 'dedup'> {
  return dedup ? { dedup } : {}
}

interface CheckedPartition {
  readonly plan: PartitionPlan | null
  readonly flow: Flow
  readonly sendsNothing: boolean
  readonly aggregate: CheckedAggregate | null
}

function checkPartition(
  context: StepContext,
  chain: Chain,
  service: ServiceModel,
  partition: PartitionModel,
  flow: Flow,
  emits: boolean
): CheckedPartition {
  const assigned = partition.assignKey === null ? null : chain.step(partition.assignKey, flow)
  chain.take()
  const inner = chain.run(partition.steps, flow)
  const steps = chain.take()
  const updated = partition.updateState === null ? null : chain.step(partition.updateState, inner)
  chain.take()
  const assignKey = assigned?.plan ? keyedByState(context, service, partition, assigned.plan) : null
  if (partition.aggregate !== null) {
    const key = assignKey?.outputKey ?? null
    const aggregate = checkAggregate(context, service, inner.value, key)
    if (aggregate === null || assignKey === null)
      return { plan: null, flow: { value: null, key: null }, sendsNothing: false, aggregate: null }
    return {
      plan: { assignKey, steps, updateState: aggregate.update, ...dedupOf(partition) },
      flow: { value: aggregate.output, key },
      sendsNothing: service.window !== null,
      aggregate
    }
  }
  if (partition.updateState !== null && ownedStates(service).length === 0) {
    const message = `the service ${quoted(service.name)} has an update-state, but owns no state`
    context.report.warning(
      'STATE_MISSING',
      partition.updateState.at,
      message,
      'Declare the state under "states", or use a map in "partition.transforms".'
    )
  }
  const after = updated === null ? inner : emits ? updated.flow : { value: null, key: null }
  const plan =
    assignKey === null
      ? null
      : { assignKey, steps, updateState: updated?.plan ?? null, ...dedupOf(partition) }
  return {
    plan,
    flow: after,
    sendsNothing: updated !== null && (!emits || updated.sendsNothing),
    aggregate: null
  }
}

interface Closing {
  readonly merge: StepPlan | null
  readonly flush: StepPlan | null
  readonly flushKey: StepPlan | null
  /** What leaves the service when windows close; null where nothing but `sent` does. */
  readonly flow: Flow | null
  readonly sendsNothing: boolean
}

/** What an aggregate does when windows close; a flush of the file goes over the states of all keys instead. */
function closingOf(
  context: StepContext,
  chain: Chain,
  window: WindowModel,
  aggregate: CheckedAggregate
): Closing {
  const { merge, flushKey, output } = aggregate
  const isParted = window.shape?.kind === 'sliding' || window.shape?.kind === 'session'
  const plans = { merge: isParted ? merge : null }
  if (window.flush !== null) {
    const closing = checkClosing(context, chain, { ...window, merge: null }, null)
    return { ...closing, ...plans }
  }
  const key = flushKey.outputKey
  return { ...plans, flush: null, flushKey, flow: { value: output, key }, sendsNothing: false }
}

/** The functions that run when windows close; `sent` is what leaves before. */
function checkClosing(
  context: StepContext,
  chain: Chain,
  window: WindowModel,
  sent: Flow | null
): Closing {
  const unknown = { value: null, key: null }
  const checked = (step: StepModel | null): ChainedStep | null =>
    step === null ? null : chain.step(step, unknown)
  const merge = checked(window.merge)
  const flush = checked(window.flush)
  const flushKey = checked(window.flushKey)
  chain.take()
  const plans = {
    merge: merge?.plan ?? null,
    flush: flush?.plan ?? null,
    flushKey: flushKey?.plan ?? null
  }
  const closing = flush ?? flushKey
  if (closing === null || (closing.sendsNothing && sent !== null)) {
    return { ...plans, flow: null, sendsNothing: false }
  }
  const { flow, sendsNothing } = closing
  if (sent === null) return { ...plans, flow, sendsNothing }
  if (flow.value !== null && sent.value !== null && !accepts(flow.value, sent.value)) {
    const message =
      `update-state sends ${describeType(sent.value)} and flush ${describeType(flow.value)} to the same ` +
      `sinks; both must be one type`
    context.report.error(
      'TYPE_MISMATCH',
      (window.flush ?? window.flushKey)!.at,
      message,
      'Let update-state return nothing, or send its values from a service of its own.'
    )
  }
  return { ...plans, flow: sent.value === null ? unknown : flow, sendsNothing: false }
}

/** Checks that the assigned key is that of the owned states; their width is the key's where it says `number`. */
function keyedByState(
  context: StepContext,
  service: ServiceModel,
  partition: PartitionModel,
  plan: StepPlan
): StepPlan {
  let key = plan.outputKey
  for (const state of ownedStates(service)) {
    if (state.key === null) continue
    if (key !== null && !accepts(state.key, key)) {
      const message =
        `assign-key gives ${describeType(key)}, but the key of the state ` +
        `${quoted(state.name)} is ${describeType(state.key)}`
      context.report.error(
        'TYPE_MISMATCH',
        partition.assignKey!.at,
        message,
        'Both must be the same scalar type.'
      )
    } else if (key === null || key === NUMBER) key = state.key
  }
  return { ...plan, outputKey: key }
}
