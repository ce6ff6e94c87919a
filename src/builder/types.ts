// Types of records and states as values: what they check at run time and what they are in TypeScript, said once.
//
// A value of `t` holds the type as plain data, as the file would say it; its TypeScript type stands in a property
// that never exists.
import type { Key, KeyValue } from '../runtime/code/user.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'

/** A type as the file says it. */
export type TypeShape =
  | { readonly kind: 'scalar'; readonly word: string; readonly bigint: boolean }
  | { readonly kind: 'object'; readonly fields: readonly FieldShape[] }
  | {
      readonly kind: 'arrow-row'
      readonly fields: readonly FieldShape[]
      readonly ttl: string | null
    }
  | {
      readonly kind: 'enum'
      readonly variants: readonly FieldShape[]
      readonly isUntagged: boolean
    }
  | { readonly kind: 'list'; readonly items: TypeNode }
  | { readonly kind: 'option'; readonly value: TypeNode }
  | {
      readonly kind: 'map' | 'key-value'
      readonly key: TypeNode
      readonly value: TypeNode
    }
  | { readonly kind: 'alias'; readonly of: TypeNode }
  | { readonly kind: 'import'; readonly file: string; readonly message: string | null }

/** A field of an object, a column of a row, or a case of an enum. */
export interface FieldShape {
  readonly name: string
  readonly type: TypeNode
  readonly isOptional: boolean
  /** Names in JSON, where they are others. */
  readonly read: string | null
  readonly write: string | null
  /** Number in Protobuf; null: the next free one. */
  readonly number: number | null
}

/** A type with its name in the section `types`; null where it stands without one. */
export interface TypeNode {
  readonly name: string | null
  readonly shape: TypeShape
  readonly at: SourcePlace | null
}

/** A type whose values are `T` in TypeScript. */
export interface TypeValue<T> {
  readonly node: TypeNode
  readonly $value?: T
}

/** What the values of a type are in TypeScript: `type Order = Infer<typeof Order>`. */
export type Infer<T> = T extends TypeValue<infer V> ? V : never

/** A field that may be absent, or has other names in JSON. */
export interface Field<T, O extends boolean = boolean> {
  readonly type: TypeValue<T>
  readonly isOptional: O
  readonly read: string | null
  readonly write: string | null
  readonly number: number | null
}

/** Names in JSON that are not those of the fields. */
export interface FieldNames {
  readonly read?: string
  readonly write?: string
}

type FieldMap = Readonly<Record<string, TypeValue<unknown> | Field<unknown>>>
type FieldValue<F> = F extends Field<infer V> ? V : Infer<F>
type OptionalNames<F> = {
  [N in keyof F]: F[N] extends Field<unknown, true> ? N : never
}[keyof F]
type Shown<T> = { [N in keyof T]: T[N] }
/** The object that a map of fields describes. */
export type ObjectOf<F> = Shown<
  { -readonly [N in Exclude<keyof F, OptionalNames<F>>]: FieldValue<F[N]> } & {
    -readonly [N in OptionalNames<F>]?: FieldValue<F[N]> | null
  }
>
type CaseMap = Readonly<Record<string, TypeValue<unknown> | Field<unknown> | null>>
/** The union that the cases of an enum describe. */
export type EnumOf<C> = {
  [N in keyof C]: C[N] extends null ? N : { [M in N]: FieldValue<C[M]> }
}[keyof C]
type UntaggedOf<C> = { [N in keyof C]: C[N] extends null ? null : FieldValue<C[N]> }[keyof C]
type MapOf<K, V> = [K] extends [string] ? { [key: string]: V } : Map<K, V>

/** The words for types. Scalars are values, the rest are functions. */
export interface TypeWords {
  readonly bool: TypeValue<boolean>
  readonly u8: TypeValue<number>
  readonly u16: TypeValue<number>
  readonly u32: TypeValue<number>
  /** A number that must stay below 2^53. */
  readonly u64: TypeValue<number>
  readonly s8: TypeValue<number>
  readonly s16: TypeValue<number>
  readonly s32: TypeValue<number>
  /** A number that must stay within ±2^53. */
  readonly s64: TypeValue<number>
  readonly bigU64: TypeValue<bigint>
  readonly bigS64: TypeValue<bigint>
  readonly f32: TypeValue<number>
  readonly f64: TypeValue<number>
  readonly string: TypeValue<string>
  readonly bytes: TypeValue<Uint8Array>
  /** A decimal number as text. */
  readonly decimal: TypeValue<string>
  /** Milliseconds since 1970. */
  readonly timestamp: TypeValue<number>
  readonly null: TypeValue<null>
  /** Fields of any type. With a name it stands in the section `types` of the file. */
  object<const F extends FieldMap>(fields: F): TypeValue<ObjectOf<F>>
  object<const F extends FieldMap>(name: string, fields: F): TypeValue<ObjectOf<F>>
  /** A row of a state: scalar columns. `ttl` as in `30d`: rows not updated for so long are removed. */
  row<const F extends FieldMap>(columns: F, options?: RowOptions): TypeValue<ObjectOf<F>>
  /** One of several cases; null for one without a value. */
  enum<const C extends CaseMap>(name: string, cases: C): TypeValue<EnumOf<C>>
  enum<const C extends CaseMap>(cases: C): TypeValue<EnumOf<C>>
  /** One of several types, told apart by trying them in order. */
  union<const C extends CaseMap>(name: string, cases: C): TypeValue<UntaggedOf<C>>
  union<const C extends CaseMap>(cases: C): TypeValue<UntaggedOf<C>>
  list<T>(items: TypeValue<T>): TypeValue<T[]>
  /** Values by a scalar key: a plain object where keys are texts, else a Map. */
  map<K, V>(key: TypeValue<K>, value: TypeValue<V>): TypeValue<MapOf<K, V>>
  /** A value or null. */
  option<T>(value: TypeValue<T>): TypeValue<T | null>
  /** What `keyed(key, value)` gives. */
  keyValue<K extends Key, V>(key: TypeValue<K>, value: TypeValue<V>): TypeValue<KeyValue<K, V>>
  /** Another name for a type. */
  named<T>(name: string, type: TypeValue<T>): TypeValue<T>
  /**
   * The type of a schema file beside the dataflow: Avro (.avsc), Protobuf (.proto; `message` names one of several) or
   * JSON Schema (.json). What its values are in TypeScript is yours to say:
   * `t.imported<Order>('order', './order.avsc')`.
   */
  imported<T>(name: string, file: string, options?: { readonly message?: string }): TypeValue<T>
  /** A field that may be absent or null. */
  optional<T>(type: TypeValue<T> | Field<T>): Field<T, true>
  /** A field or a case that has other names in JSON. */
  renamed<T, O extends boolean = false>(
    type: TypeValue<T> | Field<T, O>,
    names: FieldNames
  ): Field<T, O>
  /** A field or a case with its number in Protobuf; others have the next free one. */
  numbered<T, O extends boolean = false>(
    type: TypeValue<T> | Field<T, O>,
    number: number
  ): Field<T, O>
}

