// Functions whose fields are known, and functions that may see everything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsRead } from './fields-read.ts'

/** The function whose text is `text`. */
function functionOf(text: string): (...args: never[]) => unknown {
  // oxlint-disable-next-line no-new-func, no-implied-eval -- functions under test are texts
  return new Function('helper', `return ${text}`)() as (...args: never[]) => unknown
}

const SEEN: readonly [string, readonly string[]][] = [
  ['function (e) { return e.a === 1 && e.b?.length > e.c[0] }', ['a', 'b', 'c']],
  ['e => ({ user: e.user, e: 1 })', ['user']],
  ['e => e.user.toLowerCase()', ['user']],
  ['(e, ctx) => ctx.state.e.update(n => n + e.amount)', ['amount']],
  ['({ user, amount: sum = 1 }) => user + sum', ['user', 'amount']],
  ['({ "odd name": x, nested: { deep } }) => x + deep', ['odd name', 'nested']],
  ['async function f(e) { await null; return () => e.later }', ['later']],
  ['function (e) { e.seen = true; delete e.old; return e.n++ }', ['seen', 'old', 'n']],
  ['() => 1', []],
  ['function (e, ctx = e.x) { return other.e }', ['x']],
  ['function (e) { const { arguments: x } = helper; return e.a }', ['a']]
]

test('finds the fields of functions that only look at fields', () => {
  for (const [text, fields] of SEEN) {
    const read = fieldsRead(functionOf(text))
    // Names are never too few; `arguments` as a label may count as the real one.
    if (read === null) assert.match(text, /arguments/)
    else assert.deepEqual([...read].toSorted(), [...fields].toSorted(), text)
  }
})

const ALL: readonly string[] = [
  'e => e',
  'e => ({ ...e })',
  'e => ({ e })',
  'e => [e]',
  'e => helper(e)',
  'e => e["a"]',
  'e => e[helper]',
  'e => e.toString()',
  'e => (e?.toString)()',
  'e => e.tag`x`',
  'e => { const other = e; return other.x }',
  'e => { const { a, ...rest } = e; return rest }',
  '({ a, ...rest }) => rest',
  '({ [helper]: x }) => x',
  '([a]) => a',
  '(...e) => e[0].a',
  '(e = { a: 1 }) => e.a',
  'function (e) { return arguments[0] }',
  'function () { return arguments[0] }',
  'function (e) { return eval("e") }',
  'function (e, other = e) { return other.x }',
  'e => `${e}`',
  'e => { for (const k in e) return k }',
  'e => { e = helper; return e.a }',
  'e => typeof e',
  'e => "a" in e',
  'e => e?.["a"]'
]

test('gives no answer where the whole value may be seen', () => {
  for (const text of ALL) assert.equal(fieldsRead(functionOf(text)), null, text)
})

test('gives no answer for what has no text: bound and native functions, methods, classes', () => {
  // oxlint-disable-next-line no-extra-bind -- being bound is the point
  const bound = ((e: { a: number }) => e.a).bind(null)
  assert.equal(fieldsRead(bound), null)
  assert.equal(fieldsRead(Math.max), null)
  const { method } = { method: (e: { a: number }) => e.a }
  assert.deepEqual(fieldsRead(method), new Set(['a']))
  const short = {
    short(e: { a: number }) {
      return e.a
    }
  }
  assert.equal(fieldsRead(short.short), null)
})
