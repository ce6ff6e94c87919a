// The names under which a dataflow keeps things in the log. Changing one orphans what is stored.
import { createHash } from 'node:crypto'

import { TOPIC_NAME_LENGTH_MAX, MARKER_MIN } from '../../base/index.ts'
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'

/** The group whose positions say how far a dataflow has read. */
export function groupName(plan: Plan): string {
  return `${plan.namespace}/${plan.name}`
}

/** The group whose positions say up to when the ticks of a dataflow's schedules were given. */
export function scheduleGroupName(plan: Plan): string {
  return `${groupName(plan)}/schedule`
}

/** Topic of the changes of all states; partition = task. */
export function changelogTopicName(plan: Plan): string {
  return internalTopicName(plan, 'changelog')
}

/** Topic over which a service's records travel to the task that owns their new key; partition = task. */
export function repartitionTopicName(plan: Plan, service: string): string {
  const known = plan.services.find(({ name }) => name === service)
  return internalTopicName(plan, `${known?.storedAs ?? service}.repartition`)
}

/** Topic over which tasks tell each other how far the time of their services is; partition = task. */
export function watermarksTopicName(plan: Plan): string {
  return internalTopicName(plan, 'watermarks')
}

/** With the namespace, as the group has: dataflows of one name must not restore each other's state. */
function internalTopicName(plan: Plan, role: string): string {
  const name = `_millrace.${plan.namespace}.${plan.name}.${role}`
  if (name.length <= TOPIC_NAME_LENGTH_MAX) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `_millrace.${plan.name}.${digest}`
}

/** Topic of the records that a service could not process. */
export function deadLetterTopicName(plan: Plan): string {
  return `${plan.name}.dead-letter`
}

/** Name of a state for people, and in the changelog unless its plan says another: unique in the dataflow. */
export function stateName(service: string, state: string): string {
  return `${service}.${state}`
}

/** Name in the changelog of a state that a service keeps for itself, beside those of the file. */
export function bookName(
  { name, storedAs = name, storedBooks }: Pick<ServicePlan, 'name' | 'storedAs' | 'storedBooks'>,
  book: string
): string {
  return storedBooks?.[`$${book}`] ?? stateName(storedAs, `$${book}`)
}

/**
 * The producer id in batches that a task has processed itself, depth first, when it reads them again: 47
 * bits of a hash over the dataflow's identity and its number of tasks, above all ids that are given to producers
 * ({@link MARKER_MIN}). Positive, so no other meaning of the field (−1 is none) fits it by accident.
 */
export function markerNumber(plan: Plan, tasks: number): number {
  const digest = createHash('sha256')
    .update(`millrace marker\n${groupName(plan)}\n${tasks}`)
    .digest()
  return MARKER_MIN + (digest.readUIntBE(0, 6) % MARKER_MIN)
}
