// Types as words for people and as fingerprints for machines.
import { unreachable } from '../base/index.ts'
import type { Field, IntegerKind, ScalarType, SimpleType, Type, Variant } from './types.ts'

const INTEGERS: readonly IntegerKind[] = ['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64']
const SIMPLE: readonly SimpleType['kind'][] = [
  'f32',
  'f64',
  'bool',
  'string',
  'bytes',
  'null',
  'decimal',
  'timestamp'
]
const SYNONYMS: Readonly<Record<string, string>> = {
  i8: 's8',
  i16: 's16',
  i32: 's32',
  i64: 's64',
  float32: 'f32',
  float64: 'f64',
  none: 'null'
}

const SCALARS: ReadonlyMap<string, ScalarType> = new Map<string, ScalarType>([
  ...INTEGERS.map((kind): [string, ScalarType] => [kind, Object.freeze({ kind, bigint: false })]),
  ...SIMPLE.map((kind): [string, ScalarType] => [kind, Object.freeze({ kind })])
])

/** Levels of nesting that messages spell out. */
const DESCRIBED_DEPTH_MAX = 4

/** Every word that names a scalar, synonyms included. */
export const SCALAR_WORDS: readonly string[] = [...SCALARS.keys(), ...Object.keys(SYNONYMS)]

/** The scalar type that a word of the file names (`u32`, `i64`, `float32`), or null. */
export function scalarOf(word: string): ScalarType | null {
  return SCALARS.get(Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word]! : word) ?? null
}

/** Whether a type is a scalar: what keys may be and raw converters take. */
export function isScalarType(type: Type): type is ScalarType {
  return SCALARS.has(type.kind)
}

/** Whether values of a type can be keys of states and maps: scalars that compare by value in JavaScript. */
export function isStateKey(type: Type): type is ScalarType {
  return isScalarType(type) && type.kind !== 'null' && type.kind !== 'bytes'
}

/** Whether values of a type are JavaScript numbers or bigints of limited width. */
export function isIntegerType(type: Type): type is Extract<Type, { readonly bigint: boolean }> {
  return INTEGERS.includes(type.kind as IntegerKind)
}

/** A type in a few words, as messages name it: `u32`, `word-count`, `list of string`, `optional u64 (bigint)`. */
export function describeType(type: Type, depth = 0): string {
  if (depth > DESCRIBED_DEPTH_MAX) return '…'
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
    case 'enum':
      return type.name ?? `${type.kind === 'enum' ? 'enum' : type.kind} without a name`
    case 'list':
      return `list of ${describeType(type.items, depth + 1)}`
    case 'map':
      return `map of ${describeType(type.key, depth + 1)} to ${describeType(type.value, depth + 1)}`
    case 'option':
      return `optional ${describeType(type.value, depth + 1)}`
    case 'key-value':
      return `key-value of ${describeType(type.key, depth + 1)} and ${describeType(type.value, depth + 1)}`
    default:
      return 'bigint' in type && type.bigint ? `${type.kind} (bigint)` : type.kind
  }
}

const fingerprints = new WeakMap<Type, string>()

/**
 * A text that is equal for types whose values have equal bytes in JSON and equal form in JavaScript. Names of
 * types are no part of it, names of fields are, in the order of the file.
 */
export function typeFingerprint(type: Type): string {
  const known = fingerprints.get(type)
  if (known !== undefined) return known
  const made = makeFingerprint(type)
  fingerprints.set(type, made)
  return made
}

function makeFingerprint(type: Type): string {
  switch (type.kind) {
    case 'object':
    case 'arrow-row': {
      const fields = type.fields.map(
        field => `${namesOf(field)}${field.optional ? '?' : ''}:${typeFingerprint(field.type)}`
      )
      return `${type.kind}{${fields.join(',')}}`
    }
    case 'enum': {
      const variants = type.variants.map(
        variant =>
          `${namesOf(variant)}${variant.type === null ? '' : `:${typeFingerprint(variant.type)}`}`
      )
      return `enum ${type.tagging}{${variants.join(',')}}`
    }
    case 'list':
      return `list<${typeFingerprint(type.items)}>`
    case 'option':
      return `option<${typeFingerprint(type.value)}>`
    case 'map':
    case 'key-value':
      return `${type.kind}<${typeFingerprint(type.key)},${typeFingerprint(type.value)}>`
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u64':
    case 's8':
    case 's16':
    case 's32':
    case 's64':
      return type.bigint ? `${type.kind}n` : type.kind
    case 'f32':
    case 'f64':
    case 'bool':
    case 'string':
    case 'bytes':
    case 'null':
    case 'decimal':
    case 'timestamp':
      return type.kind
    default:
      return unreachable(type)
  }
}

/** The name in JavaScript, and where they differ those in JSON; quoted, so that no name can look like another text. */
function namesOf(member: Field | Variant): string {
  const { name, readName, writeName } = member
  const names = readName === name && writeName === name ? [name] : [name, readName, writeName]
  return names.map(each => JSON.stringify(each)).join('|')
}
