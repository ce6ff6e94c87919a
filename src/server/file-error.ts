// Findings about a file as a whole.
import type { Diagnostic } from '../dataflow/diagnostics.ts'

/** A diagnostic about a whole file. */
export function fileError(
  code: string,
  file: string,
  message: string,
  hint: string | null
): Diagnostic {
  return { severity: 'error', code, message, hint, file, line: 1, column: 1, length: 1 }
}
