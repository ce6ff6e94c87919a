// Checks the keys `migrate` against the file: names that are gone, functions that fit, defaults that are values.
import type { DataflowMigration, ServiceMigration, StateMigration, StatePlan } from '../plan.ts'
import type { Span } from '../report.ts'
import type { FileModel, ServiceModel, StateMigrateModel, StateModel } from '../read/model.ts'
import { accepts } from '../type-match.ts'
import { describeType } from '../type-text.ts'
import type { Field, Type } from '../types.ts'
import { kindOf, quoted } from '../yaml/tree.ts'
import { checkStep, type StepContext } from './check-step.ts'
import { ownedStates, statePlanOf } from './check-states.ts'
import { jsonOf, misfitOf } from './literal.ts'

type OwnedModel = Extract<StateModel, { readonly kind: 'owned' }>

/** The plans of a service's states, with what becomes of what is stored of them. */
export function statePlansOf(
  context: StepContext,
  file: FileModel,
  service: ServiceModel
): StatePlan[] {
  return service.states.flatMap(state =>
    statePlanOf(context.report, service, state).map(plan =>
      plan.kind === 'owned' && state.kind === 'owned'
        ? { ...plan, ...stateMigrationOf(context, file, service, state) }
        : plan
    )
  )
}

/** `migrate` of a state as its plan has it. */
function stateMigrationOf(
  context: StepContext,
  file: FileModel,
  service: ServiceModel,
  state: OwnedModel
): { readonly migrate?: StateMigration } {
  const model = state.migrate ?? null
  if (model === null) return {}
  const { report } = context
  const from = model.renameFrom
  const before = service.migrate?.renameFrom?.name ?? service.name
  const renameFrom = from === null ? null : { service: from.service ?? before, state: from.state }
  if (from !== null && renameFrom !== null) {
    const owner = file.services.find(one => one.name === renameFrom.service)
    const isThere =
      owner !== undefined && ownedStates(owner).some(one => one.name === renameFrom.state)
    if (isThere) stillThere(context, from.span, `state ${renameFrom.service}.${renameFrom.state}`)
  }
  const step = model.step === null ? null : checkFunction(context, model, state)
  return {
    migrate: {
      renameFrom,
      drop: model.drop,
      defaults: checkDefaults(context, model, state),
      step,
      at: report.position(model.at)
    }
  }
}

/** `migrate` of a service as its plan has it. */
export function serviceMigrationOf(
  context: StepContext,
  file: FileModel,
  service: ServiceModel
): { readonly migrate?: ServiceMigration } {
  const model = service.migrate ?? null
  if (model === null) return {}
  const { renameFrom, drop, at } = model
  if (renameFrom !== null && file.services.some(one => one.name === renameFrom.name)) {
    stillThere(context, renameFrom.span, `service ${renameFrom.name}`)
  }
  return {
    migrate: { renameFrom: renameFrom?.name ?? null, drop, at: context.report.position(at) }
  }
}

/** `migrate` of the file as its plan has it. */
export function dataflowMigrationOf(
  context: StepContext,
  file: FileModel
): { readonly migrate?: DataflowMigration } {
  const model = file.migrate ?? null
  if (model === null) return {}
  for (const { name, span } of model.drop) {
    const [serviceName, stateName] = name.split('.')
    const service = file.services.find(one => one.name === serviceName)
    if (service === undefined) continue
    if (stateName === undefined) stillThere(context, span, `service ${name}`)
    else if (ownedStates(service).some(one => one.name === stateName))
      stillThere(context, span, `state ${name}`)
  }
  const read = new Set(
    file.services.flatMap(service =>
      service.sources.map(
        ({ topic, schedule }) => schedule ?? file.topics.get(topic)?.plan?.name ?? topic
      )
    )
  )
  for (const { name, span } of model.abandon) {
    if (read.has(name)) stillThere(context, span, `source ${name}`)
  }
  const at = context.report.position(model.at)
  return { migrate: { drop: namesOf(model.drop), abandon: namesOf(model.abandon), at } }
}

function namesOf(items: readonly { readonly name: string }[]): string[] {
  return items.map(({ name }) => name)
}

function stillThere({ report }: StepContext, span: Span, what: string): void {
  const message = `the file still has the ${what}, so nothing of it is left over`
  report.error('MIGRATE_DECLARED', span, message, 'Name what the file no longer has.')
}

function checkFunction(
  context: StepContext,
  model: StateMigrateModel,
  state: OwnedModel
): StateMigration['step'] {
  const { plan, output } = checkStep(context, model.step!, null)
  if (plan === null || state.value === null || output === null) return plan
  if (accepts(state.value, output)) return plan
  const message = `the function gives ${describeType(output)}, but the state holds ${describeType(state.value)}`
  context.report.error('TYPE_MISMATCH', model.step!.code?.span ?? model.at, message)
  return plan
}

/** JSON texts by field. */
function checkDefaults(
  { report }: StepContext,
  model: StateMigrateModel,
  state: OwnedModel
): Readonly<Record<string, string>> {
  if (model.defaults.length === 0 || state.value === null) return {}
  const fields = fieldsOf(state.value)
  if (fields === null) {
    const message = `"defaults" are for objects and rows, but the state holds ${describeType(state.value)}`
    report.error('MIGRATE_DEFAULT', model.at, message, 'Write a function with "run".')
    return {}
  }
  const defaults: [string, string][] = []
  for (const { key, keySpan, value } of model.defaults) {
    const field = fields.find(one => one.name === key)
    if (field === undefined) {
      const message = `${quoted(key)} is no field of ${describeType(state.value)}`
      report.error(
        'FIELD_UNKNOWN',
        keySpan,
        message,
        `There are ${fields.map(one => one.name).join(', ')}.`
      )
      continue
    }
    const misfit = misfitOf(value, field.type)
    if (misfit !== null) {
      const span = misfit.node.end > misfit.node.start ? misfit.node : keySpan
      const message = `the default of ${quoted(key)} must be ${misfit.expected}, but is ${kindOf(misfit.node)}`
      report.error('MIGRATE_DEFAULT', span, message)
    } else defaults.push([key, jsonOf(value)])
  }
  return Object.fromEntries(defaults)
}

function fieldsOf(type: Type): readonly Field[] | null {
  return type.kind === 'object' || type.kind === 'arrow-row' ? type.fields : null
}
