// Strips TypeScript types, keeping all places, and finds where its errors are.
import { stripTypeScriptTypes } from 'node:module'
import { findTooDeep } from './nesting.ts'
import type { CodeProblem } from './parse-function.ts'

/** The text with types replaced by blanks, of the same length; or what is wrong with it. Never throws. */
export function strip(
  source: string
): { readonly stripped: string } | { readonly problem: CodeProblem } {
  const tooDeep = findTooDeep(source)
  if (tooDeep !== null) {
    const message = 'the code nests or chains deeper than can be read safely'
    return {
      problem: {
        code: 'CODE_TOO_DEEP',
        message,
        hint: 'Divide it into smaller functions.',
        start: tooDeep,
        length: 1
      }
    }
  }
  try {
    const stripped = stripTypeScriptTypes(source, { mode: 'strip' })
    if (stripped.length === source.length) return { stripped }
    const message = 'the code uses characters whose places are lost when types are stripped'
    return {
      problem: {
        code: 'CODE_SYNTAX',
        message,
        hint: 'Write the names in types in ASCII.',
        start: 0,
        length: 1
      }
    }
  } catch (error) {
    return { problem: problemOf(error as Error & { code?: string }, source) }
  }
}

/** Node puts the place into the stack only: `:LINE`, the source lines, and a line with carets below them. */
function problemOf(error: Error & { code?: string }, source: string): CodeProblem {
  if (
    error.code !== 'ERR_INVALID_TYPESCRIPT_SYNTAX' &&
    error.code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  ) {
    const message = `the types of the code could not be stripped: ${error.message}`
    return {
      code: 'CODE_STRIP_FAILED',
      message,
      hint: 'Restart the process: its type stripper is broken.',
      start: 0,
      length: 1
    }
  }
  const unsupported = error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  const firstLine = error.message.split('\n')[0]!.trim()
  const message = unsupported ? `${firstLine}` : `not valid TypeScript: ${firstLine}`
  const hint = unsupported ? 'Only types that can be erased are allowed.' : null
  const match = /^[^\n]*:(\d+)\n(?:[^\n]*\n)*?( *)(\^+)\n/.exec(error.stack ?? '')
  if (match === null) return { code: 'CODE_SYNTAX', message, hint, start: 0, length: 1 }
  let start = 0
  for (let line = 1; line < Number(match[1]); line++) {
    const next = source.indexOf('\n', start)
    if (next < 0) break
    start = next + 1
  }
  return {
    code: 'CODE_SYNTAX',
    message,
    hint,
    start: Math.min(start + match[2]!.length, source.length),
    length: match[3]!.length
  }
}
