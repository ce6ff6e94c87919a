// Checks `aggregate` of a partition, and gives the state and the steps that it stands for.
import type { AggregatePlan, BuiltinCall, StatePlan, StepPlan } from '../plan.ts'
import type { AggregateModel, ServiceModel } from '../read/model.ts'
import { NUMBER } from '../type-match.ts'
import { describeType, isIntegerType, isScalarType } from '../type-text.ts'
import type { Field, ObjectType, Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import { AGGREGATE_STATE } from './check-states.ts'
import { typeAt, withoutOption } from './field-types.ts'
import type { StepContext } from './check-step.ts'

/** Name of the state, and its property under `ctx.state`. */
const STATE = AGGREGATE_STATE
const FLOAT: Type = { kind: 'f64' }
const COUNT: Type = { kind: 'u64', bigint: false }
const TEXT: Type = { kind: 'string' }

/** What an aggregate comes to. */
export interface CheckedAggregate {
  readonly state: Extract<StatePlan, { readonly kind: 'owned' }>
  /** In the place of update-state; sends results where there is no window. */
  readonly update: StepPlan
  /** Of a window. */
  readonly merge: StepPlan
  readonly flushKey: StepPlan
  readonly output: Type
}

/** The plan of the service's aggregate over values of type `input`, by `key`; null after a finding. */
export function checkAggregate(
  context: StepContext,
  service: ServiceModel,
  input: Type | null,
  key: Type | null
): CheckedAggregate | null {
  const model = service.partition!.aggregate!
  const { report } = context
  refuseBeside(context, service)
  const aggregates = model.of.flatMap(one => planOf(context, service, one, input) ?? [])
  if (aggregates.length < model.of.length || aggregates.length === 0) return null
  if (key === null) {
    // With errors that is why nothing is known.
    if (!report.hasErrors) {
      const message =
        'an aggregate keeps a state by key, but the type of what assign-key gives is not declared'
      report.error('KEY_UNKNOWN', service.partition!.at, message, 'Declare its return type.')
    }
    return null
  }
  const isWindowed = service.window !== null
  const at = report.position(model.at)
  const output = object(aggregates.map(one => field(one.name, resultType(one, key))))
  const step = (part: 'add' | 'merge' | 'result', operator: StepPlan['operator']): StepPlan => {
    const sends = part === 'result' || (part === 'add' && !isWindowed)
    const call: BuiltinCall = { name: 'aggregate', part, property: STATE, aggregates, sends }
    return {
      operator,
      name: part === 'add' ? 'aggregate' : `aggregate-${part}`,
      code: { kind: 'builtin', call, at },
      with: {},
      input: part === 'add' ? input : null,
      output: sends ? output : null,
      outputKey: sends ? key : null,
      at
    }
  }
  return {
    state: {
      kind: 'owned',
      name: STATE,
      property: STATE,
      key,
      value: object(aggregates.flatMap(stateFields)),
      ttlMs: null,
      windowed: isWindowed,
      result: {
        type: object(aggregates.map(one => field(one.name, seenType(one, key)))),
        aggregates
      },
      at
    },
    update: step('add', 'update-state'),
    merge: step('merge', 'merge'),
    flushKey: step('result', 'flush'),
    output
  }
}

function refuseBeside({ report }: StepContext, service: ServiceModel): void {
  const { updateState, aggregate } = service.partition!
  if (updateState !== null) {
    const message =
      '"aggregate" and "update-state" both say what is kept for a key; one of them must go'
    report.error('AGGREGATE_BESIDE', updateState.at, message)
  }
  for (const step of [service.window?.merge, service.window?.flushKey]) {
    if (!step) continue
    const message = `"${step.operator}" of the partition is what "aggregate" does by itself; one of them must go`
    report.error('AGGREGATE_BESIDE', step.at, message)
  }
  const twin = service.states.find(state => state.property === STATE)
  if (twin !== undefined) {
    const message = `the state ${quoted(twin.name)} has the name of the one that "aggregate" keeps`
    report.error('NAME_DUPLICATE', twin.at, message, 'Rename it.')
  }
  const windowed = service.states.find(one => one.kind === 'owned' && one.windowed !== false)
  if (service.window !== null && windowed !== undefined && aggregate !== null) {
    const message = `with "aggregate" nothing changes the state ${quoted(windowed.name)} of the window`
    report.error(
      'AGGREGATE_BESIDE',
      windowed.at,
      message,
      'Leave the state out, or say windowed: false.'
    )
  }
}

function planOf(
  context: StepContext,
  service: ServiceModel,
  model: AggregateModel,
  input: Type | null
): AggregatePlan | null {
  const { report } = context
  const { name, function: fn, field, by, size, order } = model
  const plan = {
    name,
    function: fn,
    field: field?.path ?? null,
    by: by?.path ?? null,
    size,
    order,
    type: null
  }
  if ((fn === 'window-start' || fn === 'window-end') && service.window === null) {
    report.error(
      'WINDOW_MISSING',
      model.at,
      `"${fn}" is that of a window, but the service has none`
    )
    return null
  }
  if (fn === 'key' || fn === 'window-start' || fn === 'window-end') return plan
  if (fn === 'count' && field === null) return plan
  const type = field === null ? input : typeAt(report, input, field)
  if (field === null && input === null) typeAt(report, input, { path: [name], span: model.at })
  if (type === null) return null
  const wrong = fn === 'top' ? null : misfit(fn, type)
  if (wrong !== null) {
    const message = `${fn} takes ${wrong}, but ${quoted(field!.path.join('.'))} is ${describeType(type)}`
    report.error('TYPE_MISMATCH', field!.span, message)
    return null
  }
  if (by !== null) {
    const orderedBy = typeAt(report, input, by)
    if (orderedBy === null) return null
    if (!isOrdered(withoutOption(orderedBy))) {
      const message = `"by" takes a number or a text, but ${quoted(by.path.join('.'))} is ${describeType(orderedBy)}`
      report.error('TYPE_MISMATCH', by.span, message)
      return null
    }
  }
  return { ...plan, type }
}

/** What a function takes, in words, if `type` is not that. */
function misfit(fn: AggregatePlan['function'], type: Type): string | null {
  const inner = withoutOption(type)
  if (fn === 'sum' || fn === 'avg') return isNumber(inner) ? null : 'a number'
  if (fn === 'min' || fn === 'max') return isOrdered(inner) ? null : 'a number or a text'
  if (fn === 'distinct') return isScalarType(inner) ? null : 'a scalar'
  return null
}

function isNumber(type: Type): boolean {
  return isIntegerType(type) || type.kind === 'f32' || type.kind === 'f64'
}

function isOrdered(type: Type): boolean {
  return isNumber(type) || type.kind === 'string' || type.kind === 'timestamp'
}

function resultType({ function: fn, type }: AggregatePlan, key: Type): Type {
  switch (fn) {
    case 'key':
      return key
    case 'sum':
      return isBig(type) ? withoutOption(type!) : NUMBER
    case 'avg':
      return type!.kind === 'option' ? { kind: 'option', value: NUMBER } : NUMBER
    case 'min':
    case 'max':
    case 'first':
    case 'last':
      return type!
    case 'top':
      return { kind: 'list', items: type! }
    default:
      return NUMBER
  }
}

/** What is seen of a state, also of one that has had no record. */
function seenType({ function: fn, type }: AggregatePlan, key: Type): Type {
  const inner = type === null ? FLOAT : withoutOption(type)
  switch (fn) {
    case 'key':
      return key
    case 'count':
    case 'distinct':
      return COUNT
    case 'sum':
      return sumType(inner)
    case 'avg':
      return { kind: 'option', value: FLOAT }
    case 'top':
      return { kind: 'list', items: type! }
    case 'window-start':
    case 'window-end':
      return { kind: 'timestamp' }
    default:
      return { kind: 'option', value: inner }
  }
}

/** What is kept of one aggregate. A file's names have no `$`. */
function stateFields({ name, function: fn, type }: AggregatePlan): Field[] {
  const inner = type === null ? FLOAT : withoutOption(type)
  const optional: Type = { kind: 'option', value: inner }
  switch (fn) {
    case 'count':
      return [field(name, COUNT)]
    case 'sum':
      return [field(name, sumType(inner))]
    case 'avg':
      return [field(name, FLOAT), field(`$${name}-count`, COUNT)]
    case 'min':
    case 'max':
      return [field(name, optional)]
    case 'first':
    case 'last':
      return [field(name, optional), field(`$${name}-at`, { kind: 'option', value: FLOAT })]
    case 'distinct':
      return [field(name, TEXT)]
    case 'top':
      return [field(name, topType(type!))]
    default:
      return []
  }
}

/** What top keeps: the record's own rank is made anew from `by`, so any scalar fits. */
function topType(type: Type): Type {
  const number: Type = { kind: 'option', value: FLOAT }
  const text: Type = { kind: 'option', value: TEXT }
  const fields = [
    field('number', number),
    field('text', text),
    field('at', FLOAT),
    field('value', type)
  ]
  return { kind: 'list', items: object(fields) }
}

function sumType(type: Type): Type {
  if (!isIntegerType(type)) return FLOAT
  return { kind: type.kind.startsWith('u') ? 'u64' : 's64', bigint: type.bigint }
}

function isBig(type: Type | null): boolean {
  const inner = type === null ? FLOAT : withoutOption(type)
  return isIntegerType(inner) && inner.bigint
}

function object(fields: readonly Field[]): ObjectType {
  return { kind: 'object', name: null, fields }
}

function field(name: string, type: Type): Field {
  return { name, readName: name, writeName: name, optional: false, type }
}
