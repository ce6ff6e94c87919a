// Which values may flow where.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { accepts, BIGINT, NUMBER } from './type-match.ts'
import { describeType, scalarOf } from './type-text.ts'
import type { Field, Type } from './types.ts'

const scalar = (word: string): Type => scalarOf(word)!
const field = (name: string, type: Type, optional = false): Field => ({
  name,
  readName: name,
  writeName: name,
  optional,
  type
})
const object = (...fields: Field[]): Type => ({ kind: 'object', name: null, fields })
const option = (value: Type): Type => ({ kind: 'option', value })
const list = (items: Type): Type => ({ kind: 'list', items })
/** An enum with the cases v0, v1, … */
const choice = (tagging: 'external' | 'untagged', ...types: (Type | null)[]): Type => ({
  kind: 'enum',
  name: 'choice',
  tagging,
  variants: types.map((type, index) => ({
    name: `v${index}`,
    readName: `v${index}`,
    writeName: `v${index}`,
    type
  }))
})
const big: Type = { kind: 'u64', bigint: true }

/** into, from, whether it is accepted. */
const CASES: readonly (readonly [Type, Type, boolean])[] = [
  [scalar('u32'), scalar('u32'), true],
  [scalar('u32'), scalar('u8'), true],
  [scalar('u8'), scalar('u32'), false],
  [scalar('s32'), scalar('u16'), true],
  [scalar('s32'), scalar('u32'), false],
  [scalar('u32'), scalar('s8'), false],
  [scalar('f64'), scalar('u32'), true],
  [scalar('f64'), scalar('u64'), false],
  [scalar('f32'), scalar('u16'), true],
  [scalar('f32'), scalar('u32'), false],
  [scalar('f32'), scalar('f64'), false],
  [scalar('f64'), scalar('f32'), true],
  [scalar('u32'), scalar('f64'), false],
  [scalar('u32'), NUMBER, true],
  [NUMBER, scalar('u64'), true],
  [scalar('u8'), NUMBER, true],
  [NUMBER, big, false],
  [BIGINT, big, true],
  [big, BIGINT, true],
  [BIGINT, scalar('u64'), false],
  [big, scalar('u64'), false],
  [scalar('timestamp'), scalar('u64'), true],
  [scalar('decimal'), scalar('string'), true],
  [scalar('string'), scalar('decimal'), true],
  [scalar('string'), scalar('bytes'), false],
  [scalar('bool'), scalar('u8'), false],
  [option(scalar('u32')), scalar('u8'), true],
  [option(scalar('u32')), option(scalar('u8')), true],
  [option(scalar('u32')), scalar('null'), true],
  [scalar('u32'), option(scalar('u32')), false],
  [list(scalar('u32')), list(scalar('u8')), true],
  [list(scalar('u8')), scalar('u8'), false],
  [
    object(field('a', scalar('u32'))),
    object(field('a', scalar('u32')), field('b', scalar('u32'))),
    true
  ],
  [
    object(field('a', scalar('u32')), field('b', scalar('u32'))),
    object(field('a', scalar('u32'))),
    false
  ],
  [
    object(field('a', scalar('u32')), field('b', scalar('u32'), true)),
    object(field('a', scalar('u32'))),
    true
  ],
  [object(field('a', scalar('u32'))), object(field('a', scalar('u32'), true)), false],
  [object(), scalar('u32'), false],
  [choice('untagged', scalar('string'), scalar('u32')), scalar('u8'), true],
  [choice('untagged', scalar('string')), scalar('bool'), false],
  [choice('external', scalar('string')), scalar('string'), false],
  [choice('external', scalar('u32'), null), choice('external', scalar('u8')), true],
  [choice('external', scalar('u32')), choice('external', null), false],
  [choice('external', scalar('u32')), choice('external', scalar('u32'), null), false],
  [choice('external', null), choice('untagged', null), false],
  [scalar('u32'), object(), false]
]

for (const [index, [into, from, expected]] of CASES.entries()) {
  const name = `${index + 1}: ${describeType(into)} ${expected ? 'takes' : 'refuses'} ${describeType(from)}`
  test(name, () => strictEqual(accepts(into, from), expected))
}
