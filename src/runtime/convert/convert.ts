// From a declared type to its converters: which of raw and JSON, and for keys always raw.
import { MillraceError } from '../../base/index.ts'
import type { Converter, ValuePlan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import type { StateKey } from '../../state/contract.ts'
import { AvroFormat, avroConverter } from './avro/avro.ts'
import type { RecordConverter } from './contract.ts'
import { nameOf } from './errors.ts'
import { JsonConverter } from './json/json.ts'
import { ProtobufFormat, protobufConverter } from './protobuf/protobuf.ts'
import { rawConverter } from './raw.ts'
import { isScalar } from './scalars.ts'

/**
 * The converter of a topic's values. In JSON: bytes are base64 text; a decimal is written as a string and read
 * from a string or a number, whose digits are kept; a timestamp is written as ms and read from ms or an
 * RFC 3339 text; 64-bit bigints are digits; f32 are the shortest digits that give the same f32. Absent and
 * null optional fields read as null and are not written. Unknown fields are dropped.
 * @throws TYPE_UNSUPPORTED raw is for scalars only
 */
export function compileConverter(type: Type, converter: Converter): RecordConverter {
  return valueConverter({ type, converter }, 'value')
}

/**
 * The same for a topic's values, by the schema that their type came from; a registry is left out of account. `name`
 * is that of a record or message whose type has none.
 * @throws TYPE_UNSUPPORTED the type has no form in the converter
 */
export function valueConverter(value: ValuePlan, name: string): RecordConverter {
  const { type, converter } = value
  if (converter === 'json') return new JsonConverter(type)
  if (converter === 'avro') return avroConverter(avroFormat(value, name), type)
  if (converter === 'protobuf') return protobufConverter(protobufFormat(value, name), type)
  if (isScalar(type)) return rawConverter(type)
  throw new MillraceError(
    'TYPE_UNSUPPORTED',
    `${nameOf(type)} cannot be raw; expected a scalar; write converter: json`
  )
}

/** The Avro form of a topic's values. @throws TYPE_UNSUPPORTED */
export function avroFormat({ type, schema }: ValuePlan, name: string): AvroFormat {
  return new AvroFormat(type, schema?.text ?? null, name)
}

/** The Protobuf form of a topic's values. @throws TYPE_UNSUPPORTED */
export function protobufFormat({ type, schema }: ValuePlan, name: string): ProtobufFormat {
  return new ProtobufFormat(type, schema ?? null, name)
}

/** The raw converter of a topic's keys; without a declared type keys are UTF-8 text. @throws TYPE_UNSUPPORTED */
export function keyConverter(type: Type | null): RecordConverter<StateKey> {
  return compileConverter(type ?? { kind: 'string' }, 'raw') as RecordConverter<StateKey>
}
