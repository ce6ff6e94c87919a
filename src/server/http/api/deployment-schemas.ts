// The schemas of deployments.
import { named } from './schema.ts'
import type { Schema, SchemaTable } from './schema.ts'

const TEXT: Schema = { type: 'string' }
const TEXTS: Schema = { type: 'array', items: TEXT }
const NUMBER: Schema = { type: 'integer' }

const SETTINGS: Readonly<Record<string, Schema>> = {
  workers: {
    type: 'integer',
    minimum: 0,
    maximum: 64,
    description: "Threads for the tasks of each dataflow; 0: the server's own. Default 1."
  },
  partitions: {
    type: ['integer', 'null'],
    minimum: 1,
    maximum: 1024,
    description: 'Of topics that are made and declare none; null: one for each worker.'
  },
  allowPrivate: { type: 'boolean', description: 'Whether endpoints may lie in private networks.' },
  localAddresses: {
    ...TEXTS,
    description: "Kafka clusters of modules that stand for the server's topics."
  },
  dev: { type: 'boolean', description: 'Whether the sections `dev` count.' }
}

/** Named schemas. */
export const DEPLOYMENT_SCHEMAS: SchemaTable = {
  NewDeployment: {
    type: 'object',
    properties: {
      files: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            path: { type: 'string', description: 'Relative, with slashes.' },
            text: TEXT,
            base64: { type: 'string', description: 'For bytes that are no text.' }
          },
          required: ['path'],
          additionalProperties: false
        }
      },
      entries: { ...TEXTS, description: 'Paths of the dataflow and module files.' },
      functionFiles: { ...TEXTS, description: 'Paths of files that export stateful functions.' },
      settings: {
        type: 'object',
        properties: {
          ...SETTINGS,
          env: {
            type: 'object',
            description: '`ctx.env` of the functions.',
            additionalProperties: TEXT
          }
        },
        additionalProperties: false
      }
    },
    required: ['files', 'entries'],
    additionalProperties: false
  },
  Deployment: {
    type: 'object',
    properties: {
      name: TEXT,
      version: NUMBER,
      status: { type: 'string', enum: ['starting', 'running', 'stopped', 'failed'] },
      reason: {
        type: ['string', 'null'],
        description: 'Why it failed, or why a newer version does not run.'
      },
      createdAt: { type: 'integer', description: 'Milliseconds since 1970.' },
      updatedAt: NUMBER,
      entries: TEXTS,
      functionFiles: TEXTS,
      files: NUMBER,
      bytes: NUMBER,
      digest: TEXT,
      settings: {
        type: 'object',
        properties: { ...SETTINGS, env: { ...TEXTS, description: 'Names only.' } }
      },
      dataflows: {
        type: 'array',
        items: { type: 'object', properties: { name: TEXT, namespace: TEXT } }
      },
      application: { type: ['string', 'null'] }
    },
    required: ['name', 'version', 'status', 'reason']
  },
  DeployOutcome: {
    type: 'object',
    properties: {
      deployment: named('Deployment'),
      outcome: { type: 'string', enum: ['created', 'replaced', 'unchanged', 'checked'] },
      warnings: { type: 'array', items: { type: 'object' } },
      changes: {
        type: 'array',
        description: 'What the version changes of what is stored.',
        items: {
          type: 'object',
          properties: { dataflow: TEXT, changes: { type: 'array', items: { type: 'object' } } }
        }
      }
    },
    required: ['deployment', 'outcome', 'warnings', 'changes']
  },
  LogLine: {
    type: 'object',
    properties: {
      time: NUMBER,
      level: { type: 'string', enum: ['debug', 'info', 'warn', 'error'] },
      source: { type: 'string', description: 'The dataflow or application.' },
      service: TEXT,
      operator: TEXT,
      message: TEXT
    }
  }
}
