// ListOffsets, OffsetForLeaderEpoch, DeleteRecords: places in partitions.
import { isMillraceError } from '../../../base/index.ts'
import type { PartitionStatus } from '../../../log/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, type BrokerContext, type Handler } from '../context.ts'
import { repeated } from '../distinct.ts'
import { errorCodeOf } from '../error-of.ts'
import { findMaxTimestamp, findTimestamp } from '../fetch/find-time.ts'
import { denialOf } from '../security/permission.ts'
import type { TopicLookUps } from '../topics.ts'

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
const READ_COMMITTED = 1

type AskedTopics = RequestOf<'ListOffsets'>['topics']
type AskedPartition = RequestOf<'ListOffsets'>['topics'][number]['partitions'][number]
type FoundPartition = Sparse<ResponseOf<'ListOffsets'>['topics'][number]['partitions'][number]>

const placeOf = (name: string, partition: number): string => `${partition}:${name}`

/** Partitions that a request names more than once: searches for times are not repeated for it. */
function namedTwice(topics: AskedTopics): ReadonlySet<string> {
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => placeOf(name, partitionIndex))
  )
  return repeated(places, place => place)
}

/** Answers ListOffsets. */
export const handleListOffsets: Handler<'ListOffsets'> = async (context, request, caller) => {
  const lookUps = context.topics.lookUps()
  const twice = namedTwice(request.topics)
  const topics = []
  for (const { name, partitions } of request.topics) {
    const found: FoundPartition[] = []
    const denied = denialOf(context, caller, 'describe', 'topic', name)
    for (const asked of partitions) {
      const { partitionIndex } = asked
      const isTwice = twice.has(placeOf(name, partitionIndex))
      const errorCode = denied || (isTwice ? ERROR_CODES.INVALID_REQUEST : ERROR_CODES.NONE)
      found.push(
        errorCode === ERROR_CODES.NONE
          ? await findOffset(context, lookUps, name, asked, request.isolationLevel)
          : { partitionIndex, errorCode }
      )
    }
    topics.push({ name, partitions: found })
  }
  return { topics }
}

/** The partition's status, or the code of what is wrong. */
async function partitionOf(
  lookUps: TopicLookUps,
  name: string,
  partition: number,
  leaderEpoch: number
): Promise<PartitionStatus | number> {
  const topic = await lookUps.topic(name)
  const status = topic?.status.partitions[partition]
  if (status === undefined) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  return leaderEpoch > LEADER_EPOCH ? ERROR_CODES.UNKNOWN_LEADER_EPOCH : status
}

async function findOffset(
  context: BrokerContext,
  lookUps: TopicLookUps,
  name: string,
  asked: AskedPartition,
  isolationLevel: number
): Promise<FoundPartition> {
  const { partitionIndex, timestamp } = asked
  const status = await partitionOf(lookUps, name, partitionIndex, asked.currentLeaderEpoch)
  if (typeof status === 'number') return { partitionIndex, errorCode: status }
  const found = (offset: number, at: number): FoundPartition => {
    const leaderEpoch = offset === UNKNOWN ? UNKNOWN : LEADER_EPOCH
    return { partitionIndex, offset, timestamp: at, leaderEpoch }
  }
  const end =
    isolationLevel === READ_COMMITTED
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

/** Answers OffsetForLeaderEpoch: the one epoch ends where the partition does, others are not known. */
export const handleOffsetForLeaderEpoch: Handler<'OffsetForLeaderEpoch'> = async (
  context,
  request,
  caller
) => {
  const lookUps = context.topics.lookUps()
  const topics = []
  for (const { topic, partitions } of request.topics) {
    const found = []
    const denied = denialOf(context, caller, 'describe', 'topic', topic)
    for (const { partition, currentLeaderEpoch, leaderEpoch } of partitions) {
      const status = denied || (await partitionOf(lookUps, topic, partition, currentLeaderEpoch))
      if (typeof status === 'number') found.push({ partition, errorCode: status })
      else if (leaderEpoch !== LEADER_EPOCH) found.push({ partition })
      else found.push({ partition, leaderEpoch: LEADER_EPOCH, endOffset: status.endOffset })
    }
    topics.push({ topic, partitions: found })
  }
  return { topics }
}

/** Answers DeleteRecords. */
export const handleDeleteRecords: Handler<'DeleteRecords'> = async (context, request, caller) => {
  const lookUps = context.topics.lookUps()
  const topics = []
  for (const { name, partitions } of request.topics) {
    const results = []
    const errorCode = denialOf(context, caller, 'delete', 'topic', name)
    for (const { partitionIndex, offset } of partitions) {
      const outcome =
        errorCode === ERROR_CODES.NONE
          ? await deleteRecords(context, lookUps, { name, partition: partitionIndex, offset })
          : { lowWatermark: UNKNOWN, errorCode }
      results.push({ partitionIndex, ...outcome })
    }
    topics.push({ name, partitions: results })
  }
  return { topics }
}

async function deleteRecords(
  context: BrokerContext,
  lookUps: TopicLookUps,
  asked: { readonly name: string; readonly partition: number; readonly offset: number }
): Promise<{ readonly lowWatermark: number; readonly errorCode: number }> {
  const { name, partition } = asked
  const refused = (errorCode: number) => ({ lowWatermark: UNKNOWN, errorCode })
  const status = await partitionOf(lookUps, name, partition, UNKNOWN)
  if (typeof status === 'number') return refused(status)
  const offset = asked.offset === HIGH_WATERMARK ? status.endOffset : asked.offset
  if (offset < 0 || offset > status.endOffset) return refused(ERROR_CODES.OFFSET_OUT_OF_RANGE)
  try {
    await context.log.deleteRecords(name, partition, offset)
    return { lowWatermark: Math.max(offset, status.startOffset), errorCode: 0 }
  } catch (error) {
    if (isMillraceError(error)) return refused(errorCodeOf(error))
    throw error
  }
}
