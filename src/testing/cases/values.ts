// Values of test files as functions and topics have them, and what both sides look like when they are compared.
import type { PlainValue } from '../../dataflow/index.ts'
import { timeOf } from '../../dataflow/index.ts'
import type { Type } from '../../dataflow/types.ts'

/**
 * A value of a test file as a value of `type`: bytes are base64 there, timestamps may be texts, and maps with keys
 * other than texts are mappings. What does not fit stays as it is, for the converters to refuse.
 */
export function typedValue(value: PlainValue, type: Type): unknown {
  if (value === null) return null
  switch (type.kind) {
    case 'bytes':
      return typeof value === 'string' ? Buffer.from(value, 'base64') : value
    case 'timestamp':
      return timeOf(value) ?? value
    case 'f32':
      return typeof value === 'number' ? Math.fround(value) : value
    case 'u64':
    case 's64':
      return type.bigint && typeof value === 'number' ? BigInt(value) : value
    case 'option':
      return typedValue(value, type.value)
    case 'list':
      return isList(value) ? value.map(item => typedValue(item, type.items)) : value
    case 'map':
      return isMapping(value) ? typedMap(value, type.key, type.value) : value
    case 'object':
    case 'arrow-row': {
      const types = new Map(type.fields.map(field => [field.name, field.type]))
      return isMapping(value) ? typedFields(value, name => types.get(name)) : value
    }
    case 'enum': {
      const types = new Map(type.variants.map(variant => [variant.name, variant.type]))
      const isTagged = type.tagging === 'external' && isMapping(value)
      return isTagged ? typedFields(value, name => types.get(name) ?? undefined) : value
    }
    default:
      return value
  }
}

function typedFields(
  value: Readonly<Record<string, PlainValue>>,
  typeOf: (name: string) => Type | undefined
): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, part]) => {
    const type = typeOf(name)
    return [name, type === undefined ? part : typedValue(part, type)]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}

function typedMap(value: Readonly<Record<string, PlainValue>>, key: Type, type: Type): unknown {
  if (key.kind === 'string') return typedFields(value, () => type)
  return new Map(
    Object.entries(value).map(([name, part]) => [typedKey(name, key), typedValue(part, type)])
  )
}

/** A key that stands as the text of a mapping's key. */
export function typedKey(text: string, type: Type): unknown {
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return text
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'u64':
    case 's64':
      return /^-?\d+$/.test(text) && (type.bigint || !Number.isSafeInteger(Number(text)))
        ? BigInt(text)
        : Number(text)
    default:
      return typedValue(text !== '' && Number.isFinite(Number(text)) ? Number(text) : text, type)
  }
}

/** Any value as JSON has it, for comparison: bytes as base64, bigints as whole numbers, without what is absent. */
function jsonForm(value: unknown): PlainValue {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return mappingOf([...value].map(([key, part]) => [String(key), part]))
  if (Array.isArray(value)) return value.map(jsonForm)
  return mappingOf(Object.entries(value))
}

function mappingOf(entries: readonly (readonly [string, unknown])[]): PlainValue {
  const present = entries.filter(([, part]) => part !== undefined && part !== null)
  return Object.fromEntries(present.map(([key, part]) => [key, jsonForm(part)]))
}

/** Whether two values are the same: members in any order, absent and null alike. */
export function isSame(left: unknown, right: unknown): boolean {
  return canonical(jsonForm(left)) === canonical(jsonForm(right))
}

function canonical(value: PlainValue): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`
  if (!isMapping(value)) return showValue(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`
}

/** A value as one line of JSON. */
export function showValue(value: unknown): string {
  const plain = jsonForm(value)
  if (typeof plain === 'bigint') return String(plain)
  if (isList(plain)) return `[${plain.map(showValue).join(',')}]`
  if (!isMapping(plain)) return JSON.stringify(plain)
  const members = Object.entries(plain).map(
    ([key, part]) => `${JSON.stringify(key)}:${showValue(part)}`
  )
  return `{${members.join(',')}}`
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value)
}

function isMapping(value: PlainValue): value is Readonly<Record<string, PlainValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
