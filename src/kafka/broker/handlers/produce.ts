// Produce: record batches into partitions, acknowledged when they are durable.
//
//   P1  A request's batches are handed to the log before the handler first waits, so that requests of a connection
//       that follow each other keep their order (L3). One with a topic that was not seen yet waits before: see
//       `mayOverlap`.
//   P2  A partition that is refused refuses nothing else of the request: each batch is a commit. The log writes all of
//       one turn together; with one commit for all, the good ones of a refused one would have to be handed over again,
//       behind those of later requests.
import { BATCH_BYTES_MAX, messageOf } from '../../../base/index.ts'
import {
  DECOMPRESSED_BYTES_MAX,
  batchByteLength,
  checkBatch,
  checkRecords,
  readBatchHeader,
  type BatchFault,
  type Growth
} from '../../../record/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Caller, Handler } from '../context.ts'
import { errorCodeOf } from '../error-of.ts'
import type { Admitted } from '../transactions/producers.ts'
import { may } from '../security/permission.ts'

const ACKS_NONE = 0
const ACKS_LEADER = 1
const ACKS_ALL = -1
const UNKNOWN = -1
/** What all compressed records of a request may become: nobody else is served while they are looked through. */
const GROWTH_BYTES_MAX = 4 * DECOMPRESSED_BYTES_MAX

type PartitionResponse = Sparse<
  ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number]
>

/** A batch that its producer and the log may take, or not. */
interface Piece {
  readonly topic: string
  readonly partition: number
  readonly records: Uint8Array | null
}

/** A piece on its way into the log. */
interface Accepted {
  readonly piece: Piece
  readonly admission: Admitted
  readonly resolve: (response: PartitionResponse) => void
}

/** Whether a request keeps its order by itself (P1): when the log need not be asked about its topics. */
export function mayOverlap(context: BrokerContext, request: RequestOf<'Produce'>): boolean {
  return request.topicData.every(({ name }) => context.topics.isKnown(name))
}

/** Answers Produce. */
export const handleProduce: Handler<'Produce'> = async (context, request, caller) => {
  const denied = deniedBy(context, request, caller)
  for (const { name } of request.topicData) {
    if (!context.topics.isKnown(name)) await context.topics.describe(name)
  }
  const isValid = [ACKS_NONE, ACKS_LEADER, ACKS_ALL].includes(request.acks)
  const accepted: Accepted[] = []
  const work = {
    transactionalId: request.transactionalId,
    accepted,
    growth: { bytes: GROWTH_BYTES_MAX }
  }
  // Nothing waits until all batches are handed over (P1).
  const pending = request.topicData.map(({ name, partitionData }) => ({
    name,
    partitions: partitionData.map(async ({ index, records }): Promise<PartitionResponse> => {
      const piece = { topic: name, partition: index, records }
      const fault = isValid ? denied(name) : ERROR_CODES.INVALID_REQUIRED_ACKS
      const response =
        fault === ERROR_CODES.NONE ? await take(context, work, piece) : refusal(fault)
      return { index, ...response }
    })
  }))
  for (const each of accepted) void commit(context, each)
  const responses = []
  for (const { name, partitions } of pending) {
    responses.push({ name, partitionResponses: await Promise.all(partitions) })
  }
  return request.acks === ACKS_NONE ? null : { responses }
}

/** What is wrong with writing to a topic, for the caller; each topic is asked about once. */
function deniedBy(
  context: BrokerContext,
  { transactionalId, topicData }: RequestOf<'Produce'>,
  caller: Caller
): (topic: string) => number {
  const mayTransact =
    transactionalId === null || may(context, caller, 'write', 'transactional-id', transactionalId)
  if (!mayTransact) return () => ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  const names = topicData.map(each => each.name)
  const denied = new Set(names.filter(name => !may(context, caller, 'write', 'topic', name)))
  return name => (denied.has(name) ? ERROR_CODES.TOPIC_AUTHORIZATION_FAILED : ERROR_CODES.NONE)
}

