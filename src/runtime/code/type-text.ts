// Types of a dataflow as TypeScript: declarations of the named ones, and the text of any.
import {
  memberText,
  SCALAR_WORDS,
  scalarOf,
  scalarText,
  toPascal,
  typeScriptBody,
  typeScriptOf,
  type TypeScriptWords
} from '../../dataflow/index.ts'
import type { Type } from '../../dataflow/types.ts'

/** Scalars under the names of the file, as inline code may write them. */
export const SCALAR_ALIASES: readonly string[] = SCALAR_WORDS.flatMap(word => {
  const meaning = scalarText(scalarOf(word)!)
  return meaning === word || meaning === 'null' ? [] : [`type ${word} = ${meaning}`]
})

/** Writes types of one file. Named ones are written by name, wherever they stand. */
export class TypeText {
  readonly #declared: ReadonlyMap<string, string>
  readonly #types: Readonly<Record<string, Type>>
  readonly #words: TypeScriptWords

  /** `keyValue`: what `KeyValue` is called there. */
  constructor(types: Readonly<Record<string, Type>>, keyValue = 'KeyValue') {
    this.#types = types
    this.#declared = new Map(Object.keys(types).map(name => [name, toPascal(name)]))
    this.#words = {
      nameOf: type => this.#nameOf(type),
      scalar: type => ('bigint' in type && type.bigint ? 'bigint' : type.kind),
      keyValue,
      // A type of the file may be called map.
      map: 'globalThis.Map'
    }
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
    if (type.kind !== 'object' && type.kind !== 'arrow-row') {
      return `type ${pascal} = ${typeScriptBody(type, this.#words)}`
    }
    const members = type.fields.map(each => `${memberText({ ...each, type: this.of(each.type) })};`)
    return `interface ${pascal} {\n${members.join('\n')}\n}`
  }

  #nameOf(type: Type): string | null {
    return 'name' in type && type.name !== null ? (this.#declared.get(type.name) ?? null) : null
  }

  /** The type as TypeScript writes it. */
  of(type: Type): string {
    return typeScriptOf(type, this.#words)
  }
}
