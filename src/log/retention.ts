// Retention by time and size: how far a partition's start may move up, decided batch by batch from the oldest on.
import type { TopicSpec } from './log.ts'

/**
 * Asks for each batch, oldest first, whether it goes; after the first that stays all stay. Whole batches go:
 * by time when their newest record is too old (one without a timestamp, −1, never is), by size while what
 * stays is still as large as the bound.
 */
export class RetentionScan {
  readonly #timestampMin: number
  readonly #bytesMax: number
  #bytes: number

  /** `bytes` is the size of all live batches of the partition. */
  constructor(spec: TopicSpec, nowMs: number, bytes: number) {
    this.#timestampMin = spec.retentionMs === null ? 0 : nowMs - spec.retentionMs
    this.#bytesMax = spec.retentionBytes ?? Number.POSITIVE_INFINITY
    this.#bytes = bytes
  }

  drops(maxTimestamp: number, length: number): boolean {
    const isOld = maxTimestamp >= 0 && maxTimestamp < this.#timestampMin
    const isSurplus = this.#bytes - length >= this.#bytesMax
    if (!isOld && !isSurplus) return false
    this.#bytes -= length
    return true
  }
}

/** Whether retention can apply to a topic at all. */
export function hasRetention(spec: TopicSpec): boolean {
  return spec.retentionMs !== null || spec.retentionBytes !== null
}
