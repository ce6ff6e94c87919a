// The command that gives somebody a right, for messages to those who lack it.
import type { Operation, ResourceKind } from './words.ts'

/** What may be done to what. */
export interface Right {
  readonly operation: Operation
  readonly kind: ResourceKind
  readonly name: string
}

/** The command by which an administrator allows it, for a shell. */
export function grantCommand(principal: string, { operation, kind, name }: Right): string {
  const resource = kind === 'cluster' ? '--cluster' : `--${kind} ${shellWord(name)}`
  return `millrace acl create --allow ${shellWord(principal)} --operation ${operation} ${resource}`
}

/** A text as one word of a shell. */
function shellWord(text: string): string {
  return /^[\w.,:/@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
