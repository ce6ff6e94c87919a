// The text of generated functions: how they read a field, and how text becomes a function.
import { isIdentifier } from '../../dataflow/index.ts'
import type { FieldPath } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'

/** The text that reads a field of `value`; absent wherever something on the way is. */
export function fieldText(path: FieldPath): string {
  return pathText(path, false)
}

/** The same where `value` itself may be absent; without a path the value. */
export function anyFieldText(path: FieldPath): string {
  return pathText(path, true)
}

function pathText(path: FieldPath, mayBeAbsent: boolean): string {
  return path.reduce((text, name, index) => {
    const isPlain = isIdentifier(name)
    const before = index === 0 && !mayBeAbsent ? '' : '?.'
    if (isPlain) return `${text}${before === '' ? '.' : before}${name}`
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
