// Random types, values that fit them and values that do not: what the property tests of convert share.
import * as fc from 'fast-check'
import type { Field, IntegerKind, ScalarType, Type, Variant } from '../../dataflow/types.ts'
import { keyed } from '../code/user.ts'
import { INTEGER_RANGES } from './scalars.ts'

const NAMES = [
  'id',
  'word',
  'odd name',
  '__proto__',
  'constructor',
  'toString',
  'a"b\\',
  'ß',
  '1',
  'key',
  '\u2028'
]
const INTEGERS: readonly IntegerKind[] = ['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64']

/** A field under one name everywhere. */
export function field(name: string, type: Type, options: Partial<Field> = {}): Field {
  return { name, readName: name, writeName: name, optional: false, type, ...options }
}

/** A case of an enum under one name everywhere. */
export function variant(name: string, type: Type | null, options: Partial<Variant> = {}): Variant {
  return { name, readName: name, writeName: name, type, ...options }
}

export function integer(kind: IntegerKind, bigint = false): ScalarType {
  return { kind, bigint }
}

export const anyInteger: fc.Arbitrary<ScalarType> = fc.oneof(
  fc.constantFrom(...INTEGERS).map(kind => integer(kind)),
  fc.constantFrom('u64' as const, 's64' as const).map(kind => integer(kind, true))
)

export const anyKeyType: fc.Arbitrary<ScalarType> = fc.oneof(
  anyInteger,
  fc
    .constantFrom('f32', 'f64', 'bool', 'string', 'decimal', 'timestamp')
    .map(kind => ({ kind }) as ScalarType)
)

export const anyScalar: fc.Arbitrary<ScalarType> = fc.oneof(
  anyKeyType,
  fc.constantFrom('bytes', 'null').map(kind => ({ kind }) as ScalarType)
)

const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 0, maxLength: 5 })
const rename = fc.option(fc.constantFrom('renamed', '__proto__', 'valueOf', 'x"y'), { freq: 4 })

function fieldsOf(type: fc.Arbitrary<Type>): fc.Arbitrary<readonly Field[]> {
  const parts = fc.array(fc.tuple(type, fc.boolean(), rename, rename), {
    minLength: 5,
    maxLength: 5
  })
  return fc.tuple(names, parts).map(([list, parts]) =>
    list.map((name, index) => {
      const [type, optional, readName, writeName] = parts[index]!
      const renames = { readName: readName ?? name, writeName: writeName ?? name }
      return field(name, type, { optional, ...renames })
    })
  )
}

function variantsOf(type: fc.Arbitrary<Type>): fc.Arbitrary<readonly Variant[]> {
  const parts = fc.array(fc.tuple(fc.option(type), rename), { minLength: 5, maxLength: 5 })
  const some = names.filter(list => list.length > 0)
  return fc.tuple(some, parts).map(([list, parts]) =>
    list.map((name, index) => {
      const [type, writeName] = parts[index]!
      return variant(name, type, { writeName: writeName ?? name })
    })
  )
}

/** Any type: a few levels, hostile names, renames. */
export const anyType: fc.Arbitrary<Type> = fc.letrec<{ type: Type }>(tie => {
  const type = tie('type') as fc.Arbitrary<Type>
  const fields = fieldsOf(type)
  const composite: fc.Arbitrary<Type>[] = [
    fields.map(fields => ({ kind: 'object', name: 'thing', fields })),
    fields.map(fields => ({ kind: 'arrow-row', name: null, fields })),
    type.map(items => ({ kind: 'list', items })),
    type.map(value => ({ kind: 'option', value })),
    fc.tuple(anyKeyType, type).map(([key, value]) => ({ kind: 'map', key, value })),
    fc.tuple(anyKeyType, type).map(([key, value]) => ({ kind: 'key-value', key, value })),
    fc
      .tuple(fc.constantFrom('external' as const, 'untagged' as const), variantsOf(type))
      .map(([tagging, variants]) => ({ kind: 'enum', name: null, tagging, variants }))
  ]
  return { type: fc.oneof({ depthSize: 'small', withCrossShrink: true }, anyScalar, ...composite) }
}).type

