// The records that functions send to Kafka and Kinesis egresses.
import { MillraceError, messageOf } from '../../../base/index.ts'
import { io } from './generated/protocol-3.js'

const { KafkaProducerRecord, KinesisEgressRecord } = io.statefun.sdk.egress

/** The typename of a Kafka record in an egress message of 3.x. */
export const KAFKA_RECORD_TYPENAME =
  'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord'
/** The same of 2.x. */
export const KAFKA_RECORD_TYPENAME_2 =
  'type.googleapis.com/org.apache.flink.statefun.flink.io.KafkaProducerRecord'
/** The typename of a Kinesis record in an egress message of 3.x. */
export const KINESIS_RECORD_TYPENAME =
  'type.googleapis.com/io.statefun.sdk.egress.KinesisEgressRecord'

const EMPTY: Uint8Array = new Uint8Array(0)

/** A record for a topic. */
export interface KafkaRecord {
  /** null: without key. The protocol cannot say "empty key": it becomes null. */
  readonly key: string | null
  readonly value: Uint8Array
  readonly topic: string
}

/** The record's bytes, the caller's. */
export function encodeKafkaRecord({ key, value, topic }: KafkaRecord): Uint8Array {
  return KafkaProducerRecord.encode({ key, valueBytes: value, topic }).finish()
}

/** The record; its value is a view of `bytes`. @throws FUNCTION_EGRESS_VALUE no such message, or no topic in it */
export function decodeKafkaRecord(bytes: Uint8Array): KafkaRecord {
  const { key, valueBytes, topic } = decode('Kafka', () => KafkaProducerRecord.decode(bytes))
  if (topic) return { key: key || null, value: valueBytes ?? EMPTY, topic }
  throw new MillraceError(
    'FUNCTION_EGRESS_VALUE',
    'a record for a Kafka egress names no topic; expected one; set it in the function'
  )
}

/** A record for a Kinesis stream. */
export interface KinesisRecord {
  readonly partitionKey: string
  readonly value: Uint8Array
  readonly stream: string
  readonly explicitHashKey: string | null
}

/** The record's bytes, the caller's. */
export function encodeKinesisRecord(record: KinesisRecord): Uint8Array {
  const { partitionKey, value, stream, explicitHashKey } = record
  return KinesisEgressRecord.encode({
    partitionKey,
    valueBytes: value,
    stream,
    explicitHashKey
  }).finish()
}

/** The record; its value is a view of `bytes`. @throws FUNCTION_EGRESS_VALUE */
export function decodeKinesisRecord(bytes: Uint8Array): KinesisRecord {
  const record = decode('Kinesis', () => KinesisEgressRecord.decode(bytes))
  return {
    partitionKey: record.partitionKey ?? '',
    value: record.valueBytes ?? EMPTY,
    stream: record.stream ?? '',
    explicitHashKey: record.explicitHashKey || null
  }
}

function decode<M>(what: string, work: () => M): M {
  try {
    return work()
  } catch (error) {
    throw new MillraceError(
      'FUNCTION_EGRESS_VALUE',
      `a value for a ${what} egress is no record: ${messageOf(error)}; ` +
        `expected the bytes of a ${what} egress record; build it with the SDK`,
      { cause: error }
    )
  }
}
