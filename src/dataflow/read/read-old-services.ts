// Reads services of 0.1.0 to 0.3.0: source(s), transforms with states and steps, sink(s).
import type { Span } from '../report.ts'
import { OLD_SERVICE, OLD_TRANSFORMS } from '../sections/old-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { SINK, SOURCE } from '../sections/service-sections.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { quoted, type Entry } from '../yaml/tree.ts'
import type { IoModel, ServiceModel, StateModel, StepModel } from './model.ts'
import { placeSteps } from './place-steps.ts'
import { checkName } from './read-names.ts'
import { ERRORS_DEFAULT, hasUnavailable, readIo, readIoItem, readStates } from './read-services.ts'
import { readStep, type ResolveFunction } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'

/** Reads one entry of the section `services`; null after a finding about it as a whole. */
export function readOldService(
  context: ReadContext,
  entry: Entry,
  types: TypeTable
): ServiceModel | null {
  const name = checkName(context, entry, 'service')
  const section = readSection(context, entry.value, OLD_SERVICE, entry.keySpan)
  if (name === null || section === null) return null
  const sources = readEither(context, types, section, 'source', SOURCE)
  if (sources.length === 0 && !hasKey(section, ['source', 'sources'])) {
    context.report.error(
      'MISSING_KEY',
      entry.keySpan,
      `the service ${quoted(entry.key)} needs the key "source" or "sources"`
    )
  }
  const node = section.value('transforms')
  const transforms =
    node === null ? null : readSection(context, node, OLD_TRANSFORMS, section.keySpan('transforms'))
  const states = [
    ...readStates(context, types, section),
    ...(transforms === null ? [] : readStates(context, types, transforms))
  ]
  return {
    name,
    sources,
    states: withoutTwins(context, states),
    ...placeSteps(context, transforms === null ? [] : readAnySteps(context, types, transforms)),
    sinks: readEither(context, types, section, 'sink', SINK),
    errors: ERRORS_DEFAULT,
    isPartial: transforms !== null && hasUnavailable(transforms, OLD_TRANSFORMS),
    at: entry.keySpan
  }
}

/** Steps of any operator, for a list in which they are still mixed. */
export function readAnySteps(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  resolve: ResolveFunction | null = null
): StepModel[] {
  return section.items('steps').flatMap(item => readStep(context, types, item, resolve) ?? [])
}

/** `source: {…}` or `sources: […]`, or both. */
function readEither(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  key: 'source' | 'sink',
  spec: SectionSpec
): IoModel[] {
  const one = section.value(key)
  const at: Span = section.keySpan(key)
  return [
    ...(one === null ? [] : readIoItem(context, types, one, spec, at)),
    ...readIo(context, types, section, `${key}s`, spec)
  ]
}

function hasKey(section: Section, keys: readonly string[]): boolean {
  return section.node.entries.some(entry => keys.includes(entry.key))
}

/** Refuses states that a service has twice. */
export function withoutTwins(context: ReadContext, states: readonly StateModel[]): StateModel[] {
  return states.filter((state, index) => {
    const isFirst =
      states.findIndex(other => other.property === state.property || other.name === state.name) ===
      index
    if (!isFirst)
      context.report.error(
        'NAME_DUPLICATE',
        state.at,
        `there is already a state ${quoted(state.name)} in this service`
      )
    return isFirst
  })
}
