// Writes flat objects as JSON straight into bytes: one generated function per type, for values that need no escapes.
// Hot: per record. Measured on three fields: 0.05 µs, against 0.22 µs for a value built anew and JSON.stringify.
//
//   D1  What it writes is what generate.ts with JSON.stringify writes; where it cannot say, it writes nothing.
//   D2  Names from the file enter as bytes that JSON.stringify made, so no name can become code.
//   D3  The writer's length changes only once everything is written.
import type { ByteWriter } from '../../../base/index.ts'
import type { Field, ObjectType, Type } from '../../../dataflow/types.ts'
import { propertyOf } from './generate.ts'
import { HELPERS } from './generated-helpers.ts'
import { isScalar } from '../scalars.ts'

/** Appends the JSON of a value; false when that takes the long way, and nothing was written. */
export type Put = (value: unknown, into: ByteWriter) => boolean

/** Longer text is written faster by the runtime. */
const TEXT_LENGTH_MAX = 64
/** Digits and sign of the longest number: -1.2345678901234567e-300. */
const NUMBER_BYTES_MAX = 25
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d

/** The function that writes values of `type`; null where only the long way writes it. */
export function generatePut(type: Type): Put | null {
  if (type.kind !== 'object' || !isDirect(type)) return null
  const names = type.fields.map(field => Buffer.from(`,${JSON.stringify(field.writeName)}:`))
  const roomBase = names.reduce((sum, name) => sum + name.length + NUMBER_BYTES_MAX, 2)
  const text = `'use strict'
const { isObject, own } = helpers
const { ascii, literal, integer, number } = writers
return function put(v, into) {
if (!isObject(v)) return false
let room = ${roomBase}
${type.fields.map(textOfCheck).join('\n')}
into.reserve(room)
const { buffer, length } = into
let at = length
${type.fields.map(textOfWrite).join('\n')}
if (at === length) at++
buffer[length] = ${BRACE_OPEN}
buffer[at++] = ${BRACE_CLOSE}
into.length = at
return true
}`
  // oxlint-disable-next-line no-new-func, no-implied-eval -- the text comes from this file alone (D2)
  const make = new Function('helpers', 'writers', 'names', text) as (
    helpers: typeof HELPERS,
    writers: typeof WRITERS,
    names: readonly Uint8Array[]
  ) => Put
  return make(HELPERS, WRITERS, names)
}

/** Whether the fields are such scalars, under names that JSON.stringify would write once and in this order. */
function isDirect(type: ObjectType): boolean {
  const names = new Set(type.fields.map(field => field.writeName))
  if (names.size < type.fields.length || type.fields.length === 0) return false
  return type.fields.every(
    field => !/^\d+$/.test(field.writeName) && checkOf(field.type, 'p') !== null
  )
}

/** An expression that holds for values that may be written directly; null for types that never are. */
function checkOf(type: Type, p: string): string | null {
  if (!isScalar(type)) return null
  switch (type.kind) {
    case 'string':
      return `typeof ${p} === 'string' && ${p}.length <= ${TEXT_LENGTH_MAX}`
    case 'bool':
      return `typeof ${p} === 'boolean'`
    case 'u8':
      return `typeof ${p} === 'number' && (${p} & 0xff) === ${p}`
    case 'u16':
      return `typeof ${p} === 'number' && (${p} & 0xffff) === ${p}`
    case 'u32':
      return `typeof ${p} === 'number' && ${p} >>> 0 === ${p}`
    case 's8':
      return `typeof ${p} === 'number' && (${p} << 24) >> 24 === ${p}`
    case 's16':
      return `typeof ${p} === 'number' && (${p} << 16) >> 16 === ${p}`
    case 's32':
      return `typeof ${p} === 'number' && (${p} | 0) === ${p}`
    case 'f64':
      // The difference is NaN for NaN and both infinities; JSON.stringify writes 0 for -0.
      return `typeof ${p} === 'number' && ${p} - ${p} === 0 && (${p} !== 0 || 1 / ${p} > 0)`
    case 'u64':
    case 's64':
      if (type.bigint) return null
      return `Number.isSafeInteger(${p})${type.kind === 'u64' ? ` && ${p} >= 0` : ''}`
    default:
      return null
  }
}

function textOfCheck(field: Field, index: number): string {
  const p = `p${index}`
  const absent = field.optional ? `${p} !== null && ${p} !== undefined && ` : ''
  const room =
    field.type.kind !== 'string'
      ? ''
      : field.optional
        ? `if (typeof ${p} === 'string') room += ${p}.length`
        : `room += ${p}.length`
  return `const ${p} = ${propertyOf('v', field.name)}
if (${absent}!(${checkOf(field.type, p)})) return false
${room}`
}

function textOfWrite(field: Field, index: number): string {
  const p = `p${index}`
  const write = `at = literal(buffer, at, names[${index}])\n${textOfValue(field.type, p)}`
  return field.optional ? `if (${p} !== null && ${p} !== undefined) {\n${write}\n}` : write
}

function textOfValue(type: Type, p: string): string {
  switch (type.kind) {
    case 'string':
      return `buffer[at++] = 0x22
at = ascii(buffer, at, ${p})
if (at < 0) return false
buffer[at++] = 0x22`
    case 'bool':
      return `at = ascii(buffer, at, ${p} ? 'true' : 'false')`
    case 'u64':
    case 's64':
    case 'f64':
      return `at = number(buffer, at, ${p})`
    default:
      return `at = integer(buffer, at, ${p})`
  }
}

/** What the generated text calls; each gives the position behind what it wrote. */
const WRITERS = { ascii, literal, integer, number }

/** Text that JSON writes as it is; −1 for other text. */
function ascii(buffer: Uint8Array, from: number, text: string): number {
  let at = from
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code > 0x7f || code === 0x22 || code === 0x5c) return -1
    buffer[at++] = code
  }
  return at
}

function literal(buffer: Uint8Array, from: number, bytes: Uint8Array): number {
  let at = from
  for (let index = 0; index < bytes.length; index++) buffer[at++] = bytes[index]!
  return at
}

/** An integer of up to 32 bits. */
function integer(buffer: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  if (rest < 0) {
    buffer[at++] = 0x2d
    rest = -rest
  }
  let end = at + 1
  for (let bound = 10; rest >= bound; bound *= 10) end++
  let digitAt = end
  do {
    const next = Math.floor(rest / 10)
    buffer[--digitAt] = 0x30 + rest - next * 10
    rest = next
  } while (rest > 0)
  return end
}

/** Any finite number but -0, of which JSON has the same digits as JavaScript. */
function number(buffer: Uint8Array, at: number, value: number): number {
  return (value | 0) === value ? integer(buffer, at, value) : ascii(buffer, at, String(value))
}
