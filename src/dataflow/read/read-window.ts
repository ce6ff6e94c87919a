// Reads the section `window` of a service and what it says of event time; the older layouts give the same parts.
import type { WindowShape } from '../plan.ts'
import { Report } from '../report.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import {
  COUNT,
  EARLY,
  GLOBAL,
  LATE,
  SESSION,
  SLIDING,
  TUMBLING,
  WATERMARK,
  WINDOW,
  WINDOW_PARTITION
} from '../sections/window-sections.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { quoted } from '../yaml/tree.ts'
import type {
  IoModel,
  PartitionModel,
  StateModel,
  StepModel,
  TimeModel,
  WindowModel
} from './model.ts'
import { readPlacedFunction, readSteps } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'

/** How far ahead of the clock a timestamp may be where the file says nothing. */
export const FUTURE_BOUND_MS = 86_400_000
const SHAPES: Readonly<Record<WindowShape['kind'], SectionSpec>> = {
  tumbling: TUMBLING,
  sliding: SLIDING,
  session: SESSION,
  count: COUNT,
  global: GLOBAL
}
const SHAPE_KEYS = Object.keys(SHAPES) as WindowShape['kind'][]

/** What a window gives to its service. */
export interface ReadWindow {
  readonly window: WindowModel
  readonly time: TimeModel | null
  readonly states: readonly StateModel[]
  readonly partition: PartitionModel | null
}

/** How the parts are read that are as in a service. */
export interface WindowReaders {
  states(window: Section): StateModel[]
  partition(window: Section, spec: SectionSpec): PartitionModel | null
}

/** Reads `window` of a service; null when there is none, or nothing to be made of it. */
export function readWindow(
  context: ReadContext,
  types: TypeTable,
  service: Section,
  readers: WindowReaders
): ReadWindow | null {
  const node = service.value('window')
  const at = service.keySpan('window')
  const section = node === null ? null : readSection(context, node, WINDOW, at)
  if (section === null) return null
  const time = section.text('time') === 'processing' ? 'processing' : 'event'
  const assignTimestamp = readPlacedFunction(context, types, section, 'assign-timestamp')
  if (time === 'processing') refuseEventTime(context, section)
  const partitionNode = section.value('partition')
  const inner =
    partitionNode?.kind === 'map'
      ? readSection({ ...context, report: muted(context) }, partitionNode, WINDOW_PARTITION)
      : null
  const placed = (key: 'merge' | 'flush'): StepModel | null =>
    inner === null ? null : readPlacedFunction(context, types, inner, key)
  const window: WindowModel = {
    shape: readShape(context, section),
    time,
    gracePeriodMs: graceOf(context, section),
    steps: readSteps(context, types, section, 'transforms'),
    merge: placed('merge'),
    flush: readPlacedFunction(context, types, section, 'flush'),
    flushKey: placed('flush'),
    early: readEarly(context, section),
    late: readLate(context, section),
    at
  }
  return {
    window,
    time: time === 'event' ? timeOf(context, section, assignTimestamp) : null,
    states: readers.states(section),
    partition: readers.partition(section, WINDOW_PARTITION)
  }
}

/** Event time of a service without a window; null when it says nothing about it. */
export function readServiceTime(
  context: ReadContext,
  types: TypeTable,
  service: Section
): TimeModel | null {
  const assignTimestamp = readPlacedFunction(context, types, service, 'assign-timestamp')
  if (assignTimestamp === null && service.value('watermark') === null) return null
  if (service.value('window') === null) {
    if (graceOf(context, service) > 0 && service.value('join') === null) {
      const message = '"grace-period" is of windows and joins, and this service has none'
      context.report.error('WRONG_VALUE', service.keySpan('watermark'), message)
    }
    return timeOf(context, service, assignTimestamp)
  }
  for (const key of ['watermark', 'assign-timestamp']) {
    if (service.value(key) === null) continue
    const message = `${quoted(key)} of a service with a window stands in the window`
    context.report.error('WRONG_VALUE', service.keySpan(key), message)
  }
  return null
}

