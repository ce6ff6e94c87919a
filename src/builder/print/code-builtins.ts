// What a plan describes instead of writing it, as calls of the builder: fields, aggregates, joins.
import { toCamel } from '../../dataflow/index.ts'
import { MillraceError } from '../../base/index.ts'
import type {
  AggregatePlan,
  BuiltinCall,
  ConditionPlan,
  FieldPath,
  JoinPlan,
  JoinSidePlan,
  Literal,
  ServicePlan,
  StepPlan
} from '../../dataflow/plan.ts'
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

/** The call of a filter or a map that is described; null of a function. */
export function describedCall({ operator, code }: StepPlan): string | null {
  if (code.kind !== 'builtin') return null
  const { call } = code
  if (call.name === 'where') return `.where(${conditionText(call.condition)})`
  if (operator !== 'map') return null
  if (call.name === 'field') return `.pick(${pathText(call.path)})`
  if (call.name !== 'pick') return null
  const properties = call.properties.map(({ name, path, constant }) => {
    const value = path === null ? `constant(${literalText(constant!)})` : pathText(path)
    return `${property(name)}: ${value}`
  })
  return `.pick({ ${properties.join(', ')} })`
}

function conditionText(condition: ConditionPlan): string {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return `{ ${condition.kind}: [${condition.of.map(conditionText).join(', ')}] }`
    case 'not':
      return `{ not: ${conditionText(condition.of)} }`
    case 'exists':
      return testText(condition.field, 'exists', 'true')
    case 'matches':
      return testText(condition.field, 'matches', quoted(condition.pattern))
    default: {
      const { field, kind, literals } = condition
      const texts = literals.map(literalText)
      return testText(field, toCamel(kind), kind === 'in' ? `[${texts.join(', ')}]` : texts[0]!)
    }
  }
}

function testText(field: FieldPath, test: string, value: string): string {
  return options({ field: field.length === 0 ? null : pathText(field), [test]: value })
}

function literalText(literal: Literal): string {
  if (typeof literal === 'string') return quoted(literal)
  return typeof literal === 'object' ? `${literal.bigint}n` : String(literal)
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

/** Texts of what a join names. */
export interface JoinTexts {
  streamOf(topic: string): string
  /** Of a state of another service, by its name in this one. */
  referenceOf(state: string): string
  /** The constant of a topic of late records. */
  lateOf(topic: string): string
  readonly watermark: string | null
}

/** The call of `join`; `streamOf` gives the beginning of a side, by its topic. */
export function joinCall(
  service: ServicePlan,
  plan: JoinPlan,
  { streamOf, referenceOf, lateOf, watermark }: JoinTexts
): string {
  const { kind, left, right, beforeMs, afterMs } = plan
  const isEvents = left.type === 'stream' && right.type === 'stream'
  const said = options({
    kind: kind === 'inner' ? null : quoted(kind),
    within: isEvents ? withinText(beforeMs, afterMs) : null,
    watermark
  })
  const sides = (['left', 'right'] as const).map(side =>
    plan[side].type === 'state'
      ? stateSideText(plan[side], referenceOf(plan[side].state!))
      : sideText(plan[side], side, service, { stream: streamOf(plan[side].topic), lateOf })
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

function stateSideText({ as, state }: JoinSidePlan, reference: string): string {
  const property = toCamel(state!)
  const said = property === as ? '' : `, { state: ${quoted(property)} }`
  return `lookUp(${quoted(as)}, ${reference}${said})`
}

function sideText(
  { type, as, row, lateTopic }: JoinSidePlan,
  side: 'left' | 'right',
  { partition, time }: ServicePlan,
  { stream, lateOf }: Pick<JoinTexts, 'lateOf'> & { readonly stream: string }
): string {
  const key = callOf(partition?.assignKey ?? null)
  const timestamp = callOf(time?.assignTimestamp ?? null)
  const keyPath = key?.name === 'side-key' ? key[side] : null
  const timePath = timestamp?.name === 'side-time' ? timestamp[side] : null
  const said = options({
    key: keyPath === null ? null : pathText(keyPath),
    row: row === null ? null : pathText(row),
    timestamp: timePath === null ? null : pathText(timePath),
    late: lateTopic === undefined ? null : lateOf(lateTopic)
  })
  const word = type === 'stream' ? 'events' : type
  return `${word}(${[quoted(as), stream, ...(said === '' ? [] : [said])].join(', ')})`
}
