// Reading objects from bytes against JSON.parse with the generated check, over random types, texts and damage.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isMillraceError } from '../../../base/index.ts'
import type { ScalarType, Type } from '../../../dataflow/types.ts'
import { generateRead, orderOf } from './direct-read.ts'
import { JsonConverter } from './json.ts'
import { LONG_WAY, valueEnd } from './json-bytes.ts'
import { plainDecode } from '../plain.ts'
import {
  anyHostile,
  anyScalar,
  anyText,
  damaged,
  field,
  hostileJson,
  valueOf,
  variant
} from '../types.cases.ts'

const names = fc.uniqueArray(
  fc.constantFrom('id', 'odd name', '__proto__', 'toString', 'a"b\\', 'ß', '1', '\u2028'),
  { minLength: 1, maxLength: 5 }
)
const units: Type = {
  kind: 'enum',
  name: 'unit',
  tagging: 'external',
  variants: [variant('on', null), variant('off', null, { readName: 'OFF' })]
}
const usual = fc.oneof(
  fc.constantFrom<ScalarType>(
    { kind: 's32', bigint: false },
    { kind: 'u64', bigint: false },
    { kind: 'timestamp' },
    { kind: 'decimal' }
  ),
  fc.constantFrom<ScalarType>(
    { kind: 'string' },
    { kind: 'bool' },
    { kind: 'f32' },
    { kind: 'f64' }
  )
)
const anyPart: fc.Arbitrary<Type> = fc.letrec<{ part: Type; object: Type }>(tie => ({
  object: fc
    .tuple(names, fc.array(fc.tuple(tie('part'), fc.boolean()), { minLength: 5, maxLength: 5 }))
    .map(([list, parts]) => ({
      kind: 'object',
      name: 'thing',
      fields: list.map((name, index) =>
        field(name, parts[index]![0], { optional: parts[index]![1] })
      )
    })),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 9, arbitrary: usual },
    { weight: 1, arbitrary: anyScalar },
    { weight: 1, arbitrary: fc.constant(units) },
    { weight: 1, arbitrary: tie('part').map((items): Type => ({ kind: 'list', items })) },
    { weight: 1, arbitrary: tie('part').map((value): Type => ({ kind: 'option', value })) },
    { weight: 1, arbitrary: tie('object') }
  )
})).object

/** Values that fit, values with a wrong part, and text in which a few characters were replaced. */
const typeWithText = anyPart.chain(type => {
  const fitting = valueOf(type).map(hostileJson)
  const wrong = fc
    .tuple(valueOf(type), fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), anyHostile)
    .map(([value, steps, other]) => hostileJson(damaged(value, steps, other)))
  const spoilt = fc
    .tuple(fitting, fc.nat(), fc.constantFrom(...'{}[]",:\\ -0.eE1\u0007ä', ''))
    .map(
      ([text, at, by]) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1)
    )
  const spaced = fitting.map(text => text.replaceAll(',"', ', "').replaceAll('":', '": '))
  return fc.tuple(fc.constant(type), fc.oneof(fitting, wrong, spoilt, spaced))
})

function outcome(decode: () => unknown): unknown {
  try {
    return { value: decode() }
  } catch (error) {
    if (isMillraceError(error)) return error.code
    throw error
  }
}

/** The text among other bytes, as in a batch. */
function amid(text: string | Uint8Array): [Buffer, number, number] {
  const bytes = Buffer.from(text as string)
  return [Buffer.concat([Buffer.from('}"'), bytes, Buffer.from('"}9')]), 2, 2 + bytes.length]
}

test('reads what the clear version reads, or leaves it to that', () => {
  let direct = 0
  fc.assert(
    fc.property(typeWithText, ([type, text]) => {
      const read = generateRead(type)
      if (read === null) return
      const value = read(...amid(text))
      if (value === LONG_WAY) return
      direct++
      assert.deepEqual(
        { value },
        outcome(() => plainDecode(type, text)),
        text
      )
    }),
    { numRuns: 2000 }
  )
  assert(direct > 300, `only ${direct} values were read directly`)
})

test('learns the order of members, and passes over those that the type lacks', () => {
  let direct = 0
  const extra = fc.dictionary(fc.constantFrom('x', 'y"', 'zä'), fc.oneof(fc.jsonValue(), anyText))
  fc.assert(
    fc.property(typeWithText, extra, fc.boolean(), ([type, text], more, first) => {
      let parsed: unknown
      try {
        parsed = JSON.parse(text)
      } catch {
        return
      }
      const merged: unknown = first
        ? { ...more, ...(parsed as object) }
        : { ...(parsed as object), ...more }
      const whole = hostileJson(merged)
      const read = generateRead(type, { order: orderOf(type, merged) })
      if (read === null) return
      const value = read(...amid(whole))
      if (value === LONG_WAY) return
      direct++
      assert.deepEqual(
        { value },
        outcome(() => plainDecode(type, whole)),
        whole
      )
    }),
    { numRuns: 1000 }
  )
  assert(direct > 100, `only ${direct} values were read directly`)
})

