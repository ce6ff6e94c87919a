// The error of files that are wrong: all that was found, with the places.
import { MillraceError } from '../../base/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'

/** Files of a user that are wrong. */
export class DiagnosticsError extends MillraceError {
  readonly diagnostics: readonly Diagnostic[]

  constructor(code: string, message: string, diagnostics: readonly Diagnostic[]) {
    super(code, message)
    this.diagnostics = diagnostics
  }
}
