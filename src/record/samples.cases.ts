// For tests: records as plain objects, taken from a batch.
import { RecordCursor, type RecordHeader } from './record-cursor.ts'

/** A record with everything that a batch says of it. */
export interface PlainRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** All records of the batch at `at`, copied. */
export function recordsOf(bytes: Uint8Array, at: number): PlainRecord[] {
  const records: PlainRecord[] = []
  const cursor = new RecordCursor()
  cursor.open(bytes, at)
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: copyOf(cursor.key()),
      value: copyOf(cursor.value()),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: copyOf(value) }))
    })
  }
  return records
}

function copyOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
