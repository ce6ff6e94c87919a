// Which names a function uses that stand outside of it: those it cannot take along as text.
import type { AnyNode, Function as FunctionNode, Pattern } from 'acorn'

/** Names declared in one function or block. */
class Scope {
  readonly parent: Scope | null
  readonly names = new Set<string>()

  constructor(parent: Scope | null) {
    this.parent = parent
  }

  knows(name: string): boolean {
    return this.names.has(name) || (this.parent?.knows(name) ?? false)
  }
}

/**
 * The names, in the order of the text, that `node` uses and does not declare, without those of the language's and
 * Node's globals; `this` where an outer one would be meant.
 */
export function capturedNames(node: AnyNode): string[] {
  const found = new Set<string>()
  visit(node, new Scope(null), { found, isOutermost: true })
  return [...found].filter(name => !(name in globalThis) && name !== 'undefined')
}

interface Search {
  readonly found: Set<string>
  /** Whether `this` is that of the function itself. */
  readonly isOutermost: boolean
}

function visit(node: AnyNode, scope: Scope, search: Search): void {
  switch (node.type) {
    case 'Identifier':
      if (!scope.knows(node.name)) search.found.add(node.name)
      return
    case 'ThisExpression':
      if (search.isOutermost) search.found.add('this')
      return
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return visitFunction(node, scope, search)
    case 'MemberExpression':
      visit(node.object, scope, search)
      if (node.computed) visit(node.property, scope, search)
      return
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      if (node.computed) visit(node.key, scope, search)
      if (node.value) visit(node.value, scope, search)
      return
    case 'LabeledStatement':
      return visit(node.body, scope, search)
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return
    case 'ClassDeclaration':
    case 'ClassExpression': {
      const inner = new Scope(scope)
      if (node.id) inner.names.add(node.id.name)
      if (node.superClass) visit(node.superClass, scope, search)
      return visit(node.body, inner, { ...search, isOutermost: false })
    }
    case 'BlockStatement':
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'SwitchStatement':
    case 'CatchClause':
    case 'StaticBlock': {
      const inner = new Scope(scope)
      declareLexical(node, inner.names)
      if (node.type === 'CatchClause' && node.param) declarePattern(node.param, inner.names)
      return visitChildren(node, inner, search)
    }
    default:
      visitChildren(node, scope, search)
  }
}

function visitFunction(node: FunctionNode, scope: Scope, search: Search): void {
  const inner = new Scope(scope)
  if (node.id) inner.names.add(node.id.name)
  const isArrow = node.type === 'ArrowFunctionExpression'
  if (!isArrow) inner.names.add('arguments')
  for (const param of node.params) declarePattern(param, inner.names)
  declareVariables(node.body, inner.names)
  const isFirst = scope.parent === null && scope.names.size === 0
  const isOutermost = search.isOutermost && (isArrow || isFirst)
  for (const part of [...node.params, node.body]) visit(part, inner, { ...search, isOutermost })
}

/** Declarations that hold in the whole of a block: let, const, classes and functions directly in it. */
function declareLexical(block: AnyNode, names: Set<string>): void {
  for (const child of childrenOf(block)) {
    if (child.type === 'VariableDeclaration') declareNames(child, names)
    else if (child.type === 'SwitchCase') declareLexical(child, names)
    else if (
      (child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') &&
      child.id !== null
    )
      names.add(child.id.name)
  }
}

/** `var` holds in the whole function, however deep it stands. */
function declareVariables(node: AnyNode, names: Set<string>): void {
  if (node.type === 'VariableDeclaration' && node.kind === 'var') declareNames(node, names)
  for (const child of childrenOf(node)) {
    if (!/Function|Class/.test(child.type)) declareVariables(child, names)
  }
}

function declareNames(
  node: Extract<AnyNode, { type: 'VariableDeclaration' }>,
  names: Set<string>
): void {
  for (const { id } of node.declarations) declarePattern(id, names)
}

function declarePattern(pattern: Pattern, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name)
      return
    case 'ObjectPattern':
      for (const property of pattern.properties)
        declarePattern(property.type === 'RestElement' ? property.argument : property.value, names)
      return
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element) declarePattern(element, names)
      return
    case 'RestElement':
      return declarePattern(pattern.argument, names)
    case 'AssignmentPattern':
      return declarePattern(pattern.left, names)
    case 'MemberExpression':
  }
}

function visitChildren(node: AnyNode, scope: Scope, search: Search): void {
  for (const child of childrenOf(node)) visit(child, scope, search)
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter(
      (child): child is AnyNode => typeof child === 'object' && child !== null && 'type' in child
    )
}
