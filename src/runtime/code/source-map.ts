// Which place of the dataflow file each line of the generated TypeScript stands for.
import type { CodePlan, Position } from '../../dataflow/plan.ts'

/** A place in the user's file, with how many columns to underline. */
export interface MappedPlace extends Position {
  readonly length: number
}

interface Range {
  /** First generated line, from 1. */
  readonly from: number
  readonly lines: readonly string[]
  readonly code: Extract<CodePlan, { readonly kind: 'inline' }>
}

/**
 * Generated text under construction, and its map. Lines of users' code map to themselves; the lines that are
 * written around them map to an anchor, the place that an error there is about.
 */
export class MappedText {
  readonly #lines: string[] = []
  readonly #ranges: Range[] = []
  /** By generated line, from 0. */
  readonly #anchors: (MappedPlace | null)[] = []

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  /** Appends generated text, about `anchor`. */
  add(text: string, anchor: MappedPlace | null = null): void {
    for (const line of text.split('\n')) {
      this.#lines.push(line)
      this.#anchors.push(anchor)
    }
  }

  /** Appends a user's function as it is. */
  addSource(code: Extract<CodePlan, { readonly kind: 'inline' }>): void {
    const lines = code.source.split('\n')
    this.#ranges.push({ from: this.#lines.length + 1, lines, code })
    this.add(code.source, anchorOf(code))
  }

  /** Where a place of the generated text comes from; null where it is about nothing of the user's. */
  placeOf(line: number, column: number): MappedPlace | null {
    const range = this.#ranges.find(({ from, lines }) => line >= from && line < from + lines.length)
    if (range === undefined) return this.#anchors[line - 1] ?? null
    const { code, lines, from } = range
    const text = lines[line - from]!
    const length = /^[\w$]+/.exec(text.slice(column - 1))?.[0].length ?? 1
    const moved = placeInSource(code, line - from, column - 1)
    // A function as a whole does not fit: its name says so better than the word `function`.
    const word = text.slice(column - 1, column - 1 + length)
    return word === 'function' || word === 'async' ? anchorOf(code) : { ...moved, length }
  }
}

/** The place that errors about a step as a whole have: the name of its function, or what `uses` says. */
export function anchorOf(code: CodePlan): MappedPlace {
  if (code.kind !== 'inline') return { ...code.at, length: 1 }
  const name = code.functionName
  const escaped = name.replaceAll('$', '\\$')
  const match = new RegExp(`\\bfunction\\s*\\*?\\s*${escaped}(?![\\w$])`).exec(code.source)
  if (match === null) return { ...code.at, length: 1 }
  const before = code.source.slice(0, match.index + match[0].length - name.length)
  const line = before.split('\n').length - 1
  const column = before.length - (before.lastIndexOf('\n') + 1)
  return { ...placeInSource(code, line, column), length: name.length }
}

/** Where a place of the source stands in the file; `line` and `column` count from 0 in the source. */
export function placeInSource(
  code: Extract<CodePlan, { readonly kind: 'inline' }>,
  line: number,
  column: number
): Position {
  const { at, indent, places, source } = code
  if (places !== undefined) {
    const index = startOfLine(source, line) + column
    const place = places.findLast(one => one.index <= index) ?? { ...at, index: 0 }
    return { file: at.file, line: place.line, column: place.column + index - place.index }
  }
  const shift = line === 0 ? at.column - 1 : indent
  return { file: at.file, line: at.line + line, column: column + 1 + shift }
}

function startOfLine(source: string, line: number): number {
  let start = 0
  for (let passed = 0; passed < line; passed++) start = source.indexOf('\n', start) + 1
  return start
}
