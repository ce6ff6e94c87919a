// What counts as an answer of a function: the status, the content type, no encoding.
import { MillraceError } from '../../../base/index.ts'

/** The content type of requests and replies. */
export const CONTENT_TYPE = 'application/octet-stream'
/** Statuses below 500 that promise a later success, to the transport `okhttp`. */
const LATER: ReadonlySet<number> = new Set([408, 409, 420, 429, 499])

/** A reply's head; header names in lower case. */
export interface ReplyHead {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Checks the head of a reply. Errors are `retriable` as the transport `okhttp` sees it; `async` repeats all of them.
 * @throws FUNCTION_CALL_STATUS no 2xx, or a header `Status` that says so · FUNCTION_CALL_CONTENT_TYPE
 */
export function checkHead({ statusCode, headers }: ReplyHead): void {
  if (statusCode < 200 || statusCode > 299) throw badStatus(statusCode, `HTTP ${statusCode}`)
  // Some servers answer 200 with the true status in a header of this name, and no effects: no acknowledgement.
  const status = Number.parseInt(textOf(headers['status']), 10)
  if (status < 200 || status > 299) {
    throw badStatus(status, `HTTP ${statusCode} with the header "Status: ${status}"`)
  }
  const contentType = textOf(headers['content-type'])
  const types = contentType.split(',').map(type => type.trim().toLowerCase())
  if (!types.includes(CONTENT_TYPE)) {
    const found = contentType === '' ? 'no content type' : `the content type ${contentType}`
    throw notAnswer('FUNCTION_CALL_CONTENT_TYPE', found, CONTENT_TYPE)
  }
  const encoding = textOf(headers['content-encoding'])
  if (encoding !== '' && encoding !== 'identity') {
    throw notAnswer('FUNCTION_CALL_CONTENT_TYPE', `the encoding ${encoding}`, 'none')
  }
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header ?? []).join(', ')
}

function badStatus(status: number, found: string): MillraceError {
  const moved = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
  return new MillraceError('FUNCTION_CALL_STATUS', `answered ${found}${moved}; expected 2xx`, {
    retriable: status >= 500 || LATER.has(status),
    details: { status }
  })
}

function notAnswer(code: string, found: string, expected: string): MillraceError {
  return new MillraceError(code, `answered with ${found}; expected ${expected}`)
}
