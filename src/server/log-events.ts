// What the log tells unasked, as sentences for people.
import { unreachable } from '../base/index.ts'
import type { DiskLogEvent } from '../log/index.ts'

/** A sentence about the log; `routine` ones are shown only when asked for. */
export interface LogNotice {
  readonly routine: boolean
  readonly message: string
}

/** The sentence of an event. */
export function describeLogEvent(event: DiskLogEvent): LogNotice {
  switch (event.kind) {
    case 'tail-cut':
      return {
        routine: false,
        message:
          `${event.file}: cut ${event.bytes} bytes at byte ${event.position}, the beginning of a commit that a crash ` +
          'interrupted; it was never acknowledged'
      }
    case 'fenced':
      // Whatever waits for a commit fails with the same reason and says it.
      return { routine: true, message: `${event.file}: ${event.reason}; nothing more is written` }
    case 'partition-damaged':
      return { routine: false, message: event.reason }
    case 'index-rebuilt':
      return { routine: true, message: `${event.file}: built its index anew` }
    case 'cleaned':
      return {
        routine: true,
        message: `removed ${event.recordsRemoved} records, freed ${event.bytesFreed} bytes`
      }
    case 'background-failed':
      return { routine: false, message: `a cleanup failed and is tried again: ${event.reason}` }
    default:
      return unreachable(event)
  }
}
