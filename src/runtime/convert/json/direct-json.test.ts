// Direct writing against JSON.stringify, over random flat types and any values.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ByteWriter } from '../../../base/index.ts'
import type { Field, ScalarType, Type } from '../../../dataflow/types.ts'
import { generatePut } from './direct-json.ts'
import { plainEncode } from '../plain.ts'
import {
  anyHostile,
  anyInteger,
  anyScalar,
  anyType,
  damaged,
  field,
  valueOf
} from '../types.cases.ts'

const names = fc.uniqueArray(
  fc.constantFrom('id', 'odd name', '__proto__', 'toString', 'a"b\\', 'ß', '1', '\u2028'),
  { maxLength: 5 }
)
const usual = fc.oneof(
  anyInteger,
  fc.constantFrom<ScalarType>({ kind: 'string' }, { kind: 'bool' }, { kind: 'f64' })
)
const anyPart = fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: anyScalar })
const anyFlat: fc.Arbitrary<Type> = fc
  .tuple(names, fc.array(fc.tuple(anyPart, fc.boolean()), { minLength: 5, maxLength: 5 }))
  .map(([list, parts]) => ({
    kind: 'object',
    name: 'flat',
    fields: list.map((name, index): Field => {
      const [type, optional] = parts[index]!
      return field(name, type, { optional })
    })
  }))

const typeWithAny = fc.oneof(anyFlat, anyType).chain(type =>
  fc.tuple(
    fc.constant(type),
    fc.oneof(
      valueOf(type),
      fc
        .tuple(valueOf(type), fc.array(fc.nat({ max: 20 }), { maxLength: 2 }), anyHostile)
        .map(([value, steps, other]) => damaged(value, steps, other))
    )
  )
)

test('writes what the clear version writes, or nothing', () => {
  let written = 0
  fc.assert(
    fc.property(typeWithAny, ([type, value]) => {
      const put = generatePut(type)
      if (put === null) return
      const into = new ByteWriter(8)
      into.utf8('before')
      const done = put(value, into)
      const text = done ? plainEncode(type, value) : ''
      assert.equal(into.slice().toString(), `before${text}`)
      if (done) written++
    }),
    { numRuns: 1000 }
  )
  assert(written > 20, `only ${written} values were written directly`)
})

const event: Type = {
  kind: 'object',
  name: 'event',
  fields: [
    field('user', { kind: 'string' }, { writeName: 'who' }),
    field('count', { kind: 's32', bigint: false }),
    field('big', { kind: 'u64', bigint: false }),
    field('share', { kind: 'f64' }),
    field('odd', { kind: 'bool' }, { optional: true })
  ]
}

function written(value: unknown): string | null {
  const into = new ByteWriter()
  return generatePut(event)!(value, into) ? into.slice().toString() : null
}

test('writes numbers at every width, and leaves absent fields out', () => {
  for (const count of [0, -1, 9, 10, 99, 100, -2147483648, 2147483647, 1234567890]) {
    for (const big of [0, 4294967295, 4294967296, Number.MAX_SAFE_INTEGER]) {
      for (const share of [0, 0.1, -1.5e-300, 1e21, 2 ** 60]) {
        const value = { user: 'a', count, big, share }
        assert.equal(written(value), plainEncode(event, value))
        const odd = { ...value, odd: true }
        assert.equal(written(odd), plainEncode(event, odd))
      }
    }
  }
})

test('leaves to JSON.stringify what needs escapes, is long or does not fit', () => {
  const good = { user: 'a', count: 1, big: 1, share: 1, odd: null }
  assert.equal(written(good), '{"who":"a","count":1,"big":1,"share":1}')
  for (const user of ['"', '\\', '\n', 'ß', '\ud800', 'a'.repeat(65), 7, null]) {
    assert.equal(written({ ...good, user }), null)
  }
  for (const other of [{ count: 0.5 }, { big: -1 }, { share: NaN }, { share: -0 }, { odd: 1 }]) {
    assert.equal(written({ ...good, ...other }), null)
  }
})
