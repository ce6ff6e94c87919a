// Values of topics in Avro and Protobuf as people write and read them: the JSON of the same type.
import { ByteWriter, MillraceError } from '../base/index.ts'
import type { ValuePlan } from '../dataflow/plan.ts'
import { compileConverter, valueConverter, type RecordConverter } from '../runtime/convert/index.ts'
import { writeJson } from './json-text.ts'
import type { TextForm } from './text-form.ts'

/**
 * The form of a topic's values: JSON text. Behind the ids of a registry values are printed as base64 and not fed:
 * only a running dataflow asks the registry.
 */
export function schemaForm(value: ValuePlan, topic: string): TextForm {
  const json = compileConverter(value.type, 'json')
  if (value.registry !== undefined) return registryForm(topic, value.registry.url)
  const converter = valueConverter(value, topic)
  const encodeText = (text: string, into: ByteWriter): void => {
    const bytes = Buffer.from(text)
    converter.encode(json.decode(bytes, 0, bytes.length), into)
  }
  return {
    passes: false,
    keepsBlank: false,
    encodeText,
    encodeJson(given, into) {
      if (given === null) return false
      encodeText(writeJson(given), into)
      return true
    },
    printText: bytes => jsonText(bytes, converter, json) ?? base64(bytes),
    printJson: bytes => jsonText(bytes, converter, json) ?? JSON.stringify(base64(bytes))
  }
}

function registryForm(topic: string, url: string): TextForm {
  const refuse = (): never => {
    throw new MillraceError(
      'USAGE',
      `lines cannot be fed into ${topic}: its values begin with ids of the registry ${url}; expected a topic without ` +
        'a registry; feed one in JSON and let a service write this one'
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

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