export interface RowOptions {
  readonly name?: string
  readonly ttl?: string
}

function scalar<T>(word: string, bigint = false): TypeValue<T> {
  return { node: { name: null, shape: { kind: 'scalar', word, bigint }, at: null } }
}

function valueOf<T>(
  shape: TypeShape,
  at: SourcePlace | null,
  name: string | null = null
): TypeValue<T> {
  return { node: { name, shape, at } }
}

const NULL: TypeValue<null> = scalar('null')

/** `t.u32`, `t.object({ word: t.string })`, … */
export const t: TypeWords = {
  bool: scalar('bool'),
  u8: scalar('u8'),
  u16: scalar('u16'),
  u32: scalar('u32'),
  u64: scalar('u64'),
  s8: scalar('s8'),
  s16: scalar('s16'),
  s32: scalar('s32'),
  s64: scalar('s64'),
  bigU64: scalar('u64', true),
  bigS64: scalar('s64', true),
  f32: scalar('f32'),
  f64: scalar('f64'),
  string: scalar('string'),
  bytes: scalar('bytes'),
  decimal: scalar('decimal'),
  timestamp: scalar('timestamp'),
  null: NULL,
  object: objectOf,
  row: (columns, { name, ttl } = {}) =>
    valueOf(
      { kind: 'arrow-row', fields: fieldsOf(columns), ttl: ttl ?? null },
      placeOfCaller(t.row),
      name ?? null
    ),
  enum: enumOf,
  union: unionOf,
  list: items => valueOf({ kind: 'list', items: items.node }, null),
  map: (key, value) => valueOf({ kind: 'map', key: key.node, value: value.node }, null),
  option: value => valueOf({ kind: 'option', value: value.node }, null),
  keyValue: (key, value) => valueOf({ kind: 'key-value', key: key.node, value: value.node }, null),
  named: (name, type) => valueOf({ kind: 'alias', of: type.node }, placeOfCaller(t.named), name),
  imported: (name, file, { message } = {}) =>
    valueOf({ kind: 'import', file, message: message ?? null }, placeOfCaller(t.imported), name),
  optional: type => ({ ...fieldOf(type), isOptional: true }),
  numbered: <T, O extends boolean = false>(type: TypeValue<T> | Field<T, O>, number: number) => {
    const field = fieldOf(type)
    return { ...field, isOptional: field.isOptional as O, number }
  },
  renamed: <T, O extends boolean = false>(
    type: TypeValue<T> | Field<T, O>,
    { read, write }: FieldNames
  ) => {
    const field = fieldOf(type)
    return {
      ...field,
      isOptional: field.isOptional as O,
      read: read ?? field.read,
      write: write ?? field.write
    }
  }
}

function objectOf<const F extends FieldMap>(
  ...[first, second]: [fields: F] | [name: string, fields: F]
): TypeValue<ObjectOf<F>> {
  const [name, fields] = typeof first === 'string' ? [first, second!] : [null, first]
  return valueOf({ kind: 'object', fields: fieldsOf(fields) }, placeOfCaller(objectOf), name)
}

function enumOf<const C extends CaseMap>(
  ...[first, second]: [cases: C] | [name: string, cases: C]
): TypeValue<EnumOf<C>> {
  const [name, cases] = typeof first === 'string' ? [first, second!] : [null, first]
  const variants = fieldsOf(cases)
  return valueOf({ kind: 'enum', variants, isUntagged: false }, placeOfCaller(enumOf), name)
}

function unionOf<const C extends CaseMap>(
  ...[first, second]: [cases: C] | [name: string, cases: C]
): TypeValue<UntaggedOf<C>> {
  const [name, cases] = typeof first === 'string' ? [first, second!] : [null, first]
  const variants = fieldsOf(cases)
  return valueOf({ kind: 'enum', variants, isUntagged: true }, placeOfCaller(unionOf), name)
}

function fieldsOf(fields: CaseMap): FieldShape[] {
  return Object.entries(fields).map(([name, given]) => {
    const { type, ...said } = fieldOf<unknown, boolean>(given ?? NULL)
    return { name, type: type.node, ...said }
  })
}

function fieldOf<T, O extends boolean>(given: TypeValue<T> | Field<T, O>): Field<T> {
  if (!('node' in given)) return given
  return { type: given, isOptional: false, read: null, write: null, number: null }
}
