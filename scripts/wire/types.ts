// TypeScript types of all messages of the Kafka protocol, from the layouts.
import { join } from 'node:path'
import { API_FAMILIES } from '../../src/kafka/wire/apis.ts'
import type { Api, Field, Primitive } from '../../src/kafka/wire/layout.ts'

/** The folder of the types. */
export const WIRE_TYPES_FOLDER: string = join(import.meta.dirname, '../../src/kafka/wire/generated')

const HEADER =
  '// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.\n'

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

/** The texts of the files of types by their names: one for each file of layouts, and one for all of them. */
export function wireTypes(): ReadonlyMap<string, string> {
  const families = Object.entries(API_FAMILIES)
  const files = new Map(families.map(([name, apis]) => [`${name}.ts`, familyTypes(name, apis)]))
  const imports = families.map(
    ([name]) =>
      `import type { ${tableOf(name)} } from './${name}.ts'\nexport type * from './${name}.ts'\n`
  )
  const tables = families.map(([name]) => `    ${tableOf(name)}`).join(',\n')
  const all =
    '/** Requests and responses by the name of their API. */\n' +
    `export interface Messages\n  extends\n${tables} {}\n`
  return files.set('messages.ts', `${HEADER}${imports.join('')}${all}`)
}

const tableOf = (family: string): string =>
  `${family.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Messages`

function familyTypes(family: string, apis: readonly Api[]): string {
  const parts = apis.map(
    api =>
      `export interface ${api.name}Request ${structure(api.request, '')}\n` +
      `export interface ${api.name}Response ${structure(api.response, '')}\n`
  )
  const table = apis.map(
    api =>
      `  readonly ${api.name}: { readonly request: ${api.name}Request; readonly response: ${api.name}Response }`
  )
  return (
    `${HEADER}${parts.join('')}/** Those of this file by the name of their API. */\n` +
    `export interface ${tableOf(family)} {\n${table.join('\n')}\n}\n`
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
