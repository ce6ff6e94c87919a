// A YAML text as a small tree of our own: text, kinds and places, nothing resolved that could surprise.
import type { Span } from '../report.ts'

/** How a scalar is written. */
export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'literal' | 'folded'

/** A scalar. `value` is what YAML's core schema makes of it; `text` is what was written, unescaped. */
export interface ScalarNode extends Span {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly text: string
  readonly style: ScalarStyle
}

/** One `key: value` of a mapping. */
export interface Entry {
  readonly key: string
  readonly keySpan: Span
  readonly value: TreeNode
}

export interface MapNode extends Span {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
}

export interface ListNode extends Span {
  readonly kind: 'list'
  readonly items: readonly TreeNode[]
}

/** Aliases are resolved: the same node may occur in several places. */
export type TreeNode = ScalarNode | MapNode | ListNode

/** The value under `key`, or null. */
export function valueAt(node: TreeNode | null, key: string): TreeNode | null {
  return entryAt(node, key)?.value ?? null
}

/** The entry of `key`, or null. */
export function entryAt(node: TreeNode | null, key: string): Entry | null {
  if (node?.kind !== 'map') return null
  return node.entries.find(entry => entry.key === key) ?? null
}

/** What a node is, for messages. */
export function kindOf(node: TreeNode): string {
  if (node.kind === 'map') return 'a mapping'
  if (node.kind === 'list') return 'a list'
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'string') return `the text ${quoted(node.text)}`
  return `${typeof node.value === 'number' ? 'the number' : 'the boolean'} ${quoted(node.text)}`
}

/** A user's word for a message: quoted, on one line, cut when long. */
export function quoted(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}...` : text
  return JSON.stringify(cut)
}
