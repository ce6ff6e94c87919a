// Reads a TypeScript function's signature: name, async, parameters and return type, with their places.
//
// Types are stripped first (blanks keep all places), the rest is parsed as JavaScript; annotations are then read
// from the original text, between the end of a parameter's pattern and the next punctuation.
import type { Comment, FunctionDeclaration, Pattern, Program } from 'acorn'
import { acornLibrary } from '../libraries.ts'
import { findTooDeep } from './nesting.ts'
import { stripSignature } from './strip-signature.ts'
import { strip } from './strip.ts'

/** Something wrong in the code; `start` and `length` count in its text. */
export interface CodeProblem {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly start: number
  readonly length: number
}

/** An annotation and where it begins. */
export interface Annotation {
  readonly text: string
  readonly start: number
}

export interface ParsedParameter {
  /** null for a destructuring pattern. */
  readonly name: string | null
  readonly type: Annotation | null
  readonly isRest: boolean
  readonly start: number
  readonly end: number
}

export interface ParsedFunction {
  readonly name: string
  readonly nameStart: number
  readonly async: boolean
  readonly parameters: readonly ParsedParameter[]
  readonly returnType: Annotation | null
  /** Names of type parameters. */
  readonly typeParameters: readonly string[]
}

export interface ParseFunctionResult {
  /** With its text without types, every character at its old place; null iff there is a problem. */
  readonly function: (ParsedFunction & { readonly stripped: string }) | null
  readonly problems: readonly CodeProblem[]
}

/** What a function of any form has in common: declarations, expressions, arrows. */
export interface FunctionNode {
  readonly start: number
  readonly async: boolean
  readonly generator: boolean
  readonly params: readonly Pattern[]
  readonly body: { readonly start: number }
}

/** A program that was parsed: original text, text without types, tree and comments. */
export interface ParsedProgram {
  readonly source: string
  readonly stripped: string
  readonly program: Program
  readonly comments: readonly Comment[]
}

const ONE_FUNCTION = 'Write exactly one: function name(value: Type, ctx: Context): Type { … }'

/** Parses the text of `run`: exactly one function declaration. */
export function parseFunction(source: string): ParseFunctionResult {
  const rust = rustProblem(source)
  if (rust !== null) return { function: null, problems: [rust] }
  const parsed = parsePlain(source) ?? parseProgram(source)
  if ('problem' in parsed) return { function: null, problems: [parsed.problem] }
  const problem = shapeProblem(parsed)
  if (problem !== null) return { function: null, problems: [problem] }
  const node = parsed.program.body.find(
    item => item.type === 'FunctionDeclaration'
  ) as FunctionDeclaration
  const { stripped } = parsed
  const signature = signatureOf(parsed, node, node.id.name, node.id.start)
  return { function: { ...signature, stripped }, problems: [] }
}

/** Parses a function with types in its signature only, without Node's stripper; null for all else. */
function parsePlain(source: string): ParsedProgram | null {
  if (findTooDeep(source) !== null) return null
  const stripped = stripSignature(source)
  const parsed = stripped === null ? null : parseJavaScript(source, stripped)
  return parsed === null || 'problem' in parsed ? null : parsed
}

/** Strips and parses any module text. */
export function parseProgram(source: string): ParsedProgram | { readonly problem: CodeProblem } {
  const result = strip(source)
  return 'problem' in result ? result : parseJavaScript(source, result.stripped)
}

function parseJavaScript(
  source: string,
  stripped: string
): ParsedProgram | { readonly problem: CodeProblem } {
  const comments: Comment[] = []
  try {
    const program = acornLibrary().parse(stripped, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      onComment: comments
    })
    return { source, stripped, program, comments }
  } catch (error) {
    const { pos, message } = error as { pos?: number; message: string }
    const sentence = message.replace(/\s*\(\d+:\d+\)$/, '')
    return {
      problem: {
        code: 'CODE_SYNTAX',
        message: `not valid TypeScript: ${sentence}`,
        hint: null,
        start: pos ?? 0,
        length: 1
      }
    }
  }
}

/** Reads the signature of a function node of a parsed program. */
export function signatureOf(
  parsed: ParsedProgram,
  node: FunctionNode,
  name: string,
  nameStart: number
): ParsedFunction {
  let end = afterOpening(parsed, node, nameStart + name.length)
  const head = parsed.source.slice(nameStart, end)
  const parameters = node.params.map(pattern => {
    const parameter = parameterOf(parsed, pattern)
    end = Math.max(end, pattern.end)
    return parameter
  })
  const closing = nextCode(parsed, end, ')')
  const bodyStart = nextCode(parsed, closing + 1, null, node.body.start)
  const returnType = annotationBetween(parsed, closing + 1, bodyStart)
  return {
    name,
    nameStart,
    async: node.async,
    parameters,
    returnType,
    typeParameters: typeParametersOf(head)
  }
}

function parameterOf(parsed: ParsedProgram, pattern: Pattern): ParsedParameter {
  const target = pattern.type === 'AssignmentPattern' ? pattern.left : pattern
  const inner = target.type === 'RestElement' ? target.argument : target
  const next = nextCode(parsed, inner.end, null)
  return {
    name: inner.type === 'Identifier' ? inner.name : null,
    type: annotationBetween(parsed, inner.end, next),
    isRest: target.type === 'RestElement',
    start: pattern.start,
    end: Math.max(next, pattern.end)
  }
}

