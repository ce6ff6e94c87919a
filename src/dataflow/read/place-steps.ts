// Puts the steps of older layouts, one list with everything in it, into their places: transforms and partition.
import type { ReadContext } from '../sections/section.ts'
import { quoted } from '../yaml/tree.ts'
import type { PartitionModel, StepModel } from './model.ts'

/** Steps of a service of an older layout. */
export interface UntimedSteps {
  readonly steps: readonly StepModel[]
  readonly partition: PartitionModel | null
}

/** What stands between assign-timestamp and assign-key. */
export interface TimedSteps {
  readonly assignTimestamp: StepModel | null
  readonly steps: readonly StepModel[]
}

/** Where the steps of one list belong. */
export interface PlacedSteps {
  readonly service: UntimedSteps
  readonly timed: TimedSteps
}

/** Divides `all` at its assign-timestamp and its assign-key. */
export function placeSteps(context: ReadContext, all: readonly StepModel[]): PlacedSteps {
  const keyIndex = all.findIndex(step => step.operator === 'assign-key')
  const timeIndex = all.findIndex(step => step.operator === 'assign-timestamp')
  const assignTimestamp = all[timeIndex]
  if (assignTimestamp === undefined) {
    const timed = { assignTimestamp: null, steps: [] }
    return { service: placeUntimed(context, all), timed }
  }
  for (const step of all) {
    if (step.operator !== 'assign-timestamp') continue
    if (step === assignTimestamp && (keyIndex < 0 || timeIndex < keyIndex)) continue
    const message = '"assign-timestamp" stands once, before "assign-key"'
    context.report.error('OPERATOR_PLACE', step.at, message)
  }
  const rest = all.slice(timeIndex + 1).filter(step => step.operator !== 'assign-timestamp')
  const behind = placeUntimed(context, rest)
  return {
    service: { steps: all.slice(0, timeIndex), partition: behind.partition },
    timed: { assignTimestamp, steps: behind.steps }
  }
}

/** Divides `all` at its assign-key; what stands behind an update-state is refused. */
function placeUntimed(context: ReadContext, all: readonly StepModel[]): UntimedSteps {
  const { report } = context
  const keyIndex = all.findIndex(step => step.operator === 'assign-key')
  const assignKey = all[keyIndex]
  if (assignKey === undefined) {
    const update = all.find(step => step.operator === 'update-state')
    if (update !== undefined) {
      report.error(
        'OPERATOR_PLACE',
        update.at,
        '"update-state" needs an "assign-key" before it, which says whose state it is'
      )
    }
    return { steps: all.filter(step => step !== update), partition: null }
  }
  const behind = all.slice(keyIndex + 1)
  const updateIndex = behind.findIndex(step => step.operator === 'update-state')
  const steps = updateIndex < 0 ? behind : behind.slice(0, updateIndex)
  const rest = updateIndex < 0 ? [] : behind.slice(updateIndex + 1)
  for (const step of [...rest, ...steps.filter(inner => inner.operator === 'assign-key')]) {
    const before = rest.includes(step) ? 'update-state' : 'assign-key'
    report.error(
      'OPERATOR_PLACE',
      step.at,
      `${quoted(step.operator)} cannot stand behind ${quoted(before)}`,
      'Put it into a service of its own.'
    )
  }
  const partition = {
    assignKey,
    steps,
    updateState: behind[updateIndex] ?? null,
    aggregate: null,
    at: assignKey.at
  }
  return { steps: all.slice(0, keyIndex), partition }
}