/** The bounds that `window` names; null after a finding. */
export function readShape(context: ReadContext, window: Section): WindowShape | null {
  const named = SHAPE_KEYS.filter(key => window.node.entries.some(entry => entry.key === key))
  const [kind, second] = named
  if (kind === undefined || second !== undefined) {
    const message =
      kind === undefined
        ? `a window needs one of ${SHAPE_KEYS.join(', ')}`
        : `a window is either ${kind} or ${second}, not both`
    const span =
      second === undefined
        ? { start: window.node.start, end: window.node.start + 1 }
        : window.keySpan(second)
    context.report.error('WINDOW_KIND', span, message, 'For example tumbling: { duration: 10s }')
    return null
  }
  const node = window.value(kind)
  const section =
    node === null ? null : readSection(context, node, SHAPES[kind], window.keySpan(kind))
  return section === null ? null : shapeOf(context, kind, section)
}

function shapeOf(
  context: ReadContext,
  kind: WindowShape['kind'],
  section: Section
): WindowShape | null {
  if (kind === 'global') return { kind }
  if (kind === 'count') {
    const records = section.number('records')
    return records === null ? null : { kind, records }
  }
  const length = (key: string): number | null => {
    const value = section.duration(key)
    if (value !== 0) return value
    context.report.error(
      'WRONG_VALUE',
      section.keySpan(key),
      `${quoted(key)} must be longer than 0`
    )
    return null
  }
  if (kind === 'session') {
    const gapMs = length('gap')
    return gapMs === null ? null : { kind, gapMs }
  }
  const durationMs = length('duration')
  const offset = section.duration('offset') ?? 0
  if (kind === 'tumbling')
    return durationMs === null ? null : { kind, durationMs, offsetMs: offset % durationMs }
  const slideMs = length('slide')
  if (durationMs === null || slideMs === null) return null
  if (slideMs > durationMs) {
    const message =
      `the slide of ${slideMs} ms is longer than the window of ${durationMs} ms: ` +
      `records between windows would be in none`
    context.report.error('WRONG_VALUE', section.keySpan('slide'), message)
    return null
  }
  return { kind, durationMs, slideMs, offsetMs: offset % slideMs }
}

/** Event time as `watermark` of a section says it. */
export function timeOf(
  context: ReadContext,
  parent: Section,
  assignTimestamp: StepModel | null
): TimeModel {
  const section = watermarkOf(context, parent)
  return {
    assignTimestamp,
    outOfOrdernessMs: section?.duration('out-of-orderness') ?? 0,
    idlenessMs: section?.duration('idleness') || null,
    futureBoundMs: section?.duration('future-bound') ?? FUTURE_BOUND_MS,
    at: assignTimestamp?.at ?? parent.keySpan('watermark')
  }
}

/** The grace period that `watermark` of a section says. */
export function graceOf(context: ReadContext, parent: Section): number {
  return watermarkOf({ ...context, report: muted(context) }, parent)?.duration('grace-period') ?? 0
}

function watermarkOf(context: ReadContext, parent: Section): Section | null {
  const node = parent.value('watermark')
  return node === null ? null : readSection(context, node, WATERMARK, parent.keySpan('watermark'))
}

function refuseEventTime(context: ReadContext, window: Section): void {
  for (const key of ['watermark', 'assign-timestamp', 'late']) {
    if (window.value(key) === null) continue
    const message = `${quoted(key)} is about event time, but the window has processing time`
    context.report.error('WRONG_VALUE', window.keySpan(key), message, 'Leave it or "time" out.')
  }
}

function readEarly(context: ReadContext, window: Section): WindowModel['early'] {
  const node = window.value('early')
  const section = node === null ? null : readSection(context, node, EARLY, window.keySpan('early'))
  if (section === null) return null
  const everyMs = section.duration('every') || null
  const records = section.number('records')
  if (everyMs === null && records === null) {
    const message = '"early" needs "every" (longer than 0) or "records"'
    context.report.error('MISSING_KEY', window.keySpan('early'), message)
  }
  return { everyMs, records, at: window.keySpan('early') }
}

/** Reads `late` of a window or of a side of a join; null when it has none. */
export function readLate(context: ReadContext, parent: Section): IoModel | null {
  const node = parent.value('late')
  const section = node === null ? null : readSection(context, node, LATE, parent.keySpan('late'))
  const id = section?.scalar('id') ?? null
  return id === null ? null : { topic: id.text, topicSpan: id, steps: [], at: id }
}

/** A report for reading a section twice: what is wrong with it is said once. */
export function muted({ report }: ReadContext): Report {
  return new Report(report.file, report.text)
}
