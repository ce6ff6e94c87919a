// Single values, checked the clear way: half of the oracle in plain.ts, and the rules of map keys.
import type { IntegerType, ScalarType, SimpleType } from '../../dataflow/types.ts'
import { nameOf, rangeOf, show, valueError } from './errors.ts'
import {
  base64FromBytes,
  bytesFromBase64,
  DECIMAL,
  INTEGER,
  INTEGER_RANGES,
  rawJson,
  textOfF32,
  textOfF64,
  TIMESTAMP_MS_MAX,
  timestampFromText
} from './scalars.ts'

/**
 * What becomes of a value: `json` takes what `JSON.parse` gave to a value in JavaScript, `js` checks and
 * normalises one, `wire` takes one to what `JSON.stringify` shall write.
 */
export type Form = 'json' | 'js' | 'wire'

/** A JSON number whose text says more than its double: 1.50, 12345678901234567890. */
export class ExactNumber {
  readonly value: number
  readonly source: string

  constructor(value: number, source: string) {
    this.value = value
    this.source = source
  }
}

/** The checked value, in the form that is wanted. @throws RECORD_VALUE */
export function readScalar(type: ScalarType, form: Form, value: unknown, path: string): unknown {
  if (form !== 'wire') return readChecked(type, form, value, path)
  return wireOf(type, readChecked(type, 'js', value, path))
}

function readChecked(type: ScalarType, form: Form, value: unknown, path: string): unknown {
  const number = value instanceof ExactNumber ? value.value : value
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(type, number, path)
    case 'string':
      return typeof value === 'string' ? value : mismatch(type, number, path)
    case 'null':
      return value === null || value === undefined ? null : mismatch(type, number, path)
    case 'decimal':
      return readDecimal(type, form, value, path)
    case 'timestamp':
      return readTimestamp(type, form, number, path)
    case 'bytes':
      return readBytes(type, form, number, path)
    case 'f32':
    case 'f64':
      return readFloat(type, number, path)
    default:
      return type.bigint ? readBigint(type, form, value, path) : readInteger(type, number, path)
  }
}

function mismatch(type: ScalarType, value: unknown, path: string): never {
  if (value === undefined) throw valueError(path, `missing, expected ${nameOf(type)}`)
  throw valueError(path, `${show(value)} is not ${nameOf(type)}`)
}

function readInteger(type: IntegerType, value: unknown, path: string): number {
  if (typeof value !== 'number') return mismatch(type, value, path)
  // bigint, which the sentence about the range advises, would not help.
  if (!Number.isFinite(value))
    throw valueError(path, `${show(value)} is no whole number, expected ${type.kind}`)
  const range = INTEGER_RANGES[type.kind]
  if (!(value >= range.min && value <= range.max)) {
    throw valueError(path, `${show(value)} is outside ${rangeOf(type, value)}`)
  }
  if (!Number.isInteger(value)) {
    throw valueError(path, `${show(value)} is not whole, expected ${rangeOf(type, value)}`)
  }
  return value + 0
}

function readBigint(type: IntegerType, form: Form, value: unknown, path: string): bigint {
  const range = INTEGER_RANGES[type.kind]
  const big = bigintOf(value, form)
  if (big === null) return mismatch(type, value instanceof ExactNumber ? value.value : value, path)
  if (big < range.minBig || big > range.maxBig) {
    throw valueError(path, `${show(big)} is outside ${rangeOf(type, big)}`)
  }
  return big
}

function bigintOf(value: unknown, form: Form): bigint | null {
  if (typeof value === 'bigint' && form === 'js') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null
  if (!(value instanceof ExactNumber)) return null
  if (Number.isSafeInteger(value.value)) return BigInt(value.value)
  return INTEGER.test(value.source) ? BigInt(value.source) : null
}

function readFloat(type: SimpleType, value: unknown, path: string): number {
  if (typeof value !== 'number') return mismatch(type, value, path)
  const rounded = type.kind === 'f32' ? Math.fround(value) : value
  if (Number.isFinite(rounded)) return rounded
  throw valueError(path, `${show(value)} is outside the finite numbers of ${type.kind}`)
}

function readDecimal(type: ScalarType, form: Form, value: unknown, path: string): string {
  if (form === 'json' && value instanceof ExactNumber) return value.source
  if (form === 'json' && typeof value === 'number') return textOfF64(value)
  if (typeof value !== 'string') return mismatch(type, value, path)
  if (DECIMAL.test(value)) return value
  throw valueError(path, `${show(value)} is not a decimal number such as "12.50"`)
}

function readTimestamp(type: ScalarType, form: Form, value: unknown, path: string): number {
  if (form === 'json' && typeof value === 'string') {
    const parsed = timestampFromText(value)
    if (parsed !== null) return parsed
    throw valueError(path, `${show(value)} is not a time such as "2026-01-31T12:00:00Z"`)
  }
  if (typeof value !== 'number') return mismatch(type, value, path)
  if (Number.isInteger(value) && Math.abs(value) <= TIMESTAMP_MS_MAX) return value + 0
  throw valueError(path, `${show(value)} is not a timestamp in whole ms since the epoch`)
}

function readBytes(type: ScalarType, form: Form, value: unknown, path: string): Uint8Array {
  if (form === 'js') {
    return value instanceof Uint8Array ? new Uint8Array(value) : mismatch(type, value, path)
  }
  if (typeof value !== 'string') return mismatch(type, value, path)
  const bytes = bytesFromBase64(value)
  if (bytes !== null) return bytes
  throw valueError(path, `${show(value)} is not base64 text`)
}

/** What `JSON.stringify` writes for a checked value. */
function wireOf(type: ScalarType, value: unknown): unknown {
  switch (type.kind) {
    case 'bytes':
      return base64FromBytes(value as Uint8Array)
    case 'f32':
      return rawJson(textOfF32(value as number))
    case 'f64':
      return rawJson(textOfF64(value as number))
    default:
      return typeof value === 'bigint' ? rawJson(String(value)) : value
  }
}

/** The text that a key of a map has as a JSON name. `value` is checked. */
export function textOfKey(type: ScalarType, value: unknown): string {
  const text = JSON.stringify(wireOf(type, value))
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}

/**
 * The value of a scalar written as text: the name of a map's entry in JSON, a key on a command line.
 * @throws RECORD_VALUE
 */
export function scalarFromText(type: ScalarType, text: string, path: string): unknown {
  switch (type.kind) {
    case 'string':
    case 'decimal':
    case 'bytes':
      return readScalar(type, 'json', text, path)
    case 'bool':
    case 'null':
      if (text === 'null' && type.kind === 'null') return null
      if (type.kind === 'bool' && text === 'true') return true
      if (type.kind === 'bool' && text === 'false') return false
      return mismatch(type, text, path)
    case 'f32':
    case 'f64':
      if (!DECIMAL.test(text)) return mismatch(type, text, path)
      return readScalar(type, 'json', Number(text), path)
    case 'timestamp':
      return readScalar(type, 'json', INTEGER.test(text) ? Number(text) : text, path)
    default:
      if (!INTEGER.test(text)) return mismatch(type, text, path)
      return readScalar(type, 'json', new ExactNumber(Number(text), text), path)
  }
}
