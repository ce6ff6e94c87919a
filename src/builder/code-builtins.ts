// What a plan describes instead of writing it, as calls of the builder: fields, aggregates, joins.
import { toCamel } from '../dataflow/index.ts'
import { MillraceError } from '../base/index.ts'
import type {
  AggregatePlan,
  BuiltinCall,
  FieldPath,
  JoinPlan,
  JoinSidePlan,
  ServicePlan,
  StepPlan
} from '../dataflow/plan.ts'
import { durationText, options, property, quoted } from './literals.ts'

/** A key, a time or an id that is described; null of a function. */
export function givenText({ code }: StepPlan): string | null {
  if (code.kind !== 'builtin') return null
  const { call } = code
  switch (call.name) {
    case 'field':
      return pathText(call.path)
    case 'fields':
      return `[${call.paths.map(pathText).join(', ')}]`
    case 'constant':
      return `constant(${quoted(call.value)})`
    default:
      throw withoutCode(call.name)
  }
}

/** A part of a plan that has no form in the builder. */
export function withoutCode(name: string): MillraceError {
  return new MillraceError(
    'PLAN_WITHOUT_CODE',
    `the plan has a step ${name} where the builder cannot say it; expected a plan of the compiler; ` +
      'keep the dataflow in YAML'
  )
}

function pathText(path: FieldPath): string {
  return quoted(path.join('.'))
}

/** The call of `aggregate`; null where update-state is a function, or nothing. */
export function aggregateCall({ partition }: ServicePlan): string | null {
  const call = callOf(partition?.updateState ?? null)
  if (call?.name !== 'aggregate') return null
  const entries = call.aggregates.map(one => `${property(one.name)}: ${aggregateText(one)}`)
  return `.aggregate(of => ({ ${entries.join(', ')} }))`
}

function aggregateText({ function: name, field, by, size, order }: AggregatePlan): string {
  if (name !== 'top') return `of.${toCamel(name)}(${field === null ? '' : pathText(field)})`
  const said = options({
    by: pathText(by!),
    of: field === null ? null : pathText(field),
    order: order === 'ascending' ? quoted(order) : null
  })
  return `of.top(${size}, ${said})`
}

function callOf(step: StepPlan | null): BuiltinCall | null {
  return step?.code.kind === 'builtin' ? step.code.call : null
}

/** The call of `dedup`; null without one. */
export function dedupCall({ partition }: ServicePlan): string | null {
  const dedup = partition?.dedup
  if (dedup === undefined) return null
  const { count, ageMs } = dedup
  const said = options({
    count: count === null ? null : String(count),
    age: ageMs === null ? null : quoted(durationText(ageMs))
  })
  return `.dedup(${said})`
}

/** The call of `join`; `streamOf` gives the beginning of a side, by its topic. */
export function joinCall(
  service: ServicePlan,
  plan: JoinPlan,
  { streamOf, watermark }: { streamOf(topic: string): string; readonly watermark: string | null }
): string {
  const { kind, left, right, beforeMs, afterMs } = plan
  if (right.type === 'state') throw withoutCode('of a join with a state')
  const isEvents = left.type === 'stream' && right.type === 'stream'
  const said = options({
    kind: kind === 'inner' ? null : quoted(kind),
    within: isEvents ? withinText(beforeMs, afterMs) : null,
    watermark
  })
  const sides = (['left', 'right'] as const).map(side =>
    sideText(plan[side], side, service, streamOf(plan[side].topic))
  )
  const parts = [...sides, ...(said === '' ? [] : [said])].map(part => `  ${part}`)
  return `join(\n${parts.join(',\n')}\n)`
}

function withinText(beforeMs: number, afterMs: number): string {
  return options({
    before: beforeMs === 0 ? null : quoted(durationText(beforeMs)),
    after: afterMs === 0 && beforeMs !== 0 ? null : quoted(durationText(afterMs))
  })
}

function sideText(
  { type, as, row }: JoinSidePlan,
  side: 'left' | 'right',
  { partition, time }: ServicePlan,
  stream: string
): string {
  const key = callOf(partition?.assignKey ?? null)
  const timestamp = callOf(time?.assignTimestamp ?? null)
  const keyPath = key?.name === 'side-key' ? key[side] : null
  const timePath = timestamp?.name === 'side-time' ? timestamp[side] : null
  const said = options({
    key: keyPath === null ? null : pathText(keyPath),
    row: row === null ? null : pathText(row),
    timestamp: timePath === null ? null : pathText(timePath)
  })
  const word = type === 'stream' ? 'events' : type
  return `${word}(${[quoted(as), stream, ...(said === '' ? [] : [said])].join(', ')})`
}
