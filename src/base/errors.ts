// Operating errors: what can go wrong without a bug, classified by what the caller can do about it.

/** Numbers and names that belong to an error; they stand in the sentence as well. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>

/** What a {@link MillraceError} is made from. */
export interface ErrorOptions {
  /** Whether the same call may succeed later without a change by the caller. Default false. */
  readonly retriable?: boolean
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/**
 * An operating error with a stable `code`. The message says what happened with its values, what was
 * expected, and what to do next. Match on `code`, never on the class or the sentence.
 */
export class MillraceError extends Error {
  readonly code: string
  readonly retriable: boolean
  readonly details: ErrorDetails

  /** By the name: the built form has this class in several files, and errors pass between them. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== MillraceError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return value instanceof Error && value.name === 'MillraceError'
  }

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MillraceError'
    this.code = code
    this.retriable = options.retriable ?? false
    this.details = options.details ?? {}
  }
}

/** Whether `error` is a {@link MillraceError}, and if `code` is given, one with that code. */
export function isMillraceError(error: unknown, code?: string): error is MillraceError {
  return error instanceof MillraceError && (code === undefined || error.code === code)
}

/** The sentence of anything that was thrown, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : String(error)
}

/** The way out where Node takes a user's module for CommonJS, as the package.json of `npm init` has it; else null. */
export function moduleHint(error: unknown): string | null {
  const isCommonJs = /outside a module|Unexpected token 'export'/.test(messageOf(error))
  return isCommonJs
    ? 'Make it a module: "type": "module" in the package.json above it (npm pkg set type=module).'
    : null
}
