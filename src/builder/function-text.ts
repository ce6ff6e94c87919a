// The text of a function as one declaration: what `run:` of a file takes, and what travels to threads.
import type { AnyNode, Function as FunctionNode, FunctionDeclaration } from 'acorn'
import { acornLibrary, isIdentifier } from '../dataflow/index.ts'
import { capturedNames } from './captures.ts'
import type { AnyFunction } from './step.ts'

/** A function as text. */
export interface FunctionText {
  /** As it stands in the user's file, without types. */
  readonly original: string
  /** One function declaration; its lines are those of `original`. */
  readonly declaration: string
  /** The declaration for people: without the blanks that types left behind. */
  tidied(): string
  readonly name: string
  /** Names that it needs from around it; with any, the text alone does not work. */
  readonly captures: readonly string[]
}

const parse = (text: string): ReturnType<ReturnType<typeof acornLibrary>['parseExpressionAt']> =>
  acornLibrary().parseExpressionAt(text, 0, { ecmaVersion: 'latest' })

/** The name that a function has by itself; null for one without. */
export function ownName(fn: AnyFunction): string | null {
  return isIdentifier(fn.name) ? fn.name : null
}

/** What decides about the type that a function returns. */
export interface FunctionTraits {
  readonly isAsync: boolean
  /** Whether no `return` of its own gives a value. */
  readonly isSilent: boolean
}

/**
 * Reads the text of `fn` and makes it a declaration of `name`, which takes a `parameter` and returns what `annotate`
 * says; null for what has no text: native and bound functions, classes.
 */
export function textOf(
  fn: AnyFunction,
  name: string,
  annotate: (traits: FunctionTraits) => string | null,
  parameter: string | null = null
): FunctionText | null {
  const original = Function.prototype.toString.call(fn)
  const found = functionIn(original)
  if (found === null) return null
  const { node, text } = found
  const plain = declarationOf(node, text, name)
  const declared = declarationIn(plain)
  if (declared === null) return null
  const annotation = annotate({ isAsync: node.async, isSilent: isSilent(declared.body) })
  const captures = capturedNames(declared).filter(found => found !== 'keyed')
  return {
    original,
    declaration: annotated(plain, declared, annotation, parameter),
    tidied: () => {
      const tidy = dedented(tidied(plain))
      return annotated(tidy, declarationIn(tidy)!, annotation, parameter)
    },
    name,
    captures
  }
}

function declarationIn(text: string): FunctionDeclaration | null {
  try {
    const options = { ecmaVersion: 'latest', sourceType: 'module' } as const
    const [statement] = acornLibrary().parse(text, options).body
    return statement?.type === 'FunctionDeclaration' ? (statement as FunctionDeclaration) : null
  } catch {
    return null
  }
}

/** Puts the type behind the parameters, and that of the first one behind it. */
function annotated(
  text: string,
  { body, params }: FunctionDeclaration,
  annotation: string | null,
  parameter: string | null
): string {
  const end = text.lastIndexOf(')', body.start) + 1
  const result = annotation === null ? '' : `: ${annotation}`
  const [first] = params
  if (first === undefined || parameter === null) {
    return `${text.slice(0, end)}${result}${text.slice(end)}`
  }
  const name = first.type === 'AssignmentPattern' ? first.left.end : first.end
  const head = `${text.slice(0, name)}: ${parameter}${text.slice(name, end)}`
  return `${head}${result}${text.slice(end)}`
}

/** Whether a declaration has no `return` of its own that gives a value. */
export function givesNothing(declaration: string): boolean {
  const declared = declarationIn(declaration)
  return declared !== null && isSilent(declared.body)
}

/** Whether a declaration takes one parameter alone. */
export function takesOne(declaration: string): boolean {
  const [first, second] = declarationIn(declaration)?.params ?? []
  const isOne = first !== undefined && first.type !== 'RestElement' && second === undefined
  return isOne && !/\barguments\b/.test(declaration)
}

