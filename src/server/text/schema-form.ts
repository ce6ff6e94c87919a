// Values of topics in Avro and Protobuf as people write and read them: the JSON of the same type.
import { ByteWriter, MillraceError } from '../../base/index.ts'
import type { RegistryPlan, ValuePlan } from '../../dataflow/plan.ts'
import {
  compileConverter,
  RegistryClient,
  registryConverter,
  type RegistryOptions,
  valueConverter,
  WriterSchemas,
  type RecordConverter
} from '../../runtime/convert/index.ts'
import { base64 } from './base64.ts'
import { writeJson } from './json-text.ts'
import { textForm, type TextForm } from './text-form.ts'

/** A value of a topic that names a registry. */
type RegistryValue = ValuePlan & { readonly registry: RegistryPlan }

/**
 * The form of a topic's values: JSON text. Behind the ids of a registry values are printed as base64: to read and to
 * feed them the registry must be asked, see {@link registryOutForm} and {@link registryFeedForm}.
 */
export function schemaForm(value: ValuePlan, topic: string): TextForm {
  const json = compileConverter(value.type, 'json')
  if (value.registry !== undefined) return registryForm(topic, value.registry.url)
  const converter = valueConverter(value, topic)
  return {
    passes: false,
    keepsBlank: false,
    ...encoders(converter, json),
    ...printers(converter, json)
  }
}

/**
 * As {@link schemaForm} for a topic behind a registry, which is asked for the id of the topic's schema first: then
 * lines of JSON can be fed. What `auth-env` names is taken from `env`, else from the process.
 * @throws REGISTRY_AUTH, REGISTRY_UNREACHABLE and what else the registry's client throws
 */
export async function registryFeedForm(
  value: RegistryValue,
  topic: string,
  options: RegistryOptions
): Promise<TextForm> {
  const converter = askingConverter(value, topic, options)
  await converter.openWriter?.()
  const json = compileConverter(value.type, 'json')
  return { ...registryForm(topic, value.registry.url), ...encoders(converter, json) }
}

/**
 * As {@link schemaForm} for a topic behind a registry, which is asked for the schemas of the values' writers as they
 * come, until `signal` ends the wait. Values that it does not explain are printed as base64.
 * @throws REGISTRY_AUTH
 */
export function registryOutForm(
  value: RegistryValue,
  topic: string,
  options: RegistryOptions,
  signal: AbortSignal
): TextForm {
  const converter = askingConverter(value, topic, options)
  const json = compileConverter(value.type, 'json')
  return {
    ...registryForm(topic, value.registry.url),
    ...printers(converter, json),
    prepare: bytes => converter.prepare?.(bytes, 0, bytes.length, signal)?.catch(() => {}) ?? null
  }
}

/**
 * As {@link registryOutForm} for topics whose types nobody declares: values are printed by the schemas of their writers
 * alone, those without an id of a schema as text.
 * @throws REGISTRY_AUTH
 */
export function writersForm(
  registry: RegistryPlan,
  options: RegistryOptions,
  signal: AbortSignal
): TextForm {
  const schemas = new WriterSchemas(clientOf(registry, options), options.onWarning)
  const plain = textForm(null, 'raw')
  return {
    ...plain,
    prepare: bytes => schemas.prepare(bytes, signal),
    printText: bytes =>
      schemas.jsonText(bytes) ?? (schemas.has(bytes) ? base64(bytes) : plain.printText(bytes)),
    printJson: bytes =>
      schemas.jsonText(bytes) ??
      (schemas.has(bytes) ? JSON.stringify(base64(bytes)) : plain.printJson(bytes))
  }
}

function askingConverter(
  value: RegistryValue,
  topic: string,
  options: RegistryOptions
): RecordConverter {
  return registryConverter(value, topic, clientOf(value.registry, options))
}

function clientOf(registry: RegistryPlan, options: RegistryOptions): RegistryClient {
  const name = registry.authEnv
  const own = name === null ? undefined : process.env[name]
  const env = name === null || own === undefined ? options.env : { [name]: own, ...options.env }
  return new RegistryClient(registry, { ...options, env })
}

/** Values printed as JSON of their type. */
function printers(
  converter: RecordConverter,
  json: RecordConverter
): Pick<TextForm, 'printText' | 'printJson'> {
  return {
    printText: bytes => jsonText(bytes, converter, json) ?? base64(bytes),
    printJson: bytes => jsonText(bytes, converter, json) ?? JSON.stringify(base64(bytes))
  }
}

/** Values given as JSON of their type. */
function encoders(
  converter: RecordConverter,
  json: RecordConverter
): Pick<TextForm, 'encodeText' | 'encodeJson'> {
  const encodeText = (text: string, into: ByteWriter): void => {
    const bytes = Buffer.from(text)
    converter.encode(json.decode(bytes, 0, bytes.length), into)
  }
  return {
    encodeText,
    encodeJson(given, into) {
      if (given === null) return false
      encodeText(writeJson(given), into)
      return true
    }
  }
}

function registryForm(topic: string, url: string): TextForm {
  const refuse = (): never => {
    throw new MillraceError(
      'USAGE',
      `nothing can be written into ${topic} here: its values begin with ids of the registry ${url}; expected a topic ` +
        'without a registry; feed this one with --in of a run'
    )
  }
  return {
    passes: false,
    keepsBlank: false,
    encodeText: refuse,
    encodeJson: refuse,
    printText: base64,
    printJson: bytes => JSON.stringify(base64(bytes))
  }
}

/** The value as JSON text; null when the bytes are none. */
function jsonText(bytes: Buffer, converter: RecordConverter, json: RecordConverter): string | null {
  const writer = new ByteWriter(64)
  try {
    json.encode(converter.decode(bytes, 0, bytes.length), writer)
  } catch {
    return null
  }
  return writer.buffer.toString('utf8', 0, writer.length)
}
