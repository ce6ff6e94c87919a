// A declared type as a JSON Schema (2020-12) of what the JSON converter writes.
import { unreachable } from '../../base/index.ts'
import type { EnumType, Field, Type } from '../types.ts'

type Schema = Readonly<Record<string, unknown>>

const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  u8: [0, 255],
  u16: [0, 65_535],
  u32: [0, 4_294_967_295],
  s8: [-128, 127],
  s16: [-32_768, 32_767],
  s32: [-2_147_483_648, 2_147_483_647]
}

/** The schema of a type; definitions of named types inside it stand in place. */
export function jsonSchemaOf(type: Type): Schema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schemaOf(type) }
}

function schemaOf(type: Type): Schema {
  switch (type.kind) {
    case 'bool':
      return { type: 'boolean' }
    case 'string':
    case 'null':
      return { type: type.kind }
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' }
    case 'decimal':
      return { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$' }
    case 'timestamp':
      return { type: 'integer', description: 'Milliseconds since 1970.' }
    case 'f32':
    case 'f64':
      return { type: 'number' }
    case 'u64':
      return { type: 'integer', minimum: 0 }
    case 's64':
      return { type: 'integer' }
    case 'u8':
    case 'u16':
    case 'u32':
    case 's8':
    case 's16':
    case 's32': {
      const [minimum, maximum] = BOUNDS[type.kind]!
      return { type: 'integer', minimum, maximum }
    }
    case 'list':
      return { type: 'array', items: schemaOf(type.items) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.value) }
    case 'option':
      return { anyOf: [schemaOf(type.value), { type: 'null' }] }
    case 'key-value':
      return objectOf([
        ['key', schemaOf(type.key), true],
        ['value', schemaOf(type.value), true]
      ])
    case 'object':
    case 'arrow-row':
      return {
        ...(type.name === null ? {} : { title: type.name }),
        ...objectOf(
          type.fields.map(({ writeName, type, optional }: Field) => [
            writeName,
            schemaOf(type),
            !optional
          ])
        )
      }
    case 'enum':
      return casesOf(type)
    default:
      return unreachable(type)
  }
}

function objectOf(members: readonly (readonly [string, Schema, boolean])[]): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(([name, schema]) => [name, schema])),
    required: members.filter(([, , isRequired]) => isRequired).map(([name]) => name)
  }
}

function casesOf({ tagging, variants }: EnumType): Schema {
  if (tagging === 'untagged') {
    return { anyOf: variants.map(({ type }) => schemaOf(type ?? { kind: 'null' })) }
  }
  const words = variants.filter(({ type }) => type === null).map(({ writeName }) => writeName)
  const valued = variants.flatMap(({ writeName, type }) =>
    type === null ? [] : [objectOf([[writeName, schemaOf(type), true]])]
  )
  if (valued.length === 0) return { enum: words }
  return { oneOf: [...(words.length === 0 ? [] : [{ enum: words }]), ...valued] }
}
