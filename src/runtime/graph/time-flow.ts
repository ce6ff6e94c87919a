// Which services need event time, and where each gets it from.
//
// A service needs it for windows, for assign-timestamp, and where a service behind it takes the time of the records
// that it writes. Who assigns timestamps measures by them; else the watermark of the services before comes along.
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import { chainedTopics } from './chained-topics.ts'
import { topicOf } from './required-topics.ts'
import { joinDelayMs } from './service-joins.ts'

/** A service with event time. */
export interface TimedService {
  readonly service: ServicePlan
  readonly outOfOrdernessMs: number
  readonly idlenessMs: number | null
  /** How far ahead of the clock times may be; null where nobody asked for event time here. */
  readonly futureBoundMs: number | null
  /** Services whose watermark it takes, by the name of the topic between them. */
  readonly upstream: ReadonlyMap<string, readonly string[]>
}

/** The services that need event time, by name, in the file's order. */
export function timedServices(plan: Plan): ReadonlyMap<string, TimedService> {
  const chained = chainedTopics(plan)
  const idleness = new Map<string, number | null>()
  for (const service of plan.services) {
    if (service.time !== null) need(plan, chained, service, service.time.idlenessMs, idleness)
  }
  const timed = new Map<string, TimedService>()
  for (const service of plan.services) {
    if (!idleness.has(service.name)) continue
    const { time } = service
    timed.set(service.name, {
      service,
      outOfOrdernessMs: time?.outOfOrdernessMs ?? 0,
      idlenessMs: idleness.get(service.name)!,
      futureBoundMs: time?.futureBoundMs ?? null,
      upstream: upstreamOf(plan, chained, service, idleness)
    })
  }
  return timed
}

/** Notes that a service needs time, and those before it whose time it takes; they are idle when it says so. */
function need(
  plan: Plan,
  chained: ReadonlySet<string>,
  service: ServicePlan,
  idlenessMs: number | null,
  idleness: Map<string, number | null>
): void {
  const known = idleness.get(service.name)
  const own = service.time === null ? longer(known, idlenessMs) : service.time.idlenessMs
  if (known !== undefined && known === own) return
  idleness.set(service.name, own)
  if (assignsTime(service)) return
  for (const { topic } of service.sources) {
    const { name } = topicOf(plan, topic)
    if (!chained.has(name)) continue
    for (const writer of writersOf(plan, name)) need(plan, chained, writer, own, idleness)
  }
}

function longer(one: number | null | undefined, other: number | null): number | null {
  if (one === undefined) return other
  return one === null || other === null ? null : Math.max(one, other)
}

function upstreamOf(
  plan: Plan,
  chained: ReadonlySet<string>,
  service: ServicePlan,
  timed: ReadonlyMap<string, unknown>
): Map<string, readonly string[]> {
  const upstream = new Map<string, readonly string[]>()
  if (assignsTime(service)) return upstream
  for (const { topic } of service.sources) {
    const { name } = topicOf(plan, topic)
    const writers = chained.has(name) ? writersOf(plan, name) : []
    if (writers.length > 0 && writers.every(writer => timed.has(writer.name))) {
      upstream.set(
        name,
        writers.map(writer => writer.name)
      )
    }
  }
  return upstream
}

/** Services whose records in a topic have event times; windows by the clock give none. */
function writersOf(plan: Plan, name: string): ServicePlan[] {
  return plan.services.filter(
    ({ sinks, window }) =>
      window?.time !== 'processing' && sinks.some(sink => topicOf(plan, sink.topic).name === name)
  )
}

function assignsTime({ time }: ServicePlan): boolean {
  return time !== null && time.assignTimestamp !== null
}

/** How far the times of what a service writes may lie behind its own watermark. */
export function outputDelayMs(service: ServicePlan): number {
  const { window, partition, join } = service
  if (join !== undefined) return joinDelayMs(join)
  if (window === null) return 0
  const { shape } = window
  if (shape.kind === 'count' || shape.kind === 'global') return 0
  const sendsAtOnce = partition?.updateState === null || service.emitsFromUpdateState
  const lengthMs = shape.kind === 'session' ? shape.gapMs : shape.durationMs
  return window.gracePeriodMs + (sendsAtOnce ? lengthMs : 0)
}

/** Services with windows in rounds: when one is closed, everything before it has been. */
export function closingRounds(plan: Plan): string[][] {
  const depths = new Map<string, number>()
  const chained = chainedTopics(plan)
  const depthOf = (service: ServicePlan): number => {
    const known = depths.get(service.name)
    if (known !== undefined) return known
    depths.set(service.name, 0)
    let depth = 0
    for (const { topic } of service.sources) {
      const { name } = topicOf(plan, topic)
      if (!chained.has(name)) continue
      const writers = plan.services.filter(one =>
        one.sinks.some(sink => topicOf(plan, sink.topic).name === name)
      )
      for (const writer of writers) {
        depth = Math.max(depth, depthOf(writer) + (closes(writer) ? 1 : 0))
      }
    }
    depths.set(service.name, depth)
    return depth
  }
  const rounds: string[][] = []
  for (const service of plan.services) {
    if (closes(service)) (rounds[depthOf(service)] ??= []).push(service.name)
  }
  return rounds.filter(round => round !== undefined)
}

/** Whether something of a service waits for time. */
function closes({ window, join }: ServicePlan): boolean {
  return window !== null || join?.isTimed === true
}
