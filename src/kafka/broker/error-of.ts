// Errors of the log in the words of the protocol.
import { isMillraceError, messageOf } from '../../base/index.ts'
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
  LOG_DAMAGED: 'KAFKA_STORAGE_ERROR',
  LOG_FENCED: 'KAFKA_STORAGE_ERROR',
  // As of a broker that is stopping: clients look for another leader, and come again.
  LOG_CLOSED: 'NOT_LEADER_OR_FOLLOWER',
  DISK_FULL: 'KAFKA_STORAGE_ERROR',
  DISK_FAILED: 'KAFKA_STORAGE_ERROR',
  SECURITY_NAME: 'UNACCEPTABLE_CREDENTIAL',
  SECURITY_FULL: 'POLICY_VIOLATION'
}

/** Code of the protocol for anything that was thrown. */
export function errorCodeOf(error: unknown): number {
  const name = isMillraceError(error) ? BY_CODE[error.code] : undefined
  return ERROR_CODES[name ?? 'UNKNOWN_SERVER_ERROR']
}

const { NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, UNKNOWN_SERVER_ERROR } = ERROR_CODES

/**
 * What coordinators of groups and transactions say when what they must keep cannot be kept, as Apache Kafka's do
 * (CoordinatorOperationExceptionHelper): a storage error is their own, not that of a partition the client named.
 */
const BY_COORDINATOR: ReadonlyMap<number, number> = new Map([
  [ERROR_CODES.KAFKA_STORAGE_ERROR, NOT_COORDINATOR],
  [ERROR_CODES.NOT_LEADER_OR_FOLLOWER, NOT_COORDINATOR],
  [ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, COORDINATOR_NOT_AVAILABLE],
  [ERROR_CODES.MESSAGE_TOO_LARGE, UNKNOWN_SERVER_ERROR],
  [ERROR_CODES.RECORD_LIST_TOO_LARGE, UNKNOWN_SERVER_ERROR]
])

/** Code for what a coordinator could not do. @throws the error, when it is a bug */
export function coordinatorCodeOf(error: unknown): number {
  if (!isMillraceError(error)) throw error
  const code = errorCodeOf(error)
  return BY_COORDINATOR.get(code) ?? code
}

/** The code that a coordinator's work gives, or that of why it could not be done. Rejects when there is a bug. */
export const coordinatorCode = (work: Promise<number>): Promise<number> =>
  work.catch(coordinatorCodeOf)

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