function refusal(errorCode: number, errorMessage: string | null = null): PartitionResponse {
  return { errorCode, errorMessage, baseOffset: UNKNOWN, logAppendTimeMs: UNKNOWN }
}

function success(baseOffset: number): PartitionResponse {
  return { baseOffset, logAppendTimeMs: UNKNOWN, logStartOffset: UNKNOWN }
}

/** What the pieces of a request have in common. */
interface Work {
  readonly transactionalId: string | null
  readonly accepted: Accepted[]
  readonly growth: Growth
}

/** Checks a piece and puts it among the accepted ones; the promise says what became of it. */
function take(
  context: BrokerContext,
  { transactionalId, accepted, growth }: Work,
  piece: Piece
): Promise<PartitionResponse> {
  if (!context.topics.isKnown(piece.topic)) {
    return Promise.resolve(refusal(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION))
  }
  const fault = faultOf(piece.records, growth)
  if (fault !== null) return Promise.resolve(refusal(fault.errorCode, fault.message))
  const admission = context.producers.admit(
    piece.topic,
    piece.partition,
    piece.records!,
    transactionalId
  )
  switch (admission.kind) {
    case 'refused':
      return Promise.resolve(refusal(admission.errorCode))
    case 'duplicate':
      return admission.baseOffset.then(success, error => refusal(errorCodeOf(error)))
    case 'admitted':
      return new Promise(resolve => accepted.push({ piece, admission, resolve }))
  }
}

interface PieceFault {
  readonly errorCode: number
  readonly message: string
}

/** What is wrong with the records of a piece: exactly one batch is expected, with records that add up. */
function faultOf(records: Uint8Array | null, growth: Growth): PieceFault | null {
  if (records === null || records.length === 0) {
    return { errorCode: ERROR_CODES.INVALID_RECORD, message: 'no records; expected one batch' }
  }
  if (records.length > BATCH_BYTES_MAX) {
    const message = `a batch of ${records.length} bytes; at most ${BATCH_BYTES_MAX} are taken`
    return { errorCode: ERROR_CODES.MESSAGE_TOO_LARGE, message }
  }
  const fault = checkBatch(records, 0, records.length)
  if (fault !== null) return { errorCode: codeOfFault(fault), message: fault.message }
  if (batchByteLength(records, 0) !== records.length) {
    const message = 'more than one batch for a partition; send one'
    return { errorCode: ERROR_CODES.INVALID_RECORD, message }
  }
  const header = readBatchHeader(records, 0)
  if (header.isControl || header.recordCount === 0) {
    const message = 'a batch of a transaction marker, or without records; send records'
    return { errorCode: ERROR_CODES.INVALID_RECORD, message }
  }
  const deep = checkRecords(records, 0, { contiguous: true, growth })
  return deep === null ? null : { errorCode: codeOfFault(deep), message: deep.message }
}

function codeOfFault(fault: BatchFault): number {
  if (fault.code === 'BATCH_MAGIC') return ERROR_CODES.INVALID_RECORD
  if (fault.code === 'BATCH_TOO_LARGE') return ERROR_CODES.MESSAGE_TOO_LARGE
  return ERROR_CODES.CORRUPT_MESSAGE
}

/** Writes one piece, and says what became of it. */
async function commit(
  context: BrokerContext,
  { piece, admission, resolve }: Accepted
): Promise<void> {
  const { topic, partition, records } = piece
  const batches = [{ topic, partition, batch: records! }]
  const { changes } = admission
  try {
    const { baseOffsets } =
      changes.size === 0
        ? await context.log.commit({ batches, offsets: [] })
        : await context.store.change(changes, { batches })
    admission.settle(baseOffsets[0]!)
    resolve(success(baseOffsets[0]!))
  } catch (error) {
    context.topics.forget(topic)
    admission.fail(error)
    resolve(refusal(errorCodeOf(error), messageOf(error)))
  }
}
