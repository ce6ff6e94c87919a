// Errors as callers get them: a true status code and {"error":{"code","message"}}.
import { isMillraceError } from '../../base/index.ts'

/** Seconds after which a caller who was told to come later may. */
export const RETRY_AFTER_S = 1

/** What HTTP says about an error beside its sentence. */
export interface HttpErrorOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Names and numbers that belong to it, for programs. */
  readonly details?: Readonly<Record<string, string>>
}

/** An error that is the response to a request. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  readonly details: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, options: HttpErrorOptions = {}) {
    super(message)
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
    this.details = options.details ?? {}
  }
}

/** The caller should come again: 503 with Retry-After. */
export function comeLater(code: string, message: string): HttpError {
  return new HttpError(503, code, message, { headers: { 'retry-after': String(RETRY_AFTER_S) } })
}

/** The method is none of `allowed`. */
export function methodNotAllowed(method: string, allowed: string): HttpError {
  const message = `${method} is not understood here; expected ${allowed}`
  return new HttpError(405, 'METHOD_NOT_ALLOWED', message, { headers: { allow: allowed } })
}

/** Anything that was thrown as a response. What is no operating error is told in the log only, by its code. */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (isMillraceError(error)) {
    const { code, message } = error
    const stops = code === 'LOG_FENCED' || code === 'LOG_CLOSED'
    return stops ? comeLater(code, message) : new HttpError(500, code, message)
  }
  return new HttpError(500, 'INTERNAL', 'the request failed by an error of millrace itself')
}

/** The body of an error's response. */
export function errorBody({
  code,
  message
}: {
  readonly code: string
  readonly message: string
}): string {
  return `${JSON.stringify({ error: { code, message } })}\n`
}
