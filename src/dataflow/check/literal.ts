// Values that a file writes out, held against a type: what does not fit, and their JSON.
import { describeType, isIntegerType } from '../type-text.ts'
import type { Field, IntegerKind, Type } from '../types.ts'
import type { ScalarNode, TreeNode } from '../yaml/tree.ts'

/** The part of a value that does not fit, and what fits there. */
export interface Misfit {
  readonly node: TreeNode
  readonly expected: string
}

/** What of `node` is no value of `type`; null when all of it is. */
export function misfitOf(node: TreeNode, type: Type): Misfit | null {
  switch (type.kind) {
    case 'option':
      return isNull(node) ? null : misfitOf(node, type.value)
    case 'object':
    case 'arrow-row':
      return misfitOfFields(node, type, type.fields)
    case 'list':
      if (node.kind !== 'list') return expected(node, type)
      return first(node.items, item => misfitOf(item, type.items))
    case 'map':
      if (node.kind !== 'map') return expected(node, type)
      return first(node.entries, ({ value }) => misfitOf(value, type.value))
    // Which of its forms is meant only a converter tells.
    case 'enum':
    case 'key-value':
      return null
    default:
      return node.kind === 'scalar' && isScalarValue(node, type) ? null : expected(node, type)
  }
}

/** The JSON text of a value; whole numbers keep all their digits. */
export function jsonOf(node: TreeNode): string {
  if (node.kind === 'list') return `[${node.items.map(jsonOf).join(',')}]`
  if (node.kind === 'map') {
    const members = node.entries.map(({ key, value }) => `${JSON.stringify(key)}:${jsonOf(value)}`)
    return `{${members.join(',')}}`
  }
  if (typeof node.value === 'number' && /^-?\d+$/.test(node.text))
    return BigInt(node.text).toString()
  return JSON.stringify(node.value)
}

function misfitOfFields(node: TreeNode, type: Type, fields: readonly Field[]): Misfit | null {
  if (node.kind !== 'map') return expected(node, type)
  const missing = fields.find(
    field => !field.optional && !node.entries.some(({ key }) => key === field.name)
  )
  if (missing !== undefined) {
    return { node, expected: `${describeType(type)} with the field ${missing.name}` }
  }
  return first(node.entries, ({ key, value }) => {
    const field = fields.find(one => one.name === key)
    if (field === undefined) return { node: value, expected: `absent: no field is called ${key}` }
    return field.optional && isNull(value) ? null : misfitOf(value, field.type)
  })
}

function isScalarValue(node: ScalarNode, type: Type): boolean {
  const { value, text } = node
  if (isIntegerType(type)) return /^-?\d{1,20}$/.test(text) && isInRange(BigInt(text), type.kind)
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean'
    case 'f32':
    case 'f64':
      return typeof value === 'number'
    case 'timestamp':
      return typeof value === 'number' && Number.isSafeInteger(value)
    case 'null':
      return value === null
    default:
      return typeof value === 'string'
  }
}

function isInRange(value: bigint, kind: IntegerKind): boolean {
  const bits = BigInt(kind.slice(1))
  const isSigned = kind.startsWith('s')
  const most = isSigned ? 2n ** (bits - 1n) : 2n ** bits
  return value < most && value >= (isSigned ? -most : 0n)
}

function isNull(node: TreeNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

function expected(node: TreeNode, type: Type): Misfit {
  return { node, expected: describeType(type) }
}

function first<T>(items: readonly T[], find: (item: T) => Misfit | null): Misfit | null {
  for (const item of items) {
    const found = find(item)
    if (found !== null) return found
  }
  return null
}
