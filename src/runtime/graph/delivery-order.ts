// In which order the services that take one record see it: who looks into a state goes before who changes it.
//
// A reader of another service's state sees all earlier records applied, and the record itself only where it
// stands downstream of the writer. So of two services beside each other the one from which a reader is reached goes
// before the one from which its writer is reached; apart from that the file's order holds. Two services that
// look into each other's states cannot both be first: there the file's order decides.
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import { topicOf } from './required-topics.ts'

/** The services that read the topic `name`, in the order in which a task hands them a record of it. */
export function readersInOrder(plan: Plan, name: string): ServicePlan[] {
  const readers = plan.services.filter(service => reads(plan, service, name))
  return inOrder(readers, reader => reachedFrom(plan, [reader]))
}

/** The sinks of a service in the order in which their records go on, as indexes into its sinks. */
export function sinksInOrder(plan: Plan, service: ServicePlan): number[] {
  const indexes = service.sinks.map((_, index) => index)
  return inOrder(indexes, index => {
    const { name } = topicOf(plan, service.sinks[index]!.topic)
    return reachedFrom(
      plan,
      plan.services.filter(other => reads(plan, other, name))
    )
  })
}

type Reach = ReadonlySet<ServicePlan>

/** A stable order in which no item stands behind one that its readers must not see; the earliest fitting one first. */
function inOrder<T>(items: readonly T[], reachOf: (item: T) => Reach): T[] {
  const waiting = items.map(item => ({ item, reach: reachOf(item) }))
  const ordered: T[] = []
  while (waiting.length > 0) {
    const free = waiting.findIndex(
      one => !waiting.some(other => other !== one && looksInto(other.reach, one.reach))
    )
    const [next] = waiting.splice(Math.max(free, 0), 1)
    ordered.push(next!.item)
  }
  return ordered
}

/** Whether a service of `first` reads a state that one of `second`, and none of `first`, owns. */
function looksInto(first: Reach, second: Reach): boolean {
  for (const reader of first) {
    for (const state of reader.states) {
      if (state.kind !== 'reference') continue
      const owns = (service: ServicePlan): boolean => service.name === state.service
      if ([...second].some(owns) && ![...first].some(owns)) return true
    }
  }
  return false
}

function reachedFrom(plan: Plan, services: readonly ServicePlan[]): Reach {
  const reached = new Set(services)
  for (const service of reached) {
    for (const sink of service.sinks) {
      const { name } = topicOf(plan, sink.topic)
      for (const other of plan.services) if (reads(plan, other, name)) reached.add(other)
    }
  }
  return reached
}

function reads(plan: Plan, service: ServicePlan, name: string): boolean {
  return service.sources.some(source => topicOf(plan, source.topic).name === name)
}
