// The types of values: a name that all languages share, and how values become bytes and back.
//
// The scalars are protobuf messages with one field `value = 1`; zero, false and "" are empty bytes.
import { MillraceError, messageOf } from '../../base/index.ts'
import { ownJson } from './own-json.ts'
import { readScalar } from './scalar-reader.ts'

/** A type of messages, state or egress values. */
export interface Type<T> {
  /** The name that stands beside the bytes; equal names mean equal types. */
  readonly typename: string
  /** New bytes, the caller's. @throws FUNCTION_VALUE the value is outside the type */
  serialize(value: T): Uint8Array
  /** A value that shares nothing with `bytes`. @throws FUNCTION_VALUE they are not of this type */
  deserialize(bytes: Uint8Array): T
  /** Whether values cannot be changed, so that they may be shared instead of copied. */
  readonly immutable: boolean
  /**
   * Checks the value and gives what `deserialize(serialize(value))` would: normalised, sharing nothing mutable with
   * `value`. @throws FUNCTION_VALUE the value is outside the type
   */
  own(value: T): T
}

const EMPTY: Uint8Array = new Uint8Array(0)
const INT_MIN = -2147483648
const INT_MAX = 2147483647
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n
const TAG_VARINT = 0x08
const TAG_FIXED64 = 0x09
const TAG_BYTES = 0x0a
const TAG_FIXED32 = 0x0d

/** `io.statefun.types/bool`. */
export const boolType: Type<boolean> = scalarType({
  typename: 'io.statefun.types/bool',
  expected: 'true or false',
  own: value => (typeof value === 'boolean' ? value : undefined),
  encode: value => (value ? Uint8Array.of(TAG_VARINT, 1) : EMPTY),
  decode: bytes => readScalar(bytes, TAG_VARINT, reader => reader.bool()) ?? false
})

/** `io.statefun.types/int`: whole numbers of 32 bits. */
export const intType: Type<number> = scalarType({
  typename: 'io.statefun.types/int',
  expected: `a whole number from ${INT_MIN} to ${INT_MAX}`,
  own: value =>
    typeof value === 'number' && Number.isInteger(value) && value >= INT_MIN && value <= INT_MAX
      ? value + 0
      : undefined,
  encode(value) {
    if (value === 0) return EMPTY
    return Uint8Array.of(TAG_FIXED32, value, value >> 8, value >> 16, value >> 24)
  },
  decode(bytes) {
    if (bytes.length === 5 && bytes[0] === TAG_FIXED32) {
      return bytes[1]! | (bytes[2]! << 8) | (bytes[3]! << 16) | (bytes[4]! << 24)
    }
    return readScalar(bytes, TAG_FIXED32, reader => reader.sfixed32()) ?? 0
  }
})

/** `io.statefun.types/long`: whole numbers of 64 bits, as bigints. The original JavaScript SDK has no such type. */
export const longType: Type<bigint> = scalarType({
  typename: 'io.statefun.types/long',
  expected: 'a bigint from -2^63 to 2^63 - 1',
  own: value =>
    typeof value === 'bigint' && value >= LONG_MIN && value <= LONG_MAX ? value : undefined,
  encode(value) {
    if (value === 0n) return EMPTY
    const { bytes, view } = tagged(TAG_FIXED64, 8)
    view.setBigInt64(1, value, true)
    return bytes
  },
  decode: bytes => readScalar(bytes, TAG_FIXED64, bigintOf) ?? 0n
})

/** `io.statefun.types/float`: numbers of 32 bits; others are rounded to one. */
export const floatType: Type<number> = scalarType({
  typename: 'io.statefun.types/float',
  expected: 'a number',
  own: value => (typeof value === 'number' ? Math.fround(value) : undefined),
  encode(value) {
    if (Object.is(value, 0)) return EMPTY
    const { bytes, view } = tagged(TAG_FIXED32, 4)
    view.setFloat32(1, value, true)
    return bytes
  },
  decode: bytes => readScalar(bytes, TAG_FIXED32, reader => reader.float()) ?? 0
})

/** `io.statefun.types/double`: numbers of 64 bits. The original JavaScript SDK has no such type. */
export const doubleType: Type<number> = scalarType({
  typename: 'io.statefun.types/double',
  expected: 'a number',
  own: value => (typeof value === 'number' ? value : undefined),
  encode(value) {
    if (Object.is(value, 0)) return EMPTY
    const { bytes, view } = tagged(TAG_FIXED64, 8)
    view.setFloat64(1, value, true)
    return bytes
  },
  decode: bytes => readScalar(bytes, TAG_FIXED64, reader => reader.double()) ?? 0
})

