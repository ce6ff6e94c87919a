// The part of JSON Schema in which the API describes what it takes and gives, and the check of values against it.

/** A schema, as it stands in the OpenAPI document. */
export interface Schema {
  readonly $ref?: string
  readonly type?: SchemaType | readonly SchemaType[]
  readonly description?: string
  readonly format?: string
  readonly enum?: readonly (string | number | boolean | null)[]
  readonly default?: string | number | boolean
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null'

/** Schemas that others name by `$ref`, by their names. */
export type SchemaTable = Readonly<Record<string, Schema>>

const REFERENCE = '#/components/schemas/'

/** The reference to a named schema. */
export function named(name: string): Schema {
  return { $ref: `${REFERENCE}${name}` }
}

/** What is wrong with a value, beginning with where it stands, for example `records[2].key is …`; null: nothing. */
export function faultOf(
  schema: Schema,
  value: unknown,
  table: SchemaTable,
  place = 'the body'
): string | null {
  if (schema.$ref !== undefined) {
    return faultOf(table[schema.$ref.slice(REFERENCE.length)]!, value, table, place)
  }
  const types = schema.type === undefined ? null : [schema.type].flat()
  if (types !== null && !types.some(type => isOfType(type, value))) {
    return `${place} is ${shown(value)}; expected ${types.map(typeText).join(' or ')}`
  }
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    return `${place} is ${shown(value)}; expected one of ${schema.enum.map(shown).join(', ')}`
  }
  if (typeof value === 'string') return faultOfText(schema, value, place)
  if (typeof value === 'number') return faultOfNumber(schema, value, place)
  if (Array.isArray(value)) return faultOfList(schema, value, table, place)
  if (typeof value !== 'object' || value === null) return null
  return faultOfObject(schema, value as Readonly<Record<string, unknown>>, table, place)
}

function faultOfText(schema: Schema, value: string, place: string): string | null {
  const { minLength = 0, maxLength = Infinity, pattern } = schema
  if (value.length < minLength || value.length > maxLength) {
    const bounds = maxLength === Infinity ? `at least ${minLength}` : `${minLength} to ${maxLength}`
    return `${place} has ${value.length} characters; expected ${bounds}`
  }
  if (pattern === undefined || new RegExp(pattern, 'u').test(value)) return null
  return `${place} is ${shown(value)}; expected a text that fits ${pattern}`
}

function faultOfNumber(
  { minimum = -Infinity, maximum = Infinity }: Schema,
  value: number,
  place: string
): string | null {
  if (value >= minimum && value <= maximum) return null
  const expected =
    maximum === Infinity
      ? `${minimum} or more`
      : minimum === -Infinity
        ? `${maximum} or less`
        : `${minimum} to ${maximum}`
  return `${place} is ${value}; expected ${expected}`
}

function faultOfList(
  { items, maxItems = Infinity }: Schema,
  values: readonly unknown[],
  table: SchemaTable,
  place: string
): string | null {
  if (values.length > maxItems)
    return `${place} has ${values.length} items; expected at most ${maxItems}`
  if (items === undefined) return null
  for (const [index, value] of values.entries()) {
    const fault = faultOf(items, value, table, `${inner(place)}[${index}]`)
    if (fault !== null) return fault
  }
  return null
}

function faultOfObject(
  { properties = {}, required = [], additionalProperties = true }: Schema,
  value: Readonly<Record<string, unknown>>,
  table: SchemaTable,
  place: string
): string | null {
  for (const name of required) {
    if (!Object.hasOwn(value, name)) return `${place} has no "${name}"; expected one`
  }
  const prefix = inner(place) === '' ? '' : `${inner(place)}.`
  for (const [name, one] of Object.entries(value)) {
    const own = Object.hasOwn(properties, name) ? properties[name]! : additionalProperties
    if (own === true) continue
    if (own === false) {
      const known = Object.keys(properties).join(', ')
      return `${place} has "${name}"; expected ${known === '' ? 'nothing' : known}`
    }
    const fault = faultOf(own, one, table, `${prefix}${name}`)
    if (fault !== null) return fault
  }
  return null
}

/** Parts of the body are named without it. */
function inner(place: string): string {
  return place === 'the body' ? '' : place
}

function isOfType(type: SchemaType, value: unknown): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

function typeText(type: SchemaType): string {
  if (type === 'null') return 'null'
  if (type === 'boolean') return 'true or false'
  const names = { object: 'an object', array: 'a list', string: 'a text' } as const
  return type === 'integer' ? 'a whole number' : type === 'number' ? 'a number' : names[type]
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object'
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
