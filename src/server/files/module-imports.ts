// What a module of JavaScript imports: static and dynamic imports, exports from elsewhere, `require` of a text.
import { isBuiltin } from 'node:module'

import type { AnyNode, Program } from 'acorn'
import { acornLibrary } from '../../dataflow/index.ts'

/** One import, and where its text in quotes stands in the code. */
export interface ModuleImport {
  readonly specifier: string
  readonly start: number
  readonly end: number
}

/** All imports of `code`, in the order of the text; none of what is no JavaScript, which is told when it is loaded. */
export function importsOf(code: string): ModuleImport[] {
  const found: ModuleImport[] = []
  const program = parsed(code, 'module') ?? parsed(code, 'script')
  const open: AnyNode[] = program === null ? [] : [program]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const source = sourceOf(node)
    if (source?.type === 'Literal' && typeof source.value === 'string') {
      found.push({ specifier: source.value, start: source.start, end: source.end })
    }
    open.push(...childrenOf(node))
  }
  return found.toSorted((a, b) => a.start - b.start)
}

/** Whether a specifier names something of npm: no file, no part of Node, nothing of the own manifest. */
export function isOfPackage(specifier: string): boolean {
  return !/^(?:[./#]|data:|https?:|file:)/.test(specifier) && !isBuiltin(specifier)
}

/** The npm package of a specifier: `@acme/words/types.ts` belongs to `@acme/words`. */
export function packageOf(specifier: string): string {
  const count = specifier.startsWith('@') ? 2 : 1
  return specifier.split('/').slice(0, count).join('/')
}

function parsed(code: string, sourceType: 'module' | 'script'): Program | null {
  try {
    return acornLibrary().parse(code, {
      ecmaVersion: 'latest',
      sourceType,
      allowReturnOutsideFunction: true
    })
  } catch {
    return null
  }
}

/** What names the module in an import of any kind; null of all else. */
function sourceOf(node: AnyNode): AnyNode | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ImportExpression':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source ?? null
    case 'CallExpression': {
      const { callee, arguments: given } = node
      return callee.type === 'Identifier' && callee.name === 'require' ? (given[0] ?? null) : null
    }
    default:
      return null
  }
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter(
      (child): child is AnyNode => typeof child === 'object' && child !== null && 'type' in child
    )
}
