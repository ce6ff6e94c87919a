// How values of keyed state become bytes: scalars in their few bytes, everything else as JSON with the file's names.
import type { ByteWriter } from '../../base/index.ts'
import type { Field, ScalarType, Type } from '../../dataflow/types.ts'
import type { ValueCodec } from '../../state/contract.ts'
import { withFileNames } from './fingerprint.ts'
import { compileCheck, JsonConverter } from './json/json.ts'
import { isScalar } from './scalars.ts'
import { readState64, readText, readVaruint, writeText } from './state-bytes.ts'
import { bufferOf } from './text.ts'
import { zeroOf } from './zero.ts'

const OBJECT_BYTES = 32
const SLOT_BYTES = 8
const NUMBER_BYTES = 16
const TEXT_BYTES = 24

/**
 * The codec of a state's values. Bytes: u8…u64 varint · s8…s32 zigzag varint · s64, bigints, timestamp 8 bytes
 * big endian · f32 4, f64 8 bytes · bool 1 byte · string, decimal UTF-8 · bytes as is · null none · others JSON.
 * Rows read absent columns as their zero.
 */
export function compileValueCodec(type: Type): ValueCodec {
  const named = withFileNames(type)
  const check = compileCheck(named)
  const size = compileSize(named)
  const immutable = isScalar(named) && named.kind !== 'bytes'
  const zero = zeroOf(named)
  return {
    ...(isScalar(named) ? scalarBytes(named) : jsonBytes(named)),
    zero: immutable ? () => zero : () => zeroOf(named),
    // Reading in JavaScript's form builds a new value of the same type.
    copy: immutable ? value => value : check,
    // Bytes need no new value to be known as such; what is kept is copied by `copy`.
    check:
      named.kind === 'bytes'
        ? value => (value instanceof Uint8Array ? value : check(value))
        : check,
    size
  }
}

type Bytes = Pick<ValueCodec, 'encode' | 'decode'>

function jsonBytes(type: Type): Bytes {
  const converter = new JsonConverter(type)
  return {
    encode: (value, sink) => converter.encode(value, sink),
    decode: (bytes, start, end) => converter.decode(bufferOf(bytes), start, end)
  }
}

/** Hot: per changed key. Numbers are encoded and decoded without allocating. */
function scalarBytes(type: ScalarType): Bytes {
  switch (type.kind) {
    case 'u8':
    case 'u16':
    case 'u32':
      return { encode: encodeVaruint, decode: readVaruint }
    case 's8':
    case 's16':
    case 's32':
      return { encode: encodeVarint, decode: decodeVarint }
    case 'u64':
      return type.bigint ? BIG_U64 : { encode: encodeVaruint, decode: readVaruint }
    case 's64':
      return type.bigint ? BIG_S64 : { encode: encodeS64, decode: readState64 }
    case 'timestamp':
      return { encode: encodeS64, decode: readState64 }
    case 'f32':
      return { encode: encodeF32, decode: (bytes, start) => viewOf(bytes).getFloat32(start) }
    case 'f64':
      return {
        encode: (value, sink) => sink.f64be(value as number),
        decode: (bytes, start) => viewOf(bytes).getFloat64(start)
      }
    case 'bool':
      return {
        encode: (value, sink) => sink.u8(value === true ? 1 : 0),
        decode: (bytes, start) => bytes[start] === 1
      }
    case 'string':
    case 'decimal':
      return { encode: (value, sink) => writeText(value as string, sink), decode: readText }
    case 'bytes':
      return {
        encode: (value, sink) => sink.bytes(value as Uint8Array),
        decode: (bytes, start, end) => new Uint8Array(bytes.subarray(start, end))
      }
    case 'null':
      return { encode: () => undefined, decode: () => null }
  }
}

function encodeVaruint(value: unknown, sink: ByteWriter): void {
  sink.varuint(value as number)
}

function encodeVarint(value: unknown, sink: ByteWriter): void {
  sink.varint(value as number)
}

function decodeVarint(bytes: Uint8Array, start: number, end: number): number {
  const coded = readVaruint(bytes, start, end)
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
}

function encodeS64(value: unknown, sink: ByteWriter): void {
  sink.i64be(value as number)
}

function encodeF32(value: unknown, sink: ByteWriter): void {
  sink.reserve(4)
  sink.length = sink.buffer.writeFloatBE(value as number, sink.length)
}

function encodeBig(value: unknown, sink: ByteWriter): void {
  sink.reserve(8)
  sink.buffer.writeBigUInt64BE(BigInt.asUintN(64, value as bigint), sink.length)
  sink.length += 8
}

const BIG_U64: Bytes = {
  encode: encodeBig,
  decode: (bytes, start) => viewOf(bytes).getBigUint64(start)
}
const BIG_S64: Bytes = {
  encode: encodeBig,
  decode: (bytes, start) => viewOf(bytes).getBigInt64(start)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Estimates of V8's memory: a header and a slot per field, two bytes a character at worst. */
function compileSize(type: Type): (value: unknown) => number {
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return value => TEXT_BYTES + (value as string).length
    case 'bytes':
      return value => 96 + (value as Uint8Array).length
    case 'object':
    case 'arrow-row':
      return sizeOfFields(type.fields)
    case 'option': {
      const inner = compileSize(type.value)
      return value => (value === null ? 0 : inner(value))
    }
    case 'list': {
      const inner = compileSize(type.items)
      return value =>
        (value as unknown[]).reduce<number>(
          (sum, item) => sum + SLOT_BYTES + inner(item),
          OBJECT_BYTES
        )
    }
    case 'map':
    case 'enum':
    case 'key-value':
      return value => OBJECT_BYTES + estimate(value)
    default:
      return () => NUMBER_BYTES
  }
}

function sizeOfFields(fields: readonly Field[]): (value: unknown) => number {
  const sizes = fields.map(field => [field.name, field.optional, compileSize(field.type)] as const)
  return value => {
    let sum = OBJECT_BYTES
    for (const [name, optional, size] of sizes) {
      const item = (value as Record<string, unknown>)[name]
      sum += SLOT_BYTES + (optional && item === null ? 0 : size(item))
    }
    return sum
  }
}

/** Values whose shape varies are walked. */
function estimate(value: unknown): number {
  if (typeof value === 'string') return TEXT_BYTES + value.length
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES
  if (value instanceof Uint8Array) return 96 + value.length
  let sum = OBJECT_BYTES
  if (value instanceof Map) {
    for (const [key, item] of value) sum += 2 * SLOT_BYTES + estimate(key) + estimate(item)
  } else if (Array.isArray(value)) {
    for (const item of value) sum += SLOT_BYTES + estimate(item)
  } else {
    for (const key of Object.keys(value)) {
      sum += 2 * SLOT_BYTES + key.length + estimate((value as Record<string, unknown>)[key])
    }
  }
  return sum
}
