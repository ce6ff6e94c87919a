// Values checked against their types the clear way, by walking the type: the oracle of the generated code,
// and what makes its error messages. Slow; used where a record is bad or a number needs its exact digits.
import { assert, isMillraceError, unreachable } from '../../base/index.ts'
import type {
  EnumType,
  Field,
  KeyValueType,
  MapType,
  ObjectType,
  RowType,
  Type
} from '../../dataflow/types.ts'
import { keyed } from '../code/user.ts'
import { nameOf, show, undecodable, valueError } from './errors.ts'
import {
  ExactNumber,
  type Form,
  readScalar,
  scalarFromText,
  textOfKey,
  textOfScalar
} from './plain-scalars.ts'
import { isScalar } from './scalars.ts'
import { zeroOf } from './zero.ts'

/** The value of JSON text. @throws RECORD_UNDECODABLE it is no JSON · RECORD_VALUE it does not fit `type` */
export function plainDecode(type: Type, text: string): unknown {
  return plainRead(type, 'json', parseExact(text), 'value')
}

/** Checks `value`, from a user's function, and gives a normalised one that shares nothing with it. @throws RECORD_VALUE */
export function plainCheck(type: Type, value: unknown, path = 'value'): unknown {
  return plainRead(type, 'js', value, path)
}

/** JSON text of `value`, fields in declared order. @throws RECORD_VALUE */
export function plainEncode(type: Type, value: unknown): string {
  return write(type, value, 'value')
}

/** Parses; numbers whose double does not print as their text keep it. */
function parseExact(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
        ? new ExactNumber(value, context.source)
        : value
    )
  } catch (error) {
    // Revivers recurse, parsing does not: below some thousand levels digits are lost rather than the record.
    if (error instanceof RangeError) return JSON.parse(text)
    throw undecodable(`not JSON: ${(error as Error).message}; expected one JSON value`, error)
  }
}

/** Reads a value of either form. @throws RECORD_VALUE with the path of the first thing that does not fit */
export function plainRead(type: Type, form: Form, value: unknown, path: string): unknown {
  if (isScalar(type)) return readScalar(type, form, value, path)
  switch (type.kind) {
    case 'option':
      return value === null || value === undefined ? null : plainRead(type.value, form, value, path)
    case 'list':
      if (!Array.isArray(value)) return mismatch(type, value, path)
      return Array.from(value, (item, index) =>
        plainRead(type.items, form, item, `${path}[${index}]`)
      )
    case 'map':
      return readMap(type, form, value, path)
    case 'enum':
      return readEnum(type, form, value, path)
    case 'key-value':
      return readKeyValue(type, form, value, path)
    case 'object':
    case 'arrow-row':
      return readFields(type, form, value, path)
    default:
      return unreachable(type)
  }
}

function mismatch(type: Type, value: unknown, path: string): never {
  if (value === undefined) throw valueError(path, `missing, expected ${nameOf(type)}`)
  const shown = show(value instanceof ExactNumber ? value.value : value)
  throw valueError(path, `${shown} is not ${nameOf(type)}`)
}

/** A plain object's own property, or one that a class of the user gives; never what every object inherits. */
function property(value: object, name: string): unknown {
  if (name in Object.prototype && !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  )
}

function below(path: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}

function readFields(type: ObjectType | RowType, form: Form, value: unknown, path: string): unknown {
  if (!isObject(value)) return mismatch(type, value, path)
  return Object.fromEntries(
    type.fields.map(field => {
      const name = form === 'json' ? field.readName : field.name
      const item = property(value, name)
      return [field.name, readField(type, field, form, item, below(path, name))]
    })
  )
}

function readField(type: Type, field: Field, form: Form, item: unknown, path: string): unknown {
  if (field.optional && (item === null || item === undefined)) return null
  if (type.kind === 'arrow-row' && item === undefined) return zeroOf(field.type)
  return plainRead(field.type, form, item, path)
}

function readKeyValue(type: KeyValueType, form: Form, value: unknown, path: string): unknown {
  if (!isObject(value)) return mismatch(type, value, path)
  return keyed(
    plainRead(type.key, form, property(value, 'key'), `${path}.key`),
    plainRead(type.value, form, property(value, 'value'), `${path}.value`)
  )
}

function readMap(type: MapType, form: Form, value: unknown, path: string): unknown {
  assert(isScalar(type.key), 'the key of a map is a scalar')
  const asObject = type.key.kind === 'string'
  const isMap = form === 'js' && value instanceof Map
  if (!isMap && (!isObject(value) || (form === 'js' && !asObject)))
    return mismatch(type, value, path)
  const map = new Map<unknown, unknown>()
  for (const [name, item] of isMap
    ? (value as Map<unknown, unknown>)
    : Object.entries(value as object)) {
    const key =
      form === 'json'
        ? scalarFromText(type.key, name as string, below(path, name as string))
        : readScalar(type.key, 'js', name, `${path} key`)
    map.set(key, plainRead(type.value, form, item, below(path, String(name))))
  }
  return asObject ? Object.assign(Object.create(null), Object.fromEntries(map)) : map
}

