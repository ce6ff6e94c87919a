// A declared type as a .proto file (proto3). The rules are in docs/schemas.md.
//
// The message of the type stands first. Field numbers are those that the file declares; the others count on.
import { unreachable } from '../../base/index.ts'
import { toSnake } from '../names.ts'
import type { EnumType, Field, ScalarType, Type } from '../types.ts'
import { isScalarType } from '../type-text.ts'
import { NoSchema, schemaResult, type SchemaResult } from './avro-schema.ts'
import { DefinitionNames, memberNames, schemaName } from './schema-names.ts'

/** A .proto file and the message in it that a type is. */
export interface ProtoSchema {
  readonly text: string
  readonly message: string
}

/** Numbers that Protobuf keeps for itself. */
const RESERVED = { from: 19_000, to: 19_999 }

/** The largest field number. */
export const FIELD_NUMBER_MAX = 536_870_911

/** The .proto file of a type; `name` is that of a message whose type has none. */
export function protoSchemaOf(type: Type, name: string): SchemaResult<ProtoSchema> {
  return schemaResult(() => new ProtoWriter().file(type, name))
}

/** Whether values of a type stand in a message of their own where a field has no other way to hold them. */
export function isWrapped(type: Type): boolean {
  return type.kind === 'list' || type.kind === 'map' || type.kind === 'option'
}

/** Whether a type is a message by itself. */
export function isMessage(type: Type): boolean {
  if (type.kind === 'enum') return !isPlainEnum(type)
  return type.kind === 'object' || type.kind === 'arrow-row' || type.kind === 'key-value'
}

/** An enum whose cases have no values. */
export function isPlainEnum(type: EnumType): boolean {
  return type.tagging === 'external' && type.variants.every(variant => variant.type === null)
}

/** Names of fields in a message. */
export function protoNames(members: readonly { readonly name: string }[]): string[] {
  return memberNames(members, name =>
    schemaName(/^[A-Za-z_]\w*$/.test(name) ? name : toSnake(name))
  )
}

/** Numbers of fields: declared ones stay, the others get the next free one, in order. @throws NoSchema */
export function fieldNumbers(
  members: readonly { readonly name: string; readonly number?: number }[],
  path: string
): number[] {
  const taken = new Map<number, string>()
  for (const { name, number } of members) {
    if (number === undefined) continue
    const other = taken.get(number)
    if (other !== undefined) {
      throw new NoSchema(`${path}.${name}`, `the number ${number} is that of ${other}, too`)
    }
    taken.set(number, name)
  }
  let next = 1
  return members.map(({ name, number }) => {
    if (number !== undefined) return number
    while (taken.has(next)) next++
    if (next >= RESERVED.from && next <= RESERVED.to) next = RESERVED.to + 1
    taken.set(next, name)
    return next
  })
}

class ProtoWriter {
  readonly #names = new DefinitionNames()
  readonly #blocks: string[] = []
  readonly #imports = new Set<string>()

  file(type: Type, name: string): ProtoSchema {
    const isOwn = isMessage(type)
    const message = isOwn ? this.#define(type, name, 'value') : this.#wrapper(type, name, 'value')
    const imports = [...this.#imports].toSorted().map(file => `import "${file}";\n`)
    const head = `syntax = "proto3";\n\n${imports.length > 0 ? `${imports.join('')}\n` : ''}`
    return { text: head + this.#blocks.join('\n'), message }
  }

  /** A message that holds one value under number 1. */
  #wrapper(type: Type, place: string, path: string): string {
    // A type may be wrapped in several places: each has a definition of its own.
    const message = this.#names.define({ kind: 'list', items: type }, place)
    const at = this.#blocks.push('') - 1
    const line =
      type.kind === 'option'
        ? this.#optional(type.value, 'value', 1, message, path)
        : this.#line(type, 'value', 1, message, path)
    this.#blocks[at] = `message ${message} {\n${line}}\n`
    return message
  }

  #define(type: Type, place: string, path: string): string {
    const known = this.#names.known(type)
    if (known !== null) return known
    const name = this.#names.define(type, place)
    const at = this.#blocks.push('') - 1
    this.#blocks[at] = this.#block(type, name, path)
    return name
  }

