// From what a file describes to a function like a user's: generated, so that it looks at its fields by name alone.
//
// A source leaves out the fields that no function behind it reads (code/fields-read.ts), which it tells from the
// text of the functions: `value.price` says more than a loop over a path.
import { unreachable } from '../../base/index.ts'
import type { BuiltinCall, FieldPath } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'
import { aggregateFunction } from './aggregate.ts'
import { conditionFunction } from './condition.ts'
import { anyFieldText, fieldText, generate } from './text.ts'

/** The function of a step without code. */
export function builtinFunction(call: BuiltinCall): UserFunction {
  switch (call.name) {
    case 'field':
      return generate(`return function field(value) { return ${anyFieldText(call.path)} }`, {})
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
    case 'where':
      return conditionFunction(call.condition)
    case 'pick': {
      const properties = call.properties.map(({ name, path, constant }) => {
        const text = path === null ? JSON.stringify(constant) : `${anyFieldText(path)} ?? null`
        return `${JSON.stringify(name)}: ${text}`
      })
      return generate(`return function pick(value) { return { ${properties.join(', ')} } }`, {})
    }
    case 'side': {
      const [left, right] = call.side === 'left' ? ['value', 'null'] : ['null', 'value']
      const isLeft = call.side === 'left'
      return generate(
        `return function side(value) { return { isLeft: ${isLeft}, left: ${left}, right: ${right} } }`,
        {}
      )
    }
    case 'side-key':
    case 'side-time': {
      const property = call.name === 'side-key' ? 'key' : 'timestamp'
      const read = (side: 'left' | 'right'): string => {
        const path = call[side]
        return path === null ? `ctx.${property}` : fieldText([side, ...path])
      }
      return generate(
        `return function ofSide(value, ctx) { return value.isLeft ? ${read('left')} : ${read('right')} }`,
        {}
      )
    }
    case 'aggregate':
      return aggregateFunction(call)
    default:
      return unreachable(call)
  }
}

/** Reads a field of a value. */
export function fieldReader(path: FieldPath): (value: unknown) => unknown {
  return builtinFunction({ name: 'field', path }) as (value: unknown) => unknown
}

/** JSON has no bigints. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
