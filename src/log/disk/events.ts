// What the disk log tells its owner unasked.

/** Something that an operator wants to know. Paths are as given to the log; positions are bytes in a file. */
export type DiskLogEvent =
  | {
      /** A start cut off what a crash left of the last, never acknowledged commit. */
      readonly kind: 'tail-cut'
      readonly file: string
      readonly position: number
      readonly bytes: number
    }
  | {
      /** A write or sync failed: no further commit is taken until the log is opened again. */
      readonly kind: 'fenced'
      readonly file: string
      readonly reason: string
    }
  | {
      /** Batches of a partition are damaged: it is refused from `offset` on. */
      readonly kind: 'partition-damaged'
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly reason: string
    }
  | {
      /** A sidecar was missing or damaged and was built anew from its journal file. */
      readonly kind: 'index-rebuilt'
      readonly file: string
    }
  | {
      /** A cleanup in the background removed something. */
      readonly kind: 'cleaned'
      readonly recordsRemoved: number
      readonly bytesFreed: number
    }
  | {
      /** A cleanup in the background, or a sidecar, failed; it is tried again later. */
      readonly kind: 'background-failed'
      readonly reason: string
    }

/** Takes events; must not throw. */
export type OnDiskLogEvent = (event: DiskLogEvent) => void
