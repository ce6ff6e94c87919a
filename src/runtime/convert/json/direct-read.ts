// Reads objects from the bytes of their JSON: one generated function per type and order of members.
// Hot: per record. Measured in bench/convert.ts: about half the time of JSON.parse and a check of what it gave.
//
//   R1  What it reads is what JSON.parse with generate.ts reads. Whatever is not plain (another order, unknown
//       members, exponents, damage) gives LONG_WAY, and nothing else: no error comes from here.
//   R2  Names from the file enter as numbers, the bytes of their JSON, or through JSON.stringify (G2).
//   R3  Positions only grow, and at the end they must stand at the value's end; so bytes behind it, which belong
//       to other records, may be looked at but never count.
//   R4  Values own their text; none keeps the record's bytes alive.
import type {
  EnumType,
  Field,
  ListType,
  ObjectType,
  ScalarType,
  Type
} from '../../../dataflow/types.ts'
import {
  LONG_WAY,
  TextMemory,
  asciiText,
  integerAt,
  integerEnd,
  longText,
  numberAt,
  numberEnd,
  plainEnd,
  stringEnd,
  valueEnd
} from './json-bytes.ts'
import { DECIMAL } from '../scalars.ts'

/** Reads the value in bytes `start`…`end`; LONG_WAY when it takes that. */
export type Read = (bytes: Buffer, start: number, end: number) => unknown

/** The order in which an object's members are expected, by their names in JSON; and those of objects in it. */
export interface MemberOrder {
  readonly names: readonly string[]
  readonly inner: ReadonlyMap<string, MemberOrder>
}

/** Objects with more members, or longer names, are not learned: they become code. */
const NAMES_MAX = 256
const NAME_LENGTH_MAX = 128

/** What a reader is made for. */
export interface ReadOptions {
  /** The expected order of members; by default the type's. */
  readonly order?: MemberOrder | null
  /** The fields that are read of the outermost object; null for all. Text of others is checked, but not made. */
  readonly fields?: ReadonlySet<string> | null
}

/** The function that reads values of `type`; null where only the long way does. */
export function generateRead(type: Type, options: ReadOptions = {}): Read | null {
  if (!isDirect(type)) return null
  return new Generator().generate(type, options.order ?? null, options.fields ?? null)
}

/** The order of the members in a value that JSON.parse gave. */
export function orderOf(type: Type, parsed: unknown): MemberOrder | null {
  const object = type.kind === 'option' ? type.value : type
  if (object.kind === 'list' && Array.isArray(parsed)) return orderOf(object.items, parsed[0])
  if (object.kind !== 'object' || typeof parsed !== 'object' || parsed === null) return null
  const names = Object.keys(parsed)
  if (names.length > NAMES_MAX || names.some(name => name.length > NAME_LENGTH_MAX)) return null
  const inner = new Map<string, MemberOrder>()
  for (const { readName, type: part } of object.fields) {
    if (!Object.hasOwn(parsed, readName)) continue
    const order = orderOf(part, (parsed as Record<string, unknown>)[readName])
    if (order !== null) inner.set(readName, order)
  }
  return { names, inner }
}

/** Whether all of the type can be read so. */
function isDirect(type: Type): boolean {
  switch (type.kind) {
    case 'object': {
      const names = new Set(type.fields.map(field => field.readName))
      return names.size === type.fields.length && type.fields.every(field => isDirect(field.type))
    }
    case 'list':
      return isDirect(type.items)
    case 'option':
      return isDirect(type.value)
    case 'enum':
      return type.tagging === 'external' && type.variants.every(variant => variant.type === null)
    case 'arrow-row':
    case 'map':
    case 'key-value':
    case 'bytes':
    case 'null':
      return false
    case 'u64':
    case 's64':
      return !type.bigint
    default:
      return true
  }
}

const SCANNERS = {
  LONG_WAY,
  asciiText,
  integerAt,
  integerEnd,
  longText,
  numberAt,
  numberEnd,
  plainEnd,
  stringEnd,
  valueEnd
}

