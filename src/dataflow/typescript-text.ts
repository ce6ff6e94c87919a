// Types as TypeScript writes them, for all that print types: declarations, stubs, signatures, code of the builder.
//
// What differs between readers of the text is in TypeScriptWords.
import { isIdentifier } from './names.ts'
import type { ScalarType, Type } from './types.ts'

/** What types are called where a text stands. */
export interface TypeScriptWords {
  /** The name under which a type is declared there; null: it is written out. */
  nameOf(type: Type): string | null
  scalar(type: ScalarType): string
  /** Of `keyed(key, value)`. */
  readonly keyValue: string
  /** Of maps whose keys are no strings. */
  readonly map: string
}

/** A field of an object, or a case of an enum; `type` is a text. */
export interface TypeScriptMember {
  readonly name: string
  readonly optional?: boolean
  readonly type: string
}

/** The scalars as TypeScript has them; integers that are bigints apart. */
const SCALARS: Readonly<Record<ScalarType['kind'], string>> = {
  u8: 'number',
  u16: 'number',
  u32: 'number',
  u64: 'number',
  s8: 'number',
  s16: 'number',
  s32: 'number',
  s64: 'number',
  f32: 'number',
  f64: 'number',
  timestamp: 'number',
  bool: 'boolean',
  string: 'string',
  decimal: 'string',
  bytes: 'Uint8Array',
  null: 'null'
}

/** What the values of a scalar are in TypeScript. */
export function scalarText(type: ScalarType): string {
  return 'bigint' in type && type.bigint ? 'bigint' : SCALARS[type.kind]
}

/** A type in the words of one place. */
export function typeScriptOf(type: Type, words: TypeScriptWords): string {
  return words.nameOf(type) ?? typeScriptBody(type, words)
}

/** A type written out, also one that has a name: what stands behind it where it is declared. */
export function typeScriptBody(type: Type, words: TypeScriptWords): string {
  const of = (inner: Type): string => typeScriptOf(inner, words)
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return objectText(type.fields.map(field => ({ ...field, type: of(field.type) })))
    case 'enum': {
      const isUntagged = type.tagging === 'untagged'
      const cases = type.variants.map(({ name, type: inner }) => {
        return { name, type: inner === null ? null : of(inner) }
      })
      return enumText(cases, isUntagged)
    }
    case 'list':
      return listText(of(type.items))
    case 'map':
      // Not Record, which a type of the file may be called.
      return type.key.kind === 'string'
        ? `{ [key: string]: ${of(type.value)} }`
        : `${words.map}<${of(type.key)}, ${of(type.value)}>`
    case 'option':
      return `${of(type.value)} | null`
    case 'key-value':
      return `${words.keyValue}<${of(type.key)}, ${of(type.value)}>`
    default:
      return words.scalar(type)
  }
}

/** `{ id: u64; note?: string | null }`. */
export function objectText(members: readonly TypeScriptMember[]): string {
  return members.length === 0 ? '{}' : `{ ${members.map(memberText).join('; ')} }`
}

/** `note?: string | null`: a field that may be absent may be null too. */
export function memberText({ name, optional = false, type }: TypeScriptMember): string {
  const property = isIdentifier(name) ? name : JSON.stringify(name)
  return optional ? `${property}?: ${type} | null` : `${property}: ${type}`
}

/** `"red" | { rgb: u8[] }`, without tags `null | u8[]`; `type` is null where a case has no value. */
export function enumText(
  cases: readonly { readonly name: string; readonly type: string | null }[],
  isUntagged: boolean
): string {
  const texts = cases.map(({ name, type }) => {
    if (isUntagged) return type ?? 'null'
    return type === null ? JSON.stringify(name) : objectText([{ name, type }])
  })
  return texts.length === 0 ? 'never' : texts.join(' | ')
}

/** `string[]`, `(string | null)[]`: parentheses wherever there is a union, also further inside. */
export function listText(items: string): string {
  return items.includes(' | ') ? `(${items})[]` : `${items}[]`
}
