// Typed keys and values by what dataflows use: types of a dataflow file, Avro, Protobuf and JSON Schema.
//
// The compiler and the converters are loaded by the first call, so that clients of bytes do without.
import { ByteWriter, MillraceError } from '../base/index.ts'
import type { Diagnostic } from '../dataflow/diagnostics.ts'
import type { TopicPlan, ValuePlan } from '../dataflow/plan.ts'
import type * as Runtime from '../runtime/index.ts'
import type { Codec, Codecs } from './codec.ts'

/** The topics of a dataflow file with their types. */
export interface DeclaredTopics {
  /** Names in the log. */
  readonly names: readonly string[]
  /**
   * How keys and values of a topic are written, by its name in the log. `K` and `V` are the caller's word for the types
   * that the file declares; values are checked against these in both directions.
   * @throws TOPIC_UNKNOWN the file has no such topic · USAGE its values are behind a schema registry
   */
  codecs<K = unknown, V = unknown>(topic: string): Codecs<K, V>
}

/**
 * Reads the topics of a dataflow file. `readSchema` gives the text of schema files that it imports, by their paths.
 * @throws SCHEMA_INVALID with all findings and their places
 */
export async function dataflowTopics(
  text: string,
  options: {
    readonly file?: string
    readonly readSchema?: (path: string) => string | null
  } = {}
): Promise<DeclaredTopics> {
  const { file = 'dataflow.yaml', readSchema } = options
  const { compile, formatDiagnostics } = await import('../dataflow/index.ts')
  const runtime = await import('../runtime/index.ts')
  const { plan, diagnostics } = compile(text, { file, ...(readSchema && { readSchema }) })
  if (plan === null) throw invalid(file, formatDiagnostics(diagnostics, text, { color: false }))
  const topics = new Map(Object.values(plan.topics).map(topic => [topic.name, topic]))
  return {
    names: [...topics.keys()],
    codecs: <K, V>(name: string): Codecs<K, V> => {
      const topic = topics.get(name)
      if (topic === undefined) throw undeclared(file, name, [...topics.keys()])
      return codecsOf(topic, runtime) as Codecs<K, V>
    }
  }
}

/**
 * How keys and values of a topic that a plan declares are written.
 * @throws USAGE its values are behind a schema registry
 */
export async function topicCodecs(topic: TopicPlan): Promise<Codecs<unknown, unknown>> {
  return codecsOf(topic, await import('../runtime/index.ts'))
}

/**
 * A codec by a schema: `file` ends in `.avsc` (Avro), `.proto` (Protobuf, `message` names one of several) or `.json`
 * (JSON Schema, records are JSON). `V` is the caller's word for its type; values are checked in both directions.
 * @throws SCHEMA_INVALID with all findings and their places
 */
export async function schemaCodec<V = unknown>(
  file: string,
  text: string,
  options: { readonly message?: string } = {}
): Promise<Codec<V>> {
  const { formatDiagnostics, importSchema, Report } = await import('../dataflow/index.ts')
  const { valueConverter } = await import('../runtime/index.ts')
  const report = new Report(file, text, null)
  const imported = importSchema(report, options.message ?? null)
  if (imported === null || report.hasErrors) {
    const found: readonly Diagnostic[] = report.diagnostics()
    throw invalid(file, formatDiagnostics(found, text, { color: false }))
  }
  const { type, schema } = imported
  const value: ValuePlan =
    schema === null ? { type, converter: 'json' } : { type, converter: schema.format, schema }
  return codecOf(valueConverter(value, 'value')) as Codec<V>
}

function codecsOf(
  topic: TopicPlan,
  { keyConverter, valueConverter }: Pick<typeof Runtime, 'keyConverter' | 'valueConverter'>
): Codecs<unknown, unknown> {
  refuseRegistry(topic)
  const key = codecOf(keyConverter(topic.key)) as Codec<unknown>
  return { key, value: codecOf(valueConverter(topic.value, topic.name)) }
}

function codecOf<V>(converter: Runtime.RecordConverter<V>): Codec<V> {
  const writer = new ByteWriter(256)
  return {
    encode: value => {
      writer.clear()
      converter.encode(value, writer)
      return Buffer.from(writer.slice())
    },
    decode: bytes => converter.decode(bytes, 0, bytes.length)
  }
}

function refuseRegistry({ name, value }: TopicPlan): void {
  if (value.registry === undefined) return
  throw new MillraceError(
    'USAGE',
    `values of ${name} begin with ids of the registry ${value.registry.url}, which only a running dataflow asks; ` +
      'expected was a topic without a registry; read its bytes'
  )
}

function undeclared(file: string, name: string, names: readonly string[]): MillraceError {
  return new MillraceError(
    'TOPIC_UNKNOWN',
    `${file} declares no topic ${name}; expected was one of ${names.join(', ')}; correct it`
  )
}

function invalid(file: string, findings: string): MillraceError {
  return new MillraceError(
    'SCHEMA_INVALID',
    `${file} has mistakes; expected was a file without; correct it:\n${findings}`
  )
}