function readEnum(type: EnumType, form: Form, value: unknown, path: string): unknown {
  if (type.tagging === 'untagged') return readUntagged(type, form, value, path)
  if (typeof value === 'string') {
    for (const variant of type.variants) {
      if ((form === 'json' ? variant.readName : variant.name) === value && variant.type === null)
        return variant.name
    }
    return noVariant(type, form, value, path)
  }
  if (!isObject(value)) return mismatch(type, value, path)
  const names = Object.keys(value)
  if (names.length !== 1) {
    throw valueError(
      path,
      `${show(value)} is not ${nameOf(type)}: expected one name with its value`
    )
  }
  const name = names[0]!
  const item = property(value, name)
  for (const variant of type.variants) {
    if ((form === 'json' ? variant.readName : variant.name) !== name) continue
    if (variant.type === null) {
      if (item === null || item === undefined) return variant.name
      throw valueError(below(path, name), `${show(item)} where the case has no value`)
    }
    return Object.fromEntries([
      [variant.name, plainRead(variant.type, form, item, below(path, name))]
    ])
  }
  return noVariant(type, form, name, path)
}

function noVariant(type: EnumType, form: Form, value: string, path: string): never {
  const names = type.variants.map(variant => (form === 'json' ? variant.readName : variant.name))
  throw valueError(path, `${show(value)} is not one of ${names.slice(0, 20).join(', ')}`)
}

function readUntagged(type: EnumType, form: Form, value: unknown, path: string): unknown {
  return firstThatFits(type, value, path, variant => {
    if (variant !== null) return plainRead(variant, form, value, path)
    if (value === null || value === undefined) return null
    throw valueError(path, `${show(value)} is not null`)
  })
}

function firstThatFits<T>(
  type: EnumType,
  value: unknown,
  path: string,
  read: (variant: Type | null) => T
): T {
  for (const variant of type.variants) {
    try {
      return read(variant.type)
    } catch (error) {
      if (!isMillraceError(error, 'RECORD_VALUE')) throw error
    }
  }
  return mismatch(type, value, path)
}

function write(type: Type, value: unknown, path: string): string {
  if (isScalar(type)) return textOfScalar(type, readScalar(type, 'js', value, path))
  switch (type.kind) {
    case 'option':
      return value === null || value === undefined ? 'null' : write(type.value, value, path)
    case 'list':
      if (!Array.isArray(value)) return mismatch(type, value, path)
      return `[${Array.from(value, (item, index) => write(type.items, item, `${path}[${index}]`)).join()}]`
    case 'map':
      return writeMap(type, value, path)
    case 'enum':
      return writeEnum(type, value, path)
    case 'key-value':
      if (!isObject(value)) return mismatch(type, value, path)
      return `{"key":${write(type.key, property(value, 'key'), `${path}.key`)},"value":${write(
        type.value,
        property(value, 'value'),
        `${path}.value`
      )}}`
    case 'object':
    case 'arrow-row':
      return writeFields(type, value, path)
    default:
      return unreachable(type)
  }
}

function writeFields(type: ObjectType | RowType, value: unknown, path: string): string {
  if (!isObject(value)) return mismatch(type, value, path)
  const parts: string[] = []
  for (const field of type.fields) {
    let item = property(value, field.name)
    if (field.optional && (item === null || item === undefined)) continue
    if (type.kind === 'arrow-row' && item === undefined) item = zeroOf(field.type)
    parts.push(
      `${JSON.stringify(field.writeName)}:${write(field.type, item, below(path, field.name))}`
    )
  }
  return `{${parts.join()}}`
}

function writeMap(type: MapType, value: unknown, path: string): string {
  assert(isScalar(type.key), 'the key of a map is a scalar')
  const isMap = value instanceof Map
  if (!isMap && (!isObject(value) || type.key.kind !== 'string')) return mismatch(type, value, path)
  const parts: string[] = []
  for (const [name, item] of isMap ? (value as Map<unknown, unknown>) : Object.entries(value)) {
    const key = textOfKey(type.key, readScalar(type.key, 'js', name, `${path} key`))
    parts.push(`${JSON.stringify(key)}:${write(type.value, item, below(path, String(name)))}`)
  }
  return `{${parts.join()}}`
}

function writeEnum(type: EnumType, value: unknown, path: string): string {
  if (type.tagging === 'untagged') {
    return firstThatFits(type, value, path, variant => {
      if (variant !== null) return write(variant, value, path)
      if (value === null || value === undefined) return 'null'
      throw valueError(path, `${show(value)} is not null`)
    })
  }
  const form = readEnumShape(type, value, path)
  const name = JSON.stringify(form.variant.writeName)
  if (form.variant.type === null) return name
  return `{${name}:${write(form.variant.type, form.item, below(path, form.variant.name))}}`
}

function readEnumShape(
  type: EnumType,
  value: unknown,
  path: string
): { readonly variant: EnumType['variants'][number]; readonly item: unknown } {
  if (typeof value === 'string') {
    const variant = type.variants.find(({ name, type: inner }) => name === value && inner === null)
    return variant === undefined ? noVariant(type, 'js', value, path) : { variant, item: null }
  }
  if (!isObject(value)) return mismatch(type, value, path)
  const names = Object.keys(value)
  if (names.length !== 1) {
    throw valueError(
      path,
      `${show(value)} is not ${nameOf(type)}: expected one name with its value`
    )
  }
  const variant = type.variants.find(({ name }) => name === names[0])
  if (variant === undefined) return noVariant(type, 'js', names[0]!, path)
  const item = property(value, variant.name)
  if (variant.type === null && item !== null && item !== undefined) {
    throw valueError(below(path, variant.name), `${show(item)} where the case has no value`)
  }
  return { variant, item }
}
