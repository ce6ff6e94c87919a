// Reads config and topics: names, types with converters, start positions, compression, retention.
import type { Compression, Converter, StartPosition, TopicPlan } from '../plan.ts'
import {
  CONFIG,
  CONSUMER,
  PRODUCER,
  RETENTION,
  SCHEMA,
  SCHEMA_SIDE_KEYS,
  STARTING_OFFSET,
  TOPIC
} from '../sections/file-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { describeType, isScalarType } from '../type-text.ts'
import type { Type } from '../types.ts'
import type { Span } from '../report.ts'
import type { Entry, TreeNode } from '../yaml/tree.ts'
import type { TopicModel } from './model.ts'
import { checkTopicName } from './read-names.ts'
import type { TypeTable } from './read-types.ts'

/** What a topic has when it says nothing itself. */
export interface TopicDefaults {
  readonly converter: Converter | null
  readonly start: StartPosition
  readonly compression: Compression
}

const START: StartPosition = { position: 'beginning', value: 0 }

/** Reads the section `config`; null is an absent one. */
export function readConfig(context: ReadContext, node: TreeNode | null, at: Span): TopicDefaults {
  // Up to 0.6.0 everything is raw unless said otherwise; from 1.0.0 on only scalars are.
  const converter: Converter | null = context.apiVersion === '1.0.0' ? null : 'raw'
  const none: TopicDefaults = { converter, start: START, compression: 'none' }
  const section = node === null ? null : readSection(context, node, CONFIG, at)
  if (section === null) return none
  return {
    converter: (section.text('converter') as Converter | null) ?? converter,
    start: readConsumer(context, section, START),
    compression: readProducer(context, section, 'none')
  }
}

/** Reads one entry of the section `topics`. */
export function readTopic(
  context: ReadContext,
  entry: Entry,
  types: TypeTable,
  defaults: TopicDefaults
): TopicModel {
  const absent: TopicModel = { plan: null, id: entry.key, at: entry.keySpan }
  const section = readSection(context, entry.value, TOPIC, entry.keySpan)
  if (section === null) return absent
  const name = section.text('name') ?? entry.key
  checkTopicName(context, name, section.scalar('name') ?? entry.keySpan)
  const start = readConsumer(context, section, defaults.start)
  const compression = readProducer(context, section, defaults.compression)
  const retention = readRetention(context, section)
  const schemaNode = section.value('schema')
  const schema =
    schemaNode === null ? null : readSection(context, schemaNode, SCHEMA, section.keySpan('schema'))
  if (schema === null) return absent
  const key = readKey(context, schema, types)
  const value = readValue(context, schema, types, defaults.converter)
  if (value === null || key === undefined) return absent
  const cleanup = section.text('cleanup') as TopicPlan['cleanup']
  const partitions = section.number('partitions')
  const at = context.report.position(entry.keySpan)
  const plan: TopicPlan = {
    id: entry.key,
    name,
    partitions,
    key,
    value,
    start,
    compression,
    ...retention,
    cleanup,
    at
  }
  return { plan, id: entry.key, at: entry.keySpan }
}

/** A topic that a file of the first layout mentions without declaring it. */
export function undeclaredTopic(
  context: ReadContext,
  id: string,
  at: Span,
  value: TopicPlan['value'],
  defaults: TopicDefaults
): TopicModel {
  checkTopicName(context, id, at)
  const { start, compression } = defaults
  const position = context.report.position(at)
  const rest = {
    partitions: null,
    key: null,
    retentionMs: null,
    retentionBytes: null,
    cleanup: null
  }
  return { plan: { id, name: id, value, start, compression, ...rest, at: position }, id, at }
}

/** The key's type; null when none is declared, undefined after a finding. */
function readKey(context: ReadContext, schema: Section, types: TypeTable): Type | null | undefined {
  const node = schema.value('key')
  if (node === null) return null
  const { type, section } = types.readKey(node, schema.keySpan('key'), 'topic', SCHEMA_SIDE_KEYS)
  if (section?.text('converter') === 'json') {
    context.report.error(
      'WRONG_VALUE',
      section.keySpan('converter'),
      'keys are always raw; "converter: json" cannot be used for a key',
      'Leave the converter out.'
    )
  }
  return type ?? undefined
}

function readValue(
  context: ReadContext,
  schema: Section,
  types: TypeTable,
  fallback: Converter | null
): TopicPlan['value'] | null {
  const node = schema.value('value')
  if (node === null) return null
  const { type, section } = types.read(node, schema.keySpan('value'), SCHEMA_SIDE_KEYS)
  if (type === null) return null
  const written = section?.text('converter') as Converter | null | undefined
  const span = section?.scalar('converter') ?? schema.keySpan('value')
  return topicValueOf(context, type, written ?? fallback, span)
}

/** A topic's value with the converter that is asked for, or else the one that suits the type; null after a finding. */
export function topicValueOf(
  context: ReadContext,
  type: Type,
  wanted: Converter | null,
  span: Span
): TopicPlan['value'] | null {
  const isScalar = isScalarType(type)
  if (type.kind === 'key-value') {
    const message = 'a topic’s value cannot be a key-value'
    context.report.error('WRONG_VALUE', span, message, 'Declare schema.key and schema.value.')
    return null
  }
  if (wanted === 'raw' && !isScalar) {
    const message = `only scalars can be raw, but ${describeType(type)} is none`
    context.report.error('CONVERTER_RAW', span, message, 'Write "converter: json" beside the type.')
  }
  return { type, converter: wanted ?? (isScalar ? 'raw' : 'json') }
}

function readConsumer(
  context: ReadContext,
  parent: Section,
  fallback: StartPosition
): StartPosition {
  const node = parent.value('consumer')
  if (node === null) return fallback
  const consumer = readSection(context, node, CONSUMER, parent.keySpan('consumer'))
  const startNode = consumer?.value('default_starting_offset') ?? null
  if (startNode === null) return START
  const start = readSection(
    context,
    startNode,
    STARTING_OFFSET,
    consumer!.keySpan('default_starting_offset')
  )
  const word = start?.text('position')?.toLowerCase() ?? 'beginning'
  const position = word === 'end' || word === 'offset' ? word : 'beginning'
  return { position, value: start?.number('value') ?? 0 }
}

function readProducer(context: ReadContext, parent: Section, fallback: Compression): Compression {
  const node = parent.value('producer')
  if (node === null) return fallback
  const producer = readSection(context, node, PRODUCER, parent.keySpan('producer'))
  return (producer?.text('compression') as Compression | null | undefined) ?? 'none'
}

function readRetention(
  context: ReadContext,
  topic: Section
): { retentionMs: number | null; retentionBytes: number | null } {
  const node = topic.value('retention')
  const section =
    node === null ? null : readSection(context, node, RETENTION, topic.keySpan('retention'))
  return {
    retentionMs: section?.duration('time') ?? null,
    retentionBytes: section?.size('size') ?? null
  }
}
