// Types that leave their package: names follow the importing file, and those that it does not import go.
import type { Field, Type, Variant } from '../types.ts'

/**
 * `type` with the names that `names` gives. What it lacks becomes anonymous: the importing file may call another
 * type so.
 */
export function renameTypes(type: Type, names: ReadonlyMap<string, string>): Type {
  return renamed(type, names, new Map())
}

function renamed(type: Type, names: ReadonlyMap<string, string>, done: Map<Type, Type>): Type {
  const known = done.get(type)
  if (known !== undefined) return known
  const result = renamedParts(type, names, part => renamed(part, names, done))
  done.set(type, result)
  return result
}

function renamedParts(
  type: Type,
  names: ReadonlyMap<string, string>,
  inner: (type: Type) => Type
): Type {
  switch (type.kind) {
    case 'object':
    case 'arrow-row': {
      const fields = type.fields.map((field): Field => ({ ...field, type: inner(field.type) }))
      return { ...type, name: newName(type.name, names), fields }
    }
    case 'enum': {
      const variants = type.variants.map((variant): Variant => ({
        ...variant,
        type: variant.type === null ? null : inner(variant.type)
      }))
      return { ...type, name: newName(type.name, names), variants }
    }
    case 'list':
      return { kind: 'list', items: inner(type.items) }
    case 'option':
      return { kind: 'option', value: inner(type.value) }
    case 'map':
    case 'key-value':
      return { kind: type.kind, key: inner(type.key), value: inner(type.value) }
    default:
      return type
  }
}

function newName(name: string | null, names: ReadonlyMap<string, string>): string | null {
  return name === null ? null : (names.get(name) ?? null)
}
