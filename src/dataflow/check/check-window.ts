// Checks what a window and event time say against each other and against the service, and gives their plans.
import type { StepPlan, TimePlan, WindowPlan, WindowShape } from '../plan.ts'
import { FUTURE_BOUND_MS } from '../read/read-window.ts'
import type { Span } from '../report.ts'
import type { FileModel, ServiceModel, TimeModel, WindowModel } from '../read/model.ts'
import { quoted } from '../yaml/tree.ts'
import type { StepContext } from './check-step.ts'
import { ownedStates } from './check-states.ts'

/** The functions of a window, checked. */
export interface WindowSteps {
  readonly steps: readonly StepPlan[]
  readonly merge: StepPlan | null
  readonly flush: StepPlan | null
  readonly flushKey: StepPlan | null
}

/** The event time of a service; null where it has none. */
export function timePlanOf(
  context: StepContext,
  file: FileModel,
  service: ServiceModel,
  assignTimestamp: StepPlan | null
): TimePlan | null {
  const { time } = service
  if (time === null) return null
  const { outOfOrdernessMs, idlenessMs, futureBoundMs } = time
  return {
    assignTimestamp,
    timestampArgument: file.apiVersion === '1.0.0' ? 'context' : 'number',
    outOfOrdernessMs,
    idlenessMs,
    futureBoundMs,
    at: context.report.position(time.at)
  }
}

/** Event time where the file says nothing of it: that of the records, in order. */
export function recordTime(at: Span): TimeModel {
  return {
    assignTimestamp: null,
    outOfOrdernessMs: 0,
    idlenessMs: null,
    futureBoundMs: FUTURE_BOUND_MS,
    at
  }
}

/** The plan of a window; null after a finding in its bounds. */
export function windowPlanOf(
  context: StepContext,
  window: WindowModel,
  functions: WindowSteps
): WindowPlan | null {
  const { shape, time, gracePeriodMs, early, late, at } = window
  if (shape === null) return null
  return {
    shape,
    time,
    gracePeriodMs,
    steps: functions.steps,
    merge: functions.merge,
    flush: functions.flush,
    flushKey: functions.flushKey,
    early: early === null ? null : { everyMs: early.everyMs, records: early.records },
    lateTopic: late?.topic ?? null,
    at: context.report.position(at)
  }
}

/** Whether all states of the service's windows belong to one key each, so that no window spans keys. */
export function isPerKey(shape: WindowShape): boolean {
  return shape.kind === 'session' || shape.kind === 'count'
}

/** Checks a window before its functions are looked at. */
export function checkWindow(
  context: StepContext,
  service: ServiceModel,
  window: WindowModel
): void {
  const { report } = context
  const { shape, merge, early, late, flush, flushKey } = window
  if (shape === null) return
  if (service.partition === null) {
    // In 1.0.0 the missing key has its own finding.
    if (!report.hasErrors) {
      const message = 'a window needs an assign-key, which says whose state is kept for each window'
      report.error('WINDOW_PARTITION', window.at, message)
    }
    return
  }
  const states = ownedStates(service).filter(state => state.windowed !== false)
  if (shape.kind === 'session' && merge === null && states.length > 0) {
    report.error(
      'WINDOW_MERGE',
      window.at,
      'a session window with states needs "merge" in its partition: a record between two sessions makes them one',
      mergeHint(states[0]!.property)
    )
  }
  if (merge !== null && shape.kind !== 'session' && shape.kind !== 'sliding') {
    const message = `"merge" is for session and sliding windows; a ${shape.kind} window has no parts`
    report.error('WINDOW_MERGE', merge.at, message)
  }
  const isSilent = flush === null && flushKey === null && service.partition.aggregate === null
  if (early !== null && isSilent) {
    const message = '"early" gives what "flush" gives, but the window has none'
    report.error('WINDOW_EARLY', early.at, message, 'Add "flush", or "flush" in the partition.')
  }
  if (flush !== null && flushKey !== null) {
    const message =
      '"flush" of the window and "flush" of its partition both give results; one of them must go'
    report.error('WINDOW_FLUSH', flushKey.at, message)
  }
  if (late !== null && (shape.kind === 'count' || shape.kind === 'global')) {
    const message = `nothing is late for a ${shape.kind} window: it does not end with time`
    report.error('WINDOW_LATE', late.at, message, 'Leave "late" out.')
  }
  if (early === null && !isSilent) warnOpen(context, window)
  warnTtl(context, service)
}

/** Warns of windows that time does not end. */
function warnOpen({ report }: StepContext, { shape, at }: WindowModel): void {
  let message: string
  if (shape?.kind === 'global') {
    message =
      'a global window ends only when the dataflow is drained: until then it gives no result'
  } else if (shape?.kind === 'count') {
    message =
      `a count window of a key with fewer than ${shape.records} records stays open until the dataflow is ` +
      'drained: until then it gives no result'
  } else {
    return
  }
  report.warning('WINDOW_OPEN', at, message, 'Add early: { every: 1s }.')
}

function mergeHint(property: string): string {
  const body = `ctx.state.${property}.update(n => n + part.${property})`
  return `For example: merge: { run: "function merge(part, ctx) { ${body} }" }`
}

function warnTtl(context: StepContext, service: ServiceModel): void {
  for (const state of ownedStates(service)) {
    if (state.windowed === false || state.ttlMs === null) continue
    context.report.warning(
      'KEY_WITHOUT_EFFECT',
      state.at,
      `the state ${quoted(state.name)} ends with its window: its "ttl" changes nothing`,
      'Leave "ttl" out, or say windowed: false.'
    )
  }
}

/** `windowed` without a window says nothing. */
export function checkWithoutWindow(context: StepContext, service: ServiceModel): void {
  for (const state of ownedStates(service)) {
    if (state.windowed !== true) continue
    const message = `the state ${quoted(state.name)} is "windowed", but the service has no window`
    context.report.error('WINDOW_MISSING', state.at, message)
  }
}

/** What update-state returns goes nowhere where it works on parts that several windows share. */
export function checkPanes(
  context: StepContext,
  service: ServiceModel,
  window: WindowModel,
  sends: boolean
): void {
  const update = service.partition?.updateState ?? null
  if (update === null || !sends) return
  if (window.shape?.kind !== 'sliding' || window.merge === null) return
  context.report.error(
    'WINDOW_MERGE',
    update.at,
    'with "merge" the update-state of a sliding window works on a part of several windows, so it must return nothing',
    'Declare it to return void and send results from flush, or leave "merge" out.'
  )
}
