// Lines of the shell as words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { produceWords, wordsOf } from './words.ts'

test('splits at spaces, keeps quoted ones, takes escaped characters as they are', () => {
  assert.deepEqual(wordsOf('  a  b\tc '), ['a', 'b', 'c'])
  assert.deepEqual(wordsOf(`--key 'two words' "a \\"b\\"" c\\ d ''`), [
    '--key',
    'two words',
    'a "b"',
    'c d',
    ''
  ])
  assert.deepEqual(wordsOf(`'^\\d+$'`), ['^\\d+$'])
  assert.deepEqual(wordsOf(''), [])
})

test('an open quote is named', () => {
  assert.throws(() => wordsOf('a "b'), { code: 'USAGE', message: /a quote " is not closed/ })
})

test('produce takes the value as it stands, and a key before the first colon', () => {
  assert.deepEqual(produceWords(' orders {"a": "b: c"}'), {
    topic: 'orders',
    key: null,
    value: '{"a": "b: c"}'
  })
  assert.deepEqual(produceWords('orders k:{"a":1}'), {
    topic: 'orders',
    key: 'k',
    value: '{"a":1}'
  })
  assert.deepEqual(produceWords('orders :at 12:30'), {
    topic: 'orders',
    key: null,
    value: 'at 12:30'
  })
  assert.deepEqual(produceWords('orders some "text"'), {
    topic: 'orders',
    key: null,
    value: 'some "text"'
  })
  assert.equal(produceWords('orders'), null)
})