/** `io.statefun.types/string`. Lone surrogates become U+FFFD. */
export const stringType: Type<string> = scalarType({
  typename: 'io.statefun.types/string',
  expected: 'a text',
  own: value => (typeof value === 'string' ? value.toWellFormed() : undefined),
  encode: encodeText,
  decode(bytes) {
    // Hot: per message. A text below 128 bytes, written by anyone, has this form.
    if (bytes.length >= 2 && bytes[0] === TAG_BYTES && bytes[1] === bytes.length - 2) {
      return textOf(bytes.subarray(2))
    }
    return textOf(readScalar(bytes, TAG_BYTES, reader => reader.bytes()) ?? EMPTY)
  }
})

/** Options of {@link simpleType}. */
export interface SimpleTypeOptions<T> {
  serialize(value: T): Uint8Array
  deserialize(bytes: Uint8Array): T
  /** Whether values cannot be changed. Default false: they are copied by encoding and decoding. */
  readonly immutable?: boolean
}

/**
 * A type of one's own. What the two functions throw becomes FUNCTION_VALUE. `deserialize` must not keep its bytes;
 * it gets a copy unless the type is immutable.
 */
export function simpleType<T>(typename: string, options: SimpleTypeOptions<T>): Type<T> {
  const { immutable = false } = options
  const serialize = (value: T): Uint8Array => {
    const bytes = guarded(typename, 'cannot be encoded', () => options.serialize(value))
    if (bytes instanceof Uint8Array) return bytes
    throw valueError(typename, `was encoded as ${typeof bytes}; expected a Uint8Array`)
  }
  const deserialize = (bytes: Uint8Array): T =>
    guarded(typename, 'cannot be decoded', () =>
      options.deserialize(immutable ? bytes : Uint8Array.from(bytes))
    )
  return {
    typename,
    immutable,
    serialize,
    deserialize,
    own: value => deserialize(serialize(value))
  }
}

/**
 * JSON texts in UTF-8 under a typename of one's own. What is stored or sent is what JSON keeps: undefined
 * properties go, dates become texts. `T` is not checked.
 */
export function jsonType<T = unknown>(typename: string): Type<T> {
  return {
    typename,
    immutable: false,
    serialize(value) {
      const text = guarded(typename, 'cannot be encoded', () => JSON.stringify(value))
      if (text === undefined) throw valueError(typename, `is ${typeof value}, which JSON has not`)
      return Buffer.from(text)
    },
    deserialize: bytes =>
      guarded(typename, 'cannot be decoded', () => JSON.parse(textOf(bytes)) as T),
    own: value => guarded(typename, 'cannot be copied', () => ownJson(value) as T)
  }
}

interface ScalarOptions<T> {
  readonly typename: string
  readonly expected: string
  /** The normalised value, or undefined when it is outside the type. */
  own(value: T): T | undefined
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

function scalarType<T>(options: ScalarOptions<T>): Type<T> {
  const { typename, expected, encode, decode } = options
  const own = (value: T): T => {
    const owned = options.own(value)
    if (owned !== undefined) return owned
    throw valueError(typename, `is ${shown(value)}; expected ${expected}`)
  }
  return {
    typename,
    immutable: true,
    own,
    serialize: value => encode(own(value)),
    deserialize(bytes) {
      try {
        return decode(bytes)
      } catch (error) {
        throw valueError(typename, `cannot be decoded: ${messageOf(error)}`, error)
      }
    }
  }
}

function tagged(tag: number, size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(1 + size)
  bytes[0] = tag
  return { bytes, view: new DataView(bytes.buffer) }
}

function encodeText(value: string): Uint8Array {
  if (value === '') return EMPTY
  const length = Buffer.byteLength(value)
  const head = [TAG_BYTES]
  for (let rest = length; ; rest >>>= 7) {
    head.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  const bytes = Buffer.allocUnsafe(head.length + length)
  bytes.set(head)
  bytes.write(value, head.length)
  return bytes
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

function bigintOf(reader: { fixed32(): number }): bigint {
  const low = reader.fixed32()
  const high = reader.fixed32()
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}

function guarded<R>(typename: string, what: string, work: () => R): R {
  try {
    return work()
  } catch (error) {
    throw valueError(typename, `${what}: ${messageOf(error)}`, error)
  }
}

function valueError(typename: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError('FUNCTION_VALUE', `a value of the type ${typename} ${what}`, {
    cause,
    details: { typename }
  })
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
}
