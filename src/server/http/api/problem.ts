// Errors of the API: RFC 9457 problem details with the code of millrace.
import { STATUS_CODES } from 'node:http'

import { isMillraceError } from '../../../base/index.ts'
import type { Diagnostic } from '../../../dataflow/diagnostics.ts'
import { DiagnosticsError } from '../../deployments/diagnostics-error.ts'
import { HttpError, RETRY_AFTER_S, asHttpError } from '../errors.ts'
import { send } from '../exchange.ts'
import type { Connected } from '../exchange.ts'
import type { Schema } from './schema.ts'

/** The body of an error. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Stable; the same word as on the command line and in logs. */
  readonly code: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly diagnostics?: readonly Diagnostic[]
}

export const PROBLEM_SCHEMA: Schema = {
  type: 'object',
  description: 'Problem details (RFC 9457). Match on `code`.',
  properties: {
    type: { type: 'string', examples: ['urn:millrace:problem:TOPIC_UNKNOWN'] },
    title: { type: 'string', examples: ['Not Found'] },
    status: { type: 'integer', examples: [404] },
    detail: { type: 'string', description: 'What happened, what was expected, what to do.' },
    code: { type: 'string', examples: ['TOPIC_UNKNOWN'] },
    details: { type: 'object', description: 'Names and numbers that belong to the error.' },
    diagnostics: {
      type: 'array',
      description: 'What is wrong in files, with their places.',
      items: { type: 'object' }
    }
  },
  required: ['type', 'title', 'status', 'detail', 'code']
}

/** Operating errors that are the caller's to mend, or that say more than 500. */
const STATUS_OF: Readonly<Record<string, number>> = {
  USAGE: 400,
  LINE_INVALID: 400,
  RECORD_VALUE: 422,
  RECORD_INVALID: 400,
  BATCH_TOO_LARGE: 413,
  COMMIT_TOO_LARGE: 413,
  TOPIC_UNKNOWN: 404,
  PARTITION_UNKNOWN: 404,
  TOPIC_EXISTS: 409,
  TOPIC_INVALID: 400,
  TOPIC_INTERNAL: 403,
  TOPIC_IN_USE: 409,
  OFFSET_OUT_OF_RANGE: 400,
  POSITION_INVALID: 400,
  PARTITION_DAMAGED: 503,
  GROUP_UNKNOWN: 404,
  GROUP_INVALID: 400,
  GROUP_NOT_EMPTY: 409,
  SECURITY_NAME: 400,
  SECURITY_PASSWORD: 400,
  SECURITY_RULE: 400,
  SECURITY_FULL: 422,
  USER_UNKNOWN: 404,
  TOKEN_UNKNOWN: 404,
  STATE_UNKNOWN: 404,
  KEY_UNKNOWN: 404,
  DATAFLOW_UNKNOWN: 404,
  FUNCTION_UNKNOWN: 404,
  SQL_INVALID: 400,
  SQL_LIMIT: 422,
  SQL_TIMEOUT: 504,
  SQL_FAILED: 422,
  DEPLOYMENT_UNKNOWN: 404,
  DEPLOYMENT_INVALID: 422,
  UPGRADE_REFUSED: 409,
  MIGRATION_FAILED: 422,
  DEPLOYMENT_CONFLICT: 409,
  DEPLOYMENT_TOO_LARGE: 413,
  DEPLOYMENT_FAILED: 422,
  DISK_FULL: 507
}

/** An error of the API as HTTP knows it. */
export function apiError(error: unknown): HttpError {
  if (error instanceof HttpError || !isMillraceError(error)) return asHttpError(error)
  const { code, message, retriable } = error
  const status = STATUS_OF[code] ?? (retriable ? 503 : null)
  if (status === null) return asHttpError(error)
  const headers = status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}
  return new HttpError(status, code, message, { headers })
}

/** The body of an error. */
export function problemOf(error: unknown): Problem {
  const { status, code, message } = apiError(error)
  const isKnown = error instanceof HttpError || isMillraceError(error)
  const details = isKnown ? error.details : {}
  return {
    type: `urn:millrace:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    ...(Object.keys(details).length === 0 ? {} : { details }),
    ...(error instanceof DiagnosticsError ? { diagnostics: error.diagnostics } : {})
  }
}

/** Sends an error of the API. */
export function sendProblem(exchange: Connected, error: unknown): Response {
  const known = apiError(error)
  const headers = { ...known.headers, 'content-type': 'application/problem+json' }
  return send(exchange, known.status, headers, `${JSON.stringify(problemOf(error))}\n`)
}
