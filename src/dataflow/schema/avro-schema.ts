// A declared type as an Avro schema (Apache Avro 1.11). The rules are in docs/schemas.md.
//
// Members stand in the order of the type, so that a schema and its type are walked side by side, by index.
import { unreachable } from '../../base/index.ts'
import { describeType } from '../type-text.ts'
import type { EnumType, Field, Type } from '../types.ts'
import { DefinitionNames, memberNames } from './schema-names.ts'

/** An Avro schema as JSON. */
export type AvroSchema = string | readonly AvroSchema[] | AvroDefinition

/** A schema that is a JSON object. */
export interface AvroDefinition {
  readonly type: AvroSchema
  readonly name?: string
  readonly namespace?: string
  readonly logicalType?: string
  readonly scale?: number
  readonly precision?: number
  readonly size?: number
  readonly fields?: readonly AvroField[]
  readonly symbols?: readonly string[]
  readonly items?: AvroSchema
  readonly values?: AvroSchema
}

/** A field of a record. */
export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly default?: unknown
}

/** A schema, or why there is none. */
export type SchemaResult<S> =
  | { readonly kind: 'schema'; readonly schema: S }
  | { readonly kind: 'problem'; readonly path: string; readonly problem: string }

/** Why a part of a type has no form in a schema language. Thrown inside this folder only. */
export class NoSchema extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(problem)
    this.path = path
  }
}

/** The Avro schema of a type; `name` is that of a record whose type has none. */
export function avroSchemaOf(type: Type, name: string): SchemaResult<AvroSchema> {
  return schemaResult(() => new AvroWriter().of(type, name, 'value'))
}

/** Runs `make`, whose `NoSchema` becomes a problem. */
export function schemaResult<S>(make: () => S): SchemaResult<S> {
  try {
    return { kind: 'schema', schema: make() }
  } catch (error) {
    if (!(error instanceof NoSchema)) throw error
    return { kind: 'problem', path: error.path, problem: error.message }
  }
}

class AvroWriter {
  readonly #names = new DefinitionNames()

  of(type: Type, place: string, path: string): AvroSchema {
    switch (type.kind) {
      case 'bool':
        return 'boolean'
      case 'string':
      case 'decimal':
        return 'string'
      case 'bytes':
      case 'null':
        return type.kind
      case 'f32':
        return 'float'
      case 'f64':
        return 'double'
      case 'timestamp':
        return { type: 'long', logicalType: 'timestamp-millis' }
      case 'u8':
      case 'u16':
      case 's8':
      case 's16':
      case 's32':
        return 'int'
      case 'u32':
      case 'u64':
      case 's64':
        return 'long'
      case 'list':
        return { type: 'array', items: this.of(type.items, `${place}-item`, `${path}[]`) }
      case 'map':
        return { type: 'map', values: this.of(type.value, `${place}-value`, `${path}.*`) }
      case 'option':
        return this.#nullable(type.value, place, path)
      case 'key-value': {
        const key = avroField('key', this.of(type.key, `${place}-key`, `${path}.key`))
        const value = avroField('value', this.of(type.value, `${place}-value`, `${path}.value`))
        return {
          type: 'record',
          name: this.#names.define(type, `${place}-entry`),
          fields: [key, value]
        }
      }
      case 'object':
      case 'arrow-row':
        return this.#record(type, type.fields, place, path)
      case 'enum':
        return this.#enum(type, place, path)
      default:
        return unreachable(type)
    }
  }

  #record(type: Type, fields: readonly Field[], place: string, path: string): AvroSchema {
    const known = this.#names.known(type)
    if (known !== null) return known
    const name = this.#names.define(type, place)
    const names = memberNames(fields)
    return {
      type: 'record',
      name,
      fields: fields.map((field, index) => {
        const inner = `${path}.${field.name}`
        const nested = `${name}-${field.name}`
        if (!field.optional) return avroField(names[index]!, this.of(field.type, nested, inner))
        return {
          name: names[index]!,
          type: this.#nullable(field.type, nested, inner),
          default: null
        }
      })
    }
  }

  /** A union with null in front; what is one already is joined to it. */
  #nullable(type: Type, place: string, path: string): AvroSchema {
    if (type.kind === 'option') return this.#nullable(type.value, place, path)
    const inner = this.of(type, place, path)
    if (inner === 'null') return 'null'
    if (!isAvroUnion(inner)) return ['null', inner]
    return ['null', ...inner.filter(branch => branch !== 'null')]
  }

  /** Symbols where no case has a value, a union of the bare values when untagged, else a union of records. */
  #enum(type: EnumType, place: string, path: string): AvroSchema {
    if (type.tagging === 'untagged') return this.#untagged(type, place, path)
    const names = memberNames(type.variants)
    if (type.variants.every(variant => variant.type === null)) {
      const known = this.#names.known(type)
      if (known !== null) return known
      return { type: 'enum', name: this.#names.define(type, place), symbols: names }
    }
    const known = this.#names.known(type)
    const name = known ?? this.#names.define(type, place)
    // A second mention names the records of the first.
    if (known !== null) return names.map(each => `${name}_${each}`)
    return type.variants.map((variant, index) => ({
      type: 'record',
      name: `${name}_${names[index]!}`,
      fields:
        variant.type === null
          ? []
          : [
              avroField(
                'value',
                this.of(variant.type, `${name}-${variant.name}`, `${path}.${variant.name}`)
              )
            ]
    }))
  }

  #untagged(type: EnumType, place: string, path: string): AvroSchema {
    const branches = type.variants.map(variant =>
      this.of(
        variant.type ?? { kind: 'null' },
        `${place}-${variant.name}`,
        `${path}.${variant.name}`
      )
    )
    const seen = new Set<string>()
    for (const [index, branch] of branches.entries()) {
      const kind = isAvroUnion(branch) ? 'union' : branchNameOf(branch)
      if (kind === 'union' || seen.has(kind)) {
        const variant = type.variants[index]!
        const shown = describeType(variant.type ?? { kind: 'null' })
        throw new NoSchema(
          `${path}.${variant.name}`,
          `the case is ${shown}, and an Avro union cannot tell it from another case; use an externally-tagged enum`
        )
      }
      seen.add(kind)
    }
    return branches
  }
}

function avroField(name: string, type: AvroSchema): AvroField {
  return { name, type }
}

/** Whether a schema is a union. */
export function isAvroUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema)
}

/** What tells a branch of a union from others: the name of a named type, else the kind. */
export function branchNameOf(schema: AvroSchema, namespace = ''): string {
  if (typeof schema === 'string') return fullNameOf(schema, undefined, namespace)
  if (isAvroUnion(schema)) return 'union'
  if (schema.name !== undefined) return fullNameOf(schema.name, schema.namespace, namespace)
  return branchNameOf(schema.type, namespace)
}

const PRIMITIVES = new Set(
  'null boolean int long float double bytes string array map record enum fixed error'.split(' ')
)

/** A name with its namespace in front, as other schemas refer to it. */
export function fullNameOf(name: string, own: string | undefined, around: string): string {
  if (name.includes('.') || (own === undefined && PRIMITIVES.has(name))) return name
  const namespace = own ?? around
  return namespace === '' ? name : `${namespace}.${name}`
}
