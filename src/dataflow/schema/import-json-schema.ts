// Reads a JSON Schema (2020-12, and what older drafts have in common with it) into types.
import { nearestWord, toKebab } from '../names.ts'
import type { Field, Type, Variant } from '../types.ts'
import { entryAt, kindOf, quoted, valueAt, type MapNode, type TreeNode } from '../yaml/tree.ts'
import type { ImportContext } from './imported.ts'

/** Keys that say more about values than a type can: they are left to functions. */
const UNSAID = new Set(
  'allOf not if then else patternProperties dependentSchemas prefixItems contains'.split(' ')
)

/** The type of a schema's tree. Refuses what types cannot say, at its place. */
export function importJsonSchema(context: ImportContext, tree: TreeNode, name: string): Type {
  return new JsonSchemaReader(context, tree).read(tree, name)
}

class JsonSchemaReader {
  readonly #context: ImportContext
  readonly #root: TreeNode

  constructor(context: ImportContext, root: TreeNode) {
    this.#context = context
    this.#root = root
  }

  read(node: TreeNode, place: string): Type {
    if (node.kind !== 'map') {
      return this.#context.refuse(node, `a schema must be an object, but is ${kindOf(node)}`)
    }
    const unsaid = node.entries.find(entry => UNSAID.has(entry.key))
    if (unsaid !== undefined) {
      this.#context.refuse(unsaid.keySpan, `${quoted(unsaid.key)} has no form in types`)
    }
    const ref = textAt(node, '$ref')
    if (ref !== null) return this.#reference(valueAt(node, '$ref')!, ref)
    const cases = valueAt(node, 'oneOf') ?? valueAt(node, 'anyOf')
    if (cases?.kind === 'list') return this.#cases(cases, cases.items, place)
    const values = valueAt(node, 'enum')
    if (values?.kind === 'list') return this.#words(values, values.items, place)
    return this.#typed(node, place)
  }