  #block(type: Type, name: string, path: string): string {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return `message ${name} {\n${this.#fields(type.fields, name, path)}}\n`
      case 'key-value': {
        const key = this.#line(type.key, 'key', 1, name, `${path}.key`)
        return `message ${name} {\n${key}${this.#required(type.value, 'value', 2, name, path)}}\n`
      }
      case 'enum':
        return isPlainEnum(type) ? this.#enumBlock(type, name) : this.#oneof(type, name, path)
      default:
        throw new NoSchema(path, 'this part is no message')
    }
  }

  #fields(fields: readonly Field[], message: string, path: string): string {
    const names = protoNames(fields)
    const numbers = fieldNumbers(fields, path)
    const lines = fields.map((field, index) => {
      const inner = `${path}.${field.name}`
      const name = names[index]!
      const number = numbers[index]!
      return field.optional
        ? this.#optional(field.type, name, number, message, inner)
        : this.#required(field.type, name, number, message, inner)
    })
    return lines.join('')
  }

  #required(type: Type, name: string, number: number, message: string, path: string): string {
    if (type.kind === 'option') return this.#optional(type.value, name, number, message, path)
    return this.#line(type, name, number, message, path)
  }

  /** A value that may be absent: lists and maps, which cannot be, stand in a message. */
  #optional(type: Type, name: string, number: number, message: string, path: string): string {
    if (type.kind === 'option') return this.#optional(type.value, name, number, message, path)
    const label = isMessage(type) || isWrapped(type) || type.kind === 'timestamp' ? '' : 'optional '
    return `  ${label}${this.#single(type, `${message}-${name}`, path)} ${name} = ${number};\n`
  }

  #line(type: Type, name: string, number: number, message: string, path: string): string {
    const place = `${message}-${name}`
    if (type.kind === 'list') {
      const items = this.#single(type.items, `${place}-item`, `${path}[]`)
      return `  repeated ${items} ${name} = ${number};\n`
    }
    if (type.kind === 'map') {
      const value = this.#single(type.value, `${place}-value`, `${path}.*`)
      return `  map<${mapKeyOf(type.key as ScalarType)}, ${value}> ${name} = ${number};\n`
    }
    return `  ${this.#single(type, place, path)} ${name} = ${number};\n`
  }

  /** The word for one value. */
  #single(type: Type, place: string, path: string): string {
    if (isWrapped(type)) return this.#wrapper(type, place, path)
    if (isMessage(type) || type.kind === 'enum') return this.#define(type, place, path)
    if (!isScalarType(type)) return unreachable(type as never)
    if (type.kind === 'timestamp') {
      this.#imports.add('google/protobuf/timestamp.proto')
      return 'google.protobuf.Timestamp'
    }
    if (type.kind === 'null') {
      this.#imports.add('google/protobuf/struct.proto')
      return 'google.protobuf.NullValue'
    }
    return SCALARS[type.kind]
  }

  #enumBlock(type: EnumType, name: string): string {
    const prefix = toSnake(name).toUpperCase()
    const names = memberNames(type.variants, each => `${prefix}_${toSnake(each).toUpperCase()}`)
    const numbers = fieldNumbers(type.variants, name)
    const lines = names.map((each, index) => `  ${each} = ${numbers[index]};\n`)
    return `enum ${name} {\n  ${prefix}_UNSPECIFIED = 0;\n${lines.join('')}}\n`
  }

  #oneof(type: EnumType, name: string, path: string): string {
    const names = protoNames(type.variants)
    const numbers = fieldNumbers(type.variants, path)
    const lines = type.variants.map((variant, index) => {
      const inner = variant.type ?? { kind: 'null' }
      const word = this.#single(inner, `${name}-${variant.name}`, `${path}.${variant.name}`)
      return `    ${word} ${names[index]} = ${numbers[index]};\n`
    })
    return `message ${name} {\n  oneof kind_ {\n${lines.join('')}  }\n}\n`
  }
}

const SCALARS: Readonly<Record<Exclude<ScalarType['kind'], 'timestamp' | 'null'>, string>> = {
  bool: 'bool',
  string: 'string',
  decimal: 'string',
  bytes: 'bytes',
  f32: 'float',
  f64: 'double',
  u8: 'uint32',
  u16: 'uint32',
  u32: 'uint32',
  u64: 'uint64',
  s8: 'int32',
  s16: 'int32',
  s32: 'int32',
  s64: 'int64'
}

/** Keys that Protobuf has no map of are text, as in JSON. */
function mapKeyOf(type: ScalarType): string {
  switch (type.kind) {
    case 'f32':
    case 'f64':
    case 'timestamp':
    case 'decimal':
    case 'bytes':
    case 'null':
      return 'string'
    default:
      return SCALARS[type.kind]
  }
}
