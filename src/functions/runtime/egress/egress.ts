// Where values leave: makes the record that an egress message stands for and writes it to its topic.
import protobuf from 'protobufjs/minimal.js'
import { MillraceError, messageOf } from '../../../base/index.ts'
import { murmur2, partitionForKey } from '../../../record/index.ts'
import type { EpochOutputs } from '../../../runtime/task/index.ts'
import { KAFKA_RECORD_TYPENAME, KAFKA_RECORD_TYPENAME_2 } from '../../remote/wire/index.ts'
import type { Address, EgressMessage, TypedValue } from '../../sdk/index.ts'
import type { EgressListener, EgressRecord, EgressSpec } from '../contract.ts'
import type { EgressTopics } from './egress-topics.ts'
import type { Lane, Placements } from './placements.ts'

/** Topics whose records somebody hears of once they are durable, with who that is by now. */
export type HeardTopics = ReadonlyMap<string, { listener: EgressListener | null }>

/** What {@link Egresses} are made from. */
export interface EgressesOptions {
  readonly egresses: readonly EgressSpec[]
  readonly topics: EgressTopics
  readonly heard: HeardTopics
}

/** All egresses of a task. */
export class Egresses {
  readonly #specs: ReadonlyMap<string, EgressSpec>
  readonly #outputs: EpochOutputs
  readonly #topics: EgressTopics
  readonly #heard: HeardTopics
  readonly #placements: Placements
  /** Of the heard topics, by partition. */
  readonly #lanes = new Map<string, Lane[]>()

  constructor(
    { egresses, topics, heard }: EgressesOptions,
    outputs: EpochOutputs,
    placements: Placements
  ) {
    this.#specs = new Map(egresses.map(spec => [spec.typename, spec]))
    this.#outputs = outputs
    this.#topics = topics
    this.#heard = heard
    this.#placements = placements
  }

  /**
   * The records of egress messages, in order.
   * @throws EGRESS_UNKNOWN, EGRESS_RECORD
   */
  records(messages: readonly EgressMessage[], from: Address): EgressRecord[] {
    return messages.map(({ egress, argument }) => {
      const spec = this.#specs.get(egress)
      if (spec === undefined) throw this.#unknown(egress)
      const record =
        spec.record === undefined ? kafkaRecord(egress, argument) : custom(spec, argument, from)
      if (spec.topics !== undefined && !spec.topics.includes(record.topic)) {
        throw otherTopic(spec.topics, egress, record.topic)
      }
      return record
    })
  }

  /** The topics among `records` whose partitions are not known yet. */
  unknownTopics(records: readonly EgressRecord[]): string[] {
    const topics = new Set<string>()
    for (const { topic } of records) {
      if (this.#topics.partitionsOf(topic) === undefined) topics.add(topic)
    }
    return [...topics]
  }

  /** Appends records whose topics are known. Without a key the sender decides the partition, so its order is kept. */
  write(records: readonly EgressRecord[], senderKey: string, now: number): void {
    for (const record of records) {
      const { topic, key, value } = record
      const partitions = this.#topics.partitionsOf(topic)!
      const output = this.#outputs.open({
        topic,
        partitions,
        compression: 'none',
        producerId: () => -1
      })
      const partition = partitions === 1 ? 0 : partitionOf(key, senderKey, partitions)
      const keyStart = key === null ? -1 : 0
      const keyEnd = key === null ? -1 : key.length
      output.append(
        partition,
        now,
        key ?? value,
        keyStart,
        keyEnd,
        value,
        0,
        value.length,
        value,
        0,
        0,
        0
      )
      const heard = this.#heard.get(topic)
      if (heard === undefined) continue
      const lanes = this.#lanesOf(topic)
      const lane = (lanes[partition] ??= this.#placements.lane(topic, partition))
      lane.noted.push({
        durable: offset => heard.listener?.(record, partition, offset),
        lost: () => {}
      })
    }
  }

  #lanesOf(topic: string): Lane[] {
    let lanes = this.#lanes.get(topic)
    if (lanes === undefined) this.#lanes.set(topic, (lanes = []))
    return lanes
  }

  #unknown(egress: string): MillraceError {
    return new MillraceError(
      'EGRESS_UNKNOWN',
      `a message for the egress ${egress}; expected one of ${[...this.#specs.keys()].join(', ') || '(none)'}; ` +
        `declare it in the module`,
      { details: { egress } }
    )
  }
}

function otherTopic(topics: readonly string[], egress: string, topic: string): MillraceError {
  return new MillraceError(
    'EGRESS_RECORD',
    `a record for the topic ${topic} over the egress ${egress}; expected one of its topics, ${topics.join(', ')}; ` +
      'correct the function, or add the topic to the egress',
    { details: { egress, topic } }
  )
}

function partitionOf(key: Uint8Array | null, senderKey: string, partitions: number): number {
  if (key !== null) return partitionForKey(key, 0, key.length, partitions)
  const sender = Buffer.from(senderKey)
  return (murmur2(sender, 0, sender.length) & 0x7fff_ffff) % partitions
}

function custom(spec: EgressSpec, argument: TypedValue, from: Address): EgressRecord {
  try {
    return spec.record!(argument, from)
  } catch (error) {
    throw new MillraceError(
      'EGRESS_RECORD',
      `the egress ${spec.typename} cannot make a record of a ${argument.typename}: ${messageOf(error)}`,
      { cause: error, details: { egress: spec.typename } }
    )
  }
}

/** Whether a value is a record for a topic, as SDKs write it. */
export function isKafkaRecord({ typename }: TypedValue): boolean {
  return typename === KAFKA_RECORD_TYPENAME || typename === KAFKA_RECORD_TYPENAME_2
}

/** Takes a KafkaProducerRecord apart: 1 key (empty: none), 2 value, 3 topic. @throws EGRESS_RECORD it is none */
export function kafkaRecord(egress: string, argument: TypedValue): EgressRecord {
  const { typename, bytes } = argument
  if (!isKafkaRecord(argument)) throw recordError(egress, `a value of the type ${typename}`)
  // By hand: the generated code makes a text of the key, of which bytes would be made again.
  let key: Uint8Array | null = null
  let value: Uint8Array = bytes.subarray(0, 0)
  let topic = ''
  try {
    const reader = protobuf.Reader.create(bytes)
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      if (tag === 0x0a) key = reader.bytes()
      else if (tag === 0x12) value = reader.bytes()
      else if (tag === 0x1a) topic = reader.string()
      else reader.skipType(tag & 7)
    }
  } catch (error) {
    throw recordError(egress, `bytes that are no protobuf message (${messageOf(error)})`)
  }
  if (topic === '') throw recordError(egress, 'a record without topic')
  return { topic, key: key === null || key.length === 0 ? null : key, value }
}

function recordError(egress: string, found: string): MillraceError {
  return new MillraceError(
    'EGRESS_RECORD',
    `the egress ${egress} was given ${found}; expected a ${KAFKA_RECORD_TYPENAME} with a topic; build it with the SDK`,
    { details: { egress } }
  )
}
