// What ends a task, as against what fails a record.
import { AssertionFailure, MillraceError } from '../../base/index.ts'

/**
 * Thrown through the operators up to the task: the record under way must not be committed. The error that
 * the dataflow reports is `cause`.
 */
export class TaskFailure extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'TaskFailure'
  }
}

/** Thrown when the task shall stop inside a record: nothing of the epoch is committed, it is done again. */
export class Abandoned extends Error {
  constructor() {
    super('the task stops before its record was finished; the next start does it again')
    this.name = 'Abandoned'
  }
}

/** Whether `error` is none of the record's business. */
export function endsTask(error: unknown): boolean {
  return (
    error instanceof TaskFailure ||
    error instanceof AssertionFailure ||
    error instanceof Abandoned ||
    // The cold state cannot be read: every record would fail, and the next start rebuilds the store.
    (error instanceof MillraceError && error.code.startsWith('STATE_STORE_'))
  )
}

/** The error to report for anything that ended a task. */
export function reportable(error: unknown): Error {
  if (error instanceof TaskFailure && error.cause instanceof Error) return error.cause
  return error instanceof Error ? error : new Error(String(error))
}

/** The stable code of what failed a record. */
export function codeOf(error: unknown): string {
  if (error instanceof MillraceError) return error.code
  return 'FUNCTION_FAILED'
}