/** What follows a member: the next one, or the object's end. */
const SEPARATOR = `if (b[at] === 0x2c) { at++; if (b[at] === 0x20) at++ }
else if (b[at] === 0x7d) { at++; more = false }
else return LONG_WAY`

class Generator {
  readonly #functions: string[] = []
  /** Values that the text refers to as `c0`, `c1`, …. */
  readonly #constants: unknown[] = []
  #variables = 0

  generate(type: Type, order: MemberOrder | null, fields: ReadonlySet<string> | null): Read {
    const body =
      type.kind === 'object'
        ? this.#call(this.#object(type, order, fields), 'value')
        : this.#value(type, 'value', order)
    const text = `'use strict'
const { ${Object.keys(SCANNERS).join(', ')} } = scanners
const [${this.#constants.map((_, index) => `c${index}`).join(', ')}] = constants
let p = 0
${this.#functions.join('\n')}
return function read(b, start, end) {
let at = start, value
${body}
return at === end ? value : LONG_WAY
}`
    // oxlint-disable-next-line no-new-func, no-implied-eval -- the text comes from this file alone (R2)
    const make = new Function('scanners', 'constants', text) as (
      scanners: typeof SCANNERS,
      constants: readonly unknown[]
    ) => Read
    return make(SCANNERS, this.#constants)
  }

  #constant(value: unknown): string {
    return `c${this.#constants.push(value) - 1}`
  }

