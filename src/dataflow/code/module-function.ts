// Finds an exported function in a module's text and reads its signature.
import type { Expression, Identifier, Literal, Program, VariableDeclarator } from 'acorn'
import {
  parseProgram,
  signatureOf,
  type CodeProblem,
  type FunctionNode,
  type ParsedFunction
} from './parse-function.ts'

/** What a module says about one of its exports. */
export type ModuleFunction =
  /** `function` null: exported, but its signature stands elsewhere or is no plain function. */
  | { readonly kind: 'found'; readonly function: ParsedFunction | null }
  | { readonly kind: 'missing'; readonly exports: readonly string[] }
  | { readonly kind: 'problem'; readonly problem: CodeProblem }

/** Reads the signature of the export `name` of the module text `source`. */
export function readModuleFunction(source: string, name: string): ModuleFunction {
  const parsed = parseProgram(source)
  if ('problem' in parsed) return { kind: 'problem', problem: parsed.problem }
  const { names, isOpen, local } = exportsOf(parsed.program, name)
  if (!names.includes(name))
    return isOpen ? { kind: 'found', function: null } : { kind: 'missing', exports: names }
  const node = local === null ? null : functionNamed(parsed.program, local)
  if (node === null) return { kind: 'found', function: null }
  return { kind: 'found', function: signatureOf(parsed, node.function, name, node.nameStart) }
}

/** Names that a program exports, whether it re-exports unknown ones, and the local name behind `wanted`. */
function exportsOf(
  program: Program,
  wanted: string
): { names: string[]; isOpen: boolean; local: string | null } {
  const names: string[] = []
  let isOpen = false
  let local: string | null = null
  for (const item of program.body) {
    if (item.type === 'ExportAllDeclaration') {
      if (item.exported === null || item.exported === undefined) isOpen = true
      else names.push(exportedName(item.exported))
    }
    if (item.type !== 'ExportNamedDeclaration') continue
    for (const name of declaredNames(item.declaration)) {
      names.push(name)
      if (name === wanted) local = name
    }
    for (const specifier of item.specifiers) {
      const name = exportedName(specifier.exported)
      names.push(name)
      if (name === wanted && item.source == null) local = exportedName(specifier.local)
    }
  }
  return { names, isOpen, local }
}

function exportedName(node: Identifier | Literal): string {
  return node.type === 'Identifier' ? node.name : String(node.value)
}

type Declaration = Extract<
  Program['body'][number],
  { type: 'ExportNamedDeclaration' }
>['declaration']

function declaredNames(declaration: Declaration): string[] {
  if (declaration == null) return []
  if (declaration.type !== 'VariableDeclaration') return [declaration.id.name]
  return declaration.declarations.flatMap(item =>
    item.id.type === 'Identifier' ? [item.id.name] : []
  )
}

/** The function that a name of the program's top level is bound to. */
function functionNamed(
  program: Program,
  name: string
): { function: FunctionNode; nameStart: number } | null {
  for (const item of program.body) {
    const declaration = item.type === 'ExportNamedDeclaration' ? item.declaration : item
    if (declaration?.type === 'FunctionDeclaration' && declaration.id?.name === name) {
      return { function: declaration, nameStart: declaration.id.start }
    }
    if (declaration?.type !== 'VariableDeclaration') continue
    const declarator = declaration.declarations.find(
      candidate => candidate.id.type === 'Identifier' && candidate.id.name === name
    )
    if (declarator !== undefined) return functionOf(declarator)
  }
  return null
}

/** `const f = (…) => …` and `const f = function (…) {…}`; an annotated variable says its type elsewhere. */
function functionOf(
  declarator: VariableDeclarator
): { function: FunctionNode; nameStart: number } | null {
  const value: Expression | null | undefined = declarator.init
  if (value?.type !== 'ArrowFunctionExpression' && value?.type !== 'FunctionExpression') return null
  return { function: value, nameStart: value.start }
}
