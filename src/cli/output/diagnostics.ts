// Diagnostics on stderr, each with its place and the lines around it; or as data.
import { readFileSync } from 'node:fs'

import { formatDiagnostic } from '../../dataflow/index.ts'
import type { Diagnostic } from '../../dataflow/index.ts'
import { colorsOn, counted, note } from './output.ts'

/** Prints all diagnostics and a line that counts them. `texts` are the files' texts by name. */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  texts: ReadonlyMap<string, string>
): void {
  if (diagnostics.length === 0) return
  for (const diagnostic of diagnostics) {
    const text = texts.get(diagnostic.file) ?? readText(diagnostic.file)
    note(
      `${text === null ? withoutFrame(diagnostic) : formatDiagnostic(diagnostic, text, { color: colorsOn() })}\n`
    )
  }
  const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    errors > 0 ? counted(errors, 'error') : '',
    warnings > 0 ? counted(warnings, 'warning') : ''
  ]
  note(parts.filter(part => part !== '').join(', '))
}

/** About a file that could not be read there is no line to show. */
function withoutFrame({ severity, code, message, hint }: Diagnostic): string {
  return `${severity} ${code}: ${message}${hint === null ? '' : `\n  hint: ${hint}`}`
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
