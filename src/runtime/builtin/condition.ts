// The function of a condition: one expression, with a helper for each kind of test that lets nothing absent pass.
import { unreachable } from '../../base/index.ts'
import type { ConditionPlan, Literal } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'
import { anyFieldText, generate } from './text.ts'

/** Whether the condition is true of a value. */
export function conditionFunction(condition: ConditionPlan): UserFunction {
  const patterns: RegExp[] = []
  const text = textOf(condition, patterns)
  const helpers = { above, atLeast, below, atMost, exists, matches, patterns }
  return generate(`return function where(value) { return ${text} }`, helpers)
}

function textOf(condition: ConditionPlan, patterns: RegExp[]): string {
  switch (condition.kind) {
    case 'all':
      return `(${condition.of.map(one => textOf(one, patterns)).join(' && ')})`
    case 'any':
      return `(${condition.of.map(one => textOf(one, patterns)).join(' || ')})`
    case 'not':
      return `!${textOf(condition.of, patterns)}`
    case 'exists':
      return `exists(${anyFieldText(condition.field)})`
    case 'is':
    case 'in': {
      const field = anyFieldText(condition.field)
      const equal = condition.literals.map(literal => `${field} === ${literalText(literal)}`)
      return `(${equal.join(' || ')})`
    }
    case 'above':
    case 'at-least':
    case 'below':
    case 'at-most': {
      const [literal] = condition.literals
      return `${HELPERS[condition.kind]}(${anyFieldText(condition.field)}, ${literalText(literal!)})`
    }
    case 'matches':
      patterns.push(new RegExp(condition.pattern, 'u'))
      return `matches(${anyFieldText(condition.field)}, patterns[${patterns.length - 1}])`
    default:
      return unreachable(condition)
  }
}

const HELPERS = { above: 'above', 'at-least': 'atLeast', below: 'below', 'at-most': 'atMost' }

function literalText(literal: Literal): string {
  return typeof literal === 'object' ? `${literal.bigint}n` : JSON.stringify(literal)
}

type Ordered = number | string | bigint
type Found = Ordered | null | undefined

function above(found: Found, literal: Ordered): boolean {
  return exists(found) && found > literal
}

function atLeast(found: Found, literal: Ordered): boolean {
  return exists(found) && found >= literal
}

function below(found: Found, literal: Ordered): boolean {
  return exists(found) && found < literal
}

function atMost(found: Found, literal: Ordered): boolean {
  return exists(found) && found <= literal
}

function exists<T>(found: T): found is NonNullable<T> {
  return found !== null && found !== undefined
}

function matches(found: Found, pattern: RegExp): boolean {
  return typeof found === 'string' && pattern.test(found)
}
