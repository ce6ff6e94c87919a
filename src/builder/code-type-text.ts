// Types of a plan as TypeScript, with everything that they consist of: what printed code says of imported types.
import { unreachable } from '../base/index.ts'
import type { EnumType, Field, Type } from '../dataflow/types.ts'
import { property } from './literals.ts'

/** What the values of a type are in TypeScript. */
export function typeScriptOf(type: Type): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean'
    case 'string':
    case 'decimal':
      return 'string'
    case 'bytes':
      return 'Uint8Array'
    case 'null':
      return 'null'
    case 'u64':
    case 's64':
      return type.bigint ? 'bigint' : 'number'
    case 'u8':
    case 'u16':
    case 'u32':
    case 's8':
    case 's16':
    case 's32':
    case 'f32':
    case 'f64':
    case 'timestamp':
      return 'number'
    case 'object':
    case 'arrow-row':
      return `{ ${type.fields.map(fieldText).join('; ')} }`
    case 'enum':
      return enumText(type)
    case 'list':
      return `(${typeScriptOf(type.items)})[]`
    case 'map': {
      const value = typeScriptOf(type.value)
      return type.key.kind === 'string'
        ? `Record<string, ${value}>`
        : `Map<${typeScriptOf(type.key)}, ${value}>`
    }
    case 'option':
      return `${typeScriptOf(type.value)} | null`
    case 'key-value':
      return `KeyValue<${typeScriptOf(type.key)}, ${typeScriptOf(type.value)}>`
    default:
      return unreachable(type)
  }
}

function fieldText({ name, type, optional }: Field): string {
  const value = typeScriptOf(type)
  return optional ? `${property(name)}?: ${value} | null` : `${property(name)}: ${value}`
}

function enumText({ variants, tagging }: EnumType): string {
  const cases = variants.map(({ name, type }) => {
    if (tagging === 'untagged') return type === null ? 'null' : typeScriptOf(type)
    return type === null ? JSON.stringify(name) : `{ ${property(name)}: ${typeScriptOf(type)} }`
  })
  return cases.join(' | ')
}
