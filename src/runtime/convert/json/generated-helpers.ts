// What generated converters call for single values. Hot: per field. Each gives the checked value or text, or
// throws BAD, which carries nothing: the wrapper then asks plain.ts, which says what is wrong and where.
import { Keyed } from '../../code/user.ts'
import { scalarFromText } from '../plain-scalars.ts'
import {
  base64FromBytes,
  bytesFromBase64,
  DECIMAL,
  rawJson,
  textOfF32,
  TIMESTAMP_MS_MAX,
  timestampFromText
} from '../scalars.ts'
import type { ScalarType } from '../../../dataflow/types.ts'

/** Thrown by generated code where a value does not fit. One object, so that throwing costs no stack trace. */
export const BAD: { readonly bad: true } = Object.freeze({ bad: true })

/** Thrown where a JSON number says more than its double: the whole value is read again with its digits. */
export const INEXACT: { readonly inexact: true } = Object.freeze({ inexact: true })

const U64_MAX = 2n ** 64n - 1n
const S64_MIN = -(2n ** 63n)
const S64_MAX = 2n ** 63n - 1n
function bool(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw BAD
}

function string(value: unknown): string {
  if (typeof value === 'string') return value
  throw BAD
}

function nothing(value: unknown): null {
  if (value === null || value === undefined) return null
  throw BAD
}

function u8(value: unknown): number {
  if (typeof value === 'number' && (value & 0xff) === value) return value & 0xff
  throw BAD
}

function u16(value: unknown): number {
  if (typeof value === 'number' && (value & 0xffff) === value) return value & 0xffff
  throw BAD
}

function u32(value: unknown): number {
  if (typeof value === 'number' && value >>> 0 === value) return value >>> 0
  throw BAD
}

function u64(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0
  throw BAD
}

function s8(value: unknown): number {
  if (typeof value === 'number' && (value << 24) >> 24 === value) return value | 0
  throw BAD
}

function s16(value: unknown): number {
  if (typeof value === 'number' && (value << 16) >> 16 === value) return value | 0
  throw BAD
}

function s32(value: unknown): number {
  if (typeof value === 'number' && (value | 0) === value) return value | 0
  throw BAD
}

function s64(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0
  throw BAD
}

function big(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw BAD
}

function u64big(value: unknown): bigint {
  const result = big(value)
  if (result >= 0n && result <= U64_MAX) return result
  throw BAD
}

function s64big(value: unknown): bigint {
  const result = big(value)
  if (result >= S64_MIN && result <= S64_MAX) return result
  throw BAD
}

function f32(value: unknown): number {
  if (typeof value === 'number') {
    const rounded = Math.fround(value)
    if (rounded - rounded === 0) return rounded
  }
  throw BAD
}

function f64(value: unknown): number {
  // The difference is NaN for NaN and both infinities.
  if (typeof value === 'number' && value - value === 0) return value
  throw BAD
}

function u64bigJson(value: unknown): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw INEXACT
  return u64big(value)
}

function s64bigJson(value: unknown): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw INEXACT
  return s64big(value)
}

function decimalJson(value: unknown): string {
  if (typeof value === 'number') throw INEXACT
  return decimal(value)
}

function decimal(value: unknown): string {
  if (typeof value === 'string' && DECIMAL.test(value)) return value
  throw BAD
}

function timestamp(value: unknown): number {
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value <= TIMESTAMP_MS_MAX &&
    value >= -TIMESTAMP_MS_MAX
  ) {
    return value + 0
  }
  throw BAD
}

function timestampJson(value: unknown): number {
  if (typeof value !== 'string') return timestamp(value)
  const parsed = timestampFromText(value)
  if (parsed === null) throw BAD
  return parsed
}

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  throw BAD
}

function bytesJson(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw BAD
  const result = bytesFromBase64(value)
  if (result === null) throw BAD
  return result
}

/** A number that prints as the shortest digits of the f32. */
function f32Wire(value: unknown): unknown {
  const rounded = f32(value)
  if (rounded === 0) return f64Wire(rounded)
  return Number(textOfF32(rounded))
}

/** JSON.stringify writes 0 for -0. */
function f64Wire(value: unknown): unknown {
  if (typeof value !== 'number' || value - value !== 0) throw BAD
  return value === 0 && 1 / value < 0 ? rawJson('-0') : value
}

function u64bigWire(value: unknown): unknown {
  return rawJson(String(u64big(value)))
}

function s64bigWire(value: unknown): unknown {
  return rawJson(String(s64big(value)))
}

function bytesWire(value: unknown): string {
  if (value instanceof Uint8Array) return base64FromBytes(value)
  throw BAD
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The own property of a name that every object inherits. */
function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function keyFromText(type: ScalarType, text: string): unknown {
  try {
    return scalarFromText(type, text, '')
  } catch {
    throw BAD
  }
}

/** Everything that generated code names, by the name that it uses. */
export const HELPERS: Readonly<Record<string, unknown>> = {
  BAD,
  Keyed,
  bool,
  string,
  nothing,
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  u64big,
  s64big,
  u64bigJson,
  s64bigJson,
  f32,
  f64,
  decimal,
  decimalJson,
  timestamp,
  timestampJson,
  bytes,
  bytesJson,
  f32Wire,
  f64Wire,
  u64bigWire,
  s64bigWire,
  bytesWire,
  isObject,
  own,
  keyFromText
}
