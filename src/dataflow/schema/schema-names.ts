// Names of declared types in the schemas of others, where letters, digits and underscores are all there is.
import { toPascal } from '../names.ts'
import type { Type } from '../types.ts'

/** A name as Avro and Protobuf take it: other characters become underscores, a digit in front gets one. */
export function schemaName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_')
  if (!/^[A-Za-z_]/.test(plain)) return `_${plain}`
  // Libraries in JavaScript look names up in plain objects.
  return plain in Object.prototype ? `${plain}_` : plain
}

/** Names of the members of one type, in their order: no two are the same, which a number behind the later one does. */
export function memberNames(
  members: readonly { readonly name: string }[],
  spell: (name: string) => string = schemaName
): string[] {
  const taken = new Set<string>()
  return members.map(({ name }) => {
    const wanted = spell(name)
    let unique = wanted
    for (let count = 2; taken.has(unique); count++) unique = `${wanted}_${count}`
    taken.add(unique)
    return unique
  })
}

/** Gives each type with a name of its own one definition; others are named after their place. */
export class DefinitionNames {
  readonly #named = new Map<Type, string>()
  readonly #taken = new Set<string>()

  /** The name of a type that has one already. */
  known(type: Type): string | null {
    return this.#named.get(type) ?? null
  }

  /** A free name for a definition, from its type's name or its place; types with a name keep it. */
  define(type: Type, place: string): string {
    const own = 'name' in type ? type.name : null
    const wanted = schemaName(toPascal(own ?? place)) || 'Value'
    let name = wanted === '_' ? 'Value' : wanted
    for (let count = 2; this.#taken.has(name.toLowerCase()); count++) name = `${wanted}${count}`
    this.#taken.add(name.toLowerCase())
    this.#named.set(type, name)
    return name
  }
}
