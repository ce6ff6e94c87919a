// From what a file describes to a function like a user's: generated, so that it looks at its fields by name alone.
//
// A source leaves out the fields that no function behind it reads (code/fields-read.ts), which it tells from the
// text of the functions: `value.price` says more than a loop over a path.
import { unreachable } from '../../base/index.ts'
import type { BuiltinCall } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'
import { aggregateFunction } from './aggregate.ts'
import { fieldText, generate } from './text.ts'

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

/** JSON has no bigints. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
