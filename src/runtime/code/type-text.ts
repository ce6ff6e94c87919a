// Types of a dataflow as TypeScript: declarations of the named ones, and the text of any.
import { unreachable } from '../../base/index.ts'
import { toPascal } from '../../dataflow/index.ts'
import type { EnumType, Field, MapType, Type } from '../../dataflow/types.ts'

/** Scalars under the names of the file, as inline code may write them. */
export const SCALAR_ALIASES: string = [
  ...['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64', 'i8', 'i16', 'i32', 'i64'].map(
    alias('number')
  ),
  ...['f32', 'f64', 'float32', 'float64', 'timestamp'].map(alias('number')),
  alias('boolean')('bool'),
  alias('Uint8Array')('bytes'),
  alias('string')('decimal')
].join('\n')

function alias(meaning: string): (name: string) => string {
  return name => `type ${name} = ${meaning}`
}

/** Writes types of one file. Named ones are written by name, wherever they stand. */
export class TypeText {
  readonly #declared: ReadonlyMap<string, string>
  readonly #types: Readonly<Record<string, Type>>

  constructor(types: Readonly<Record<string, Type>>) {
    this.#types = types
    this.#declared = new Map(Object.keys(types).map(name => [name, toPascal(name)]))
  }

  /** Whether the file has a type of that name in PascalCase. */
  declares(name: string): boolean {
    return [...this.#declared.values()].includes(name)
  }

  /** Interfaces and aliases for all types of the file. */
  declarations(): string {
    const lines = Object.entries(this.#types).map(([name, type]) => this.#declaration(name, type))
    return lines.join('\n')
  }

  #declaration(name: string, type: Type): string {
    const pascal = this.#declared.get(name)!
    const isAlias = 'name' in type && type.name !== name && this.#nameOf(type) !== null
    if (isAlias) return `type ${pascal} = ${this.of(type)}`
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return `interface ${pascal} {\n${this.#fields(type.fields, '\n')}\n}`
      case 'enum':
        return `type ${pascal} = ${this.#enum(type)}`
      default:
        return `type ${pascal} = ${this.of(type)}`
    }
  }

  #nameOf(type: Type): string | null {
    return 'name' in type && type.name !== null ? (this.#declared.get(type.name) ?? null) : null
  }

  /** The type as TypeScript writes it. */
  of(type: Type): string {
    const name = this.#nameOf(type)
    if (name !== null) return name
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return `{ ${this.#fields(type.fields, ' ')} }`
      case 'enum':
        return this.#enum(type)
      case 'list':
        return `(${this.of(type.items)})[]`
      case 'map':
        return this.#map(type)
      case 'option':
        return `(${this.of(type.value)} | null)`
      case 'key-value':
        return `$KeyValue<${this.of(type.key)}, ${this.of(type.value)}>`
      case 'u64':
      case 's64':
        return type.bigint ? 'bigint' : type.kind
      case 'bool':
      case 'bytes':
      case 'decimal':
      case 'f32':
      case 'f64':
      case 'null':
      case 's16':
      case 's32':
      case 's8':
      case 'string':
      case 'timestamp':
      case 'u16':
      case 'u32':
      case 'u8':
        return type.kind
      default:
        return unreachable(type)
    }
  }

  #fields(fields: readonly Field[], separator: string): string {
    return fields
      .map(({ name, optional, type }) =>
        optional
          ? `${propertyName(name)}?: ${this.of(type)} | null;`
          : `${propertyName(name)}: ${this.of(type)};`
      )
      .join(separator)
  }

  #enum(type: EnumType): string {
    const cases = type.variants.map(({ name, type: inner }) => {
      if (type.tagging === 'untagged') return inner === null ? 'null' : this.of(inner)
      return inner === null ? JSON.stringify(name) : `{ ${propertyName(name)}: ${this.of(inner)} }`
    })
    return cases.length === 0 ? 'never' : `(${cases.join(' | ')})`
  }

  #map(type: MapType): string {
    const value = this.of(type.value)
    if (type.key.kind === 'string') return `{ [key: string]: ${value} }`
    return `globalThis.Map<${this.of(type.key)}, ${value}>`
  }
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}
