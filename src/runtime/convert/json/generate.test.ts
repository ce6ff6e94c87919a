// The generated converters against the clear ones, over random types and values of every kind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isMillraceError } from '../../../base/index.ts'
import type { Field, Type } from '../../../dataflow/types.ts'
import { withFileNames } from '../fingerprint.ts'
import { generate } from './generate.ts'
import { BAD, INEXACT } from './generated-helpers.ts'
import { plainCheck, plainDecode, plainEncode } from '../plain.ts'
import { anyHostile, anyType, damaged, field, hostileJson, valueOf } from '../types.cases.ts'

/** The result, 'inexact', or 'refused': generated code throws BAD for that, the clear code RECORD_VALUE. */
function outcome(convert: () => unknown): unknown {
  try {
    return { value: convert() }
  } catch (error) {
    if (error === INEXACT) return 'inexact'
    if (error === BAD || isMillraceError(error, 'RECORD_VALUE')) return 'refused'
    throw error
  }
}

const typeWithValue = anyType.chain(type => fc.tuple(fc.constant(type), valueOf(type)))
const typeWithAny = anyType.chain(type =>
  fc.tuple(
    fc.constant(type),
    fc.oneof(
      valueOf(type),
      anyHostile,
      fc
        .tuple(valueOf(type), fc.array(fc.nat({ max: 20 }), { maxLength: 4 }), anyHostile)
        .map(([value, steps, other]) => damaged(value, steps, other))
    )
  )
)

test('accepts every value that fits its type', () => {
  fc.assert(
    fc.property(typeWithValue, ([type, value]) => {
      generate(type, 'js')(value)
      JSON.stringify(generate(type, 'wire')(value))
    }),
    { numRuns: 300 }
  )
})

test('checks values of functions as the clear version does', () => {
  fc.assert(
    fc.property(typeWithAny, ([type, value]) => {
      assert.deepEqual(
        outcome(() => generate(type, 'js')(value)),
        outcome(() => plainCheck(type, value))
      )
    }),
    { numRuns: 600 }
  )
})

test('writes the JSON that the clear version writes', () => {
  fc.assert(
    fc.property(typeWithAny, ([type, value]) => {
      const expected = outcome(() => plainEncode(type, value))
      assert.deepEqual(
        outcome(() => JSON.stringify(generate(type, 'wire')(value))),
        expected
      )
      if (expected !== 'refused') JSON.parse((expected as { value: string }).value)
    }),
    { numRuns: 600 }
  )
})

test('reads JSON as the clear version does, or leaves it to that for its digits', () => {
  fc.assert(
    fc.property(typeWithAny, ([type, value]) => {
      const text = hostileJson(value)
      const fast = outcome(() => generate(type, 'json')(JSON.parse(text)))
      const clear = outcome(() => plainDecode(type, text))
      if (fast !== 'inexact') assert.deepEqual(fast, clear)
      else assert(JSON.stringify(type).match(/"bigint":true|"decimal"/) !== null)
    }),
    { numRuns: 600 }
  )
})

test('what is written reads back as the checked value', () => {
  const unambiguous = typeWithValue.filter(([type]) => !JSON.stringify(type).includes('untagged'))
  fc.assert(
    fc.property(unambiguous, ([type, value]) => {
      const named = withFileNames(type)
      const text = JSON.stringify(generate(named, 'wire')(value))
      assert.deepEqual(plainDecode(named, text), generate(named, 'js')(value))
    }),
    { numRuns: 300 }
  )
})

test('a check gives a value that shares nothing mutable with what it was given', () => {
  fc.assert(
    fc.property(typeWithValue, ([type, value]) => {
      const given = objectsIn(value)
      for (const object of objectsIn(generate(type, 'js')(value))) assert(!given.has(object))
    }),
    { numRuns: 300 }
  )
})

function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== 'object' || value === null) return found
  found.add(value)
  const inner =
    value instanceof Map ? value.values() : value instanceof Uint8Array ? [] : Object.values(value)
  for (const item of inner) objectsIn(item, found)
  return found
}

test('a type that many others share is generated once', () => {
  let type: Type = { kind: 'object', name: 'leaf', fields: [] }
  for (let level = 0; level < 40; level++) {
    const fields: Field[] = [
      field('a', type, { optional: true }),
      field('b', type, { optional: true })
    ]
    type = { kind: 'object', name: null, fields }
  }
  assert.deepEqual(generate(type, 'js')({}), { a: null, b: null })
  assert.equal(JSON.stringify(generate(type, 'wire')({ a: { b: {} } })), '{"a":{"b":{}}}')
})
