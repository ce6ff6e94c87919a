// Checks what has no code: that fields exist where they are named, and which types come of them.
import { toKebab } from '../names.ts'
import type { StepPlan } from '../plan.ts'
import type { BuiltinModel, StepModel } from '../read/model.ts'
import { accepts, NUMBER } from '../type-match.ts'
import { describeType, isStateKey } from '../type-text.ts'
import type { Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import { checkCondition, checkPick, fieldsOf } from './check-condition.ts'
import { typeAt, withoutOption } from './field-types.ts'
import type { CheckedStep, StepContext } from './check-step.ts'

const TEXT: Type = { kind: 'string' }
const NAME_LENGTH_MAX = 60

/** Checks a step without code, to which values of type `input` (null: unknown) arrive. */
export function checkBuiltin(
  context: StepContext,
  step: StepModel,
  call: BuiltinModel,
  input: Type | null
): CheckedStep {
  const { report } = context
  const at = report.position(step.code!.span)
  const plan = (
    name: string,
    key: Type | null,
    made: Extract<StepPlan['code'], { kind: 'builtin' }>['call']
  ): CheckedStep => ({
    plan: {
      operator: step.operator,
      name,
      code: { kind: 'builtin', call: made, at },
      with: {},
      input,
      output: input,
      outputKey: key,
      at: report.position(step.at)
    },
    output: input,
    outputKey: key,
    sendsNothing: false
  })
  const none: CheckedStep = { plan: null, output: input, outputKey: null, sendsNothing: false }
  if (call.name === 'constant') {
    return plan('constant-key', TEXT, { name: 'constant', value: call.value })
  }
  if (call.name === 'where') {
    const condition = checkCondition(report, call.condition, input)
    if (condition === null) return none
    const name = nameOf('where', fieldsOf(call.condition))
    const checked = plan(name, null, { name: 'where', condition })
    const isThere = condition.kind === 'exists' && condition.field.length === 0
    return isThere ? gives(checked, withoutOption(input!)) : checked
  }
  if (call.name === 'pick') {
    const picked = checkPick(report, call.properties, input)
    return picked === null ? UNKNOWN : gives(plan('pick', null, picked.call), picked.output)
  }
  const types = call.paths.map(path => typeAt(report, input, path))
  if (types.includes(null) || types.length === 0) return none
  const paths = call.paths.map(one => one.path)
  const words = toKebab(paths.flat().join('-')) || 'value'
  const [only] = types
  if (step.operator === 'map') {
    return gives(plan(nameOf('field', [words]), null, { name: 'field', path: paths[0]! }), only!)
  }
  if (step.operator === 'assign-timestamp') {
    if (!accepts(NUMBER, only!)) {
      const message = `${quoted(paths[0]!.join('.'))} is ${describeType(only!)}, no number of milliseconds`
      report.error('TYPE_MISMATCH', call.paths[0]!.span, message)
      return none
    }
    return plan(`time-of-${words}`, null, { name: 'field', path: paths[0]! })
  }
  for (const [index, type] of types.entries()) {
    if (isStateKey(withoutOption(type!))) continue
    const message = `a key must be a scalar, but ${quoted(paths[index]!.join('.'))} is ${describeType(type!)}`
    report.error('TYPE_MISMATCH', call.paths[index]!.span, message)
    return none
  }
  if (call.isList) return plan(`by-${words}`, TEXT, { name: 'fields', paths })
  return plan(`by-${words}`, withoutOption(only!), { name: 'field', path: paths[0]! })
}

const UNKNOWN: CheckedStep = { plan: null, output: null, outputKey: null, sendsNothing: false }

function gives(checked: CheckedStep, output: Type): CheckedStep {
  return { ...checked, plan: { ...checked.plan!, output }, output }
}

function nameOf(word: string, fields: readonly string[]): string {
  const name = toKebab([word, ...fields].join('-'))
  return name.length <= NAME_LENGTH_MAX ? name : word
}
