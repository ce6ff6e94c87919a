// What is wrong with a user's text: collected, never thrown.

/** One finding, with the place and the way out. Lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** Stable, SCREAMING_CASE. */
  readonly code: string
  /** What is wrong, with the values, and what was expected. */
  readonly message: string
  /** What to do, when there is more to say: often the nearest valid word. */
  readonly hint: string | null
  readonly file: string
  readonly line: number
  readonly column: number
  /** Columns to underline, at least 1. */
  readonly length: number
}
