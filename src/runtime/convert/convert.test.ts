// Records in both converters: exact bytes, exact sentences, and that nothing hostile gets through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ByteWriter, isMillraceError } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import { keyed } from '../code/user.ts'
import { compileConverter, keyConverter } from './index.ts'
import { anyScalar, anyType, field, integer, scalarOf, variant } from './types.cases.ts'

const U32 = integer('u32')
const ORDER: Type = {
  kind: 'object',
  name: 'order',
  fields: [
    field('id', U32),
    field('note', { kind: 'string' }, { optional: true }),
    field('items', {
      kind: 'list',
      items: { kind: 'object', name: 'item', fields: [field('price', U32)] }
    })
  ]
}

function json(type: Type, text: string): unknown {
  const bytes = Buffer.from(`<${text}>`)
  return compileConverter(type, 'json').decode(bytes, 1, bytes.length - 1)
}

function written(type: Type, value: unknown, converter: 'json' | 'raw' = 'json'): Buffer {
  const into = new ByteWriter(4)
  into.u8(7)
  compileConverter(type, converter).encode(value, into)
  return into.slice(1)
}

function raw(type: Type, hex: string): unknown {
  const bytes = Buffer.from(`ee${hex}ee`, 'hex')
  return compileConverter(type, 'raw').decode(bytes, 1, bytes.length - 1)
}

function refusal(convert: () => unknown): string {
  try {
    convert()
  } catch (error) {
    assert(isMillraceError(error), String(error))
    return `${error.code} ${error.message}`
  }
  return 'accepted'
}

test('reads and writes an object, absent fields as null and not at all', () => {
  const value = json(ORDER, '{"items":[{"price":2,"x":1}],"unknown":{"a":[]},"id":1}')
  assert.deepEqual(value, { id: 1, note: null, items: [{ price: 2 }] })
  assert.equal(written(ORDER, value).toString(), '{"id":1,"items":[{"price":2}]}')
  const more = { extra: 1, items: [], note: 'ü', id: 0 }
  assert.equal(written(ORDER, more).toString(), '{"id":0,"note":"ü","items":[]}')
})

test('says which part of a value does not fit, and what would', () => {
  const cases: readonly (readonly [Type, string, string])[] = [
    [
      ORDER,
      '{"id":1,"items":[{"price":2},{"price":-1}]}',
      'value.items[1].price: -1 is outside u32 (0…4294967295)'
    ],
    [ORDER, '{"id":1.5,"items":[]}', 'value.id: 1.5 is not whole, expected u32 (0…4294967295)'],
    [ORDER, '{"id":"30","items":[]}', 'value.id: "30" is not u32'],
    [ORDER, '{"items":[]}', 'value.id: missing, expected u32'],
    [ORDER, '{"id":1,"items":{}}', 'value.items: an object {} is not list of object item'],
    [ORDER, '[1]', 'value: a list of 1 is not object order'],
    [
      integer('u64'),
      '9007199254740993',
      'value: 9007199254740992 is outside u64 (0…9007199254740991); declare the type with bigint: true for more'
    ],
    [
      integer('u64', true),
      '18446744073709551616',
      'value: 18446744073709551616n is outside u64 (0…18446744073709551615)'
    ],
    [{ kind: 'f32' }, '1e39', 'value: 1e+39 is outside the finite numbers of f32'],
    [
      { kind: 'map', key: { kind: 'string' }, value: U32 },
      '{"a b":null}',
      'value["a b"]: null is not u32'
    ],
    [{ kind: 'map', key: U32, value: U32 }, '{"01":1}', 'value["01"]: "01" is not u32'],
    [
      { kind: 'timestamp' },
      '"2026-02-29T00:00:00Z"',
      'value: "2026-02-29T00:00:00Z" is not a time such as "2026-01-31T12:00:00Z"'
    ],
    [{ kind: 'bytes' }, '"AAA"', 'value: "AAA" is not base64 text'],
    [{ kind: 'decimal' }, '"1,5"', 'value: "1,5" is not a decimal number such as "12.50"'],
    [
      {
        kind: 'enum',
        name: 'color',
        tagging: 'external',
        variants: [variant('red', null), variant('rgb', U32)]
      },
      '"blue"',
      'value: "blue" is not one of red, rgb'
    ]
  ]
  for (const [type, text, message] of cases) {
    assert.equal(
      refusal(() => json(type, text)),
      `RECORD_VALUE ${message}`
    )
  }
})

