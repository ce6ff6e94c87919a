// Builds records for Kafka egresses, which become records of topics.
import { MillraceError } from '../../base/index.ts'
import { encodeKafkaRecord, KAFKA_RECORD_TYPENAME } from '../remote/wire/egress-records.ts'
import { checkTypeName } from './address.ts'
import type { EgressMessage } from './effects.ts'
import type { Type } from './types.ts'

/** What a record for a topic is made from. */
export type KafkaEgressOptions<T> = {
  /** The egress, `namespace/name`. */
  readonly typename: string
  readonly topic: string
  /** Absent or empty: the record has no key. */
  readonly key?: string
} & (
  | { readonly value: T; readonly type: Type<T> }
  /** Without a type: a text is written as UTF-8 and bytes as they are. */
  | { readonly value: string | Uint8Array; readonly type?: undefined }
)

/**
 * A record for the topic behind a Kafka (or `io.millrace.topic.v1`) egress, encoded now.
 * @throws FUNCTION_TYPENAME · FUNCTION_VALUE the value is outside its type, or neither text nor bytes without one
 */
export function kafkaEgress<T>(options: KafkaEgressOptions<T>): EgressMessage {
  const { typename, topic, key = null } = options
  checkTypeName(typename, 'an egress')
  if (typeof topic !== 'string' || topic === '') {
    throw new MillraceError(
      'FUNCTION_VALUE',
      `the topic of a record for ${typename} is ${JSON.stringify(topic)}; expected its name; add it`
    )
  }
  const record = { key: key?.toWellFormed() ?? null, value: valueBytes(options), topic }
  const bytes = encodeKafkaRecord(record)
  return { egress: typename, argument: { typename: KAFKA_RECORD_TYPENAME, bytes } }
}

function valueBytes<T>(options: KafkaEgressOptions<T>): Uint8Array {
  if (options.type !== undefined) return options.type.serialize(options.value)
  const { value } = options
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new MillraceError(
    'FUNCTION_VALUE',
    `the value of a record for ${options.typename} is ${typeof value}; expected a text or bytes; ` +
      'give its type beside it'
  )
}
