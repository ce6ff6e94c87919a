// Reads services of 0.1.0 to 0.3.0: source(s), transforms with states and steps, sink(s).
import type { Span } from '../report.ts'
import { OLD_SERVICE, OLD_TRANSFORMS, OLD_WINDOW } from '../sections/old-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { SINK, SOURCE } from '../sections/service-sections.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { quoted, type Entry } from '../yaml/tree.ts'
import type { IoModel, ServiceModel, StepModel, TimeModel, WindowModel } from './model.ts'
import { placeSteps, type TimedSteps } from './place-steps.ts'
import { checkName } from './read-names.ts'
import {
  ERRORS_DEFAULT,
  hasUnavailable,
  readIo,
  readIoItem,
  readStates,
  withoutTwins
} from './read-services.ts'
import { readPlacedFunction, readStep, type ResolveFunction } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'
import { graceOf, readShape, timeOf } from './read-window.ts'

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
  const placed = placeSteps(
    context,
    transforms === null ? [] : readAnySteps(context, types, transforms)
  )
  const windowed =
    transforms === null ? null : readOldWindow(context, types, transforms, placed.timed)
  return {
    name,
    sources,
    states: withoutTwins(context, states),
    ...placed.service,
    time: windowed?.time ?? null,
    window: windowed?.window ?? null,
    sinks: readEither(context, types, section, 'sink', SINK),
    errors: ERRORS_DEFAULT,
    isPartial: transforms !== null && hasUnavailable(transforms, OLD_TRANSFORMS),
    at: entry.keySpan
  }
}

/** The window of old transforms; without one, what belongs to windows alone is refused. */
function readOldWindow(
  context: ReadContext,
  types: TypeTable,
  transforms: Section,
  timed: TimedSteps
): { readonly time: TimeModel; readonly window: WindowModel } | null {
  const node = transforms.value('window')
  const flush = readPlacedFunction(context, types, transforms, 'flush')
  const at = transforms.keySpan('window')
  const section = node === null ? null : readSection(context, node, OLD_WINDOW, at)
  if (section === null) {
    const alone = timed.assignTimestamp ?? flush
    if (node === null && alone !== null)
      context.report.error(
        'OPERATOR_PLACE',
        alone.at,
        `${quoted(alone.operator)} needs a window, and there is none`,
        'Add window: { tumbling: { duration: 20s } }.'
      )
    return null
  }
  return {
    time: timeOf(context, section, timed.assignTimestamp),
    window: {
      shape: readShape(context, section),
      time: 'event',
      gracePeriodMs: graceOf(context, section),
      steps: timed.steps,
      merge: null,
      flush,
      flushKey: null,
      early: null,
      late: null,
      at
    }
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