test('refuses bytes that are no JSON or no UTF-8', () => {
  const type: Type = { kind: 'string' }
  for (const text of ['', '{', '"a', '{"id":1} x', 'NaN', "'a'"]) {
    assert.match(
      refusal(() => json(type, text)),
      /^RECORD_UNDECODABLE not JSON: .*; expected one JSON value$/
    )
  }
  for (const converter of ['json', 'raw'] as const) {
    const bytes = Buffer.from('22ff22', 'hex')
    const decode = (): unknown => compileConverter(type, converter).decode(bytes, 0, 3)
    assert.match(refusal(decode), /^RECORD_UNDECODABLE not UTF-8: 3 bytes/)
  }
  assert.equal(json(type, '"\ufffd"'), '\ufffd')
})

test('keeps every digit of 64-bit integers and decimals', () => {
  const type: Type = {
    kind: 'object',
    name: null,
    fields: [field('big', integer('u64', true)), field('price', { kind: 'decimal' })]
  }
  const value = json(type, '{"big":18446744073709551615,"price":12.50}')
  assert.deepEqual(value, { big: 2n ** 64n - 1n, price: '12.50' })
  assert.equal(written(type, value).toString(), '{"big":18446744073709551615,"price":"12.50"}')
  assert.equal(
    refusal(() => json(type, '{"big":1.5,"price":"1"}')),
    'RECORD_VALUE value.big: 1.5 is not u64'
  )
})

test('rounds f32 and writes its shortest digits', () => {
  assert.equal(json({ kind: 'f32' }, '0.1'), Math.fround(0.1))
  assert.equal(written({ kind: 'f32' }, 921.6001).toString(), '921.6001')
  assert.equal(written({ kind: 'f32' }, 16_777_217).toString(), '16777216')
  assert.equal(written({ kind: 'f64' }, -0).toString(), '-0')
})

test('reads times as RFC 3339 or ms and writes ms', () => {
  const type: Type = { kind: 'timestamp' }
  const cases: Readonly<Record<string, number>> = {
    '"1970-01-01T00:00:01Z"': 1000,
    '"2026-01-31T12:00:00.123456789+02:00"': Date.UTC(2026, 0, 31, 10, 0, 0, 123),
    '"0001-01-01t00:00:00.5z"': -62_135_596_799_500,
    '-5': -5
  }
  for (const [text, expected] of Object.entries(cases)) assert.equal(json(type, text), expected)
  assert.equal(written(type, 1000).toString(), '1000')
  for (const text of [
    '"2026-01-31"',
    '"2026-01-31T24:00:00Z"',
    '1.5',
    '8640000000000001',
    'null'
  ]) {
    assert.match(
      refusal(() => json(type, text)),
      /^RECORD_VALUE/
    )
  }
})

test('reads and writes enums under their JSON names, external and untagged', () => {
  const variants = [
    variant('red', null, { readName: 'Red', writeName: 'RED' }),
    variant('rgb', { kind: 'list', items: integer('u8') }, { readName: 'Rgb', writeName: 'RGB' })
  ]
  const external: Type = { kind: 'enum', name: 'color', tagging: 'external', variants }
  assert.equal(json(external, '"Red"'), 'red')
  assert.equal(json(external, '{"Red":null}'), 'red')
  assert.deepEqual(json(external, '{"Rgb":[1,2]}'), { rgb: [1, 2] })
  assert.equal(written(external, 'red').toString(), '"RED"')
  assert.equal(written(external, { rgb: [1] }).toString(), '{"RGB":[1]}')
  assert.match(
    refusal(() => json(external, '{"Rgb":[1],"Red":null}')),
    /expected one name with its value$/
  )
  const untagged: Type = { kind: 'enum', name: 'color', tagging: 'untagged', variants }
  assert.equal(json(untagged, 'null'), null)
  assert.deepEqual(json(untagged, '[255]'), [255])
  assert.match(
    refusal(() => json(untagged, '[256]')),
    /^RECORD_VALUE value: a list of 1 is not enum color$/
  )
})

