// Reads an Avro schema (.avsc) into types. The rules are those of avro-schema.ts, the other way round.
import { toKebab } from '../names.ts'
import type { Field, Type, Variant } from '../types.ts'
import { kindOf, quoted, valueAt, type MapNode, type TreeNode } from '../yaml/tree.ts'
import { fullNameOf } from './avro-schema.ts'
import type { ImportContext } from './imported.ts'

const PRIMITIVES: Readonly<Record<string, Type>> = {
  null: { kind: 'null' },
  boolean: { kind: 'bool' },
  int: { kind: 's32', bigint: false },
  long: { kind: 's64', bigint: false },
  float: { kind: 'f32' },
  double: { kind: 'f64' },
  bytes: { kind: 'bytes' },
  string: { kind: 'string' }
}

/** The type of a schema's tree. Refuses what types cannot say, at its place. */
export function importAvro(context: ImportContext, tree: TreeNode): Type {
  return new AvroReader(context).read(tree, '')
}

class AvroReader {
  readonly #context: ImportContext
  readonly #types = new Map<string, Type>()
  readonly #open = new Set<string>()

  constructor(context: ImportContext) {
    this.#context = context
  }

  read(node: TreeNode, namespace: string): Type {
    if (node.kind === 'scalar') return this.#word(node, node.text, namespace)
    if (node.kind === 'list') return this.#union(node, node.items, namespace)
    const type = valueAt(node, 'type')
    if (type === null) return this.#context.refuse(node, 'a schema needs the key "type"')
    if (type.kind !== 'scalar') return this.read(type, namespace)
    switch (type.text) {
      case 'record':
        return this.#record(node, namespace)
      case 'enum':
        return this.#enum(node, namespace)
      case 'fixed':
        this.#name(node, namespace, logicalOf(node) ?? { kind: 'bytes' })
        return logicalOf(node) ?? { kind: 'bytes' }
      case 'array':
        return { kind: 'list', items: this.#part(node, 'items', namespace) }
      case 'map':
        return {
          kind: 'map',
          key: { kind: 'string' },
          value: this.#part(node, 'values', namespace)
        }
      default:
        return logicalOf(node) ?? this.#word(type, type.text, namespace)
    }
  }

  #part(node: MapNode, key: string, namespace: string): Type {
    const part = valueAt(node, key)
    if (part === null) return this.#context.refuse(node, `the schema needs the key "${key}"`)
    return this.read(part, namespace)
  }

  #word(node: TreeNode, word: string, namespace: string): Type {
    if (Object.hasOwn(PRIMITIVES, word)) return PRIMITIVES[word]!
    const full = fullNameOf(word, undefined, namespace)
    const known = this.#types.get(full)
    if (known !== undefined) return known
    if (this.#open.has(full)) {
      const hint = 'Keep the parts in a state or topic of their own.'
      return this.#context.refuse(node, `the record ${quoted(full)} contains itself`, hint)
    }
    return this.#context.refuse(
      node,
      `${quoted(word)} is no type of Avro and not defined before`,
      'Put its definition into the file, where it is used first.'
    )
  }

  /** Notes a named schema; gives its full name. */
  #name(node: MapNode, namespace: string, type: Type | null): string {
    const name = textAt(node, 'name')
    if (name === null) return this.#context.refuse(node, 'the schema needs the key "name"')
    const full = fullNameOf(name, textAt(node, 'namespace') ?? undefined, namespace)
    if (type !== null) this.#types.set(full, type)
    return full
  }

  #record(node: MapNode, namespace: string): Type {
    const full = this.#name(node, namespace, null)
    const inner = full.includes('.') ? full.slice(0, full.lastIndexOf('.')) : ''
    this.#open.add(full)
    const short = full.slice(full.lastIndexOf('.') + 1)
    const type = this.#context.define(short, node, () => ({
      kind: 'object',
      name: toKebab(short),
      fields: this.#fields(node, inner)
    }))
    this.#open.delete(full)
    this.#types.set(full, type)
    return type
  }

  #fields(node: MapNode, namespace: string): Field[] {
    const list = valueAt(node, 'fields')
    if (list?.kind !== 'list') return this.#context.refuse(node, 'a record needs a list "fields"')
    return list.items.map(item => {
      if (item.kind !== 'map') return this.#context.refuse(item, `a field is ${kindOf(item)}`)
      const name = textAt(item, 'name')
      const typeNode = valueAt(item, 'type')
      if (name === null || typeNode === null) {
        return this.#context.refuse(item, 'a field needs the keys "name" and "type"')
      }
      const type = this.read(typeNode, namespace)
      const optional = type.kind === 'option' && valueAt(item, 'default') !== null
      const names = { name, readName: name, writeName: name }
      return { ...names, optional, type: optional ? type.value : type }
    })
  }

  #enum(node: MapNode, namespace: string): Type {
    const symbols = valueAt(node, 'symbols')
    if (symbols?.kind !== 'list' || symbols.items.length === 0) {
      return this.#context.refuse(node, 'an enum needs a list "symbols"')
    }
    const names = symbols.items.map(item =>
      item.kind === 'scalar' ? item.text : this.#context.refuse(item, 'a symbol must be a text')
    )
    const full = this.#name(node, namespace, null)
    const short = full.slice(full.lastIndexOf('.') + 1)
    const type = this.#context.define(short, node, () => ({
      kind: 'enum',
      name: toKebab(short),
      tagging: 'external',
      variants: names.map(name => ({ name, readName: name, writeName: name, type: null }))
    }))
    this.#types.set(full, type)
    return type
  }

  /** With null an option; of several kinds an untagged enum, whose cases are told apart by their kinds. */
  #union(node: TreeNode, items: readonly TreeNode[], namespace: string): Type {
    const branches = items.map(item => this.read(item, namespace))
    const rest = branches.filter(branch => branch.kind !== 'null')
    if (rest.length === 0) return { kind: 'null' }
    const inner: Type = rest.length === 1 ? rest[0]! : this.#untagged(node, rest)
    return rest.length === branches.length ? inner : { kind: 'option', value: inner }
  }

  #untagged(node: TreeNode, branches: readonly Type[]): Type {
    const names = branches.map(branch => ('name' in branch && branch.name) || branch.kind)
    const repeated = names.find((name, index) => names.indexOf(name) !== index)
    if (repeated !== undefined) {
      this.#context.refuse(node, `a union has two branches of ${repeated}`)
    }
    const variants: Variant[] = names.map((name, index) => ({
      name,
      readName: name,
      writeName: name,
      type: branches[index]!
    }))
    return { kind: 'enum', name: null, tagging: 'untagged', variants }
  }
}

function textAt(node: MapNode, key: string): string | null {
  const part = valueAt(node, key)
  return part?.kind === 'scalar' && typeof part.value === 'string' ? part.text : null
}

/** Types of logical types that mean more than their bytes; null: as if there were none. */
function logicalOf(node: MapNode): Type | null {
  switch (textAt(node, 'logicalType')) {
    case 'decimal':
      return { kind: 'decimal' }
    case 'timestamp-millis':
    case 'timestamp-micros':
      return { kind: 'timestamp' }
    default:
      return null
  }
}
