// The parts of types: how many there are when references are followed, and named definitions inside others.
import { toKebab } from '../names.ts'
import type { Type } from '../types.ts'
import type { Entry, TreeNode } from '../yaml/tree.ts'

const sizes = new WeakMap<Type, number>()

/** Number of types in a type, itself included; shared parts count as often as they occur. */
export function sizeOfType(type: Type): number {
  const known = sizes.get(type)
  if (known !== undefined) return known
  const size = 1 + partsOf(type).reduce((sum, part) => sum + sizeOfType(part), 0)
  sizes.set(type, size)
  return size
}

function partsOf(type: Type): readonly Type[] {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return type.fields.map(field => field.type)
    case 'enum':
      return type.variants.flatMap(variant => (variant.type === null ? [] : [variant.type]))
    case 'list':
      return [type.items]
    case 'option':
      return [type.value]
    case 'map':
    case 'key-value':
      return [type.key, type.value]
    default:
      return []
  }
}

/** Adds every definition with a `type-name` below `root` to `into`, by its kebab-case name; the first one stays. */
export function collectNested(root: TreeNode, into: Map<string, Entry>): void {
  const open: TreeNode[] = [root]
  const seen = new Set<TreeNode>()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    if (node.kind === 'list') open.push(...node.items)
    if (node.kind !== 'map') continue
    for (const { key, value } of node.entries) {
      if ((key === 'type-name' || key === 'type_name') && value.kind === 'scalar') {
        const name = toKebab(value.text)
        if (!into.has(name)) into.set(name, { key: value.text, keySpan: value, value: node })
      } else open.push(value)
    }
  }
}
