// The records that functions send to Kafka egresses, as the SDKs write them.
import { io } from './generated/protocol-3.js'

const { KafkaProducerRecord } = io.statefun.sdk.egress

/** The typename of a Kafka record in an egress message of 3.x. */
export const KAFKA_RECORD_TYPENAME =
  'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord'
/** The same of 2.x. */
export const KAFKA_RECORD_TYPENAME_2 =
  'type.googleapis.com/org.apache.flink.statefun.flink.io.KafkaProducerRecord'

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
