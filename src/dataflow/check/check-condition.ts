// Checks conditions and objects of chosen fields against the types that arrive.
import { nearestWord } from '../names.ts'
import type { BuiltinCall, ConditionPlan, FieldPath, Literal } from '../plan.ts'
import type { Report } from '../report.ts'
import type { ConditionModel, PathModel, PickedModel, TestModel } from '../read/model.ts'
import { NUMBER } from '../type-match.ts'
import { describeType, isIntegerType } from '../type-text.ts'
import type { Field, Type } from '../types.ts'
import { quoted, type ScalarNode } from '../yaml/tree.ts'
import { typeAt, withoutOption } from './field-types.ts'

/** The plan of a condition on values of type `input`; null after a finding. */
export function checkCondition(
  report: Report,
  condition: ConditionModel,
  input: Type | null
): ConditionPlan | null {
  if (condition.kind === 'not') {
    const of = checkCondition(report, condition.of, input)
    return of === null ? null : { kind: 'not', of }
  }
  if (condition.kind === 'tests') return checkTests(report, condition, input)
  const of = condition.of.flatMap(one => checkCondition(report, one, input) ?? [])
  return of.length === condition.of.length ? { kind: condition.kind, of } : null
}

/** Names of the fields that a condition looks at, for the operator's name. */
export function fieldsOf(condition: ConditionModel): string[] {
  if (condition.kind === 'not') return fieldsOf(condition.of)
  if (condition.kind === 'tests')
    return condition.field === null ? [] : [condition.field.path.join('-')]
  return [...new Set(condition.of.flatMap(fieldsOf))]
}

function checkTests(
  report: Report,
  { field, tests, at }: Extract<ConditionModel, { readonly kind: 'tests' }>,
  input: Type | null
): ConditionPlan | null {
  if (field === null && input === null) {
    if (!report.hasErrors) {
      const message = 'what arrives has no declared type, so it cannot be tested'
      report.error('TYPE_UNKNOWN', at, message, 'Declare what the function before it returns.')
    }
    return null
  }
  const type = field === null ? input : typeAt(report, input, field)
  if (type === null) return null
  const path = field?.path ?? []
  const plans = tests.map(test => checkTest(report, test, path, type))
  const [only] = plans
  if (plans.includes(null) || only === undefined) return null
  return plans.length === 1 ? only : { kind: 'all', of: plans as ConditionPlan[] }
}

function checkTest(
  report: Report,
  { test, literals, at }: TestModel,
  field: FieldPath,
  type: Type
): ConditionPlan | null {
  const [first] = literals
  if (test === 'exists') {
    const exists: ConditionPlan = { kind: 'exists', field }
    return first?.value === false ? { kind: 'not', of: exists } : exists
  }
  const inner = withoutOption(type)
  const isEqual = test === 'is' || test === 'in'
  const isText = inner.kind === 'string' || inner.kind === 'decimal'
  const isOrdered = inner.kind === 'string' || isNumber(inner)
  if (test === 'matches' ? !isText : !(isEqual ? isComparable(inner) : isOrdered)) {
    const message = `${quoted(test)} cannot test ${describeType(type)}`
    report.error('TYPE_MISMATCH', at, message, hintFor(inner))
    return null
  }
  if (test === 'matches') return checkPattern(report, first!, field)
  const found = literals.map(node => literalOf(report, node, inner))
  if (found.includes(null)) return null
  return { kind: test, field, literals: found as Literal[] }
}

function checkPattern(report: Report, node: ScalarNode, field: FieldPath): ConditionPlan | null {
  try {
    return { kind: 'matches', field, pattern: new RegExp(node.text, 'u').source }
  } catch (error) {
    const message = `${quoted(node.text)} is no regular expression: ${(error as Error).message}`
    report.error('WRONG_VALUE', node, message)
    return null
  }
}

function isNumber(type: Type): boolean {
  const { kind } = type
  return isIntegerType(type) || kind === 'f32' || kind === 'f64' || kind === 'timestamp'
}

function isComparable(type: Type): boolean {
  const { kind } = type
  return (
    isNumber(type) || kind === 'string' || kind === 'decimal' || kind === 'bool' || kind === 'enum'
  )
}

function hintFor(type: Type): string | null {
  const { kind } = type
  if (isNumber(type)) return 'Use is, in, above, at-least, below or at-most.'
  if (kind === 'bool' || kind === 'enum' || kind === 'decimal')
    return 'Use is or in, or a function.'
  return 'Test one of its fields, or whether it exists; or write a function.'
}

/** What a literal is beside values of `type`; null after a finding. */
function literalOf(report: Report, node: ScalarNode, type: Type): Literal | null {
  const { value, text } = node
  const wrong = (expected: string, hint: string | null = null): null => {
    const message = `${describeType(type)} is compared with ${expected}, but this is ${quoted(text)}`
    report.error('TYPE_MISMATCH', node, message, hint)
    return null
  }
  if (type.kind === 'string' || type.kind === 'decimal')
    return typeof value === 'string' ? value : wrong('a text', 'Put it in quotes.')
  if (type.kind === 'bool') return typeof value === 'boolean' ? value : wrong('true or false')
  if (type.kind === 'enum') {
    const names = type.variants.flatMap(one => (one.type === null ? [one.name] : []))
    if (type.tagging !== 'untagged' && names.includes(text)) return text
    const nearest = nearestWord(text, names)
    const hint = nearest === null ? `They are ${names.join(', ')}.` : `Did you mean "${nearest}"?`
    return wrong('a case without a value', names.length === 0 ? null : hint)
  }
  if (isIntegerType(type) && type.bigint)
    return /^-?\d{1,20}$/.test(text) ? { bigint: text } : wrong('a whole number')
  if (typeof value !== 'number' || !Number.isFinite(value)) return wrong('a number')
  // As values of the type are: 0.1 is another number there.
  return type.kind === 'f32' ? Math.fround(value) : value
}

/** The object that a map makes of values of type `input`, with its type; null after a finding. */
export function checkPick(
  report: Report,
  picked: readonly PickedModel[],
  input: Type | null
): { readonly call: BuiltinCall; readonly output: Type } | null {
  const fields: Field[] = []
  const properties = picked.flatMap(({ name, from, isConstant }) => {
    const constant = isConstant ? ((from as ScalarNode).value as string | number | boolean) : null
    const type = isConstant ? constantType(constant!) : typeAt(report, input, from as PathModel)
    if (type === null) return []
    fields.push({ name, readName: name, writeName: name, optional: false, type })
    return [{ name, path: isConstant ? null : (from as PathModel).path, constant }]
  })
  if (properties.length < picked.length || properties.length === 0) return null
  return {
    call: { name: 'pick', properties },
    output: { kind: 'object', name: null, fields }
  }
}

function constantType(value: string | number | boolean): Type {
  if (typeof value === 'string') return { kind: 'string' }
  return typeof value === 'boolean' ? { kind: 'bool' } : NUMBER
}
