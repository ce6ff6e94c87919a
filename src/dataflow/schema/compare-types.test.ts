// Differences of types: reasons, and that what they promise is so when values are written and read.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Field, Type } from '../types.ts'
import { compareTypes } from './compare-types.ts'

const STRING: Type = { kind: 'string' }
const integer = (kind: 'u32' | 'u64' | 's32'): Type => ({ kind, bigint: false })

function field(name: string, type: Type, options: Partial<Field> = {}): Field {
  return { name, readName: name, writeName: name, optional: false, type, ...options }
}

function object(...fields: Field[]): Type {
  return { kind: 'object', name: 'order', fields }
}

/** `path backward forward`, where b and f stand for what still works. */
function changes(
  before: Type,
  after: Type,
  converter: 'json' | 'raw' | 'protobuf' = 'json'
): string[] {
  return compareTypes(before, after, converter).map(
    ({ path, backward, forward }) => `${path} ${backward ? 'b' : '-'}${forward ? 'f' : '-'}`
  )
}

function symbols(...names: string[]): Type {
  const variants = names.map(name => ({ name, readName: name, writeName: name, type: null }))
  return { kind: 'enum', name: 'state', tagging: 'external', variants }
}

function list(items: Type): Type {
  return { kind: 'list', items }
}

function map(value: Type): Type {
  return { kind: 'map', key: STRING, value }
}

test('equal types have no differences', () => {
  deepStrictEqual(compareTypes(object(field('a', STRING)), object(field('a', STRING))), [])
  deepStrictEqual(changes(object(field('a', STRING)), object(field('a', STRING)), 'protobuf'), [])
})

test('fields: new, gone, optional, of another type', () => {
  const old = object(field('id', integer('u32')), field('note', STRING, { optional: true }))
  const id = field('id', integer('u32'))
  const note = field('note', STRING, { optional: true })
  deepStrictEqual(changes(old, object(id, note, field('x', STRING))), ['value.x -f'])
  deepStrictEqual(changes(old, object(id, note, field('x', STRING, { optional: true }))), [
    'value.x bf'
  ])
  deepStrictEqual(changes(old, object(id)), ['value.note bf'])
  deepStrictEqual(changes(old, object(note)), ['value.id b-'])
  deepStrictEqual(changes(old, object(id, field('note', STRING))), ['value.note -f'])
  deepStrictEqual(changes(old, object(field('id', integer('u64')), note)), ['value.id b-'])
  deepStrictEqual(changes(old, object(field('id', integer('s32')), note)), ['value.id --'])
  deepStrictEqual(changes(old, object(field('id', STRING), note)), ['value.id --'])
})

test('the number of a field is its identity in Protobuf, its name elsewhere', () => {
  const old = object(field('id', STRING), field('note', STRING))
  const turned = object(field('note', STRING), field('id', STRING))
  deepStrictEqual(changes(old, turned, 'json'), [])
  deepStrictEqual(
    changes(old, object(field('id', integer('u32'), { number: 2 })), 'protobuf').toSorted(),
    ['value.id --', 'value.id bf']
  )
  deepStrictEqual(
    changes(old, object(field('renamed', STRING), field('note', STRING)), 'protobuf'),
    []
  )
})

test('cases of enums, items, values of maps and options are compared inside', () => {
  deepStrictEqual(changes(symbols('a', 'b'), symbols('a', 'c')), ['value.c b-', 'value.b -f'])
  deepStrictEqual(changes(list(integer('u32')), list(integer('u64'))), ['value[] b-'])
  deepStrictEqual(changes(map(integer('u64')), map(integer('u32'))), ['value.* -f'])
  deepStrictEqual(changes(STRING, { kind: 'option', value: STRING }), ['value b-'])
  deepStrictEqual(changes(list(STRING), map(STRING)), ['value --'])
})

test('raw numbers of another width do not read each other; every difference has a reason', () => {
  deepStrictEqual(changes(integer('u32'), integer('u64'), 'raw'), ['value --'])
  const [difference] = compareTypes(integer('u32'), STRING)
  strictEqual(difference!.reason, 'is string and was u32: neither reads the other')
})
