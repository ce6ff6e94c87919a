// Diagnostics for people: place, sentence, the lines around it with the part underlined, and the way out.
import type { Diagnostic } from './diagnostics.ts'

const COLUMNS_MAX = 160
const ESCAPE = '\u001b['

/** Whether to use terminal colours. */
export interface FormatOptions {
  readonly color: boolean
}

/** One diagnostic with its code frame; `text` is the text of its file. Ends without a line break. */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  text: string,
  options: FormatOptions
): string {
  const { severity, code, message, hint, file, line, column } = diagnostic
  const paint = painter(options.color)
  const head =
    `${paint('1', `${file}:${line}:${column}:`)} ` +
    `${paint(severity === 'error' ? '31;1' : '33;1', `${severity} ${code}:`)} ${message}`
  const frame = frameOf(diagnostic, text, paint)
  return [head, ...frame, ...(hint === null ? [] : [`  ${paint('36', 'hint:')} ${hint}`])].join(
    '\n'
  )
}

/** All diagnostics of one text, a blank line between them, and a summary: `2 errors, 1 warning`. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  text: string,
  options: FormatOptions
): string {
  const parts = diagnostics.map(diagnostic => formatDiagnostic(diagnostic, text, options))
  return [...parts, summaryOf(diagnostics)].join('\n\n')
}

const count = (number: number, word: string): string =>
  `${number} ${word}${number === 1 ? '' : 's'}`

function summaryOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error').length
  const warnings = diagnostics.length - errors
  if (warnings === 0) return count(errors, 'error')
  return errors === 0
    ? count(warnings, 'warning')
    : `${count(errors, 'error')}, ${count(warnings, 'warning')}`
}

type Paint = (style: string, text: string) => string

function painter(color: boolean): Paint {
  return color ? (style, text) => `${ESCAPE}${style}m${text}${ESCAPE}0m` : (_, text) => text
}

/** The line before, the line with its underline, the line after. */
function frameOf(diagnostic: Diagnostic, text: string, paint: Paint): string[] {
  const lines = text.split('\n')
  const { line, column, length } = diagnostic
  const width = String(Math.min(line + 1, lines.length)).length
  const gutter = (label: string) => paint('2', `${label.padStart(width + 2)} |`)
  const shown = (number: number): string[] => {
    const content = lines[number - 1]
    // The text after a last line break is no line of its own.
    if (content === undefined || (number === lines.length && content === '' && number !== line))
      return []
    return [`${gutter(String(number))} ${visible(content)}`.trimEnd()]
  }
  const start = Math.min(column - 1, COLUMNS_MAX)
  const marks = '^'.repeat(Math.max(1, Math.min(length, COLUMNS_MAX - start)))
  // Tabs stay tabs, so that the carets stand below what they mean.
  const lead = visible(lines[line - 1] ?? '')
    .slice(0, start)
    .replace(/[^\t]/g, ' ')
    .padEnd(start)
  return [
    ...shown(line - 1),
    ...shown(line),
    `${gutter('')} ${lead}${paint('31;1', marks)}`,
    ...shown(line + 1)
  ]
}

/** A line without control characters that a terminal would obey, cut to a length that fits one. */
function visible(line: string): string {
  const safe = line.replace(/\r$/, '').replace(/[^\P{Cc}\t]/gu, '\ufffd')
  return safe.length > COLUMNS_MAX ? `${safe.slice(0, COLUMNS_MAX - 1)}…` : safe
}
