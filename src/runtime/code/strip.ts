// TypeScript to JavaScript by Node's own type stripping.
import { stripTypeScriptTypes } from 'node:module'
import { silenceExperimentalNotices } from '../../base/index.ts'

/**
 * The JavaScript of `source`, every character at its old place.
 * @throws SyntaxError of Node, with the line and a caret at the head of its stack
 */
export function stripTypes(source: string): string {
  const speak = silenceExperimentalNotices()
  try {
    return stripTypeScriptTypes(source)
  } finally {
    speak()
  }
}
