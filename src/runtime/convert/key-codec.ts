// How keys of state become bytes, in an order that is the keys' own: numbers by size, text by code point.
import { type ByteWriter, MillraceError } from '../../base/index.ts'
import type { ScalarType, Type } from '../../dataflow/types.ts'
import type { KeyCodec, StateKey } from '../../state/contract.ts'
import { INTEGER_RANGES, isScalar } from './scalars.ts'
import { nameOf, valueError } from './errors.ts'
import { compileCheck } from './json/json.ts'
import { readText, readU32, writeText } from './state-bytes.ts'

/**
 * The codec of a state's keys: any scalar but null and bytes. Integers are big endian in their width with the
 * sign bit flipped, floats IEEE 754 with the bits turned so that bytes order like numbers, -0 is 0.
 * @throws TYPE_UNSUPPORTED the type cannot be a key
 */
export function compileKeyCodec(type: Type): KeyCodec {
  if (!isScalar(type) || type.kind === 'null' || type.kind === 'bytes') {
    throw new MillraceError(
      'TYPE_UNSUPPORTED',
      `${nameOf(type)} cannot be a key; expected a number, a string, a bool, a decimal or a timestamp`
    )
  }
  const checked = compileCheck(type)
  const isFloat = type.kind === 'f32' || type.kind === 'f64'
  return {
    ...bytesOf(type),
    check: key => {
      if (key === undefined || key === null)
        throw valueError('key', `missing, expected ${nameOf(type)}`)
      const value = checked(key) as StateKey
      return isFloat ? (value as number) + 0 : value
    }
  }
}

type Bytes = Pick<KeyCodec, 'encode' | 'decode'>

function bytesOf(type: ScalarType): Bytes {
  switch (type.kind) {
    case 'bool':
      return {
        encode: (key, sink) => sink.u8(key === true ? 1 : 0),
        decode: (bytes, start) => bytes[start] === 1
      }
    case 'f32':
    case 'f64':
      return { encode: encodeFloat, decode: decodeFloat }
    case 'timestamp':
      return safe64(true)
    case 'u64':
    case 's64':
      return type.bigint ? big64(type.kind === 's64') : safe64(type.kind === 's64')
    case 'u8':
    case 'u16':
    case 'u32':
    case 's8':
    case 's16':
    case 's32':
      return small(INTEGER_RANGES[type.kind].bytes, INTEGER_RANGES[type.kind].min)
    default:
      return { encode: (key, sink) => writeText(key as string, sink), decode: readText }
  }
}

/** Integers of up to 4 bytes, moved up so that the smallest is 0. */
function small(width: number, min: number): Bytes {
  return {
    encode: (key, sink) => {
      const moved = (key as number) - min
      for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) sink.u8((moved >>> shift) & 0xff)
    },
    decode: (bytes, start, end) => {
      let moved = 0
      for (let at = start; at < end; at++) moved = moved * 256 + bytes[at]!
      return moved + min
    }
  }
}

function safe64(signed: boolean): Bytes {
  const flip = signed ? 0x8000_0000 : 0
  return {
    encode: (key, sink) => {
      const high = Math.floor((key as number) / 0x1_0000_0000)
      sink.u32be((high ^ flip) >>> 0)
      sink.u32be((key as number) - high * 0x1_0000_0000)
    },
    decode: (bytes, start) => {
      const high = readU32(bytes, start) ^ flip
      return (signed ? high : high >>> 0) * 0x1_0000_0000 + readU32(bytes, start + 4)
    }
  }
}

function big64(signed: boolean): Bytes {
  const offset = signed ? 2n ** 63n : 0n
  return {
    encode: (key, sink) => {
      sink.reserve(8)
      sink.buffer.writeBigUInt64BE((key as bigint) + offset, sink.length)
      sink.length += 8
    },
    decode: (bytes, start) =>
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(start) - offset
  }
}

const SCRATCH = new DataView(new ArrayBuffer(8))

/** Positive numbers get the sign bit, negative ones have all bits turned. */
function encodeFloat(key: StateKey, sink: ByteWriter): void {
  SCRATCH.setFloat64(0, key as number)
  const high = SCRATCH.getUint32(0)
  const low = SCRATCH.getUint32(4)
  const negative = high >>> 31 === 1
  sink.u32be((negative ? ~high : high | 0x8000_0000) >>> 0)
  sink.u32be((negative ? ~low : low) >>> 0)
}

function decodeFloat(bytes: Uint8Array, start: number): number {
  const high = readU32(bytes, start)
  const low = readU32(bytes, start + 4)
  const negative = high >>> 31 === 0
  SCRATCH.setUint32(0, (negative ? ~high : high & 0x7fff_ffff) >>> 0)
  SCRATCH.setUint32(4, (negative ? ~low : low) >>> 0)
  return SCRATCH.getFloat64(0)
}