/** Text of all sorts: ASCII, control characters, any code unit, lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc
    .array(fc.constantFrom('"', '\\', '\n', '\u0000', '\ud800', '\udc00', 'a', '\ufffd', '\u2028'))
    .map(parts => parts.join('')),
  fc.string({ minLength: 50, maxLength: 60 })
)

const anyMapKey = fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', '1', ''))

/** Values in JavaScript that fit `type`. */
export function valueOf(type: Type): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return fc
        .tuple(
          ...type.fields.map(({ type, optional }) =>
            optional ? fc.option(valueOf(type)) : valueOf(type)
          )
        )
        .map(values =>
          Object.fromEntries(type.fields.map(({ name }, index) => [name, values[index]]))
        )
    case 'enum':
      return fc.oneof(
        ...type.variants.map(({ name, type: inner }) => {
          if (type.tagging === 'untagged')
            return inner === null ? fc.constant(null) : valueOf(inner)
          return inner === null
            ? fc.constant(name)
            : valueOf(inner).map(value => Object.fromEntries([[name, value]]))
        })
      )
    case 'list':
      return fc.array(valueOf(type.items), { maxLength: 4 })
    case 'map':
      return type.key.kind === 'string'
        ? fc
            .array(fc.tuple(anyMapKey, valueOf(type.value)), { maxLength: 4 })
            .map(Object.fromEntries)
        : fc
            .array(fc.tuple(valueOf(type.key), valueOf(type.value)), { maxLength: 4 })
            .map(pairs => new Map(pairs))
    case 'option':
      return fc.option(valueOf(type.value))
    case 'key-value':
      return fc
        .tuple(valueOf(type.key), valueOf(type.value))
        .map(([key, value]) => keyed(key, value))
    default:
      return scalarOf(type)
  }
}

/** Values in JavaScript that fit a scalar type. */
export function scalarOf(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean()
    case 'string':
      return anyText
    case 'null':
      return fc.constant(null)
    case 'bytes':
      return fc.uint8Array({ maxLength: 9 })
    case 'decimal':
      return fc.constantFrom('0', '-0', '12.50', '00.1', '1e9', '12345678901234567890.123456789')
    case 'timestamp':
      return fc.oneof(fc.integer(), fc.constantFrom(8.64e15, -8.64e15, -0))
    case 'f32':
      return fc.oneof(
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(-0, 0.1, 921.6001)
      )
    case 'f64':
      return fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.constant(-0)
      )
    default: {
      const range = INTEGER_RANGES[type.kind]
      if (type.bigint) return fc.bigInt({ min: range.minBig, max: range.maxBig })
      return fc.oneof(
        fc.integer({ min: range.min, max: range.max }),
        fc.constantFrom(range.min, range.max)
      )
    }
  }
}

/** Anything a function might return: numbers at every edge, odd objects, values of other types. */
export const anyHostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    NaN,
    Infinity,
    -Infinity,
    -0,
    -1,
    0.5,
    256,
    65536,
    4294967296,
    2 ** 53,
    2 ** 63,
    1e300,
    3e38 * 2,
    -129,
    2147483648,
    8.64e15 + 1,
    5n,
    -1n,
    2n ** 64n,
    '',
    '1',
    'word',
    'AA==',
    'A',
    '2026-02-29T00:00:00Z',
    '2026-01-31T12:00:00.5+01:00',
    true,
    [],
    [null],
    {},
    { id: undefined },
    { key: 'a' },
    Symbol.iterator,
    () => 1,
    new Map([[1, 2]]),
    new Map([['a', 1]]),
    new Date(0),
    Object.create(null)
  ),
  fc.jsonValue(),
  anyText,
  fc.object({ maxDepth: 2, key: anyMapKey }),
  anyType.chain(valueOf)
)

/** JSON text that `value` roughly is, whatever it is: what a hostile producer might send. */
export function hostileJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return JSON.rawJSON(String(item))
    if (item instanceof Uint8Array) return Buffer.from(item).toString('base64')
    if (item instanceof Map) return Object.fromEntries(item)
    if (Object.is(item, -0)) return JSON.rawJSON('-0')
    return item
  }) as string | undefined
  return text ?? 'null'
}

declare global {
  interface JSON {
    /** In Node since 21; not in TypeScript's library yet. */
    rawJSON(text: string): unknown
  }
}

/** `value` with one of its parts replaced by `other`: nearly right, which checkers find hardest. */
export function damaged(value: unknown, steps: readonly number[], other: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined || typeof value !== 'object' || value === null) return other
  if (value instanceof Uint8Array || value instanceof Map) return other
  if (Array.isArray(value)) {
    if (value.length === 0) return [other]
    return value.with(step % value.length, damaged(value[step % value.length], rest, other))
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return { extra: other }
  const [name, item] = entries[step % entries.length]!
  if (step % 7 === 6) return Object.fromEntries(entries.filter(([key]) => key !== name))
  if (step % 7 === 5) return Object.fromEntries([...entries, ['__proto__', other]])
  return Object.fromEntries([...entries, [name, damaged(item, rest, other)]])
}
