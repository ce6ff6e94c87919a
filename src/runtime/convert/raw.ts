// Raw bytes to scalars and back: UTF-8 text, big-endian numbers of fixed width, a bool in the last bit, bytes as is.
import type { ByteWriter } from '../../base/index.ts'
import type { ScalarType } from '../../dataflow/types.ts'
import type { RecordConverter } from './contract.ts'
import { undecodable, valueError } from './errors.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readScalar } from './plain-scalars.ts'
import { INTEGER_RANGES } from './scalars.ts'
import { textOfBytes } from './text.ts'

type Decode = (bytes: Buffer, start: number, end: number) => unknown
type Encode = (value: unknown, into: ByteWriter) => void

/** The raw converter of a scalar. A timestamp is an s64 of ms; a decimal is its text; null is no bytes. */
export function rawConverter(type: ScalarType): RecordConverter {
  const { decode, encode } = directionsOf(type)
  return {
    decode,
    encode,
    immutable: type.kind !== 'bytes',
    fingerprint: `raw ${fingerprintOf(type)}`
  }
}

function directionsOf(type: ScalarType): { readonly decode: Decode; readonly encode: Encode } {
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return text(type)
    case 'bytes':
      return {
        decode: copier(),
        // Written at once, so it needs no copy of its own, which the check would make.
        encode: (value, into) =>
          into.bytes(value instanceof Uint8Array ? value : (check(type, value) as Uint8Array))
      }
    case 'null':
      return fixed(
        type,
        0,
        () => null,
        () => undefined
      )
    case 'bool':
      return fixed(
        type,
        1,
        (bytes, at) => (bytes[at]! & 1) === 1,
        (value, into) => into.u8(value ? 1 : 0)
      )
    case 'f32':
      return fixed(
        type,
        4,
        (bytes, at) => bytes.readFloatBE(at),
        (value, into) => {
          into.reserve(4)
          into.length = into.buffer.writeFloatBE(value as number, into.length)
        }
      )
    case 'f64':
      return fixed(
        type,
        8,
        (bytes, at) => bytes.readDoubleBE(at),
        (value, into) => into.f64be(value as number)
      )
    case 'timestamp':
      return fixed(type, 8, readS64, (value, into) => into.i64be(value as number))
    default:
      return integer(type)
  }
}

const SLAB_BYTES = 16 * 1024
/** Shorter arrays have their bytes beside them and cost no memory of their own; longer ones would waste slabs. */
const SLAB_VALUE_BYTES_MIN = 65
const SLAB_VALUE_BYTES_MAX = 2 * 1024

/** Copies values into slabs of many: memory of its own for each takes seven times as long. */
function copier(): (bytes: Buffer, start: number, end: number) => Uint8Array {
  let slab = new ArrayBuffer(0)
  let at = 0
  return (bytes, start, end) => {
    // Hot: per record.
    const length = end - start
    if (length < SLAB_VALUE_BYTES_MIN || length > SLAB_VALUE_BYTES_MAX) {
      return new Uint8Array(bytes.subarray(start, end))
    }
    if (at + length > slab.byteLength) {
      slab = new ArrayBuffer(SLAB_BYTES)
      at = 0
    }
    const value = new Uint8Array(slab, at, length)
    at += length
    value.set(bytes.subarray(start, end))
    return value
  }
}

function text(type: ScalarType): { readonly decode: Decode; readonly encode: Encode } {
  const isText = type.kind === 'string'
  return {
    decode: (bytes, start, end) => {
      const value = textOfBytes(bytes, start, end)
      return isText ? value : check(type, value)
    },
    encode: (value, into) => {
      if (!isText || typeof value !== 'string') check(type, value)
      if (!(value as string).isWellFormed()) {
        throw valueError(
          'value',
          'text with half a surrogate pair; expected text that has a UTF-8 form'
        )
      }
      into.utf8(value as string)
    }
  }
}

function fixed(
  type: ScalarType,
  width: number,
  read: (bytes: Buffer, at: number) => unknown,
  write: (value: unknown, into: ByteWriter) => void
): { readonly decode: Decode; readonly encode: Encode } {
  return {
    decode: (bytes, start, end) => {
      if (end - start !== width) {
        throw undecodable(`${end - start} bytes; a raw ${type.kind} has ${width}`)
      }
      return check(type, read(bytes, start))
    },
    encode: (value, into) => write(check(type, value), into)
  }
}

function check(type: ScalarType, value: unknown): unknown {
  return readScalar(type, 'js', value, 'value')
}

function integer(type: Extract<ScalarType, { readonly bigint: boolean }>): {
  readonly decode: Decode
  readonly encode: Encode
} {
  const width = INTEGER_RANGES[type.kind].bytes
  const signed = type.kind.startsWith('s')
  if (width < 8) {
    return fixed(
      type,
      width,
      (bytes, at) => (signed ? bytes.readIntBE(at, width) : bytes.readUIntBE(at, width)),
      (value, into) => {
        into.reserve(width)
        const number = value as number
        into.length = signed
          ? into.buffer.writeIntBE(number, into.length, width)
          : into.buffer.writeUIntBE(number, into.length, width)
      }
    )
  }
  if (!type.bigint) {
    return fixed(type, 8, signed ? readS64 : readU64, (value, into) => into.i64be(value as number))
  }
  return fixed(
    type,
    8,
    (bytes, at) => (signed ? bytes.readBigInt64BE(at) : bytes.readBigUInt64BE(at)),
    (value, into) => {
      into.reserve(8)
      into.buffer.writeBigUInt64BE(BigInt.asUintN(64, value as bigint), into.length)
      into.length += 8
    }
  )
}

/** Rounded where it is no safe integer; the check that follows refuses those. */
function readS64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}

function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}
