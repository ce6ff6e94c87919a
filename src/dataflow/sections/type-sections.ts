// How types are written: scalars and references, objects, enums, lists, maps, options, key-values, rows.
import type { KeySpec, SectionSpec } from './declare.ts'

const TYPE_KEY: KeySpec = {
  key: 'type',
  value: { kind: 'word' },
  required: true,
  doc: 'What it is.',
  example: 'string'
}
/** Nested composite types may be named; types of the section `types` already are. */
export const TYPE_NAME_KEY: KeySpec = {
  key: 'type-name',
  aliases: ['type_name'],
  value: { kind: 'text' },
  doc: 'Name of a nested object, enum or row; the same name twice needs the same definition.'
}
const TAG_KEY: KeySpec = { ...TYPE_KEY, doc: 'This word.' }

export const TYPE_SCALAR: SectionSpec = {
  name: 'type',
  doc:
    'A scalar, or the name of another type. A plain word is short for it: `word: string` ' +
    'is `word: { type: string }`.',
  example: 'distance: { type: u64, bigint: true }',
  keys: [
    TYPE_KEY,
    {
      key: 'bigint',
      value: { kind: 'boolean' },
      default: 'false',
      since: '1.0.0',
      doc: 'u64 and s64 only: values are bigints in functions, instead of numbers that must stay below 2^53.'
    }
  ]
}

export const TYPE_OBJECT: SectionSpec = {
  name: 'object',
  doc: 'Fields of any type. In functions a plain object with the names of the file.',
  example: 'word-count: { type: object, properties: { word: string, count: u32 } }',
  keys: [
    TAG_KEY,
    {
      key: 'properties',
      value: { kind: 'map', of: 'property' },
      required: true,
      doc: 'The fields.',
      example: '{ word: string }'
    }
  ]
}

/** The number of a field or a case in Protobuf. */
const NUMBER_KEY: KeySpec = {
  key: 'number',
  value: { kind: 'integer', min: 1, max: 536_870_911 },
  default: 'the next free one, from 1 on',
  since: '1.0.0',
  doc: 'Number in Protobuf.'
}

/** Keys that a field of an object has beside those of its type. */
export const PROPERTY_KEYS: readonly KeySpec[] = [
  {
    key: 'optional',
    value: { kind: 'boolean' },
    default: 'false',
    doc: 'May be absent or null; absent is not written.'
  },
  {
    key: 'serialize',
    value: { kind: 'section', section: 'rename' },
    doc: 'Name in JSON that is written.'
  },
  {
    key: 'deserialize',
    value: { kind: 'section', section: 'rename' },
    doc: 'Name in JSON that is read.'
  },
  NUMBER_KEY
]

export const RENAME: SectionSpec = {
  name: 'rename',
  doc:
    'Another name in JSON. Without it names are as in the file; up to 0.5.0 fields are ' +
    'snake_case and variants UpperCamelCase.',
  example: 'deserialize: { rename: userName }',
  keys: [
    {
      key: 'rename',
      value: { kind: 'text' },
      required: true,
      doc: 'The name.',
      example: 'userName'
    }
  ]
}

export const TYPE_ENUM: SectionSpec = {
  name: 'enum',
  doc:
    'One of several cases. In functions the name of a case without a value, `{ name: ' +
    'value }` of one with a value, the bare value when untagged.',
  example: `shape:
  type: enum
  tagging: externally-tagged
  oneOf: { circle: { type: f64 }, empty: { type: 'null' } }`,
  keys: [
    TAG_KEY,
    {
      key: 'oneOf',
      aliases: ['one-of', 'one_of'],
      value: { kind: 'map', of: 'variant' },
      required: true,
      doc: 'The cases, each a type or null.',
      example: '{ on: { type: null } }'
    },
    {
      key: 'tagging',
      value: { kind: 'choice', of: ['externally-tagged', 'untagged'] },
      default: 'externally-tagged',
      doc: 'Whether JSON names the case, or the cases are tried in order.'
    }
  ]
}

