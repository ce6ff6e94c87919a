// Fetch: whole batches from many partitions, waiting for new ones when asked to.
//
//   F1  A reader of committed records gets nothing at or past the last stable offset, and with what it gets the
//       transactions in it that were aborted (KIP-98).
//   F2  At least one batch comes back when there is one, whatever the bounds (KIP-74).
import { READ_BYTES_MAX, isMillraceError } from '../../../base/index.ts'
import { batchByteLength, batchLastOffset } from '../../../record/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { LEADER_EPOCH, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { errorCodeOf } from '../error-of.ts'
import { keyOf, type FetchPlan, type WantedPartition } from '../fetch/fetch-sessions.ts'
import { denialOf } from '../security/permission.ts'
import type { TopicLookUps } from '../topics.ts'

/** Bytes of one answer, whatever the client asks for. */
const RESPONSE_BYTES_MAX = 32 * READ_BYTES_MAX
const READ_COMMITTED = 1
const ID_VERSION = 13
const UNKNOWN = -1

type FetchRequest = RequestOf<'Fetch'>
type PartitionAnswer = Sparse<ResponseOf<'Fetch'>['responses'][number]['partitions'][number]>

/** What was found for a partition. */
interface Found {
  readonly wanted: WantedPartition
  readonly name: string | null
  readonly answer: PartitionAnswer
  readonly bytes: number
  /** Where the partition ends, for waiting; null when nothing may be waited for. */
  readonly endOffset: number | null
  /** Whether an open transaction holds records back. */
  readonly isHeldBack: boolean
}

/** Answers Fetch. */
export const handleFetch: Handler<'Fetch'> = async (context, request, caller, version) => {
  const plan = context.sessions.plan(request)
  if (plan.errorCode !== 0) return { errorCode: plan.errorCode }
  const deadline = context.clock.monotonic() + Math.max(0, request.maxWaitMs)
  for (;;) {
    const endedBefore = context.transactions.endedCount
    // What was found before and is not enough is read again.
    caller.memory.giveBack()
    const found = await collect(context, request, plan.wanted, { version, caller })
    const bytes = found.reduce((sum, each) => sum + each.bytes, 0)
    const hasNews = found.some(each => (each.answer.errorCode ?? 0) !== 0)
    const left = deadline - context.clock.monotonic()
    if (bytes >= request.minBytes || bytes >= RESPONSE_BYTES_MAX || hasNews || left <= 0) {
      return respond(plan, found)
    }
    if (!(await waitForMore(context, found, { left, caller, endedBefore })))
      return respond(plan, found)
  }
}

async function collect(
  context: BrokerContext,
  request: FetchRequest,
  wanted: readonly WantedPartition[],
  of: Pick<Bounds, 'version' | 'caller'>
): Promise<readonly Found[]> {
  const found: Found[] = []
  const lookUps = context.topics.lookUps()
  const bytesMax = context.load.isTight ? READ_BYTES_MAX : RESPONSE_BYTES_MAX
  let left = Math.min(bytesMax, Math.max(1, request.maxBytes))
  let isFirst = true
  for (const each of wanted) {
    const next = await readPartition(context, request, each, { left, isFirst, lookUps, ...of })
    found.push(next)
    left = Math.max(0, left - next.bytes)
    isFirst &&= next.bytes === 0
  }
  return found
}

interface Bounds {
  readonly left: number
  /** Whether no partition before has given anything. */
  readonly isFirst: boolean
  readonly lookUps: TopicLookUps
  readonly version: number
  readonly caller: Caller
}

async function readPartition(
  context: BrokerContext,
  request: FetchRequest,
  wanted: WantedPartition,
  bounds: Bounds
): Promise<Found> {
  const name =
    bounds.version < ID_VERSION ? wanted.topic : await bounds.lookUps.nameOf(wanted.topicId)
  const failed = (errorCode: number): Found => {
    const answer = {
      partitionIndex: wanted.partition,
      errorCode,
      highWatermark: UNKNOWN,
      records: null
    }
    return { wanted, name, answer, bytes: 0, endOffset: null, isHeldBack: false }
  }
  if (name === null) return failed(ERROR_CODES.UNKNOWN_TOPIC_ID)
  const denied = denialOf(context, bounds.caller, 'read', 'topic', name)
  if (denied !== ERROR_CODES.NONE) return failed(denied)
  if (wanted.leaderEpoch > LEADER_EPOCH) return failed(ERROR_CODES.UNKNOWN_LEADER_EPOCH)
  try {
    const found = await readKnown(context, request, { ...wanted, topic: name }, wanted, bounds)
    return typeof found === 'number' ? failed(found) : found
  } catch (error) {
    if (!isMillraceError(error)) throw error
    if (error.code === 'TOPIC_UNKNOWN') context.topics.forget(name)
    return failed(errorCodeOf(error))
  }
}