  /** Statements that read a value at `at` into the variable `to`, and move `at` behind it. */
  #value(type: Type, to: string, order: MemberOrder | null): string {
    switch (type.kind) {
      case 'object':
        return this.#call(this.#object(type, order), to)
      case 'list':
        return this.#call(this.#list(type, order), to)
      case 'option':
        return `if (${match('null')}) { at += 4; ${to} = null } else {
${this.#value(type.value, to, order)}
}`
      case 'enum':
        return this.#enum(type, to)
      default:
        return this.#scalar(type as ScalarType, to)
    }
  }

  /** A composite value has its own function, which leaves its end in `p`. */
  #call(body: string, to: string): string {
    const name = `read${this.#functions.length}`
    this.#functions.push(`function ${name}(b, at) {\n${body}\n}`)
    return `${to} = ${name}(b, at)
if (${to} === LONG_WAY) return LONG_WAY
at = p`
  }

  #object(
    type: ObjectType,
    order: MemberOrder | null,
    needed: ReadonlySet<string> | null = null
  ): string {
    const fields = new Map(type.fields.map((field, index) => [field.readName, { field, index }]))
    const names = new Set([...(order?.names ?? []), ...fields.keys()])
    const members = Array.from(names, name => {
      const known = fields.get(name)
      if (known === undefined) return this.#unknown(name)
      const { field, index } = known
      const isNeeded = needed === null || needed.has(field.name)
      return this.#member(field, `v${index}`, order?.inner.get(name) ?? null, isNeeded)
    })
    const values = type.fields.map((_, index) => `v${index}`)
    const parts = type.fields.map(({ name }, index) => `${nameInLiteral(name)}: v${index}`)
    return `if (b[at] !== 0x7b) return LONG_WAY
at++
let more = true
${values.length > 0 ? `let ${values.join(', ')}` : ''}
if (b[at] === 0x7d) { at++; more = false }
${members.join('\n')}
if (more) return LONG_WAY
p = at
return { ${parts.join(', ')} }`
  }

  #member(field: Field, to: string, order: MemberOrder | null, isNeeded: boolean): string {
    const name = `${JSON.stringify(field.readName)}:`
    const content =
      field.type.kind === 'string' && !isNeeded
        ? this.#string(to, { made: false })
        : this.#value(field.type, to, order)
    const value = field.optional
      ? `if (${match('null')}) { at += 4; ${to} = null } else {
${content}
}`
      : content
    const absent = field.optional || field.type.kind === 'option'
    return `if (more && ${match(name)}) {
at += ${Buffer.byteLength(name)}
if (b[at] === 0x20) at++
${value}
${SEPARATOR}
} else ${absent ? `${to} = null` : 'return LONG_WAY'}`
  }

  /** A member that the type does not have is passed over. */
  #unknown(readName: string): string {
    const name = `${JSON.stringify(readName)}:`
    return `if (more && ${match(name)}) {
at += ${Buffer.byteLength(name)}
if (b[at] === 0x20) at++
at = valueEnd(b, at)
if (at < 0) return LONG_WAY
${SEPARATOR}
}`
  }

  #list(type: ListType, order: MemberOrder | null): string {
    return `if (b[at] !== 0x5b) return LONG_WAY
at++
const out = []
if (b[at] === 0x5d) { p = at + 1; return out }
for (;;) {
let item
${this.#value(type.items, 'item', order)}
out.push(item)
if (b[at] === 0x2c) { at++; if (b[at] === 0x20) at++ }
else if (b[at] === 0x5d) { p = at + 1; return out }
else return LONG_WAY
}`
  }

  #enum(type: EnumType, to: string): string {
    const units = this.#constant(
      new Map(type.variants.map(({ readName, name }) => [readName, name]))
    )
    return `${this.#string(to)}
${to} = ${units}.get(${to})
if (${to} === undefined) return LONG_WAY`
  }

  #scalar(type: ScalarType, to: string): string {
    switch (type.kind) {
      case 'string':
        return this.#string(to)
      case 'decimal':
        return `${this.#string(to)}
if (!${this.#constant(DECIMAL)}.test(${to})) return LONG_WAY`
      case 'bool':
        return `if (${match('true')}) { at += 4; ${to} = true }
else if (${match('false')}) { at += 5; ${to} = false }
else return LONG_WAY`
      case 'f64':
        return this.#number(to, 'number', `${to} - ${to} === 0`)
      case 'f32':
        return `${this.#number(to, 'number', 'true')}
${to} = Math.fround(${to})
if (${to} - ${to} !== 0) return LONG_WAY`
      default:
        return this.#number(to, 'integer', rangeOf(type, to))
    }
  }

  #number(to: string, form: 'integer' | 'number', check: string): string {
    const end = `e${this.#variables++}`
    return `const ${end} = ${form}End(b, at)
if (${end} < 0) return LONG_WAY
${to} = ${form}At(b, at, ${end})
if (!(${check})) return LONG_WAY
at = ${end}`
  }

  /** Without `made` the variable is left as it is; the string is checked alike. */
  #string(to: string, { made } = { made: true }): string {
    const start = `s${this.#variables++}`
    return `if (b[at] !== 0x22) return LONG_WAY
const ${start} = at + 1
at = plainEnd(b, ${start})
if (b[at] === 0x22) {
${made ? `${to} = ${this.#constant(new TextMemory())}.text(b, ${start}, at)` : ''}
} else {
at = stringEnd(b, at)
if (at < 0) return LONG_WAY
${to} = longText(b, ${start}, at)
if (${to} === LONG_WAY) return LONG_WAY
}
at++`
  }
}

/** An expression that holds where the bytes from `at` on are those of `text`. */
function match(text: string): string {
  const bytes = Buffer.from(text)
  return Array.from(bytes, (byte, index) => `b[at + ${index}] === ${byte}`).join(' && ')
}

/** An expression that holds for whole numbers of the type; they have at most 15 digits. */
function rangeOf(type: ScalarType, v: string): string {
  switch (type.kind) {
    case 'u8':
      return `(${v} & 0xff) === ${v}`
    case 'u16':
      return `(${v} & 0xffff) === ${v}`
    case 'u32':
      return `${v} >>> 0 === ${v}`
    case 's8':
      return `(${v} << 24) >> 24 === ${v}`
    case 's16':
      return `(${v} << 16) >> 16 === ${v}`
    case 's32':
      return `(${v} | 0) === ${v}`
    case 'u64':
      return `${v} >= 0`
    default:
      // s64; timestamps reach further than 15 digits.
      return 'true'
  }
}

/** A name in an object literal; computed for "__proto__", which would set the prototype otherwise. */
function nameInLiteral(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}
