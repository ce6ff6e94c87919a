// Event time and windows of a plan as calls of the builder.
import type {
  ServicePlan,
  StepPlan,
  TimePlan,
  WindowPlan,
  WindowShape
} from '../../dataflow/plan.ts'
import { givenText } from './code-builtins.ts'
import { timestampText } from './code-old.ts'
import { durationText, options, quoted } from './literals.ts'

const FUTURE_BOUND_MS = 86_400_000

/** What is needed of the printer. */
interface StepPrinter {
  step(step: StepPlan): string[]
  topicName(id: string): string
}

type FunctionPrinter = (step: StepPlan) => string

/** The call of `window`, and the steps in the window before its key. */
export function windowCalls(
  printer: StepPrinter,
  service: ServicePlan,
  window: WindowPlan,
  functionOf: FunctionPrinter
): string[] {
  const { early, lateTopic, gracePeriodMs } = window
  const said = options({
    time: window.time === 'processing' ? quoted('processing') : null,
    ...timeEntries(service.time, gracePeriodMs, functionOf),
    early:
      early === null
        ? null
        : options({
            every: early.everyMs === null ? null : quoted(durationText(early.everyMs)),
            records: early.records === null ? null : String(early.records)
          }),
    late: lateTopic === null ? null : printer.topicName(lateTopic)
  })
  const shape = shapeOf(window.shape)
  return [
    `.window(${said === '' ? shape : `${shape}, ${said}`})`,
    ...window.steps.flatMap(step => printer.step(step))
  ]
}

/** The options of `eventTime`; null where nothing is said. */
export function timeOptions(time: TimePlan, functionOf: FunctionPrinter): string | null {
  return options(timeEntries(time, 0, functionOf)) || null
}

function timeEntries(
  time: TimePlan | null,
  gracePeriodMs: number,
  functionOf: FunctionPrinter
): Record<string, string | null> {
  const assign = time?.assignTimestamp ?? null
  const said = assign === null ? {} : assign.with
  return {
    watermark: watermarkText(time, gracePeriodMs),
    timestamp:
      assign === null
        ? null
        : (givenText(assign) ?? timestampText(functionOf(assign), assign, time!)),
    timestampOptions: Object.keys(said).length === 0 ? null : `{ with: ${JSON.stringify(said)} }`
  }
}

/** The options of a watermark; null where nothing is said. */
export function watermarkText(time: TimePlan | null, gracePeriodMs: number): string | null {
  return (
    options({
      outOfOrderness: duration(time?.outOfOrdernessMs ?? 0, 0),
      idleness: duration(time?.idlenessMs ?? null, null),
      gracePeriod: duration(gracePeriodMs, 0),
      futureBound: duration(time?.futureBoundMs ?? FUTURE_BOUND_MS, FUTURE_BOUND_MS)
    }) || null
  )
}

function shapeOf(shape: WindowShape): string {
  switch (shape.kind) {
    case 'tumbling':
      return `tumbling(${time(shape.durationMs)}${offset(shape.offsetMs)})`
    case 'sliding':
      return `sliding(${time(shape.durationMs)}, ${time(shape.slideMs)}${offset(shape.offsetMs)})`
    case 'session':
      return `session(${time(shape.gapMs)})`
    case 'count':
      return `count(${shape.records})`
    case 'global':
      return 'global()'
  }
}

function time(ms: number): string {
  return quoted(durationText(ms))
}

/** A duration that is not the usual one. */
function duration(ms: number | null, usual: number | null): string | null {
  return ms === usual || ms === null ? null : time(ms)
}

function offset(ms: number): string {
  return ms === 0 ? '' : `, { offset: ${time(ms)} }`
}
