// The words in which messages of the protocol are declared: fields, versions, nullability, tags.
//
// Source: Kafka's protocol guide (https://kafka.apache.org/protocol), KIP-482 for flexible versions and tagged fields.

/**
 * How one value is coded. Integers are big endian. `int64` is a number in memory: what lies beyond ±2^53 reads as the
 * nearest safe integer. `uuid` is 32 hexadecimal digits. `records` and `bytes` are views into the frame.
 */
export type Primitive =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

/** One field of a message or of a structure in it. */
export interface Field {
  readonly name: string
  /** A primitive, or the fields of a structure. */
  readonly type: Primitive | readonly Field[]
  /** Any number of such values. */
  readonly array?: boolean
  /** First and last version that have the field; absent: all. */
  readonly since?: number
  readonly until?: number
  /** First version in which the value may be null. */
  readonly nullable?: number
  /** The number by which the field is tagged (KIP-482), from version `tagged` on; absent: since it is there. */
  readonly tag?: number
  readonly tagged?: number
  /** What an absent field reads as, and what is written when nothing is given. Default: 0, '', false, nothing. */
  readonly default?: number | string | boolean | null
}

/** One API: a request and its response, in all versions that this program reads and writes. */
export interface Api {
  readonly key: number
  readonly name: string
  readonly min: number
  readonly max: number
  /** First version with compact lengths and tagged fields (KIP-482). */
  readonly flexible: number
  readonly request: readonly Field[]
  readonly response: readonly Field[]
}

/** Whether messages of a version have the field. */
export function isInVersion(field: Field, version: number): boolean {
  return version >= (field.since ?? 0) && version <= (field.until ?? Infinity)
}

/** Whether the field stands among the tagged ones in a version. */
export function isTagged(field: Field, version: number): boolean {
  return field.tag !== undefined && version >= (field.tagged ?? field.since ?? 0)
}

/** Whether the field may be null in a version. */
export function isNullable(field: Field, version: number): boolean {
  return field.nullable !== undefined && version >= field.nullable
}

/** What a value of each kind is when nothing says otherwise. */
export const ZEROS: Readonly<Record<Primitive, unknown>> = {
  bool: false,
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  int64: 0,
  float64: 0,
  string: '',
  uuid: '0'.repeat(32),
  bytes: Buffer.alloc(0),
  records: null
}
