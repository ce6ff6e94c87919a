// Types as the section `types` of a file has them.
import { yamlLibrary } from '../libraries.ts'
import type { Field, Type, Variant } from '../types.ts'

/** YAML of a section `types`; types that have a name in it are written by that name inside others. */
export function typesYaml(types: ReadonlyMap<string, Type>): string {
  const writer = new TypeTrees(types)
  const trees = [...types].map(([name, type]): [string, unknown] => [name, writer.definition(type)])
  return yamlLibrary().stringify({ types: Object.fromEntries(trees) }, { lineWidth: 100 })
}

class TypeTrees {
  readonly #names: ReadonlySet<string>

  constructor(types: ReadonlyMap<string, Type>) {
    this.#names = new Set(types.keys())
  }

  definition(type: Type): Record<string, unknown> {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return { type: type.kind, properties: this.#members(type.fields) }
      case 'enum':
        return {
          type: 'enum',
          ...(type.tagging === 'untagged' ? { tagging: 'untagged' } : {}),
          oneOf: this.#members(type.variants)
        }
      case 'list':
        return { type: 'list', items: this.#word(type.items) }
      case 'option':
        return { type: 'option', value: this.#word(type.value) }
      case 'map':
        return { type: 'map', key: this.#word(type.key), value: this.#word(type.value) }
      case 'key-value':
        return {
          type: 'key-value',
          properties: { key: this.#word(type.key), value: this.#word(type.value) }
        }
      default:
        return 'bigint' in type && type.bigint
          ? { type: type.kind, bigint: true }
          : { type: type.kind }
    }
  }

  /** A mapping with the key `type`. */
  #tree(type: Type): Record<string, unknown> {
    const name = 'name' in type ? type.name : null
    return name !== null && this.#names.has(name) ? { type: name } : this.definition(type)
  }

  #word(type: Type): unknown {
    const tree = this.#tree(type)
    return Object.keys(tree).length === 1 ? tree['type'] : tree
  }

  #members(members: readonly (Field | Variant)[]): Record<string, unknown> {
    return Object.fromEntries(
      members.map(member => {
        const { name, readName, writeName, type, number } = member
        const beside = {
          ...('optional' in member && member.optional ? { optional: true } : {}),
          ...(writeName === name ? {} : { serialize: { rename: writeName } }),
          ...(readName === name ? {} : { deserialize: { rename: readName } }),
          ...(number === undefined ? {} : { number })
        }
        if (type === null) return [name, null]
        if (Object.keys(beside).length === 0) return [name, this.#word(type)]
        return [name, { ...this.#tree(type), ...beside }]
      })
    )
  }
}
