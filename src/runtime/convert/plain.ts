// Values checked against their types the clear way, by walking the type: the oracle of the generated code,
// and what makes its error messages. Slow; used where a record is bad or a number needs its exact digits.
import { assert, isMillraceError, unreachable } from '../../base/index.ts'
import { isIdentifier } from '../../dataflow/index.ts'
import type {
  EnumType,
  Field,
  KeyValueType,
  MapType,
  ObjectType,
  RowType,
  Type,
  Variant
} from '../../dataflow/types.ts'
import { keyed } from '../code/user.ts'
import { nameOf, show, undecodable, valueError } from './errors.ts'
import { ExactNumber, type Form, readScalar, scalarFromText, textOfKey } from './plain-scalars.ts'
import { isScalar } from './scalars.ts'
import { zeroOf } from './zero.ts'

/** The value of JSON text. @throws RECORD_UNDECODABLE it is no JSON · RECORD_VALUE it does not fit `type` */
export function plainDecode(type: Type, text: string): unknown {
  return plainRead(type, 'json', parseExact(text), 'value')
}

/** Checks a function's value; gives a normalised one that shares nothing with it. @throws RECORD_VALUE */
export function plainCheck(type: Type, value: unknown, path = 'value'): unknown {
  return plainRead(type, 'js', value, path)
}

/** JSON text of `value`, fields in declared order. @throws RECORD_VALUE */
export function plainEncode(type: Type, value: unknown): string {
  return JSON.stringify(plainRead(type, 'wire', value, 'value'))
}

/** Parses; numbers whose double says less than their text keep it. */
function parseExact(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && isInexact(value, context.source)
        ? new ExactNumber(value, context.source)
        : value
    )
  } catch (error) {
    // Revivers recurse, parsing does not: below some thousand levels digits are lost rather than the record.
    if (error instanceof RangeError) return JSON.parse(text)
    throw undecodable(`not JSON: ${(error as Error).message}; expected one JSON value`, error)
  }
}

/** A large integer may print as its text and still be another number. */
function isInexact(value: number, source: string): boolean {
  return String(value) !== source || (Number.isInteger(value) && !Number.isSafeInteger(value))
}

/** Turns a value as `form` says. @throws RECORD_VALUE with the path of the first thing that does not fit */
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
  return isIdentifier(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}

/** Under which name a part is found. */
function nameIn(part: Field | Variant, form: Form): string {
  return form === 'json' ? part.readName : part.name
}

/** Under which name a part is left. */
function nameOut(part: Field | Variant, form: Form): string {
  return form === 'wire' ? part.writeName : part.name
}

function readFields(type: ObjectType | RowType, form: Form, value: unknown, path: string): unknown {
  if (!isObject(value)) return mismatch(type, value, path)
  return Object.fromEntries(
    type.fields.map(field => {
      const name = nameIn(field, form)
      const item = readField(type, field, form, property(value, name), below(path, name))
      return [nameOut(field, form), item]
    })
  )
}

function readField(type: Type, field: Field, form: Form, item: unknown, path: string): unknown {
  if (field.optional && (item === null || item === undefined)) {
    // JSON.stringify leaves undefined properties out.
    return form === 'wire' ? undefined : null
  }
  const absent = type.kind === 'arrow-row' && item === undefined
  if (absent && form === 'json') return zeroOf(field.type)
  return plainRead(field.type, form, absent ? zeroOf(field.type) : item, path)
}

function readKeyValue(type: KeyValueType, form: Form, value: unknown, path: string): unknown {
  if (!isObject(value)) return mismatch(type, value, path)
  const key = plainRead(type.key, form, property(value, 'key'), `${path}.key`)
  const inner = plainRead(type.value, form, property(value, 'value'), `${path}.value`)
  return form === 'wire' ? { key, value: inner } : keyed(key, inner)
}

function readMap(type: MapType, form: Form, value: unknown, path: string): unknown {
  const keyType = type.key
  assert(isScalar(keyType), 'the key of a map is a scalar')
  const isText = keyType.kind === 'string'
  const map = new Map<unknown, unknown>()
  for (const [name, item] of entriesOf(type, form, value, path)) {
    const place = below(path, String(name))
    let key: unknown
    if (form === 'json') key = scalarFromText(keyType, String(name), place)
    else key = readScalar(keyType, 'js', name, `${path} key`)
    if (form === 'wire') key = textOfKey(keyType, key)
    map.set(key, plainRead(type.value, form, item, place))
  }
  if (!isText && form !== 'wire') return map
  return Object.assign(Object.create(null), Object.fromEntries(map))
}

/** Pairs of a Map; of an object only where keys are text. */
function entriesOf(
  type: MapType,
  form: Form,
  value: unknown,
  path: string
): Iterable<[unknown, unknown]> {
  if (form !== 'json' && value instanceof Map) return value as Map<unknown, unknown>
  if (!isObject(value) || (form !== 'json' && type.key.kind !== 'string')) {
    return mismatch(type, value, path)
  }
  return Object.entries(value)
}

function readEnum(type: EnumType, form: Form, value: unknown, path: string): unknown {
  if (type.tagging === 'untagged') return readUntagged(type, form, value, path)
  const { name, item } = caseOf(type, value, path)
  const variant = type.variants.find(variant => nameIn(variant, form) === name)
  if (variant === undefined) {
    const names = type.variants.slice(0, 20).map(variant => nameIn(variant, form))
    throw valueError(path, `${show(name)} is not one of ${names.join(', ')}`)
  }
  const place = below(path, name)
  const out = nameOut(variant, form)
  if (variant.type !== null) {
    if (typeof value === 'string')
      throw valueError(place, `expected ${nameOf(variant.type)} with it`)
    return Object.fromEntries([[out, plainRead(variant.type, form, item, place)]])
  }
  if (item === null || item === undefined) return out
  throw valueError(place, `${show(item)} where the case has no value`)
}

/** A case is its name, or an object with that one name. */
function caseOf(
  type: EnumType,
  value: unknown,
  path: string
): { readonly name: string; readonly item: unknown } {
  if (typeof value === 'string') return { name: value, item: null }
  if (!isObject(value)) return mismatch(type, value, path)
  const names = Object.keys(value)
  if (names.length === 1) return { name: names[0]!, item: property(value, names[0]!) }
  const problem = `${show(value)} is not ${nameOf(type)}: expected one name with its value`
  throw valueError(path, problem)
}

/** The first case that fits. */
function readUntagged(type: EnumType, form: Form, value: unknown, path: string): unknown {
  for (const variant of type.variants) {
    try {
      return plainRead(variant.type ?? { kind: 'null' }, form, value, path)
    } catch (error) {
      if (!isMillraceError(error, 'RECORD_VALUE')) throw error
    }
  }
  return mismatch(type, value, path)
}
