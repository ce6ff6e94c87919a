// Finds a record by its timestamp inside one batch.
import { RecordCursor } from '../record/index.ts'

/**
 * Offset of the first record of the batch at `at` whose timestamp is at least `timestampMs` and whose offset is
 * at least `startOffset`; undefined when there is none. The batch's checksum must have been checked.
 */
export function firstOffsetAt(
  bytes: Uint8Array,
  at: number,
  timestampMs: number,
  startOffset: number
): number | undefined {
  const cursor = new RecordCursor()
  cursor.open(bytes, at)
  while (cursor.next()) {
    if (cursor.timestamp >= timestampMs && cursor.offset >= startOffset) return cursor.offset
  }
  return undefined
}
