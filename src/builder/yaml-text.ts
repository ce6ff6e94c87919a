// Writes a tree as YAML, and remembers which place of the user's source each line is about.
import { toKebab } from '../dataflow/index.ts'
import type { SourcePlace } from './place.ts'

/** A function's text; `place` says where a character of it stands in the user's file. */
export class Code {
  readonly text: string
  readonly at: SourcePlace | null
  /** Whoever it belongs to, to be found again by its line. */
  readonly owner: unknown

  constructor(text: string, at: SourcePlace | null, owner: unknown) {
    this.text = text
    this.at = at
    this.owner = owner
  }
}

/** A part of the tree with the place that findings in it have. */
export class Placed {
  readonly value: Tree
  readonly at: SourcePlace | null

  constructor(value: Tree, at: SourcePlace | null) {
    this.value = value
    this.at = at
  }
}

/** A mapping whose keys may be there twice, as the user said them: the compiler finds that. */
export class Entries {
  readonly entries: readonly (readonly [string, Tree])[]

  constructor(entries: readonly (readonly [string, Tree])[]) {
    this.entries = entries
  }
}

export type Tree =
  | string
  | number
  | bigint
  | boolean
  | null
  | Code
  | Placed
  | Entries
  | readonly Tree[]
  | { readonly [key: string]: Tree | undefined }

type MapTree = Entries | { readonly [key: string]: Tree | undefined }

/** From a line on, a place. */
export interface Mark {
  /** Counts from 1. */
  readonly line: number
  readonly at: SourcePlace
  /** On lines of a function: how far its text is indented, and whose it is. */
  readonly code: {
    readonly indent: number
    readonly lines: number
    readonly owner: unknown
  } | null
}

/** YAML and its places, in the order of the lines. */
export interface YamlText {
  readonly text: string
  readonly marks: readonly Mark[]
}

/** A name as the file has it: kebab-case, where it is a name of TypeScript. */
export function nameOf(name: string): string {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(name) ? toKebab(name) : name
}

/** Without what is undefined. */
export function defined(tree: Readonly<Record<string, Tree | undefined>>): Record<string, Tree> {
  const entries = Object.entries(tree).filter(
    (entry): entry is [string, Tree] => entry[1] !== undefined
  )
  return Object.fromEntries(entries)
}

const WIDTH = 100
const STEP = '  '

/** Writes `tree`, a mapping, as a document. Keys that are undefined are left out. */
export function writeYaml(tree: MapTree): YamlText {
  const writer = new Writer()
  writer.map(tree, '')
  return { text: `${writer.lines.join('\n')}\n`, marks: writer.marks }
}

class Writer {
  readonly lines: string[] = []
  readonly marks: Mark[] = []

  map(tree: MapTree, indent: string, first = indent): void {
    let start = first
    const entries = tree instanceof Entries ? tree.entries : Object.entries(tree)
    for (const [key, value] of entries) {
      if (value === undefined) continue
      this.#value(`${start}${scalar(key)}:`, value, indent)
      start = indent
    }
  }

  #value(head: string, given: Tree, indent: string): void {
    const value = this.#placed(given)
    if (value instanceof Code) return this.#code(head, value, indent)
    const flow = flowOf(value)
    if (flow !== null && head.length + flow.length < WIDTH) {
      this.lines.push(`${head} ${flow}`)
    } else if (isList(value)) {
      this.lines.push(head)
      for (const item of value) this.#item(item, `${indent}${STEP}`)
    } else if (isMap(value)) {
      this.lines.push(head)
      this.map(value, `${indent}${STEP}`)
    } else this.lines.push(`${head} ${flow ?? ''}`)
  }

  #item(given: Tree, indent: string): void {
    const value = this.#placed(given)
    const flow = value instanceof Code ? null : flowOf(value)
    if (flow !== null && indent.length + flow.length < WIDTH - 2) {
      this.lines.push(`${indent}- ${flow}`)
    } else if (isMap(value)) {
      this.map(value, `${indent}${STEP}`, `${indent}- `)
    } else this.#value(`${indent}-`, value, indent)
  }

  #code(head: string, { text, at, owner }: Code, indent: string): void {
    const inner = `${indent}${STEP}`
    this.lines.push(`${head} |`)
    const lines = text.split('\n')
    if (at !== null) {
      const code = { indent: inner.length, lines: lines.length, owner }
      this.marks.push({ line: this.lines.length + 1, at, code })
    }
    // Blanks alone may stand in a text over several lines.
    for (const line of lines) this.lines.push(line === '' ? '' : `${inner}${line}`)
  }

  #placed(value: Tree): Exclude<Tree, Placed> {
    let inner = value
    while (inner instanceof Placed) {
      if (inner.at !== null)
        this.marks.push({ line: this.lines.length + 1, at: inner.at, code: null })
      inner = inner.value
    }
    return inner
  }
}

/** The tree in one line; null when a function or a comment-worthy place stands in it. */
function flowOf(value: Tree): string | null {
  if (value instanceof Placed || value instanceof Code || value instanceof Entries) return null
  if (isList(value)) {
    const items = value.map(item => flowOf(item))
    return items.includes(null) ? null : `[${items.join(', ')}]`
  }
  if (!isMap(value)) return scalar(value as string | number | bigint | boolean | null)
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return []
    const flow = flowOf(item)
    return [flow === null ? null : `${scalar(key)}: ${flow}`]
  })
  if (entries.includes(null)) return null
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree)
}

function isMap(tree: Tree): tree is MapTree {
  return typeof tree === 'object' && tree !== null && !isList(tree)
}

/** A scalar so that YAML reads the same: texts in quotes unless they are plain words. */
function scalar(value: string | number | bigint | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  const isPlain = /^[A-Za-z][\w./-]*( [\w./-]+)*$|^\d+(?:ms|s|m|h|d|w)$|^\d+\.\d+\.\d+$/.test(value)
  const isWord = !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value)
  return isPlain && isWord ? value : quoted(value)
}

function quoted(text: string): string {
  const isSimple = /^[\x20-\x7e\u00a0-\ud7ff]*$/.test(text)
  return isSimple && !text.includes("'") && !text.includes('\\')
    ? `'${text}'`
    : JSON.stringify(text)
}
