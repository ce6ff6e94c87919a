// Types of a plan as expressions of the builder: the named ones as constants.
import { scalarText, typeScriptOf, type TypeScriptWords } from '../../dataflow/index.ts'
import type { TopicPlan, WireSchema } from '../../dataflow/plan.ts'
import type { Field, Type, Variant } from '../../dataflow/types.ts'
import type { CodeNames } from './code-names.ts'
import { property, quoted } from './literals.ts'

/** Writes the types of one plan. */
export class CodeTypes {
  readonly #types: Readonly<Record<string, Type>>
  /** Those by whose schemas topics are written: they stay in their files. */
  readonly #imported = new Map<string, WireSchema>()
  readonly #constants = new Map<string, string>()
  readonly #lines: string[] = []
  readonly #names: CodeNames

  constructor(
    { types, topics }: { types: Readonly<Record<string, Type>>; topics: readonly TopicPlan[] },
    names: CodeNames
  ) {
    this.#types = types
    this.#names = names
    for (const { value } of topics) {
      const name = 'name' in value.type ? value.type.name : null
      if (name !== null && value.schema?.path !== undefined) this.#imported.set(name, value.schema)
    }
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
      const schema = this.#imported.get(name)
      const written = schema
        ? importedText(name, type, schema)
        : isOwn
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
          const inner = variant.type
          const value = inner === null ? (isPlain(variant) ? 'null' : 't.null') : this.of(inner)
          return `${property(variant.name)}: ${withSide(value, variant)}`
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
      const value = withSide(this.of(field.type), field)
      return `${property(field.name)}: ${field.optional ? `t.optional(${value})` : value}`
    })
    return written.length === 0 ? '{}' : `{ ${written.join(', ')} }`
  }
}

type Side = Pick<Field & Variant, 'name' | 'readName' | 'writeName' | 'number'>

function isPlain({ name, readName, writeName, number }: Side): boolean {
  return readName === name && writeName === name && number === undefined
}

/** A field with its other names and its number. */
function withSide(value: string, { name, readName, writeName, number }: Side): string {
  const names = [
    ...(readName === name ? [] : [`read: ${quoted(readName)}`]),
    ...(writeName === name ? [] : [`write: ${quoted(writeName)}`])
  ]
  const renamed = names.length === 0 ? value : `t.renamed(${value}, { ${names.join(', ')} })`
  return number === undefined ? renamed : `t.numbered(${renamed}, ${number})`
}

/** Imported types are written out: the file that declares them is none of TypeScript. */
const WRITTEN_OUT: TypeScriptWords = {
  nameOf: () => null,
  scalar: scalarText,
  keyValue: 'KeyValue',
  map: 'Map'
}

function importedText(name: string, type: Type, { path, message }: WireSchema): string {
  const given = message === '' ? '' : `, { message: ${quoted(message)} }`
  return `t.imported<${typeScriptOf(type, WRITTEN_OUT)}>(${quoted(name)}, ${quoted(path!)}${given})`
}
