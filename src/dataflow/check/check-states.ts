// Checks states across services: owners exist, references lead to them, and something can give owned ones a key.
import { nearestWord, toKebab } from '../names.ts'
import type { StatePlan } from '../plan.ts'
import type { Report } from '../report.ts'
import type { FileModel, ServiceModel, StateModel } from '../read/model.ts'
import { quoted } from '../yaml/tree.ts'

/** The state that an aggregate keeps; it is in the plan only. */
export const AGGREGATE_STATE = 'aggregate'

/** The states that a service owns. */
export function ownedStates(
  service: ServiceModel
): Extract<StateModel, { readonly kind: 'owned' }>[] {
  return service.states.filter(state => state.kind === 'owned')
}

/** Checks all states of a file; gives it back with references in their normal form. */
export function checkStates(report: Report, file: FileModel): FileModel {
  const services = file.services.map(service => ({
    ...service,
    states: service.states.map(state =>
      state.kind === 'owned' ? state : checkReference(report, file, service, state)
    )
  }))
  for (const service of services) {
    const owned = ownedStates(service)[0]
    if (owned === undefined || service.partition !== null || service.isPartial || service.join)
      continue
    const message =
      `the service ${quoted(service.name)} owns the state ${quoted(owned.name)}, but has no ` +
      `"partition" to give it a key`
    report.error(
      'STATE_WITHOUT_PARTITION',
      owned.at,
      message,
      'Add "partition" with an assign-key and an update-state.'
    )
  }
  return { ...file, services }
}

function checkReference(
  report: Report,
  file: FileModel,
  reader: ServiceModel,
  reference: Extract<StateModel, { readonly kind: 'reference' }>
): StateModel {
  const wanted = { service: toKebab(reference.service), state: toKebab(reference.state) }
  const found = { ...reference, ...wanted }
  const owner = file.services.find(service => service.name === wanted.service)
  if (owner === undefined) {
    const nearest = nearestWord(
      wanted.service,
      file.services.map(service => service.name)
    )
    const hint = nearest === null ? null : `Did you mean "${nearest}"?`
    report.error(
      'SERVICE_UNKNOWN',
      reference.targetSpan,
      `there is no service ${quoted(reference.service)}`,
      hint
    )
    return found
  }
  if (owner === reader) {
    report.error(
      'STATE_OWNER',
      reference.targetSpan,
      `the service ${quoted(reader.name)} cannot read its own state by "from"`,
      'Owned states are at hand without it.'
    )
    return found
  }
  const state = owner.states.find(candidate => candidate.name === wanted.state)
  const isAggregate =
    state === undefined && Boolean(owner.partition?.aggregate) && wanted.state === AGGREGATE_STATE
  if (state?.kind === 'owned' || isAggregate) {
    if (owner.window === null || (state?.kind === 'owned' && state.windowed === false)) return found
    report.error(
      'STATE_WINDOWED',
      reference.targetSpan,
      `the state ${quoted(reference.state)} of ${quoted(owner.name)} is kept for each window, ` +
        `so there is no one value to read`,
      isAggregate
        ? 'Read what the window sends.'
        : 'Read what the window sends, or say windowed: false at the state.'
    )
    return found
  }
  if (state !== undefined) {
    const message = `the state ${quoted(reference.state)} of ${quoted(owner.name)} belongs to another service itself`
    report.error(
      'STATE_OWNER',
      reference.targetSpan,
      message,
      state.kind === 'reference' ? `Write from: ${state.service}.${state.state}` : null
    )
    return found
  }
  const nearest = nearestWord(
    wanted.state,
    ownedStates(owner).map(candidate => candidate.name)
  )
  const ofAggregate = `Its aggregate is read as "${owner.name}.${AGGREGATE_STATE}".`
  const hint =
    nearest !== null
      ? `Did you mean "${owner.name}.${nearest}"?`
      : owner.partition?.aggregate
        ? ofAggregate
        : null
  report.error(
    'STATE_UNKNOWN',
    reference.targetSpan,
    `the service ${quoted(owner.name)} owns no state ${quoted(reference.state)}`,
    hint
  )
  return found
}

/** The plan of a state; none after a finding. */
export function statePlanOf(
  report: Report,
  service: ServiceModel,
  state: ServiceModel['states'][number]
): StatePlan[] {
  const at = report.position(state.at)
  const { name, property } = state
  if (state.kind === 'reference') {
    return [{ kind: 'reference', name, property, service: state.service, state: state.state, at }]
  }
  const { key, value } = state
  if (key === null || value === null) return []
  const windowed = service.window !== null && state.windowed !== false
  const ttlMs = windowed ? null : state.ttlMs
  const after = ttlMs !== null && state.ttlAfter === 'access' ? { ttlAfter: 'access' as const } : {}
  return [{ kind: 'owned', name, property, key, value, ttlMs, ...after, windowed, at }]
}
