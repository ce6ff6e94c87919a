// Types of a plan as expressions of the builder: the named ones as constants.
import type { Field, Type } from '../dataflow/types.ts'
import type { CodeNames } from './code-names.ts'
import { quoted } from './literals.ts'

/** Writes the types of one plan. */
export class CodeTypes {
  readonly #types: Readonly<Record<string, Type>>
  readonly #constants = new Map<string, string>()
  readonly #lines: string[] = []
  readonly #names: CodeNames

  constructor(types: Readonly<Record<string, Type>>, names: CodeNames) {
    this.#types = types
    this.#names = names
  }

  /** Declarations of all named types that were asked for, each behind those that it names. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** Constants of the plan's types that nothing has asked for. */
  rest(): string[] {
    const known = new Set(this.#constants.keys())
    return Object.keys(this.#types)
      .filter(name => !known.has(name))
      .flatMap(name => (this.#constants.has(name) ? [] : [this.#constant(name)]))
  }

  /** The type as an expression. */
  of(type: Type): string {
    if ('name' in type && type.name !== null && this.#types[type.name] !== undefined)
      return this.#constant(type.name)
    return this.#expression(type, null)
  }

  #constant(name: string): string {
    let constant = this.#constants.get(name)
    if (constant === undefined) {
      constant = this.#names.take(name, 'Type')
      this.#constants.set(name, constant)
      const type = this.#types[name]!
      const isOwn = 'name' in type && type.name === name
      const written = isOwn
        ? this.#expression(type, name)
        : `t.named(${quoted(name)}, ${this.of(type)})`
      this.#lines.push(`const ${constant} = ${written}`)
    }
    return constant
  }

  #expression(type: Type, name: string | null): string {
    const first = name === null ? '' : `${quoted(name)}, `
    switch (type.kind) {
      case 'object':
        return `t.object(${first}${this.#fields(type.fields)})`
      case 'arrow-row': {
        const options = name === null ? '' : `, { name: ${quoted(name)} }`
        return `t.row(${this.#fields(type.fields)}${options})`
      }
      case 'enum': {
        const cases = type.variants.map(variant => {
          const { type: inner, readName, writeName } = variant
          const isPlain = readName === variant.name && writeName === variant.name
          const value = inner === null ? (isPlain ? 'null' : 't.null') : this.of(inner)
          return `${property(variant.name)}: ${isPlain ? value : renamed(value, variant)}`
        })
        const word = type.tagging === 'untagged' ? 'union' : 'enum'
        return `t.${word}(${first}{ ${cases.join(', ')} })`
      }
      case 'list':
        return `t.list(${this.of(type.items)})`
      case 'map':
        return `t.map(${this.of(type.key)}, ${this.of(type.value)})`
      case 'option':
        return `t.option(${this.of(type.value)})`
      case 'key-value':
        return `t.keyValue(${this.of(type.key)}, ${this.of(type.value)})`
      case 'u64':
        return type.bigint ? 't.bigU64' : 't.u64'
      case 's64':
        return type.bigint ? 't.bigS64' : 't.s64'
      default:
        return `t.${type.kind}`
    }
  }

  #fields(fields: readonly Field[]): string {
    const written = fields.map(field => {
      const { name, type, optional, readName, writeName } = field
      const isPlain = readName === name && writeName === name
      const value = isPlain ? this.of(type) : renamed(this.of(type), field)
      return `${property(name)}: ${optional ? `t.optional(${value})` : value}`
    })
    return written.length === 0 ? '{}' : `{ ${written.join(', ')} }`
  }
}

function renamed(
  value: string,
  { name, readName, writeName }: Pick<Field, 'name' | 'readName' | 'writeName'>
): string {
  const names = [
    ...(readName === name ? [] : [`read: ${quoted(readName)}`]),
    ...(writeName === name ? [] : [`write: ${quoted(writeName)}`])
  ]
  return `t.renamed(${value}, { ${names.join(', ')} })`
}

/** A name as the key of an object. */
export function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}
