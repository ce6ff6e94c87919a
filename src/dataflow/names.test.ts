// Names in their spellings, nearest words, durations and sizes.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { nearestWord, toCamel, toKebab, toPascal, toSnake } from './names.ts'
import { parseDuration, parseSize } from './sections/units.ts'

test('names change between their spellings', () => {
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    ['word-count', 'word-count', 'wordCount', 'WordCount', 'word_count'],
    ['word_count', 'word-count', 'wordCount', 'WordCount', 'word_count'],
    ['wordCount', 'word-count', 'wordCount', 'WordCount', 'word_count'],
    ['HTTPServer', 'http-server', 'httpServer', 'HttpServer', 'http_server'],
    ['top-3-list', 'top-3-list', 'top3List', 'Top3List', 'top_3_list'],
    ['u32', 'u32', 'u32', 'U32', 'u32'],
    ['', '', '', '', '']
  ]
  for (const [name, kebab, camel, pascal, snake] of cases) {
    deepStrictEqual(
      [toKebab(name), toCamel(name), toPascal(name), toSnake(name)],
      [kebab, camel, pascal, snake]
    )
  }
})

test('the nearest word is found within a third of its letters', () => {
  const words = ['sources', 'sinks', 'states', 'transforms']
  strictEqual(nearestWord('source', words), 'sources')
  strictEqual(nearestWord('sikns', words), 'sinks')
  strictEqual(nearestWord('STATES', words), 'states')
  strictEqual(nearestWord('tranforms', words), 'transforms')
  strictEqual(nearestWord('window', words), null)
  strictEqual(nearestWord('x', words), null)
  strictEqual(nearestWord('s'.repeat(100_000), words), null)
})

test('durations are read as people write them', () => {
  const cases: Readonly<Record<string, number | null>> = {
    '20s': 20_000,
    '1m 30s': 90_000,
    '60seconds': 60_000,
    '250ms': 250,
    '1.5h': 5_400_000,
    '7 days': 604_800_000,
    '0s': 0,
    '20': null,
    s: null,
    '-1s': null,
    '1 fortnight': null,
    '1s constructor': null,
    '9999999999999w': null
  }
  for (const [text, expected] of Object.entries(cases))
    strictEqual(parseDuration(text), expected, text)
})

test('sizes are read as people write them', () => {
  const cases: Readonly<Record<string, number | null>> = {
    '512': 512,
    '16 KiB': 16_384,
    '1GB': 1e9,
    '1.5gib': 1_610_612_736,
    '1 heap': null,
    '-1': null,
    '99999999TiB': null
  }
  for (const [text, expected] of Object.entries(cases)) strictEqual(parseSize(text), expected, text)
})
