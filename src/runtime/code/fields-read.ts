// Which fields of its first argument a function can see: the source then need not make text of the others.
//
// The answer must never be too small, so it comes only for functions in which the argument is a plain name that
// occurs nowhere but in `name.field`, or a pattern of fields. A call `name.method()` hands the argument on as `this`.
import type { AnyNode, ArrowFunctionExpression, FunctionExpression, Pattern } from 'acorn'
import { acornLibrary } from '../../dataflow/index.ts'

type FunctionNode = FunctionExpression | ArrowFunctionExpression

/** The names of the fields, or null where it may see all of them. */
export function fieldsRead(fn: (...args: never[]) => unknown): ReadonlySet<string> | null {
  const node = parsed(Function.prototype.toString.call(fn))
  if (node === null) return null
  // `arguments` has the argument under another name; an arrow function would have somebody else's.
  if (node.params.some(param => param.type === 'RestElement')) return null
  const [first, ...others] = node.params
  if (first === undefined) return usesArguments(node) ? null : new Set()
  if (usesArguments(node)) return null
  if (first.type === 'ObjectPattern') return fieldsOfPattern(first)
  if (first.type !== 'Identifier') return null
  const fields = new Set<string>()
  const isSafe = [...others, node.body].every(part => collect(part, first.name, fields))
  return isSafe ? fields : null
}

/** The function's tree; null for what is no function in JavaScript's own syntax: native, bound, a method. */
function parsed(text: string): FunctionNode | null {
  try {
    const node = acornLibrary().parseExpressionAt(`(${text})`, 0, { ecmaVersion: 'latest' })
    const isFunction = node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
    return isFunction ? node : null
  } catch {
    return null
  }
}

function fieldsOfPattern(pattern: Extract<Pattern, { type: 'ObjectPattern' }>): Set<string> | null {
  const fields = new Set<string>()
  for (const property of pattern.properties) {
    if (property.type === 'RestElement' || property.computed) return null
    const name = nameOf(property.key)
    if (name === null) return null
    fields.add(name)
  }
  return fields
}

function nameOf(key: AnyNode): string | null {
  if (key.type === 'Identifier') return key.name
  return key.type === 'Literal' ? String(key.value) : null
}

/** Adds the fields of `name` that occur below `node`; false where `name` occurs in another way. */
function collect(node: AnyNode, name: string, fields: Set<string>): boolean {
  if (node.type === 'Identifier') return node.name !== name
  if (isFieldOf(node, name)) {
    fields.add(node.property.name)
    return true
  }
  const isCall = node.type === 'CallExpression'
  if (isCall && isFieldOf(withoutChain(node.callee), name)) return false
  if (node.type === 'TaggedTemplateExpression' && isFieldOf(node.tag, name)) return false
  return childrenOf(node).every(child => collect(child, name, fields))
}

/** Whether `node` is `name.field`. */
function isFieldOf(
  node: AnyNode,
  name: string
): node is AnyNode & { readonly property: { readonly name: string } } {
  return (
    node.type === 'MemberExpression' &&
    !node.computed &&
    node.property.type === 'Identifier' &&
    node.object.type === 'Identifier' &&
    node.object.name === name
  )
}

/** `(name?.method)()` calls with `this` too. */
function withoutChain(node: AnyNode): AnyNode {
  return node.type === 'ChainExpression' || node.type === 'ParenthesizedExpression'
    ? withoutChain(node.expression)
    : node
}

/** Whether `arguments` or a direct `eval` occurs anywhere: both reach the argument without its name. */
function usesArguments(node: AnyNode): boolean {
  if (node.type === 'Identifier') return node.name === 'arguments' || node.name === 'eval'
  return childrenOf(node).some(usesArguments)
}

/**
 * The nodes directly below. Names that only label a property stand for themselves and are left out, so that
 * `{ event: 1 }` and `other.event` are no uses of `event`; a shorthand `{ event }` is one.
 */
function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = []
  for (const [part, value] of Object.entries(node)) {
    const isLabel =
      (part === 'property' && node.type === 'MemberExpression' && !node.computed) ||
      (part === 'key' && 'computed' in node && !node.computed)
    if (isLabel) continue
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'object' && one !== null && 'type' in one) children.push(one as AnyNode)
    }
  }
  return children
}