test('reads fewer fields alike, and refuses the same', () => {
  fc.assert(
    fc.property(typeWithText, fc.func(fc.boolean()), ([type, text], isRead) => {
      if (type.kind !== 'object') return
      const names = type.fields.map(({ name }) => name)
      const fields = new Set(names.filter(name => isRead(name)))
      const all = generateRead(type)
      const some = generateRead(type, { fields })
      assert.equal(all === null, some === null)
      if (all === null || some === null) return
      const value = all(...amid(text)) as Record<string, unknown>
      const part = some(...amid(text)) as Record<string, unknown>
      if (part === (LONG_WAY as unknown)) return assert.equal(value, LONG_WAY)
      assert.deepEqual(Object.keys(part), Object.keys(value))
      for (const name of fields) assert.deepEqual(part[name], value[name], text)
    }),
    { numRuns: 500 }
  )
})

test('finds the end of any JSON value, and of nothing else', () => {
  const text = fc.oneof(
    fc.jsonValue().map(value => JSON.stringify(value)),
    fc.jsonValue().map(value => JSON.stringify(value, null, 1)),
    fc
      .tuple(fc.jsonValue(), fc.nat(), fc.constantFrom(...'{}[]",:\\ -0.eE1\u0007', ''))
      .map(([value, at, by]) => {
        const whole = JSON.stringify(value)
        return whole.slice(0, at % whole.length) + by + whole.slice((at % whole.length) + 1)
      })
  )
  fc.assert(
    fc.property(text, one => {
      let isJson = true
      try {
        JSON.parse(one)
      } catch {
        isJson = false
      }
      const bytes = Buffer.from(one)
      const isWhole = valueEnd(bytes, 0) === bytes.length
      // Blanks around a value are not part of it.
      if (one === one.trim() && !/"[^"]*[^\x20-\x7e]/.test(one)) assert.equal(isWhole, isJson, one)
      if (isWhole) assert(isJson, one)
    }),
    { numRuns: 1000 }
  )
})

const event: Type = {
  kind: 'object',
  name: 'event',
  fields: [
    field('user', { kind: 'string' }),
    field('share', { kind: 'f64' }),
    field('count', { kind: 'u32', bigint: false }),
    field('note', { kind: 'string' }, { optional: true })
  ]
}

test('reads escapes, other alphabets and numbers of every form as JSON.parse does', () => {
  const read = generateRead(event)!
  for (const user of ['', 'a', 'x'.repeat(300), 'a"b', '\\', 'ä\n', '漢字', '😀', 'a\u2028']) {
    for (const share of [
      '0',
      '-0',
      '0.1',
      '-12.75',
      '1e3',
      '1.5E-300',
      '0.30000000000000004',
      '123456789012345.6'
    ]) {
      const text = `{"user":${JSON.stringify(user)},"share":${share},"count":4294967295}`
      const value: unknown = read(...amid(text))
      assert.deepEqual(value, { ...(JSON.parse(text) as object), note: null }, text)
      assert(Object.is((value as unknown as { share: number }).share, Number(share)))
    }
  }
  for (const share of [
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '--1',
    '-',
    '0x1',
    '1e999',
    'NaN',
    'null',
    '"1"'
  ]) {
    assert.equal(read(...amid(`{"user":"a","share":${share},"count":1}`)), LONG_WAY, share)
  }
  assert.equal(
    read(...amid(Buffer.from('{"user":"\xff","share":1,"count":1}', 'latin1'))),
    LONG_WAY
  )
})

test('gives a record of a batch up at its end, whatever stands behind it', () => {
  const read = generateRead(event)!
  const text = '{"user":"abc","share":1.5,"count":7}'
  const bytes = Buffer.from(text)
  for (let end = 0; end < text.length; end++) assert.equal(read(bytes, 0, end), LONG_WAY)
  for (let start = 1; start < text.length; start++)
    assert.equal(read(bytes, start, text.length), LONG_WAY)
  assert.notEqual(read(bytes, 0, text.length), LONG_WAY)
})

test('a converter goes on reading when producers change the order of members', () => {
  const converter = new JsonConverter(event)
  const orders = [
    '{"user":"a","share":1,"count":1}',
    '{"count":1,"id":[{"x":null}],"user":"a","share":1}',
    '{ "share" : 1 , "count" : 1 , "user" : "a" }'
  ]
  for (let round = 0; round < 30; round++) {
    for (let index = 0; index < 200; index++) {
      const bytes = Buffer.from(orders[round % orders.length]!)
      assert.deepEqual(converter.decode(bytes, 0, bytes.length), {
        user: 'a',
        share: 1,
        count: 1,
        note: null
      })
    }
  }
})