/** Just after the `(` of the parameters; type parameters before it are blanks by now. */
function afterOpening(parsed: ParsedProgram, node: FunctionNode, from: number): number {
  const first = node.params[0]
  const opening = nextCode(parsed, Math.max(from, node.start), '(')
  return first === undefined ? opening + 1 : Math.min(opening + 1, first.start)
}

/** The next place from `from` on that is code: neither blank nor comment; `wanted` skips other characters too. */
function nextCode(
  parsed: ParsedProgram,
  from: number,
  wanted: string | null,
  limit: number = parsed.stripped.length
): number {
  let at = from
  while (at < limit) {
    const commentEnd = commentEndAt(parsed.comments, at)
    if (commentEnd > at) at = commentEnd
    else if (/\s/.test(parsed.stripped[at]!)) at++
    else if (wanted !== null && parsed.stripped[at] !== wanted) at++
    else return at
  }
  return limit
}

/** The end of the comment that covers `at`, or `at` itself. */
function commentEndAt(comments: readonly Comment[], at: number): number {
  const comment = comments[commentIndexAt(comments, at)]
  return comment !== undefined && comment.start <= at ? comment.end : at
}

/** Index of the first comment that ends behind `at`. Comments are sorted, and a hostile file has many. */
function commentIndexAt(comments: readonly Comment[], at: number): number {
  let low = 0
  let high = comments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (comments[middle]!.end <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** The annotation that was stripped from `start`…`end`: what follows the colon, without comments before it. */
function annotationBetween(parsed: ParsedProgram, start: number, end: number): Annotation | null {
  const match = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)*\??\s*:\s*/.exec(
    parsed.source.slice(start, end)
  )
  if (match === null) return null
  const from = start + match[0].length
  const text = parsed.source.slice(from, trimmedEnd(parsed, from, end))
  return text === '' ? null : { text, start: from }
}

/** The end of what stands in `start`…`end`, without blanks and comments behind it. */
function trimmedEnd(parsed: ParsedProgram, start: number, end: number): number {
  let at = end
  while (at > start) {
    if (/\s/.test(parsed.source[at - 1]!)) at--
    else {
      const comment = parsed.comments[commentIndexAt(parsed.comments, at - 1)]
      if (comment === undefined || comment.end !== at) return at
      at = comment.start
    }
  }
  return Math.max(at, start)
}

function typeParametersOf(head: string): string[] {
  const open = head.indexOf('<')
  if (open < 0) return []
  return [...head.slice(open).matchAll(/[<,]\s*(?:const\s+|in\s+|out\s+)*([A-Za-z_$][\w$]*)/g)].map(
    match => match[1]!
  )
}

function rustProblem(source: string): CodeProblem | null {
  const match =
    /^(?:\s|\/\/[^\n]*\n|#\[[^\]\n]*\])*(?=(?:pub(?:\([^)\n]*\))?\s+)?(?:async\s+)?fn\s)/.exec(
      source
    )
  if (match === null) return null
  const message = 'this function is Rust; millrace runs TypeScript'
  return {
    code: 'CODE_RUST',
    message,
    hint: 'Write it in TypeScript: function name(value: Type): Type { … }',
    start: match[0].length,
    length: 2
  }
}

function problem(
  message: string,
  start: number,
  length: number,
  hint: string = ONE_FUNCTION
): CodeProblem {
  return { code: 'CODE_SHAPE', message, hint, start, length }
}

/** What keeps a program from being exactly one function declaration. */
function shapeProblem(parsed: ParsedProgram): CodeProblem | null {
  const { source, stripped, program } = parsed
  const items = program.body.filter(item => item.type !== 'EmptyStatement')
  const declared = items.find(item => item.type === 'FunctionDeclaration') as
    | FunctionDeclaration
    | undefined
  const other = items.find(item => item !== declared)
  if (other !== undefined) {
    const isImport = other.type === 'ImportDeclaration'
    const isExport = other.type.startsWith('Export')
    const hint = isImport
      ? 'Move the function to a module and name it by "uses".'
      : isExport
        ? 'Leave out "export".'
        : declared !== undefined
          ? 'Move what it needs into it, or all of it to a module that "uses" names: uses: ./functions.ts#name'
          : ONE_FUNCTION
    return problem(
      '"run" must hold one function declaration and nothing else',
      other.start,
      Math.min(other.end - other.start, 80),
      hint
    )
  }
  if (declared === undefined) return problem('"run" holds no function', 0, 1)
  if (declared.generator)
    return problem(
      'a generator cannot be an operator',
      declared.start,
      declared.id.end - declared.start,
      'Return an array instead.'
    )
  for (const [start, end] of [
    [0, declared.start],
    [declared.end, source.length]
  ] as const) {
    const types = firstDifference(source, stripped, start, end)
    if (types !== null)
      return problem(
        '"run" must hold one function declaration and nothing else',
        types,
        1,
        'Declare types in the section "types" of the file.'
      )
  }
  return null
}

function firstDifference(
  source: string,
  stripped: string,
  start: number,
  end: number
): number | null {
  for (let at = start; at < end; at++) if (source[at] !== stripped[at]) return at
  return null
}
