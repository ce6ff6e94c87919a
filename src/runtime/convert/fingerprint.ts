// Texts that are equal exactly for equal types.
import { createHash } from 'node:crypto'
import type { Type } from '../../dataflow/types.ts'
import { isScalar } from './scalars.ts'

/**
 * A text that is equal for equal types and no others: readable for scalars, hashed for the rest. Names of
 * fields count, in the file and in JSON; names of types do not. Parts that are shared are hashed once.
 */
export function fingerprintOf(type: Type): string {
  const digest = digestOf(type, new Map())
  return isScalar(type) ? digest : `${type.kind} ${digest}`
}

function digestOf(type: Type, known: Map<Type, string>): string {
  const before = known.get(type)
  if (before !== undefined) return before
  const digest = isScalar(type) ? textOf(type, known) : hash(textOf(type, known))
  known.set(type, digest)
  return digest
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function textOf(type: Type, known: Map<Type, string>): string {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return JSON.stringify([
        type.kind,
        type.fields.map(field => [
          field.name,
          field.readName,
          field.writeName,
          field.optional,
          digestOf(field.type, known)
        ])
      ])
    case 'enum':
      return JSON.stringify([
        type.kind,
        type.tagging,
        type.variants.map(variant => [
          variant.name,
          variant.readName,
          variant.writeName,
          variant.type === null ? null : digestOf(variant.type, known)
        ])
      ])
    case 'list':
      return JSON.stringify([type.kind, digestOf(type.items, known)])
    case 'option':
      return JSON.stringify([type.kind, digestOf(type.value, known)])
    case 'map':
    case 'key-value':
      return JSON.stringify([type.kind, digestOf(type.key, known), digestOf(type.value, known)])
    case 'u64':
    case 's64':
      return type.bigint ? `${type.kind} bigint` : type.kind
    default:
      return type.kind
  }
}

/** Whether everything is written under the name that it is read from, so that bytes may pass on unchanged. */
export function isPassedOn(type: Type, seen: Set<Type> = new Set()): boolean {
  if (seen.has(type)) return true
  seen.add(type)
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return type.fields.every(
        field => field.readName === field.writeName && isPassedOn(field.type, seen)
      )
    case 'enum':
      return type.variants.every(
        variant =>
          variant.readName === variant.writeName &&
          (variant.type === null || isPassedOn(variant.type, seen))
      )
    case 'list':
      return isPassedOn(type.items, seen)
    case 'option':
      return isPassedOn(type.value, seen)
    case 'map':
    case 'key-value':
      return isPassedOn(type.key, seen) && isPassedOn(type.value, seen)
    default:
      return true
  }
}

/** The same type with JSON names as in the file: what state is stored as, whatever records are renamed to. */
export function withFileNames(type: Type, known: Map<Type, Type> = new Map()): Type {
  const before = known.get(type)
  if (before !== undefined) return before
  const renamed = rename(type, known)
  known.set(type, renamed)
  return renamed
}

function rename(type: Type, known: Map<Type, Type>): Type {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return {
        ...type,
        fields: type.fields.map(field => ({
          ...field,
          readName: field.name,
          writeName: field.name,
          type: withFileNames(field.type, known)
        }))
      }
    case 'enum':
      return {
        ...type,
        variants: type.variants.map(variant => ({
          ...variant,
          readName: variant.name,
          writeName: variant.name,
          type: variant.type === null ? null : withFileNames(variant.type, known)
        }))
      }
    case 'list':
      return { ...type, items: withFileNames(type.items, known) }
    case 'option':
      return { ...type, value: withFileNames(type.value, known) }
    case 'map':
    case 'key-value':
      return {
        ...type,
        key: withFileNames(type.key, known),
        value: withFileNames(type.value, known)
      }
    default:
      return type
  }
}