test('maps keep any key, and inherited names are no values', () => {
  const type: Type = { kind: 'map', key: { kind: 'string' }, value: U32 }
  const value = json(type, '{"__proto__":1,"constructor":2,"a":3}') as Record<string, number>
  assert.deepEqual(Object.entries(value), [
    ['__proto__', 1],
    ['constructor', 2],
    ['a', 3]
  ])
  assert.equal(value['toString'], undefined)
  assert.equal(written(type, value).toString(), '{"__proto__":1,"constructor":2,"a":3}')
  const times: Type = { kind: 'map', key: { kind: 'timestamp' }, value: { kind: 'bool' } }
  assert.deepEqual(json(times, '{"-5":true}'), new Map([[-5, true]]))
  assert.equal(written(times, new Map([[1, false]])).toString(), '{"1":false}')
})

test('nothing that is read or checked changes the prototype of anything', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join()
  fc.assert(
    fc.property(anyType, type => {
      const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
      refusal(() => json(type, text))
      refusal(() => written(type, JSON.parse(text)))
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    }),
    { numRuns: 200 }
  )
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before)
  const type: Type = {
    kind: 'object',
    name: null,
    fields: [field('__proto__', U32), field('toString', U32)]
  }
  const value = json(type, '{"__proto__":1,"toString":2}') as object
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.deepEqual(Object.entries(value), [
    ['__proto__', 1],
    ['toString', 2]
  ])
  assert.match(
    refusal(() => json(type, '{"__proto__":1}')),
    /value.toString: missing, expected u32$/
  )
})

test('unknown fields may be nested as deeply as they like', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  assert.deepEqual(json(ORDER, `{"x":${deep},"id":1,"items":[]}`), { id: 1, note: null, items: [] })
  assert.match(
    refusal(() => json(ORDER, `{"x":${deep},"id":-1,"items":[]}`)),
    /value.id: -1 is outside/
  )
})

test('a key-value record is an object with a key and a value', () => {
  const type: Type = { kind: 'key-value', key: { kind: 'string' }, value: U32 }
  assert.deepEqual(json(type, '{"value":1,"key":"a"}'), keyed('a', 1))
  assert.equal(written(type, keyed('a', 1)).toString(), '{"key":"a","value":1}')
})

test('raw scalars have these bytes', () => {
  const cases: readonly (readonly [Type, unknown, string])[] = [
    [{ kind: 'string' }, 'aü😀', '61c3bcf09f9880'],
    [{ kind: 'decimal' }, '1.50', '312e3530'],
    [{ kind: 'bytes' }, Uint8Array.of(0, 255), '00ff'],
    [{ kind: 'bool' }, true, '01'],
    [integer('u8'), 255, 'ff'],
    [integer('s16'), -2, 'fffe'],
    [U32, 4_294_967_295, 'ffffffff'],
    [integer('s64'), -2, 'fffffffffffffffe'],
    [integer('u64', true), 2n ** 64n - 1n, 'ffffffffffffffff'],
    [integer('s64', true), -(2n ** 63n), '8000000000000000'],
    [{ kind: 'f32' }, 1.5, '3fc00000'],
    [{ kind: 'f64' }, -2, 'c000000000000000'],
    [{ kind: 'timestamp' }, 1000, '00000000000003e8'],
    [{ kind: 'null' }, null, '']
  ]
  for (const [type, value, hex] of cases) {
    assert.equal(written(type, value, 'raw').toString('hex'), hex)
    assert.deepEqual(raw(type, hex), value)
  }
  assert.equal(raw({ kind: 'bool' }, '02'), false)
  assert.equal(raw({ kind: 'bool' }, '03'), true)
})

