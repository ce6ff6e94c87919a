// The sentences of record errors: path, value, what was expected.
import { MillraceError } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import { INTEGER_RANGES } from './scalars.ts'

const SHOWN_LENGTH_MAX = 60

/** A value outside its type. @returns an error with code RECORD_VALUE whose message begins with the path */
export function valueError(path: string, problem: string): MillraceError {
  return new MillraceError('RECORD_VALUE', `${path}: ${problem}`, { details: { path } })
}

/** Bytes that are no value at all. @returns an error with code RECORD_UNDECODABLE */
export function undecodable(problem: string, cause?: unknown): MillraceError {
  return new MillraceError('RECORD_UNDECODABLE', problem, { cause })
}

/** A value as people read it in a message, cut to a line. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return cut(JSON.stringify(value))
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return cut(`${value}n`)
    case 'object':
      return showObject(value)
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    default:
      return String(value)
  }
}

function showObject(value: object | null): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Map) return `a Map of ${value.size}`
  if (value instanceof Date) return 'a Date'
  if (value instanceof Promise) return 'a promise'
  const keys = Object.keys(value)
  const shown = keys.slice(0, 4).map(key => cut(key))
  return `an object {${shown.join(', ')}${keys.length > 4 ? ', …' : ''}}`
}

function cut(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX - 1)}…`
}

/** A type as people read it in a message. */
export function nameOf(type: Type): string {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
    case 'enum':
      return type.name === null ? type.kind : `${type.kind} ${type.name}`
    case 'list':
      return `list of ${nameOf(type.items)}`
    case 'map':
      return `map of ${nameOf(type.key)} to ${nameOf(type.value)}`
    case 'option':
      return `${nameOf(type.value)} or null`
    case 'key-value':
      return `key-value of ${nameOf(type.key)} and ${nameOf(type.value)}`
    default:
      return type.kind
  }
}

/** `u32 (0…4294967295)`; for 64-bit numbers the bounds of safe integers, with the way out where that takes `value`. */
export function rangeOf(
  type: Extract<Type, { readonly bigint: boolean }>,
  value: number | bigint
): string {
  const range = INTEGER_RANGES[type.kind]
  if (type.bigint) return `${type.kind} (${range.minBig}…${range.maxBig})`
  const bounds = `${type.kind} (${range.min}…${range.max})`
  const isSafe = value >= range.min && value <= range.max
  const isBigint = !isSafe && value >= range.minBig && value <= range.maxBig
  return isBigint ? `${bounds}; declare the type with bigint: true for more` : bounds
}