function isSilent(node: AnyNode): boolean {
  if (node.type === 'ReturnStatement') return node.argument === null || node.argument === undefined
  return Object.values(node)
    .flat()
    .every(
      child =>
        typeof child !== 'object' ||
        child === null ||
        !('type' in child) ||
        /Function/.test((child as AnyNode).type) ||
        isSilent(child as AnyNode)
    )
}

/** The function of a text, and the text in which its places count. */
function functionIn(
  original: string
): { readonly node: FunctionNode; readonly text: string } | null {
  try {
    const text = `(${original})`
    const node = parse(text)
    return node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
      ? { node, text }
      : null
  } catch {
    // A method of an object: `name(value) { … }`.
  }
  try {
    const text = `({${original}})`
    const node = parse(text)
    const property = node.type === 'ObjectExpression' ? node.properties[0] : undefined
    const value = property?.type === 'Property' ? property.value : undefined
    return value?.type === 'FunctionExpression' ? { node: value, text } : null
  } catch {
    return null
  }
}

function declarationOf(node: FunctionNode, text: string, name: string): string {
  if (node.type === 'FunctionExpression' && node.id?.name === name) {
    return text.slice(node.start, node.end)
  }
  const head = `${node.async ? 'async ' : ''}function${node.generator ? '*' : ''} ${name}`
  const { params, body } = node
  const [first] = params
  const parameters = first === undefined ? '' : text.slice(first.start, params.at(-1)!.end)
  // Lines stay what they are, so that errors have their places.
  const linesBefore = text.slice(node.start, body.start).split('\n').length
  const lost = linesBefore - parameters.split('\n').length
  const code = text.slice(body.start, body.end)
  const block = body.type === 'BlockStatement' ? code : `{ return ${asExpression(code)} }`
  return `${head}(${parameters}) ${'\n'.repeat(Math.max(0, lost))}${block}`
}

/** A body that begins on a line of its own must not end `return`. */
function asExpression(code: string): string {
  return code.includes('\n') ? `(${code})` : code
}

const KEYWORD = /(?:\b(?:if|for|while|switch|catch|return|await|typeof|in|of|case|yield)|[^\w$])$/

/** Takes the blanks out that types left behind; strings, comments and lines stay as they are. */
export function tidied(code: string): string {
  const ends: { readonly end: number; readonly start: number; readonly isClosing: boolean }[] = []
  const note = (start: number, end: number): void =>
    void ends.push({ start, end, isClosing: /[,;)\]]/.test(code[start]!) })
  try {
    const tokens = acornLibrary().tokenizer(code, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      onComment: (_isBlock, _text, start, end) => note(start, end)
    })
    for (const { start, end } of tokens) if (end > start) note(start, end)
  } catch {
    return code
  }
  ends.sort((a, b) => a.start - b.start)
  let result = ''
  let before = 0
  for (const { start, end, isClosing } of ends) {
    const gap = code.slice(before, start)
    const isInLine = before > 0 && /^ +$/.test(gap)
    // A call whose type arguments were there.
    const isCall = gap.length > 1 && code[start] === '(' && !KEYWORD.test(result)
    const isTight = isClosing || isCall
    result += !isInLine ? gap.replace(/[ \t]+(?=\n)/g, '') : isTight ? '' : ' '
    result += code.slice(start, end)
    before = end
  }
  return result + code.slice(before)
}

/** Moves the lines behind the first to the left, so that the last stands below the first. */
function dedented(code: string): string {
  const indent = /^ */.exec(code.slice(code.lastIndexOf('\n') + 1))![0]
  if (indent === '' || hasLongTemplate(code)) return code
  return code.replaceAll(new RegExp(`^ {1,${indent.length}}`, 'gm'), '')
}

/** Whether a text over several lines may stand in the code, which blanks would change. */
export function hasLongTemplate(code: string): boolean {
  return /`[^`]*\n[^`]*`/.test(code)
}
