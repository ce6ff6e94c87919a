// Whether values of one declared type may flow into a place of another: TypeScript's structural rule, plus widths.
import { isIntegerType, isScalarType } from './type-text.ts'
import type { Field, IntegerType, Type } from './types.ts'

/** What `number` in a function's signature stands for: any number, checked when it is written. */
export const NUMBER: Type = Object.freeze({ kind: 'f64' as const })
/** What `bigint` in a function's signature stands for: any 64-bit integer that is a bigint. */
export const BIGINT: Type = Object.freeze({ kind: 's64' as const, bigint: true })

const WIDTHS: Readonly<Record<string, number>> = {
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64,
  s8: 8,
  s16: 16,
  s32: 32,
  s64: 64
}

/**
 * Whether every value of `from` is a value of `into`. Integers may widen and become floats that hold them;
 * `number` fits every number and takes every number, because the converters check ranges.
 */
export function accepts(into: Type, from: Type): boolean {
  if (into === from) return true
  if (into.kind === 'option')
    return accepts(into.value, from.kind === 'option' ? from.value : from) || from.kind === 'null'
  if (isScalarType(into)) return isScalarType(from) && acceptsScalar(into, from)
  switch (into.kind) {
    case 'object':
    case 'arrow-row':
      return (
        (from.kind === 'object' || from.kind === 'arrow-row') &&
        acceptsFields(into.fields, from.fields)
      )
    case 'enum':
      if (from.kind === 'enum') return acceptsVariants(into, from)
      // Values of an untagged enum are bare.
      return (
        into.tagging === 'untagged' &&
        into.variants.some(({ type }) => type !== null && accepts(type, from))
      )
    case 'list':
      return from.kind === 'list' && accepts(into.items, from.items)
    case 'map':
    case 'key-value':
      return (
        from.kind === into.kind && accepts(into.key, from.key) && accepts(into.value, from.value)
      )
    default:
      return false
  }
}

function acceptsScalar(into: Type, from: Type): boolean {
  if (into === NUMBER) return isNumber(from)
  if (from === NUMBER) return isNumber(into)
  if (into === BIGINT || from === BIGINT) return isBigint(into) && isBigint(from)
  if (isIntegerType(into))
    return isIntegerType(from) && into.bigint === from.bigint && widens(into, from)
  if (isIntegerType(from)) {
    const bitsMax =
      into.kind === 'f32' ? 24 : into.kind === 'f64' ? 53 : into.kind === 'timestamp' ? 64 : 0
    return !from.bigint && WIDTHS[from.kind]! <= bitsMax
  }
  if (into.kind === 'f64')
    return from.kind === 'f32' || from.kind === 'f64' || from.kind === 'timestamp'
  if (into.kind === 'string' || into.kind === 'decimal')
    return from.kind === 'string' || from.kind === 'decimal'
  return into.kind === from.kind
}

function widens(into: IntegerType, from: IntegerType): boolean {
  const signedInto = into.kind.startsWith('s')
  const signedFrom = from.kind.startsWith('s')
  if (signedInto === signedFrom) return WIDTHS[into.kind]! >= WIDTHS[from.kind]!
  return signedInto && WIDTHS[into.kind]! > WIDTHS[from.kind]!
}

function isBigint(type: Type): boolean {
  return isIntegerType(type) && type.bigint
}

function isNumber(type: Type): boolean {
  if (isIntegerType(type)) return !type.bigint
  return type.kind === 'f32' || type.kind === 'f64' || type.kind === 'timestamp'
}

function acceptsFields(into: readonly Field[], from: readonly Field[]): boolean {
  const fields = new Map(from.map(field => [field.name, field]))
  return into.every(field => {
    const other = fields.get(field.name)
    if (other === undefined) return field.optional
    // Null in an optional property is as if it were absent.
    const { type } = other
    const given = field.optional && type.kind === 'option' ? type.value : type
    return (field.optional || !other.optional) && accepts(field.type, given)
  })
}

function acceptsVariants(
  into: Extract<Type, { readonly kind: 'enum' }>,
  from: Extract<Type, { readonly kind: 'enum' }>
): boolean {
  if (into.tagging !== from.tagging) return false
  const known = new Map(into.variants.map(variant => [variant.name, variant.type]))
  return from.variants.every(variant => {
    const type = known.get(variant.name)
    if (type === undefined) return false
    return type === null || variant.type === null
      ? type === variant.type
      : accepts(type, variant.type)
  })
}
