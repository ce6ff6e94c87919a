// What a data directory says of the dataflows that run on it: one record for each, in an internal topic of its log.
//
// Owns: the record's form and its way into the log. Does not own: what a difference means (compare.ts).
//   U1  The record is durable before the first commit of the tasks that it describes.
//   U2  It changes in one commit: whoever reads it finds what was before an upgrade, or what is after it.
//   U3  Everything in the changelog that belongs to no state of the record stands in its list `removing`.
import type { Converter, Plan, SchedulePlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { MillraceError, isMillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import type { CommitBatch, Log } from '../../log/log.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../record/index.ts'
import { groupName } from '../../runtime/index.ts'

/** The topic of the records; compacted, the key is `namespace/name` of a dataflow. */
export const RECORDS_TOPIC = '_millrace.dataflows'

const FORMAT = 1

/** Types that stored values may have been written with. */
export interface StoredLayout {
  readonly key: Type
  /** The last one is that which was declared last; it reads what all others wrote. */
  readonly values: readonly Type[]
  readonly stamped: boolean
}

/** What is stored of one state. */
export interface StateRecord {
  readonly service: string
  /** As the file names it; what a service keeps for itself begins with `$`. */
  readonly name: string
  /** In the changelog. */
  readonly stored: string
  readonly fingerprint: string
  readonly meaning: string
  readonly windowed: boolean
  /** null for what a service keeps for itself. */
  readonly layout: StoredLayout | null
  /** False: the last file that ran had it no more, and its data stays. */
  readonly isDeclared: boolean
}

export interface ServiceRecord {
  readonly name: string
  /** What internal names are made from. */
  readonly storedAs: string
  /** Names of topics in the log. */
  readonly sources: readonly string[]
  readonly sinks: readonly string[]
  /** Names of operators in the order in which a record meets them. */
  readonly operators: readonly string[]
  /** What travels between tasks; null without a partition, or where it is not known. */
  readonly travelling: Type | null
  readonly isDeclared: boolean
}

export interface TopicRecord {
  readonly name: string
  readonly key: Type | null
  /** What its records may have been written with, the last one last. */
  readonly values: readonly { readonly type: Type; readonly converter: Converter }[]
  readonly isDeclared: boolean
}

/** When the ticks of a schedule come. */
export interface ScheduleRecord extends SchedulePlan {
  /** As the file names it. */
  readonly id: string
  /** The internal topic that stands for it. */
  readonly topic: string
}

export interface DataflowRecord {
  readonly format: number
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly tasks: number
  /** Rises with each upgrade that stores something anew: makes names that were never used. */
  readonly generation: number
  readonly services: readonly ServiceRecord[]
  readonly states: readonly StateRecord[]
  readonly topics: readonly TopicRecord[]
  /** Names in the changelog that are to be removed from it. */
  readonly removing: readonly string[]
  /** Names in the changelog that were removed: no state gets one of them again. */
  readonly retired: readonly string[]
  /** Absent in records that were written without. */
  readonly schedules?: readonly ScheduleRecord[]
}

/** The key of a dataflow's record. */
export function recordKey(plan: Pick<Plan, 'namespace' | 'name'>): string {
  return groupName(plan as Plan)
}

/**
 * The records of all dataflows of a log, by key. Starts nothing, writes nothing.
 * @throws LOG_VERSION_UNKNOWN a newer release wrote one
 */
export async function readRecords(log: Log): Promise<ReadonlyMap<string, DataflowRecord>> {
  const records = new Map<string, DataflowRecord>()
  const topics = await log.listTopics({ internal: true })
  if (!topics.some(({ name }) => name === RECORDS_TOPIC)) return records
  const cursor = new RecordCursor()
  for (let offset = 0; ;) {
    const { bytes, nextOffset } = await log.read({ topic: RECORDS_TOPIC, partition: 0, offset })
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      cursor.open(bytes, at)
      while (cursor.next()) {
        const { data, keyStart, keyEnd, valueStart, valueEnd } = cursor
        const key = data.toString('utf8', keyStart, keyEnd)
        if (valueStart < 0) records.delete(key)
        else records.set(key, parse(key, data.toString('utf8', valueStart, valueEnd)))
      }
    }
    if (nextOffset <= offset) return records
    offset = nextOffset
  }
}

/** Makes the topic of the records where it is not there. */
export async function ensureRecordsTopic(log: Log): Promise<void> {
  const topics = await log.listTopics({ internal: true })
  if (topics.some(({ name }) => name === RECORDS_TOPIC)) return
  try {
    await log.createTopic(RECORDS_TOPIC, { partitions: 1, cleanup: 'compact', internal: true })
  } catch (error) {
    // Another dataflow that starts on the same log was faster.
    if (!isMillraceError(error, 'TOPIC_EXISTS')) throw error
  }
}

/** Replaces a dataflow's record, in one commit with `others` (U2). Resolves when it is durable. */
export async function writeRecord(
  log: Log,
  clock: Clock,
  record: DataflowRecord,
  others: readonly CommitBatch[] = []
): Promise<void> {
  const builder = new BatchBuilder()
  const key = Buffer.from(recordKey(record))
  builder.append(clock.now(), key, Buffer.from(JSON.stringify(record)))
  const batch = builder.build()
  await log.commit({
    batches: [...others, { topic: RECORDS_TOPIC, partition: 0, batch }],
    offsets: []
  })
}

function parse(key: string, text: string): DataflowRecord {
  const record = JSON.parse(text) as DataflowRecord
  if (record.format === FORMAT) return record
  throw new MillraceError(
    'LOG_VERSION_UNKNOWN',
    `the record of the dataflow ${key} in this data directory has the format ${record.format}; expected ${FORMAT}; ` +
      'a newer release of millrace wrote it: run that one'
  )
}

/** A record's format as this release writes it. */
export const RECORD_FORMAT: number = FORMAT

/** Forgets a dataflow whose states are gone; durable when resolved. */
export async function removeRecord(log: Log, clock: Clock, key: string): Promise<void> {
  const topics = await log.listTopics({ internal: true })
  if (!topics.some(({ name }) => name === RECORDS_TOPIC)) return
  const builder = new BatchBuilder()
  builder.append(clock.now(), Buffer.from(key), null)
  const batch = { topic: RECORDS_TOPIC, partition: 0, batch: builder.build() }
  await log.commit({ batches: [batch], offsets: [] })
}