/** What is there, or the code of why there is nothing. @throws as Log.read */
async function readKnown(
  context: BrokerContext,
  request: FetchRequest,
  { topic, partition, fetchOffset, bytesMax }: WantedPartition,
  wanted: WantedPartition,
  bounds: Bounds
): Promise<Found | number> {
  if (!(await bounds.lookUps.hasPartition(topic, partition))) {
    return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (fetchOffset < 0) return ERROR_CODES.OFFSET_OUT_OF_RANGE
  // The log gives at least one batch, however large, only where nothing else comes (F2). Where the answer is full it
  // tells of the partition and reads nothing.
  const { bytes, startOffset, endOffset } = await context.log.read({
    topic,
    partition,
    offset: fetchOffset,
    bytesMax: Math.min(Math.max(0, bytesMax), bounds.left),
    isBounded: !bounds.isFirst,
    into: length => bounds.caller.memory.take(length)
  })
  if (fetchOffset < startOffset) return ERROR_CODES.OFFSET_OUT_OF_RANGE
  const stable = Math.min(endOffset, context.transactions.lastStableOffset(topic, partition))
  const isCommitted = request.isolationLevel === READ_COMMITTED
  const end = isCommitted ? stable : endOffset
  const records = cut(bytes, end)
  const answer: PartitionAnswer = {
    partitionIndex: partition,
    highWatermark: endOffset,
    lastStableOffset: stable,
    logStartOffset: startOffset,
    abortedTransactions: isCommitted
      ? abortedIn(context, topic, partition, fetchOffset, records)
      : null,
    preferredReadReplica: UNKNOWN,
    records
  }
  return {
    wanted,
    name: topic,
    answer,
    bytes: records.length,
    endOffset: Math.max(fetchOffset, endOffset),
    isHeldBack: end < endOffset
  }
}

/** The whole batches that end before `end`. */
function cut(bytes: Uint8Array, end: number): Uint8Array {
  let length = 0
  while (length < bytes.length && batchLastOffset(bytes, length) < end) {
    length += batchByteLength(bytes, length)
  }
  return bytes.subarray(0, length)
}

function abortedIn(
  context: BrokerContext,
  topic: string,
  partition: number,
  from: number,
  records: Uint8Array
): NonNullable<PartitionAnswer['abortedTransactions']> {
  let last = from
  for (let at = 0; at < records.length; at += batchByteLength(records, at)) {
    last = batchLastOffset(records, at)
  }
  return context.transactions
    .aborted(topic, partition, from, last)
    .map(each => ({ producerId: each.producerId, firstOffset: each.from }))
}

interface Patience {
  readonly left: number
  readonly caller: Caller
  /** Transactions that had ended before the partitions were read. */
  readonly endedBefore: number
}

/** Waits until a partition has more or a transaction ended, at most `left` ms; false when time or connection ended. */
async function waitForMore(
  context: BrokerContext,
  found: readonly Found[],
  { left, caller, endedBefore }: Patience
): Promise<boolean> {
  const isHeldBack = found.some(each => each.isHeldBack)
  if (isHeldBack && context.transactions.endedCount !== endedBefore) return true
  const positions = found.flatMap(({ wanted, name, endOffset }) =>
    endOffset === null || name === null
      ? []
      : [{ topic: name, partition: wanted.partition, offset: endOffset }]
  )
  const ending = new AbortController()
  const transaction = new AbortController()
  const timer = context.clock.timer(left, () => ending.abort(), { unref: true })
  const forget = isHeldBack
    ? context.transactions.onEnd(() => transaction.abort())
    : () => undefined
  const signal = AbortSignal.any([ending.signal, transaction.signal, caller.signal])
  try {
    await context.log.wait(positions, signal)
    return true
  } catch (error) {
    if (transaction.signal.aborted) return true
    // Nothing more comes, and what is there was read: asking at once again would keep both sides busy for nothing.
    if (isMillraceError(error, 'LOG_FENCED') && !signal.aborted) await abortOf(signal)
    if (signal.aborted || isMillraceError(error)) return false
    throw error
  } finally {
    timer.cancel()
    forget()
  }
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

function respond(plan: FetchPlan, found: readonly Found[]): Sparse<ResponseOf<'Fetch'>> {
  const responses: { topic: string; topicId: string; partitions: PartitionAnswer[] }[] = []
  for (const each of found) {
    if (plan.isIncremental && !isNews(plan, each)) continue
    const { topic, topicId } = each.wanted
    rotate(plan, each)
    const last = responses.at(-1)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) {
      last.partitions.push(each.answer)
    } else responses.push({ topic, topicId, partitions: [each.answer] })
    remember(plan, each)
  }
  return { sessionId: plan.session?.id ?? 0, responses }
}

/** Who got records comes last the next time, so that one busy partition does not keep others waiting. */
function rotate(plan: FetchPlan, { wanted, bytes }: Found): void {
  const key = keyOf(wanted)
  const entry = plan.session?.partitions.get(key)
  if (bytes === 0 || entry === undefined) return
  plan.session!.partitions.delete(key)
  plan.session!.partitions.set(key, entry)
}

/** Whether the client of an incremental session must be told of a partition. */
function isNews(plan: FetchPlan, { wanted, answer, bytes }: Found): boolean {
  const told = plan.session?.partitions.get(keyOf(wanted))?.told ?? null
  if (bytes > 0 || (answer.errorCode ?? 0) !== 0 || told === null) return true
  return (
    told.highWatermark !== answer.highWatermark ||
    told.lastStableOffset !== answer.lastStableOffset ||
    told.logStartOffset !== answer.logStartOffset
  )
}

function remember(plan: FetchPlan, { wanted, answer }: Found): void {
  const entry = plan.session?.partitions.get(keyOf(wanted))
  if (entry === undefined) return
  const { highWatermark = UNKNOWN, lastStableOffset = UNKNOWN, logStartOffset = UNKNOWN } = answer
  entry.told =
    (answer.errorCode ?? 0) === 0 ? { highWatermark, lastStableOffset, logStartOffset } : null
}
