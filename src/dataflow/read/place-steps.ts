// Puts the steps of older layouts, one list with everything in it, into their places: transforms and partition.
import type { ReadContext } from '../sections/section.ts'
import { quoted } from '../yaml/tree.ts'
import type { PartitionModel, StepModel } from './model.ts'

/** Where the steps of one list belong. */
export interface PlacedSteps {
  readonly steps: readonly StepModel[]
  readonly partition: PartitionModel | null
}

/** Divides `all` at its assign-key; what stands behind an update-state is refused. */
export function placeSteps(context: ReadContext, all: readonly StepModel[]): PlacedSteps {
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
  const partition = { assignKey, steps, updateState: behind[updateIndex] ?? null, at: assignKey.at }
  return { steps: all.slice(0, keyIndex), partition }
}
