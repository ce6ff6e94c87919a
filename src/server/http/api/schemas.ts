// The schemas that several routes share, by their names in the OpenAPI document.
import type { Schema, SchemaTable } from './schema.ts'
import { DEPLOYMENT_SCHEMAS } from './deployment-schemas.ts'
import { STATE_SCHEMAS } from './state-schemas.ts'
import { PROBLEM_SCHEMA } from './problem.ts'

const OFFSET: Schema = { type: 'integer', minimum: 0 }
const TEXT: Schema = { type: 'string' }
const NUMBER_OR_NULL: Schema = { type: ['integer', 'null'], minimum: 1 }

const RECORD_PROPERTIES: Readonly<Record<string, Schema>> = {
  key: { description: 'As the topic declares its keys; a text where nothing declares them.' },
  keyBase64: { type: 'string', description: 'The bytes of the key, in place of `key`.' },
  value: {
    description:
      'As the topic declares its values; else a text is its bytes, and anything else its JSON.'
  },
  valueBase64: { type: 'string', description: 'The bytes of the value, in place of `value`.' },
  headers: {
    type: 'object',
    description: 'Texts, or null.',
    additionalProperties: { type: ['string', 'null'] }
  },
  partition: { type: 'integer', minimum: 0, description: 'Default: by the key, else in turn.' },
  timestamp: {
    type: ['integer', 'string'],
    description: 'Milliseconds since 1970, or RFC 3339. Default: now.'
  }
}

const TOPIC_SETTINGS: Readonly<Record<string, Schema>> = {
  partitions: { type: 'integer', minimum: 1, maximum: 1024, description: 'Can only grow.' },
  cleanup: {
    type: 'string',
    enum: ['delete', 'compact'],
    description:
      'What happens to old records: dropped by time and size, or all but the newest of each key.'
  },
  retentionMs: { ...NUMBER_OR_NULL, description: 'Older records may be dropped; null: never.' },
  retentionBytes: {
    ...NUMBER_OR_NULL,
    description: 'Larger partitions lose their oldest; null: never.'
  }
}

/** Shared schemas. */
export const SCHEMAS: SchemaTable = {
  Problem: PROBLEM_SCHEMA,
  NewRecord: {
    type: 'object',
    description: 'A record to write. Without `value` and `valueBase64` it has none: a tombstone.',
    properties: RECORD_PROPERTIES,
    additionalProperties: false
  },
  StoredRecord: {
    type: 'object',
    properties: {
      ...RECORD_PROPERTIES,
      topic: TEXT,
      timestamp: { type: 'integer' },
      partition: OFFSET,
      offset: OFFSET
    },
    required: ['key', 'value', 'timestamp', 'partition', 'offset']
  },
  Topic: {
    type: 'object',
    properties: {
      name: TEXT,
      id: { type: 'integer' },
      spec: {
        type: 'object',
        properties: { ...TOPIC_SETTINGS, internal: { type: 'boolean' } }
      },
      status: {
        type: 'object',
        properties: {
          partitions: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                partition: OFFSET,
                startOffset: OFFSET,
                endOffset: { ...OFFSET, description: 'The offset that the next record gets.' },
                bytes: OFFSET,
                damage: { type: ['string', 'null'] }
              }
            }
          }
        }
      }
    },
    required: ['name', 'spec', 'status']
  },
  NewTopic: {
    type: 'object',
    properties: {
      name: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,249}$' },
      ...TOPIC_SETTINGS
    },
    required: ['name'],
    additionalProperties: false
  },
  TopicSettings: { type: 'object', properties: TOPIC_SETTINGS, additionalProperties: false },
  ...DEPLOYMENT_SCHEMAS,
  Position: {
    type: 'object',
    properties: { topic: TEXT, partition: OFFSET, offset: OFFSET, metadata: TEXT },
    required: ['topic', 'partition', 'offset']
  },
  ...STATE_SCHEMAS
}
