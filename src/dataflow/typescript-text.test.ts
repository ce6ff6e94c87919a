// Types in TypeScript's syntax: parentheses where they are needed, names and words as the place wants them.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  enumText,
  listText,
  scalarText,
  typeScriptOf,
  type TypeScriptWords
} from './typescript-text.ts'
import type { Type } from './types.ts'

const WORDS: TypeScriptWords = {
  nameOf: type => ('name' in type ? type.name : null),
  scalar: scalarText,
  keyValue: 'Pair',
  map: 'Map'
}
const TEXT: Type = { kind: 'string' }
const U64: Type = { kind: 'u64', bigint: true }
const NAMES = { readName: 'x', writeName: 'y' }

function objectOf(name: string | null, fields: Readonly<Record<string, Type>>): Type {
  const all = Object.entries(fields)
  return {
    kind: 'object',
    name,
    fields: all.map(([name, type]) => ({ ...NAMES, name, type, optional: name === 'note' }))
  }
}

test('each kind of type is written as TypeScript has it', () => {
  const option: Type = { kind: 'option', value: U64 }
  const cases: readonly (readonly [Type, string])[] = [
    [{ kind: 'decimal' }, 'string'],
    [{ kind: 'list', items: TEXT }, 'string[]'],
    [{ kind: 'list', items: option }, '(bigint | null)[]'],
    [{ kind: 'list', items: { kind: 'list', items: option } }, '((bigint | null)[])[]'],
    [{ kind: 'map', key: TEXT, value: option }, '{ [key: string]: bigint | null }'],
    [{ kind: 'map', key: U64, value: TEXT }, 'Map<bigint, string>'],
    [{ kind: 'key-value', key: TEXT, value: U64 }, 'Pair<string, bigint>'],
    [
      objectOf(null, { note: TEXT, 'odd name': U64 }),
      '{ note?: string | null; "odd name": bigint }'
    ],
    [objectOf(null, {}), '{}'],
    [{ kind: 'list', items: objectOf('Order', { id: U64 }) }, 'Order[]']
  ]
  for (const [type, text] of cases) strictEqual(typeScriptOf(type, WORDS), text)
})

test('an enum is a union of its cases, and nothing where it has none', () => {
  const cases = [
    { name: 'red', type: null },
    { name: 'rgb', type: 'number[]' }
  ]
  strictEqual(enumText(cases, false), '"red" | { rgb: number[] }')
  strictEqual(enumText(cases, true), 'null | number[]')
  strictEqual(enumText([], false), 'never')
})

test('a list of a union of generic types has its parentheses', () => {
  strictEqual(
    listText('Map<u8, string> | Map<u16, string>'),
    '(Map<u8, string> | Map<u16, string>)[]'
  )
})
