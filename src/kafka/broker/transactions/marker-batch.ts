// The control batch that ends a transaction in a partition (KIP-98).
import { BatchBuilder } from '../../../record/index.ts'

const VERSION = 0
const ABORT = 0
const COMMIT = 1
const COORDINATOR_EPOCH = 0

/** What a marker says. */
export interface Marker {
  readonly producerId: number
  readonly epoch: number
  readonly isCommit: boolean
  readonly timestampMs: number
}

/** One control record: key version and type (int16 each), value version (int16) and the coordinator's epoch (int32). */
export function markerBatch({ producerId, epoch, isCommit, timestampMs }: Marker): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(VERSION, 0)
  key.writeInt16BE(isCommit ? COMMIT : ABORT, 2)
  const value = Buffer.alloc(6)
  value.writeInt16BE(VERSION, 0)
  value.writeInt32BE(COORDINATOR_EPOCH, 2)
  const builder = new BatchBuilder({ producerId, producerEpoch: epoch, isControl: true })
  builder.append(timestampMs, key, value)
  return builder.build()
}
