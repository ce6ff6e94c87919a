// Collects diagnostics while a text is read: offsets become lines and columns, repeats are dropped.
import type { Diagnostic } from './diagnostics.ts'
import type { Position } from './plan.ts'

/** Part of the text: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Diagnostics of one run that are kept; an honest file has far fewer, a hostile one could fill the memory. */
export const DIAGNOSTICS_MAX = 200

/** Where every line of a text begins. */
export class TextLines {
  readonly #starts: number[] = [0]
  readonly #length: number

  constructor(text: string) {
    this.#length = text.length
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1))
      this.#starts.push(at + 1)
  }

  /** Line and column of an offset, both counting from 1. Offsets outside the text give its nearest end. */
  placeOf(offset: number): { line: number; column: number } {
    const inside = Math.min(Math.max(offset, 0), this.#length)
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= inside) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: inside - this.#starts[low]! + 1 }
  }

  /** Offset of the first character of a line that counts from 1; the text's length beyond the last line. */
  startOf(line: number): number {
    return this.#starts[line - 1] ?? this.#length
  }
}

/** The findings about one text. */
export class Report {
  readonly file: string
  readonly text: string
  readonly lines: TextLines
  readonly #found: Diagnostic[] = []
  readonly #seen = new Set<string>()
  readonly #others: Diagnostic[] = []
  #errors = 0
  #dropped = 0

  /** The text of a file that this one names by a relative path; null where there is none. */
  readonly readFile: ((specifier: string) => string | null) | null

  constructor(
    file: string,
    text: string,
    readFile: ((specifier: string) => string | null) | null = null
  ) {
    this.readFile = readFile
    this.file = file
    this.text = text
    this.lines = new TextLines(text)
  }

  /** Whether a plan must not be made. */
  get hasErrors(): boolean {
    return this.#errors > 0
  }

  /** Errors so far. */
  get errors(): number {
    return this.#errors
  }

  error(code: string, span: Span, message: string, hint: string | null = null): void {
    this.#add('error', code, span, message, hint)
  }

  warning(code: string, span: Span, message: string, hint: string | null = null): void {
    this.#add('warning', code, span, message, hint)
  }

  /** A place for the plan. */
  position(span: Span): Position {
    return { file: this.file, ...this.lines.placeOf(span.start) }
  }

  /** Adds the findings about a file that this one names. */
  include(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (diagnostic.severity === 'error') this.#errors++
      this.#others.push(diagnostic)
    }
  }

  /** Everything found, in the order of the text, and behind it what stands in other files. */
  diagnostics(): Diagnostic[] {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column)
    if (this.#dropped > 0) {
      const last = this.lines.placeOf(this.text.length)
      const message = `${this.#dropped} further findings are not listed; the first ${DIAGNOSTICS_MAX} are`
      sorted.push(diagnosticOf('error', 'TOO_MANY_FINDINGS', message, null, this.file, last, 1))
    }
    return [...sorted, ...this.#others]
  }

  #add(
    severity: 'error' | 'warning',
    code: string,
    span: Span,
    message: string,
    hint: string | null
  ): void {
    const identity = `${code} ${span.start} ${message}`
    if (this.#seen.has(identity)) return
    if (severity === 'error') this.#errors++
    if (this.#found.length >= DIAGNOSTICS_MAX) {
      this.#dropped++
      return
    }
    this.#seen.add(identity)
    const place = this.lines.placeOf(span.start)
    const lineEnd = this.lines.startOf(place.line + 1)
    const length = Math.max(1, Math.min(span.end, lineEnd) - span.start)
    this.#found.push(diagnosticOf(severity, code, message, hint, this.file, place, length))
  }
}

function diagnosticOf(
  severity: 'error' | 'warning',
  code: string,
  message: string,
  hint: string | null,
  file: string,
  place: { line: number; column: number },
  length: number
): Diagnostic {
  return { severity, code, message, hint, file, ...place, length }
}
