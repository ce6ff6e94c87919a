// How cases compare: lists in order and in any, values of all types, and what a difference looks like.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Type } from '../../dataflow/types.ts'
import { diffInAnyOrder, diffInOrder, type DiffLine } from './compare.ts'
import { isSame, showValue, typedKey, typedValue } from './values.ts'

const how = {
  matches: (a: string, b: string) => a === '*' || a === b,
  showExpected: String,
  showActual: String
}
const shown = (lines: readonly DiffLine[] | null): string | null =>
  lines?.map(({ sign, text }) => `${sign}${text}`).join(' ') ?? null

const diff = (expected: string, actual: string): string | null =>
  shown(diffInOrder(expected.split(''), actual.split(''), how))
const freeDiff = (expected: string, actual: string, allowsMore: boolean): string | null =>
  shown(diffInAnyOrder(expected.split(''), actual.split(''), how, allowsMore))

test('a difference in order keeps what is common', () => {
  strictEqual(diff('abc', 'abc'), null)
  strictEqual(diff('abc', 'ac'), ' a -b  c')
  strictEqual(diff('ac', 'abc'), ' a +b  c')
  strictEqual(diff('abc', 'xbz'), '-a +x  b -c +z')
  strictEqual(diff('', 'ab'), '+a +b')
})

test('in any order each expected one takes one of its own, whatever it leaves open', () => {
  strictEqual(freeDiff('*a', 'ab', false), null)
  strictEqual(freeDiff('a*', 'ab', false), null)
  strictEqual(freeDiff('aa', 'ab', false), '-a +b')
  strictEqual(freeDiff('a', 'ab', false), '+b')
  strictEqual(freeDiff('a', 'ab', true), null)
  strictEqual(freeDiff('c', 'ab', true), '-c  a  b')
})

test('values of a file become values of their types', () => {
  const u64: Type = { kind: 'u64', bigint: true }
  const map: Type = { kind: 'map', key: { kind: 'u32', bigint: false }, value: { kind: 'bytes' } }
  deepStrictEqual(typedValue(5, u64), 5n)
  deepStrictEqual(typedValue({ 1: 'AQI=' }, map), new Map([[1, Buffer.from([1, 2])]]))
  strictEqual(typedValue(0.1, { kind: 'f32' }), Math.fround(0.1))
  strictEqual(typedValue('2026-01-01T00:00:00Z', { kind: 'timestamp' }), 1767225600000)
  strictEqual(typedKey('7', { kind: 'u32', bigint: false }), 7)
  strictEqual(typedKey('7', { kind: 'string' }), '7')
  strictEqual(typedKey('9007199254740993', u64), 9007199254740993n)
})

test('values are the same in any order of members, absent and null alike', () => {
  strictEqual(isSame({ a: 1, b: [1, { c: null }] }, { b: [1, {}], a: 1n }), true)
  strictEqual(isSame({ a: 1 }, { a: '1' }), false)
  strictEqual(isSame(9007199254740993n, 9007199254740992n), false)
  strictEqual(
    showValue({ a: 9007199254740993n, b: Buffer.from('x') }),
    '{"a":9007199254740993,"b":"eA=="}'
  )
})
