// Findings about a file as a whole.
import { isAbsolute, relative } from 'node:path'

import type { Diagnostic } from '../../dataflow/diagnostics.ts'

/** A diagnostic about a whole file. */
export function fileError(
  code: string,
  file: string,
  message: string,
  hint: string | null
): Diagnostic {
  return { severity: 'error', code, message, hint, file, line: 1, column: 1, length: 1 }
}

/**
 * With the file as people name it: packages that are imported are found by absolute paths, of which the part from the
 * working directory on is enough.
 */
export function withShortName(diagnostic: Diagnostic): Diagnostic {
  if (!isAbsolute(diagnostic.file)) return diagnostic
  const below = relative('', diagnostic.file)
  return below.startsWith('..') || isAbsolute(below) ? diagnostic : { ...diagnostic, file: below }
}