  #typed(node: MapNode, place: string): Type {
    const type = valueAt(node, 'type')
    if (type === null) {
      return this.#context.refuse(node, 'the schema has no type', 'Write "type", "$ref" or "enum".')
    }
    if (type.kind !== 'list') return this.#kind(node, type, place)
    const kinds = type.items.filter(item => !(item.kind === 'scalar' && item.text === 'null'))
    if (kinds.length !== 1) return this.#context.refuse(type, 'a type of several kinds; use oneOf')
    const inner = this.#kind(node, kinds[0]!, place)
    return kinds.length === type.items.length ? inner : { kind: 'option', value: inner }
  }

  #kind(node: MapNode, kind: TreeNode, place: string): Type {
    const word = kind.kind === 'scalar' ? kind.text : ''
    switch (word) {
      case 'string':
        return textAt(node, 'contentEncoding') === 'base64' ? { kind: 'bytes' } : { kind: 'string' }
      case 'number':
        return { kind: 'f64' }
      case 'integer':
        return {
          kind: integerOf(numberAt(node, 'minimum'), numberAt(node, 'maximum')),
          bigint: false
        }
      case 'boolean':
        return { kind: 'bool' }
      case 'null':
        return { kind: 'null' }
      case 'array': {
        const items = valueAt(node, 'items')
        if (items === null) return this.#context.refuse(node, 'an array needs "items"')
        return { kind: 'list', items: this.read(items, `${place}-item`) }
      }
      case 'object':
        return this.#object(node, place)
      default: {
        const kinds = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object']
        const nearest = nearestWord(word, kinds)
        const hint = nearest === null ? null : `Did you mean "${nearest}"?`
        return this.#context.refuse(kind, `${quoted(word)} is no type of JSON Schema`, hint)
      }
    }
  }

  #object(node: MapNode, place: string): Type {
    const properties = valueAt(node, 'properties')
    const others = valueAt(node, 'additionalProperties')
    if (properties?.kind !== 'map') {
      if (others?.kind === 'map') {
        const value = this.read(others, `${place}-value`)
        return { kind: 'map', key: { kind: 'string' }, value }
      }
      return this.#context.refuse(
        node,
        'an object needs "properties", or "additionalProperties" with a schema'
      )
    }
    const list = valueAt(node, 'required')
    const required = new Set(
      list?.kind === 'list' ? list.items.map(item => (item.kind === 'scalar' ? item.text : '')) : []
    )
    const name = textAt(node, 'title') ?? place
    return this.#context.define(name, node, () => ({
      kind: 'object',
      name: toKebab(name),
      fields: properties.entries.map(({ key, value }): Field => {
        const type = this.read(value, `${name}-${key}`)
        const names = { name: key, readName: key, writeName: key }
        const optional = !required.has(key)
        return { ...names, optional, type: optional && type.kind === 'option' ? type.value : type }
      })
    }))
  }

  #reference(node: TreeNode, text: string): Type {
    const path = /^#\/((?:\$defs|definitions)\/[^/]+)$/.exec(text)?.[1]?.split('/')
    if (path === undefined) {
      return this.#context.refuse(
        node,
        `the reference ${quoted(text)} is not followed; only those to #/$defs/… of the file are`
      )
    }
    const found = entryAt(valueAt(this.#root, path[0]!), decodeURIComponent(path[1]!))
    if (found === null) return this.#context.refuse(node, `${quoted(text)} is not in the file`)
    // A definition without a title of its own is called as it is referred to.
    if (this.#context.open.filter(each => each === `#${found.key}`).length > 0) {
      this.#context.refuse(node, `${found.key} contains itself`)
    }
    this.#context.open.push(`#${found.key}`)
    const type = this.read(found.value, found.key)
    this.#context.open.pop()
    return type
  }

  /** With null an option; else an untagged enum, whose first case that fits counts. */
  #cases(node: TreeNode, items: readonly TreeNode[], place: string): Type {
    const types = items.map((item, index) => this.read(item, `${place}-${index + 1}`))
    const rest = types.filter(type => type.kind !== 'null')
    if (rest.length === 0) return this.#context.refuse(node, 'there is no case')
    const variants = rest.map((type, index): Variant => {
      const name = ('name' in type && type.name) || `${type.kind}-${index + 1}`
      return { name, readName: name, writeName: name, type }
    })
    const inner: Type =
      rest.length === 1 ? rest[0]! : { kind: 'enum', name: null, tagging: 'untagged', variants }
    return rest.length === types.length ? inner : { kind: 'option', value: inner }
  }

  #words(node: TreeNode, items: readonly TreeNode[], place: string): Type {
    const words = items
      .filter(item => !isNull(item))
      .map(item => {
        if (item.kind === 'scalar' && typeof item.value === 'string') return item.text
        return this.#context.refuse(item, 'only texts can be cases of an enum')
      })
    if (words.length === 0) this.#context.refuse(node, 'there is no case')
    const inner = this.#context.define(place, node, () => ({
      kind: 'enum',
      name: toKebab(place),
      tagging: 'external',
      variants: words.map(name => ({ name, readName: name, writeName: name, type: null }))
    }))
    return words.length === items.length ? inner : { kind: 'option', value: inner }
  }
}

const INTEGERS = [
  ['u8', 0, 255],
  ['s8', -128, 127],
  ['u16', 0, 65_535],
  ['s16', -32_768, 32_767],
  ['u32', 0, 4_294_967_295],
  ['s32', -2_147_483_648, 2_147_483_647]
] as const

/** The narrowest kind of integer that holds the bounds. */
function integerOf(
  min: number | null,
  max: number | null
): 'u64' | 's64' | (typeof INTEGERS)[number][0] {
  const found =
    min === null || max === null
      ? undefined
      : INTEGERS.find(([, from, to]) => min >= from && max <= to)
  return found?.[0] ?? (min !== null && min >= 0 ? 'u64' : 's64')
}

function isNull(item: TreeNode): boolean {
  return item.kind === 'scalar' && item.value === null
}

function textAt(node: MapNode, key: string): string | null {
  const part = valueAt(node, key)
  return part?.kind === 'scalar' && typeof part.value === 'string' ? part.text : null
}

function numberAt(node: MapNode, key: string): number | null {
  const part = valueAt(node, key)
  return part?.kind === 'scalar' && typeof part.value === 'number' ? part.value : null
}
