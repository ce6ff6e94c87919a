// What turns the bytes of records into values and back, made once per declared type.
import type { ByteWriter } from '../../base/index.ts'

/**
 * A type with its converter (json or raw), compiled. Values are described in dataflow/types.ts.
 * Both directions check: an undecodable record or a value out of its type's range never passes.
 */
export interface RecordConverter<V = unknown> {
  /**
   * The value of bytes `start`…`end`; owned by the caller, shares nothing with `bytes`. A Uint8Array may be a part of
   * a larger buffer, in which nobody else has the same bytes.
   * @throws RECORD_UNDECODABLE not JSON, not UTF-8, wrong width · RECORD_VALUE parsed, but outside the type
   */
  decode(bytes: Buffer, start: number, end: number): V
  /**
   * Appends the value's bytes to `into`. On an error `into.length` is what it was before.
   * @throws RECORD_VALUE the value is outside the type; the message names path, value and type
   */
  encode(value: V, into: ByteWriter): void
  /**
   * A converter that reads values for readers of these fields only: it checks all of them, but may leave others
   * undefined. Absent where a type has no fields.
   */
  reading?(fields: ReadonlySet<string>): RecordConverter<V>
  /**
   * What must be fetched before bytes can be decoded; null when nothing is left to do. Resolves when `decode` gives
   * its answer; rejects only when `signal` ends the wait. Absent where bytes are all there is.
   */
  prepare?(bytes: Buffer, start: number, end: number, signal: AbortSignal): Promise<void> | null
  /**
   * What must be done once before the first `encode`. Absent where there is nothing.
   * @throws REGISTRY_UNREACHABLE, SCHEMA_INCOMPATIBLE
   */
  openWriter?(): Promise<void>
  /** Whether values are immutable in JavaScript (scalars), so that they may be shared. */
  readonly immutable: boolean
  /** Equal texts mean: same bytes for the same value. Lets a filter pass the original bytes on. */
  readonly fingerprint: string
}
