// Reads config and topics: names, types with converters, start positions, compression, retention.
import type { Compression, Converter, RegistryPlan, StartPosition, TopicPlan } from '../plan.ts'
import {
  CONFIG,
  CONSUMER,
  PRODUCER,
  REGISTRY,
  RETENTION,
  SCHEMA,
  SCHEMA_SIDE_KEYS,
  STARTING_OFFSET,
  TOPIC
} from '../sections/file-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { avroSchemaOf } from '../schema/avro-schema.ts'
import { protoSchemaOf } from '../schema/proto-schema.ts'
import { describeType, isScalarType } from '../type-text.ts'
import type { Type } from '../types.ts'
import type { Span } from '../report.ts'
import type { Entry, TreeNode } from '../yaml/tree.ts'
import type { TopicModel } from './model.ts'
import { readTopicMigrate } from './read-migrate.ts'
import { checkTopicName } from './read-names.ts'
import type { TypeTable } from './read-types.ts'

/** What a topic has when it says nothing itself. */
export interface TopicDefaults {
  readonly converter: Converter | null
  readonly start: StartPosition
  readonly compression: Compression
  readonly registry: RegistryPlan | null
}

const START: StartPosition = { position: 'beginning', value: 0 }

/** Reads the section `config`; null is an absent one. */
export function readConfig(context: ReadContext, node: TreeNode | null, at: Span): TopicDefaults {
  // Up to 0.6.0 everything is raw unless said otherwise; from 1.0.0 on only scalars are.
  const converter: Converter | null = context.apiVersion === '1.0.0' ? null : 'raw'
  const none: TopicDefaults = { converter, start: START, compression: 'none', registry: null }
  const section = node === null ? null : readSection(context, node, CONFIG, at)
  if (section === null) return none
  return {
    converter: (section.text('converter') as Converter | null) ?? converter,
    start: readConsumer(context, section, START),
    compression: readProducer(context, section, 'none'),
    registry: readRegistry(context, section, null)
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
  const plain = readValue(context, schema, types, defaults.converter)
  const registry = readRegistry(context, section, defaults.registry)
  if (plain === null || key === undefined) return absent
  const value = withSchema(context, plain, types, registry, section)
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
    ...readTopicMigrate(context, section),
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

/** The value with the schema that its type came from, and with the registry that it then needs. */
function withSchema(
  context: ReadContext,
  value: TopicPlan['value'],
  types: TypeTable,
  registry: RegistryPlan | null,
  topic: Section
): TopicPlan['value'] {
  const { type, converter } = value
  if (converter !== 'avro' && converter !== 'protobuf') {
    if (topic.value('registry') !== null) {
      const message = `a registry is for avro and protobuf, but the topic’s converter is ${converter}`
      const hint = 'Write "converter: avro" or "converter: protobuf" beside the type.'
      context.report.error('WRONG_VALUE', topic.keySpan('registry'), message, hint)
    }
    return value
  }
  const imported = types.schemaOf(type)
  const schema = imported?.format === converter ? imported : null
  if (schema === null) checkSchema(context, type, converter, topic)
  return {
    type,
    converter,
    ...(schema === null ? {} : { schema }),
    ...(registry === null ? {} : { registry })
  }
}

function checkSchema(
  context: ReadContext,
  type: Type,
  converter: 'avro' | 'protobuf',
  topic: Section
): void {
  const made = converter === 'avro' ? avroSchemaOf(type, 'value') : protoSchemaOf(type, 'value')
  if (made.kind === 'schema') return
  const message = `${made.path} has no form in ${converter}: ${made.problem}`
  context.report.error('CONVERTER_SCHEMA', topic.keySpan('schema'), message)
}

function readRegistry(
  context: ReadContext,
  parent: Section,
  fallback: RegistryPlan | null
): RegistryPlan | null {
  const node = parent.value('registry')
  if (node === null) return fallback
  const section = readSection(context, node, REGISTRY, parent.keySpan('registry'))
  const url = section?.text('url') ?? null
  if (url === null) return null
  if (!URL.canParse(url) || !/^https?:\/\/[^@]*$/.test(url)) {
    context.report.error(
      'WRONG_VALUE',
      section!.scalar('url')!,
      `${JSON.stringify(url)} is no address of a registry; expected http or https, without a user`,
      'For example url: "http://127.0.0.1:8081"; name who asks by auth-env.'
    )
    return null
  }
  return { url: url.replace(/\/+$/, ''), authEnv: section!.text('auth-env') }
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
