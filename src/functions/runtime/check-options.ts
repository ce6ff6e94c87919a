// What is checked of an application before it starts.
import { MillraceError, PARTITIONS_MAX } from '../../base/index.ts'
import type { Topic } from '../../log/log.ts'
import type { FunctionsOptions } from './contract.ts'

/**
 * Checks what options say of themselves.
 * @throws TASKS_INVALID, INGRESS_DUPLICATE, EGRESS_DUPLICATE
 */
export function checkOptions({ ingresses, egresses }: FunctionsOptions, tasks: number): void {
  if (!Number.isInteger(tasks) || tasks < 1 || tasks > PARTITIONS_MAX) {
    throw new MillraceError(
      'TASKS_INVALID',
      `${tasks} tasks were asked for; expected a whole number from 1 to ${PARTITIONS_MAX}; correct it`
    )
  }
  checkOnce(
    'INGRESS_DUPLICATE',
    'ingress',
    ingresses.map(({ topic, name = '' }) => (name === '' ? topic : `${name} on ${topic}`))
  )
  checkOnce(
    'EGRESS_DUPLICATE',
    'egress',
    egresses.map(egress => egress.typename)
  )
}

function checkOnce(code: string, what: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice === undefined) return
  throw new MillraceError(
    code,
    `the ${what} ${twice} is declared twice; expected one declaration; give one ingress all the targets, ` +
      `give the other another name, or remove it`,
    { details: { name: twice } }
  )
}

/** @throws TOPIC_INVALID an internal topic has fewer partitions than there are tasks */
export function checkPartitions({ name }: FunctionsOptions, topic: Topic, tasks: number): void {
  const { partitions } = topic.spec
  if (partitions >= tasks) return
  throw new MillraceError(
    'TOPIC_INVALID',
    `topic ${topic.name} has ${partitions} partitions; expected ${tasks}, one for each task of application ${name}; ` +
      `add partitions to it`,
    { details: { topic: topic.name, partitions, tasks } }
  )
}

/** It ran with another number of tasks before. */
export function tasksChanged(
  { name }: FunctionsOptions,
  before: number,
  tasks: number
): MillraceError {
  return new MillraceError(
    'TASKS_CHANGED',
    `application ${name} ran with ${before} tasks and is started with ${tasks}; expected the same number, for its ` +
      `addresses are spread by it; start it with ${before}, or under another name to begin anew`,
    { details: { application: name, before, tasks } }
  )
}
