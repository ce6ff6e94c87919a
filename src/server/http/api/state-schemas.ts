// The schemas of groups, dataflows, states and functions.
import { named } from './schema.ts'
import type { Schema, SchemaTable } from './schema.ts'

const TEXT: Schema = { type: 'string' }
const TEXTS: Schema = { type: 'array', items: TEXT }
const NUMBER: Schema = { type: 'integer' }

const GROUP: Readonly<Record<string, Schema>> = {
  group: TEXT,
  type: { type: 'string', enum: ['classic', 'consumer', 'engine'] },
  state: { type: 'string', examples: ['Stable', 'Empty'] }
}

/** Named schemas. */
export const STATE_SCHEMAS: SchemaTable = {
  Group: {
    type: 'object',
    properties: { ...GROUP, members: NUMBER },
    required: ['group', 'type', 'state', 'members']
  },
  DescribedGroup: {
    type: 'object',
    properties: {
      ...GROUP,
      members: {
        type: 'array',
        items: { type: 'object', properties: { id: TEXT, clientId: TEXT, host: TEXT } }
      },
      positions: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            topic: TEXT,
            partition: NUMBER,
            offset: { type: 'integer', description: 'The next one to read.' },
            metadata: TEXT,
            endOffset: NUMBER,
            lag: NUMBER
          }
        }
      }
    },
    required: ['group', 'members', 'positions']
  },
  Dataflow: {
    type: 'object',
    properties: {
      name: TEXT,
      namespace: TEXT,
      version: TEXT,
      apiVersion: TEXT,
      deployment: { type: ['string', 'null'], description: 'null: of the run itself.' },
      status: {
        type: 'string',
        enum: ['starting', 'running', 'draining', 'stopped', 'failed']
      },
      tasks: NUMBER,
      startedAt: NUMBER,
      services: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: TEXT, sources: TEXTS, sinks: TEXTS, states: TEXTS }
        }
      }
    },
    required: ['name', 'namespace', 'version', 'status']
  },
  StateEntries: {
    type: 'object',
    properties: {
      entries: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            key: {},
            value: {},
            window: { type: 'object', properties: { start: NUMBER, end: NUMBER } }
          },
          required: ['key', 'value']
        }
      },
      isCut: { type: 'boolean', description: 'Whether there are more.' }
    },
    required: ['entries']
  },
  FunctionAddress: {
    type: 'object',
    properties: {
      id: TEXT,
      values: named('Values'),
      expiresAt: { type: 'object', additionalProperties: NUMBER },
      mailbox: { type: 'integer', description: 'Messages that wait, those under way included.' }
    },
    required: ['id', 'values', 'mailbox']
  },
  Values: { type: 'object', description: 'Values by their names.' }
}
