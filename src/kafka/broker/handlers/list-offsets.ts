// ListOffsets, OffsetForLeaderEpoch, DeleteRecords: places in partitions.
import { isMillraceError } from '../../../base/index.ts'
import type { PartitionStatus } from '../../../log/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, type BrokerContext, type Handler } from '../context.ts'
import { errorCodeOf } from '../error-of.ts'
import { may } from '../security/permission.ts'
import { findMaxTimestamp, findTimestamp } from '../find-time.ts'

const LATEST = -1
const EARLIEST = -2
/** The record with the greatest timestamp (KIP-734). */
const MAX_TIMESTAMP = -3
/** First offset on this node's disk (KIP-405): here the earliest. */
const EARLIEST_LOCAL = -4
/** Last offset in remote storage (KIP-1005): here there is none. */
const LATEST_TIERED = -5
const UNKNOWN = -1
const HIGH_WATERMARK = -1

type AskedPartition = RequestOf<'ListOffsets'>['topics'][number]['partitions'][number]
type FoundPartition = Sparse<ResponseOf<'ListOffsets'>['topics'][number]['partitions'][number]>

/** Answers ListOffsets. */
export const handleListOffsets: Handler<'ListOffsets'> = async (context, request, caller) => {
  const topics = []
  for (const { name, partitions } of request.topics) {
    const found: FoundPartition[] = []
    const isAllowed = may(context, caller, 'describe', 'topic', name)
    for (const asked of partitions) {
      const { partitionIndex } = asked
      const denied = { partitionIndex, errorCode: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED }
      found.push(isAllowed ? await findOffset(context, name, asked, request) : denied)
    }
    topics.push({ name, partitions: found })
  }
  return { topics }
}

/** The partition's status, or the code of what is wrong. */
async function partitionOf(
  context: BrokerContext,
  name: string,
  partition: number,
  leaderEpoch: number
): Promise<PartitionStatus | number> {
  const topic = await context.topics.describe(name)
  const status = topic?.status.partitions[partition]
  if (status === undefined) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  return leaderEpoch > LEADER_EPOCH ? ERROR_CODES.UNKNOWN_LEADER_EPOCH : status
}

async function findOffset(
  context: BrokerContext,
  name: string,
  asked: AskedPartition,
  request: RequestOf<'ListOffsets'>
): Promise<FoundPartition> {
  const { partitionIndex, timestamp } = asked
  const status = await partitionOf(context, name, partitionIndex, asked.currentLeaderEpoch)
  if (typeof status === 'number') return { partitionIndex, errorCode: status }
  const found = (offset: number, at: number): FoundPartition => {
    const leaderEpoch = offset === UNKNOWN ? UNKNOWN : LEADER_EPOCH
    return { partitionIndex, offset, timestamp: at, leaderEpoch }
  }
  const isCommitted = request.isolationLevel === 1
  const end = isCommitted
    ? Math.min(status.endOffset, context.transactions.lastStableOffset(name, partitionIndex))
    : status.endOffset
  if (timestamp === LATEST) return found(end, UNKNOWN)
  if (timestamp === EARLIEST || timestamp === EARLIEST_LOCAL)
    return found(status.startOffset, UNKNOWN)
  if (timestamp === LATEST_TIERED) return found(UNKNOWN, UNKNOWN)
  if (timestamp < MAX_TIMESTAMP)
    return { partitionIndex, errorCode: ERROR_CODES.UNSUPPORTED_VERSION }
  try {
    const place =
      timestamp === MAX_TIMESTAMP
        ? await findMaxTimestamp(context.log, name, status, end)
        : await findTimestamp(context.log, name, status, timestamp, end)
    return place === null ? found(UNKNOWN, UNKNOWN) : found(place.offset, place.timestamp)
  } catch (error) {
    return { partitionIndex, errorCode: errorCodeOf(error) }
  }
}

/** Answers OffsetForLeaderEpoch: the one epoch ends where the partition does. */
export const handleOffsetForLeaderEpoch: Handler<'OffsetForLeaderEpoch'> = async (
  context,
  request,
  caller
) => {
  const topics = []
  for (const { topic, partitions } of request.topics) {
    const found = []
    const isAllowed = may(context, caller, 'describe', 'topic', topic)
    for (const { partition, currentLeaderEpoch, leaderEpoch } of partitions) {
      const status = isAllowed
        ? await partitionOf(context, topic, partition, currentLeaderEpoch)
        : ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
      if (typeof status === 'number') found.push({ partition, errorCode: status })
      else if (leaderEpoch < LEADER_EPOCH) found.push({ partition })
      else found.push({ partition, leaderEpoch: LEADER_EPOCH, endOffset: status.endOffset })
    }
    topics.push({ topic, partitions: found })
  }
  return { topics }
}

/** Answers DeleteRecords. */
export const handleDeleteRecords: Handler<'DeleteRecords'> = async (context, request, caller) => {
  const topics = []
  const errorCode = ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
  for (const { name, partitions } of request.topics) {
    const results = []
    const isAllowed = may(context, caller, 'delete', 'topic', name)
    for (const { partitionIndex, offset } of partitions) {
      const outcome = isAllowed
        ? await deleteRecords(context, name, partitionIndex, offset)
        : { lowWatermark: UNKNOWN, errorCode }
      results.push({ partitionIndex, ...outcome })
    }
    topics.push({ name, partitions: results })
  }
  return { topics }
}

async function deleteRecords(
  context: BrokerContext,
  name: string,
  partition: number,
  before: number
): Promise<{ readonly lowWatermark: number; readonly errorCode: number }> {
  const refused = (errorCode: number) => ({ lowWatermark: UNKNOWN, errorCode })
  const status = await partitionOf(context, name, partition, UNKNOWN)
  if (typeof status === 'number') return refused(status)
  const offset = before === HIGH_WATERMARK ? status.endOffset : before
  if (offset < 0 || offset > status.endOffset) return refused(ERROR_CODES.OFFSET_OUT_OF_RANGE)
  try {
    await context.log.deleteRecords(name, partition, offset)
    return { lowWatermark: Math.max(offset, status.startOffset), errorCode: 0 }
  } catch (error) {
    if (isMillraceError(error)) return refused(errorCodeOf(error))
    throw error
  }
}
