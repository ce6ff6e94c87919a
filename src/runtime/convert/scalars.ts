// The rules of single values: integer ranges, f32 text, decimals, timestamps, base64. Shared by the
// interpretive and the generated converters, which differ only in how they walk a type.
import type { IntegerKind, ScalarType, Type } from '../../dataflow/types.ts'

interface IntegerRange {
  readonly min: number
  readonly max: number
  readonly minBig: bigint
  readonly maxBig: bigint
  readonly bytes: number
}

function range(bits: number, signed: boolean): IntegerRange {
  const minBig = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const maxBig = 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  return {
    min: Math.max(Number(minBig), Number.MIN_SAFE_INTEGER),
    max: Math.min(Number(maxBig), Number.MAX_SAFE_INTEGER),
    minBig,
    maxBig,
    bytes: bits / 8
  }
}

/** Bounds of each kind; `min` and `max` are narrowed to safe integers for the 64-bit kinds. */
export const INTEGER_RANGES: Readonly<Record<IntegerKind, IntegerRange>> = {
  u8: range(8, false),
  u16: range(16, false),
  u32: range(32, false),
  u64: range(64, false),
  s8: range(8, true),
  s16: range(16, true),
  s32: range(32, true),
  s64: range(64, true)
}

/** Whether a type may be the key of a record, a state or a map. */
export function isScalar(type: Type): type is ScalarType {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
    case 'enum':
    case 'list':
    case 'map':
    case 'option':
    case 'key-value':
      return false
    default:
      return true
  }
}

/** Furthest that a JavaScript date reaches from the epoch, in ms. */
export const TIMESTAMP_MS_MAX = 8.64e15

/** A decimal number: digits, a fraction, an exponent; the digits are kept as they came. */
export const DECIMAL: RegExp = /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

/** An integer as text, as a map key or on a command line. */
export const INTEGER: RegExp = /^-?(?:0|[1-9][0-9]*)$/

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** The bytes of strict base64 text (RFC 4648 §4, with padding), or null. */
export function bytesFromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return null
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** Base64 text of bytes. */
export function base64FromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/**
 * The shortest digits that read back as the same f32: 921.6001, not 921.60009765625. A float has between 6
 * and 9 significant digits, so the first precision that survives the round trip is the shortest.
 */
export function textOfF32(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  for (let precision = 6; precision < 9; precision++) {
    const short = Number(value.toPrecision(precision))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}

/** Digits of a finite f64 that read back as the same number, the sign of zero too. */
export function textOfF64(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Milliseconds since the epoch of an RFC 3339 time, finer digits cut off; null when it is none. */
export function timestampFromText(text: string): number | null {
  const match = RFC_3339.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ]
  if (hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  const milliseconds = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, '0'))
  const zoneHours = Number(match[9] ?? 0)
  const zoneMinutes = Number(match[10] ?? 0)
  if (zoneHours > 23 || zoneMinutes > 59) return null
  const zone = (zoneHours * 60 + zoneMinutes) * (match[8] === '-' ? -1 : 1)
  return date.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1000 + milliseconds
}

/** What `JSON.stringify` writes as `text`, a JSON number, digit by digit. In Node since 21. */
export const rawJson: (text: string) => unknown = (
  JSON as typeof JSON & { rawJSON(text: string): unknown }
).rawJSON
