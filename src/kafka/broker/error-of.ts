// Errors of the log in the words of the protocol.
import { MillraceError, isMillraceError, messageOf } from '../../base/index.ts'
import { ERROR_CODES, type ErrorName } from '../wire/index.ts'

const BY_CODE: Readonly<Record<string, ErrorName>> = {
  TOPIC_UNKNOWN: 'UNKNOWN_TOPIC_OR_PARTITION',
  PARTITION_UNKNOWN: 'UNKNOWN_TOPIC_OR_PARTITION',
  TOPIC_EXISTS: 'TOPIC_ALREADY_EXISTS',
  TOPIC_INVALID: 'INVALID_TOPIC_EXCEPTION',
  OFFSET_OUT_OF_RANGE: 'OFFSET_OUT_OF_RANGE',
  BATCH_CORRUPT: 'CORRUPT_MESSAGE',
  BATCH_TRUNCATED: 'CORRUPT_MESSAGE',
  BATCH_MAGIC: 'INVALID_RECORD',
  BATCH_TOO_LARGE: 'MESSAGE_TOO_LARGE',
  COMMIT_TOO_LARGE: 'RECORD_LIST_TOO_LARGE',
  POSITION_INVALID: 'OFFSET_METADATA_TOO_LARGE',
  PARTITION_DAMAGED: 'KAFKA_STORAGE_ERROR',
  LOG_FENCED: 'KAFKA_STORAGE_ERROR',
  LOG_CLOSED: 'BROKER_NOT_AVAILABLE',
  DISK_FULL: 'KAFKA_STORAGE_ERROR',
  SECURITY_NAME: 'UNACCEPTABLE_CREDENTIAL',
  SECURITY_FULL: 'POLICY_VIOLATION'
}

/** Code of the protocol for anything that was thrown. */
export function errorCodeOf(error: unknown): number {
  const name = error instanceof MillraceError ? BY_CODE[error.code] : undefined
  return ERROR_CODES[name ?? 'UNKNOWN_SERVER_ERROR']
}

/** How a part of an answer says what became of what was asked. */
export interface Outcome {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** It was done. */
export const DONE: Outcome = { errorCode: ERROR_CODES.NONE, errorMessage: null }

/** It was not, and why. */
export const refusal = (errorCode: number, errorMessage: string): Outcome => {
  return { errorCode, errorMessage }
}

/** What became of something that threw. @throws the error, when it is a bug */
export function outcomeOfError(error: unknown): Outcome {
  if (!isMillraceError(error)) throw error
  return refusal(errorCodeOf(error), messageOf(error))
}
