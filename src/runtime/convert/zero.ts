// What an absent value of each type reads as: 0, "", false, a row of zeros. Fresh whenever it is mutable.
import type { Field, Type } from '../../dataflow/types.ts'
import { keyed } from '../code/user.ts'

/** Numbers 0, text "", lists and maps empty, options and optional fields null, enums their first case. */
export function zeroOf(type: Type): unknown {
  switch (type.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'decimal':
      return '0'
    case 'bytes':
      return new Uint8Array(0)
    case 'null':
    case 'option':
      return null
    case 'object':
    case 'arrow-row':
      return zeroOfFields(type.fields)
    case 'enum':
      return zeroOfEnum(type)
    case 'list':
      return []
    case 'map':
      return type.key.kind === 'string' ? Object.create(null) : new Map()
    case 'key-value':
      return keyed(zeroOf(type.key), zeroOf(type.value))
    case 'f32':
    case 'f64':
    case 'timestamp':
      return 0
    default:
      return type.bigint ? 0n : 0
  }
}

function zeroOfFields(fields: readonly Field[]): unknown {
  return Object.fromEntries(
    fields.map(field => [field.name, field.optional ? null : zeroOf(field.type)])
  )
}

function zeroOfEnum(type: Extract<Type, { readonly kind: 'enum' }>): unknown {
  const first = type.variants[0]
  if (first === undefined) return null
  if (type.tagging === 'untagged') return first.type === null ? null : zeroOf(first.type)
  return first.type === null ? first.name : Object.fromEntries([[first.name, zeroOf(first.type)]])
}
