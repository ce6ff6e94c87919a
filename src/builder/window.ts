// Windows as values: which records belong together, and what a window says beside that.
import type { GivenNode } from './fields.ts'

/** The bounds of a window; durations as in the file, `5s` or `1m 30s`. */
export type WindowNode =
  | { readonly kind: 'tumbling'; readonly duration: string; readonly offset: string | null }
  | {
      readonly kind: 'sliding'
      readonly duration: string
      readonly slide: string
      readonly offset: string | null
    }
  | { readonly kind: 'session'; readonly gap: string }
  | { readonly kind: 'count'; readonly records: number }
  | { readonly kind: 'global' }

export interface OffsetOption {
  /** Moves the bounds, which else are multiples of the length since 1970. */
  readonly offset?: string
}

/** Windows of one length, one behind the other: each record is in one. */
export function tumbling(duration: string, { offset }: OffsetOption = {}): WindowNode {
  return { kind: 'tumbling', duration, offset: offset ?? null }
}

/** A window of `duration` begins every `slide`: each record is in all windows that cover it. */
export function sliding(
  duration: string,
  slide: string,
  { offset }: OffsetOption = {}
): WindowNode {
  return { kind: 'sliding', duration, slide, offset: offset ?? null }
}

/** A window of each key, which ends once the key had no record for `gap`. */
export function session(gap: string): WindowNode {
  return { kind: 'session', gap }
}

/** A window of each key, which ends with its so many-th record. */
export function count(records: number): WindowNode {
  return { kind: 'count', records }
}

/** One window for everything; it ends when the dataflow is drained. */
export function global(): WindowNode {
  return { kind: 'global' }
}

/** How far event time has come, and what is late. Durations as in the file. */
export interface WatermarkOptions {
  readonly outOfOrderness?: string
  readonly idleness?: string
  /** In windows only. */
  readonly gracePeriod?: string
  readonly futureBound?: string
}

/** Results of windows that are still open. */
export interface EarlyOptions {
  readonly every?: string
  readonly records?: number
}

/** Event time of a service as plain data. */
export interface TimeNode {
  readonly assignTimestamp: GivenNode | null
  readonly watermark: WatermarkOptions | null
}
