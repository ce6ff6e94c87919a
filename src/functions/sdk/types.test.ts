// Tests the types: bytes as the protocol says, what each refuses, JSON copies against JSON itself.
import { deepStrictEqual, notStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isMillraceError } from '../../base/index.ts'
import {
  boolType,
  doubleType,
  floatType,
  intType,
  jsonType,
  longType,
  Message,
  simpleType,
  stringType,
  typedValue,
  type Type
} from './index.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const refused = (error: unknown): boolean => isMillraceError(error, 'FUNCTION_VALUE')

function row<T>(type: Type<T>, value: T, bytes: string): [string, () => void] {
  return [
    `${type.typename} ${String(value).slice(0, 20)}`,
    () => {
      strictEqual(hex(type.serialize(value)), bytes)
      deepStrictEqual(type.deserialize(Buffer.from(bytes, 'hex')), value)
      deepStrictEqual(type.own(value), value)
    }
  ]
}

const LONG_TEXT = 'ä'.repeat(100)

for (const [name, check] of [
  row(boolType, true, '0801'),
  row(boolType, false, ''),
  row(intType, 1, '0d01000000'),
  row(intType, 0, ''),
  row(intType, -2, '0dfeffffff'),
  row(intType, -2147483648, '0d00000080'),
  row(intType, 2147483647, '0dffffff7f'),
  row(longType, 1n, '090100000000000000'),
  row(longType, 0n, ''),
  row(longType, -(2n ** 63n), '090000000000000080'),
  row(longType, 2n ** 63n - 1n, '09ffffffffffffff7f'),
  row(floatType, 1.5, '0d0000c03f'),
  row(floatType, 0, ''),
  row(floatType, NaN, '0d0000c07f'),
  row(doubleType, 1.5, '09000000000000f83f'),
  row(doubleType, -0, '090000000000000080'),
  row(stringType, '', ''),
  row(stringType, 'Bob', '0a03426f62'),
  row(stringType, '\ufeffx', '0a04efbbbf78'),
  row(stringType, LONG_TEXT, `0ac801${hex(Buffer.from(LONG_TEXT))}`)
]) {
  test(`the bytes of ${name}`, check)
}

const read = <T>(type: Type<T>, bytes: string) => type.deserialize(Buffer.from(bytes, 'hex'))

test('scalars may come with unknown fields, more than once, and in long form', () => {
  strictEqual(read(intType, '10050d010000000d02000000'), 2)
  strictEqual(read(stringType, '0a83800078797a'), 'xyz')
  strictEqual(read(boolType, '0802'), true)
  strictEqual(read(longType, '12026162090500000000000000'), 5n)
})

test('bytes that are no message are refused', () => {
  for (const type of [boolType, intType, longType, floatType, doubleType, stringType]) {
    for (const bytes of ['0a', '0d01', '09', '08', '0a05ff', 'ff', '00', '0f']) {
      throws(() => (type as Type<unknown>).deserialize(Buffer.from(bytes, 'hex')), refused)
    }
  }
  throws(() => stringType.deserialize(Buffer.from('0a01ff', 'hex')), refused)
})

test('values outside their type are refused', () => {
  const wrong: [Type<never>, unknown[]][] = [
    [boolType, [0, 'true', null, undefined]],
    [intType, [1.5, 2147483648, NaN, '1', 1n]],
    [longType, [1, 2n ** 63n, -(2n ** 63n) - 1n]],
    [floatType, ['1', null]],
    [doubleType, [1n, undefined]],
    [stringType, [1, null, {}]]
  ] as [Type<never>, unknown[]][]
  for (const [type, values] of wrong) {
    for (const value of values) {
      throws(() => type.serialize(value as never), refused)
      throws(() => type.own(value as never), refused)
    }
  }
})

test('a JSON type copies as JSON does', () => {
  const type = jsonType('a/json')
  class Money {
    readonly amount = 3
    hidden = undefined
  }
  const values = fc.oneof(
    fc.anything({ withNullPrototype: true, maxDepth: 4 }),
    fc.record({ date: fc.date(), money: fc.constant(new Money()) }),
    fc.constant({ list: [undefined, () => 1, NaN, -0] }),
    fc.constant(JSON.parse('{"__proto__": {"x": 1}, "y": 2}'))
  )
  const seed = 7
  fc.assert(
    fc.property(values, value => {
      let expected: unknown
      try {
        const text = JSON.stringify(value)
        if (text === undefined) throw new Error('nothing')
        expected = JSON.parse(text)
      } catch {
        throws(() => type.own(value), refused)
        return
      }
      deepStrictEqual(type.own(value), expected)
      deepStrictEqual(type.deserialize(type.serialize(value)), expected)
    }),
    { seed, numRuns: 500 }
  )
})

test('a JSON type refuses cycles, bigints and broken texts', () => {
  const type = jsonType('a/json')
  const cycle: unknown[] = []
  cycle.push(cycle)
  for (const value of [cycle, 1n, undefined, () => 1, Symbol('x')]) {
    throws(() => type.own(value), refused)
    throws(() => type.serialize(value), refused)
  }
  for (const text of ['', '{', 'nul']) throws(() => type.deserialize(Buffer.from(text)), refused)
  throws(() => type.deserialize(Uint8Array.of(0x22, 0xff, 0x22)), refused)
})

test('a type of one’s own is copied by its own functions', () => {
  const type = simpleType<Date>('a/date', {
    serialize: value => Buffer.from(value.toISOString()),
    deserialize: bytes => new Date(Buffer.from(bytes).toString())
  })
  const value = new Date(0)
  const copy = type.own(value)
  notStrictEqual(copy, value)
  deepStrictEqual(copy, value)
  throws(() => type.own(new Date(NaN)), refused)
  const broken = simpleType('a/b', { serialize: () => 'text' as never, deserialize: () => 1 })
  throws(() => broken.serialize(1), refused)
})

test('what a type of one’s own decodes does not hang on the message’s bytes', () => {
  const type = simpleType<Uint8Array>('a/bytes', { serialize: v => v, deserialize: b => b })
  const bytes = Uint8Array.of(1, 2)
  const value = type.deserialize(bytes)
  value[0] = 9
  deepStrictEqual(bytes, Uint8Array.of(1, 2))
})

test('messages are read under their own type only', () => {
  const message = new Message(typedValue(5, intType))
  strictEqual(message.isInt(), true)
  strictEqual(message.isString(), false)
  strictEqual(message.asInt(), 5)
  strictEqual(message.as(intType), 5)
  throws(
    () => message.asString(),
    error =>
      isMillraceError(error, 'FUNCTION_MESSAGE_TYPE') && /is a io\.statefun/.test(error.message)
  )
  strictEqual(new Message(typedValue('x', stringType)).asString(), 'x')
  strictEqual(new Message(typedValue(true, boolType)).asBoolean(), true)
  strictEqual(new Message(typedValue(5n, longType)).asLong(), 5n)
  strictEqual(new Message(typedValue(0.5, floatType)).asFloat(), 0.5)
  strictEqual(new Message(typedValue(0.1, doubleType)).asDouble(), 0.1)
})
