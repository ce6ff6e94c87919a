// Types of a dataflow as checked data. All naming rules of the file's apiVersion are already applied.
//
// Values in JavaScript:
//   bool boolean · u8…u32, s8…s32, f32, f64 number · u64, s64 number while a safe integer, bigint where `bigint` ·
//   string, decimal string · bytes Uint8Array · timestamp number (ms since the epoch) · null null ·
//   object and row: plain object, property names as in the file · list array · map plain object (string keys)
//   or Map (other keys) · option the value or null · enum: unit variant 'name', other `{ name: value }`,
//   untagged the bare value · key-value: what `keyed(key, value)` gives.

export type IntegerKind = 'u8' | 'u16' | 'u32' | 'u64' | 's8' | 's16' | 's32' | 's64'
export type FloatKind = 'f32' | 'f64'

/** A property of an object or a column of a row. */
export interface Field {
  /** As in the file: the property's name in JavaScript. */
  readonly name: string
  /** Name in JSON that is read, after rename and the apiVersion's rule. */
  readonly readName: string
  /** Name in JSON that is written. */
  readonly writeName: string
  /** Absent and null both read as absent; absent is not written. */
  readonly optional: boolean
  /** Of the field in Protobuf; absent: the next free one. */
  readonly number?: number
  readonly type: Type
}

/** One case of an enum. */
export interface Variant {
  readonly name: string
  readonly readName: string
  readonly writeName: string
  /** null for a variant without a value. */
  readonly type: Type | null
  /** Of the case in Protobuf; absent: the next free one. */
  readonly number?: number
}

export interface IntegerType {
  readonly kind: IntegerKind
  /** 64-bit kinds only: values are bigints. */
  readonly bigint: boolean
}
export interface SimpleType {
  readonly kind: FloatKind | 'bool' | 'string' | 'bytes' | 'null' | 'decimal' | 'timestamp'
}
export interface ObjectType {
  readonly kind: 'object'
  /** kebab-case name under `types`, or the nested `type-name`; null for an anonymous row. */
  readonly name: string | null
  readonly fields: readonly Field[]
}
/** A state's row: like an object of scalars, with a time to live. */
export interface RowType {
  readonly kind: 'arrow-row'
  readonly name: string | null
  readonly fields: readonly Field[]
}
export interface EnumType {
  readonly kind: 'enum'
  readonly name: string | null
  readonly tagging: 'external' | 'untagged'
  readonly variants: readonly Variant[]
}
export interface ListType {
  readonly kind: 'list'
  readonly items: Type
}
export interface MapType {
  readonly kind: 'map'
  readonly key: Type
  readonly value: Type
}
export interface OptionType {
  readonly kind: 'option'
  readonly value: Type
}
export interface KeyValueType {
  readonly kind: 'key-value'
  readonly key: Type
  readonly value: Type
}

export type Type =
  | IntegerType
  | SimpleType
  | ObjectType
  | RowType
  | EnumType
  | ListType
  | MapType
  | OptionType
  | KeyValueType

/** Types allowed as keys of records and states. */
export type ScalarType = IntegerType | SimpleType
