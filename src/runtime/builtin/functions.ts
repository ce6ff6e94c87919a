// From what a file describes to a function like a user's: generated, so that it looks at its fields by name alone.
//
// A source leaves out the fields that no function behind it reads (code/fields-read.ts), which it tells from the
// text of the functions: `value.price` says more than a loop over a path.
import { unreachable } from '../../base/index.ts'
import type { BuiltinCall, FieldPath } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'
import { aggregateFunction } from './aggregate.ts'

/** The function of a step without code. */
export function builtinFunction(call: BuiltinCall): UserFunction {
  switch (call.name) {
    case 'field':
      return generate(`return function field(value) { return ${fieldText(call.path)} }`, {})
    case 'fields':
      return generate(
        `return function fields(value) { return JSON.stringify([${call.paths.map(fieldText).join(', ')}], plain) }`,
        { plain }
      )
    case 'constant':
      return generate(
        `return function constant(value) { return ${JSON.stringify(call.value)} }`,
        {}
      )
    case 'aggregate':
      return aggregateFunction(call)
    default:
      return unreachable(call)
  }
}

/** The text that reads a field of `value`; absent wherever something on the way is. */
export function fieldText(path: FieldPath): string {
  return path.reduce((text, name, index) => {
    const isPlain = /^[A-Za-z_$][\w$]*$/.test(name)
    const before = index === 0 ? '' : '?.'
    if (isPlain) return `${text}${index === 0 ? '.' : before}${name}`
    return `${text}${before}[${JSON.stringify(name)}]`
  }, 'value')
}

/** Makes a function from `text`, which names its helpers. */
export function generate(text: string, helpers: Readonly<Record<string, unknown>>): UserFunction {
  const names = Object.keys(helpers)
  // oxlint-disable-next-line no-new-func, no-implied-eval -- made of checked names of fields, each quoted
  const make = new Function(...names, `'use strict'\n${text}`) as (
    ...args: unknown[]
  ) => UserFunction
  return make(...names.map(name => helpers[name]))
}

/** JSON has no bigints. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
