// Where a function lives: its type (`namespace/name`) and an id of the application's choice.
import { MillraceError } from '../../base/index.ts'

/** The address of one virtual function. Every combination exists; nothing has to be created first. */
export interface Address {
  readonly namespace: string
  /** The name part of the function's type. */
  readonly type: string
  readonly id: string
}

/** The two parts of a typename `namespace/name`. */
export interface TypeNameParts {
  readonly namespace: string
  readonly name: string
}

/** Longest typename, in characters: far above any honest name; it stands in keys of states and mailboxes. */
export const TYPE_NAME_LENGTH_MAX = 400

/** The parts of `namespace/name`; null unless there is exactly one `/` with something on both sides. */
export function parseTypeName(text: string): TypeNameParts | null {
  const slash = text.indexOf('/')
  if (slash <= 0 || slash === text.length - 1) return null
  if (text.length > TYPE_NAME_LENGTH_MAX || text.includes('/', slash + 1)) return null
  if (!text.isWellFormed()) return null
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) }
}

/**
 * The parts of a typename that must be one.
 * @throws FUNCTION_TYPENAME it is not `namespace/name`; `what` says in the message what it names
 */
export function checkTypeName(text: string, what: string): TypeNameParts {
  const parts = typeof text === 'string' ? parseTypeName(text) : null
  if (parts !== null) return parts
  throw new MillraceError(
    'FUNCTION_TYPENAME',
    `${what} is ${JSON.stringify(text)}; expected "namespace/name" with exactly one "/", ` +
      `at most ${TYPE_NAME_LENGTH_MAX} characters; write for example "example/greeter"`
  )
}

/** The typename of an address: `namespace/type`. */
export function typeName(address: Address): string {
  return `${address.namespace}/${address.type}`
}

/**
 * An address from a typename and an id, whose lone surrogates become U+FFFD.
 * @throws FUNCTION_TYPENAME, FUNCTION_ADDRESS the id is no text
 */
export function addressOf(typename: string, id: string): Address {
  const { namespace, name } = checkTypeName(typename, 'a function’s type')
  if (typeof id !== 'string') {
    throw new MillraceError(
      'FUNCTION_ADDRESS',
      `the id of ${typename} is ${String(id)}, a ${typeof id}; expected a text; convert it with String(id)`
    )
  }
  // What UTF-8 cannot say would be another id after the first restart.
  return { namespace, type: name, id: id.toWellFormed() }
}

/** Whether two addresses are the same function. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.id === b.id && a.type === b.type && a.namespace === b.namespace
}
