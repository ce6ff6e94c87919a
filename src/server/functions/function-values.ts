// Values of functions as people read them: scalars of the SDKs as what they are, JSON as values, other bytes as base64.
import {
  boolType,
  doubleType,
  floatType,
  intType,
  longType,
  stringType
} from '../../functions/index.ts'
import type { FunctionStateEntry, StatefulFunction, Type } from '../../functions/index.ts'
import { utf8 } from '../text/text-form.ts'

const SCALARS = new Map<string, Type<never>>(
  [boolType, doubleType, floatType, intType, longType, stringType].map(type => [
    type.typename,
    type as Type<never>
  ])
)

/** A value as JSON has it; never throws. `functions` know the types of their own values. */
export function readableValue(
  { name, typename, bytes }: Pick<FunctionStateEntry, 'name' | 'typename' | 'bytes'>,
  fn: StatefulFunction | null
): unknown {
  const own = fn?.specs.find(spec => spec.name === name && spec.type.typename === typename)?.type
  const type = own ?? SCALARS.get(typename)
  if (type !== undefined) {
    try {
      return plain(type.deserialize(bytes))
    } catch {
      // Not of its type any more: shown as any other bytes.
    }
  }
  const text = utf8(bytes)
  if (text === null) return Buffer.from(bytes).toString('base64')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What serialisers take. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'object' || value === null) return value
  try {
    return JSON.parse(JSON.stringify(value))
  } catch {
    return String(value)
  }
}