/** Keys that a case of an enum has beside those of its type. */
export const VARIANT_KEYS: readonly KeySpec[] = PROPERTY_KEYS.filter(key => key.key !== 'optional')

export const TYPE_LIST: SectionSpec = {
  name: 'list',
  doc: 'Any number of values of one type; an array in functions.',
  example: 'words: { type: list, items: string }',
  keys: [
    TAG_KEY,
    {
      key: 'items',
      aliases: ['item'],
      value: { kind: 'type' },
      required: true,
      doc: 'Type of an item.',
      example: 'string'
    }
  ]
}

export const TYPE_IMPORT: SectionSpec = {
  name: 'imported type',
  doc:
    'A type from the file of a schema, beside the dataflow: Avro (.avsc), Protobuf (.proto) or JSON Schema (.json). ' +
    'Definitions inside it are types, too. Only for entries of the section `types`.',
  example: 'order: { import: ./order.avsc }',
  keys: [
    {
      key: 'import',
      value: { kind: 'text' },
      required: true,
      doc: 'The file, relative to this one.',
      example: './order.avsc'
    },
    {
      key: 'message',
      value: { kind: 'text' },
      default: 'the first one',
      doc: 'Message of a .proto file.',
      example: 'Order'
    }
  ]
}

export const TYPE_MAP: SectionSpec = {
  name: 'map',
  doc: 'Values by key; in functions a plain object when keys are strings, else a Map.',
  example: 'scores: { type: map, key: string, value: f64 }',
  keys: [
    TAG_KEY,
    {
      key: 'key',
      value: { kind: 'type' },
      required: true,
      doc: 'A scalar type.',
      example: 'string'
    },
    {
      key: 'value',
      value: { kind: 'type' },
      required: true,
      doc: 'Type of a value.',
      example: 'u32'
    }
  ]
}

export const TYPE_OPTION: SectionSpec = {
  name: 'option',
  doc: 'A value or null.',
  example: 'nickname: { type: option, value: string }',
  keys: [
    TAG_KEY,
    {
      key: 'value',
      value: { kind: 'type' },
      required: true,
      doc: 'Type of the value.',
      example: 'string'
    }
  ]
}

export const TYPE_KEY_VALUE: SectionSpec = {
  name: 'key-value',
  doc: 'A value with a new record key: what `keyed(key, value)` gives.',
  example: 'keyed-count: { type: key-value, properties: { key: string, value: u32 } }',
  keys: [
    TAG_KEY,
    {
      key: 'properties',
      value: { kind: 'section', section: 'key and value' },
      required: true,
      doc: 'Types of key and value.',
      example: '{ key: string, value: u32 }'
    }
  ]
}

export const KEY_AND_VALUE: SectionSpec = {
  name: 'key and value',
  doc: 'Two types.',
  keys: [
    {
      key: 'key',
      value: { kind: 'type' },
      required: true,
      doc: 'A scalar type.',
      example: 'string'
    },
    {
      key: 'value',
      value: { kind: 'type' },
      required: true,
      doc: 'Type of the value.',
      example: 'u32'
    }
  ]
}

export const TYPE_ROW: SectionSpec = {
  name: 'arrow-row',
  doc: 'A row of a state: scalar columns, read and written together. In functions a plain object.',
  example: 'balance: { type: arrow-row, properties: { amount: f64, updates: u32 }, ttl: 30d }',
  keys: [
    TAG_KEY,
    {
      key: 'properties',
      value: { kind: 'map', of: 'type' },
      required: true,
      doc: 'The columns.',
      example: '{ count: u32 }'
    },
    {
      key: 'ttl',
      value: { kind: 'duration' },
      doc: 'Rows that were not updated for so long are removed.',
      example: '30d'
    }
  ]
}

/** Words for `type` that name no scalar, with their declarations. */
export const COMPOSITES: Readonly<Record<string, SectionSpec>> = {
  object: TYPE_OBJECT,
  enum: TYPE_ENUM,
  list: TYPE_LIST,
  map: TYPE_MAP,
  option: TYPE_OPTION,
  'key-value': TYPE_KEY_VALUE,
  'arrow-row': TYPE_ROW
}
