// TypeScript types of all messages of the Kafka protocol, from the layouts.
import { join } from 'node:path'
import { APIS } from '../../src/kafka/wire/apis.ts'
import type { Field, Primitive } from '../../src/kafka/wire/layout.ts'

/** Where the types stand. */
export const WIRE_TYPES_PATH: string = join(
  import.meta.dirname,
  '../../src/kafka/wire/generated/messages.ts'
)

const PRIMITIVES: Readonly<Record<Primitive, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  int64: 'number',
  float64: 'number',
  string: 'string',
  uuid: 'string',
  bytes: 'Uint8Array',
  records: 'Uint8Array'
}

/** The text of the file of types. */
export function wireTypes(): string {
  const parts = APIS.map(
    api =>
      `export interface ${api.name}Request ${structure(api.request, '')}\n` +
      `export interface ${api.name}Response ${structure(api.response, '')}\n`
  )
  const table = APIS.map(
    api =>
      `  readonly ${api.name}: { readonly request: ${api.name}Request; readonly response: ${api.name}Response }`
  )
  return (
    '// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.\n' +
    `${parts.join('')}/** Requests and responses by the name of their API. */\n` +
    `export interface Messages {\n${table.join('\n')}\n}\n`
  )
}

function structure(fields: readonly Field[], indent: string): string {
  const inner = `${indent}  `
  const lines = fields.map(field => `${inner}readonly ${field.name}: ${typeOf(field, inner)}`)
  return `{\n${lines.join('\n')}\n${indent}}`
}

function typeOf(field: Field, indent: string): string {
  const element =
    typeof field.type === 'string' ? PRIMITIVES[field.type] : structure(field.type, indent)
  const value = field.array === true ? `readonly ${element}[]` : element
  const mayBeNull = field.nullable !== undefined || field.type === 'records'
  return mayBeNull ? `${value} | null` : value
}