test('a number that bigint would not hold either is told without that advice', () => {
  assert.equal(
    refusal(() => written(integer('s64'), NaN, 'raw')),
    'RECORD_VALUE value: NaN is no whole number, expected s64'
  )
  assert.match(
    refusal(() => written(integer('s64'), 2 ** 60, 'raw')),
    /; declare the type with bigint: true for more$/
  )
  for (const value of [-8, 9.5, 2 ** 70]) {
    assert.match(
      refusal(() => written(integer('u64'), value, 'raw')),
      /u64 \(0…9007199254740991\)$/
    )
  }
})

test('raw bytes of every length come back, and are the reader’s own', () => {
  const converter = compileConverter({ kind: 'bytes' }, 'raw')
  const source = Buffer.alloc(5_000)
  const lengths = Array.from({ length: 400 }, (_, index) => (index * 37) % 2_600)
  const values = lengths.map((length, index) => {
    source.fill(index % 251, 0, length)
    return converter.decode(source, 0, length) as Uint8Array
  })
  source.fill(0xff)
  for (const [index, value] of values.entries()) {
    assert.deepEqual(value, new Uint8Array(lengths[index]!).fill(index % 251))
    // What one reader does to its value is seen by no other.
    value.fill(0xee)
  }
})

test('raw bytes of another width or outside the type are refused', () => {
  assert.equal(
    refusal(() => raw(U32, '0001')),
    'RECORD_UNDECODABLE 2 bytes; a raw u32 has 4'
  )
  assert.match(
    refusal(() => raw(integer('u64'), 'ffffffffffffffff')),
    /^RECORD_VALUE value: 18446744073709552000/
  )
  assert.match(
    refusal(() => raw({ kind: 'f64' }, '7ff8000000000000')),
    /^RECORD_VALUE value: NaN is outside/
  )
  assert.match(
    refusal(() => written({ kind: 'string' }, '\ud800', 'raw')),
    /^RECORD_VALUE value: .*half a surrogate/
  )
  assert.match(
    refusal(() => written({ kind: 'string' }, 1, 'raw')),
    /^RECORD_VALUE value: 1 is not string/
  )
  assert.match(
    refusal(() => compileConverter(ORDER, 'raw')),
    /^TYPE_UNSUPPORTED object order cannot be raw/
  )
})

test('raw scalars come back, and a refused value leaves no bytes', () => {
  const pairs = anyScalar.chain(type => fc.tuple(fc.constant(type), scalarOf(type)))
  fc.assert(
    fc.property(pairs, ([type, value]) => {
      if (typeof value === 'string' && !value.isWellFormed()) return
      const expected = json(type, written(type, value).toString())
      assert.deepEqual(raw(type, written(type, value, 'raw').toString('hex')), expected)
      const into = new ByteWriter()
      assert.match(
        refusal(() => compileConverter(type, 'raw').encode({}, into)),
        /^RECORD_VALUE/
      )
      assert.equal(into.length, 0)
    }),
    { numRuns: 500 }
  )
})

test('keys without a type are text', () => {
  const into = new ByteWriter()
  keyConverter(null).encode('ü', into)
  assert.equal(into.slice().toString('hex'), 'c3bc')
  keyConverter(U32).encode(1, into)
  assert.equal(into.slice(2).toString('hex'), '00000001')
})

function print(type: Type): string {
  return compileConverter(type, 'json').fingerprint
}

test('fingerprints are equal for equal types alone, and never where reading and writing names differ', () => {
  assert.equal(print(ORDER), print(structuredClone(ORDER)))
  assert.notEqual(print(ORDER), print({ ...ORDER, fields: ORDER.fields.slice(1) }))
  assert.notEqual(print(integer('u64')), print(integer('u64', true)))
  assert.notEqual(print(U32), compileConverter(U32, 'raw').fingerprint)
  const renamed: Type = { kind: 'object', name: null, fields: [field('a', U32, { readName: 'b' })] }
  assert.notEqual(print(renamed), print(renamed))
})
