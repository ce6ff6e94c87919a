// Tables, numbers and data as people and programs get them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDuration, formatNumber, formatTable, serialise } from './output.ts'
import { progressText } from './progress.ts'
import { formatEntries } from './run-summary.ts'

test('a table aligns texts at the left and numbers at the right', () => {
  const table = formatTable({
    columns: ['name', 'count'],
    rows: [
      ['a', 5],
      ['longer', 1234],
      ['none', null]
    ]
  })
  assert.equal(
    table,
    ['NAME    COUNT', 'a           5', 'longer   1234', 'none        -'].join('\n')
  )
})

test('a cell cannot break a line or steer the terminal, and wide characters align', () => {
  const table = formatTable({
    columns: ['a', 'b'],
    rows: [
      ['x\ny\u001b[31m', 1],
      ['日本', 2]
    ]
  })
  assert.equal(table, ['A               B', 'x\\ny\\u001b[31m  1', '日本            2'].join('\n'))
})

test('entries of a state have a column per field, sorted by key', () => {
  const rows = [
    { key: 10, value: { n: 1, list: [1] } },
    { key: 9, value: { n: 2, list: [] } }
  ]
  assert.equal(formatEntries(rows), ['KEY  N  LIST', '  9  2  []', ' 10  1  [1]'].join('\n'))
  assert.equal(
    formatEntries([
      { key: 'b', value: 1 },
      { key: 'a', value: 2 }
    ]),
    ['KEY  VALUE', 'a        2', 'b        1'].join('\n')
  )
})

test('bytes and durations come in the unit that reads best', () => {
  assert.deepEqual([0, 999, 1500, 2_500_000].map(formatBytes), ['0 B', '999 B', '1.5 kB', '2.5 MB'])
  assert.deepEqual([3.4, 1200, 125_000, 3_600_000, 604_800_000, 90_061_000].map(formatDuration), [
    '3 ms',
    '1.2 s',
    '2 min 5 s',
    '1 h',
    '7 d',
    '1 d 1 h'
  ])
})

test('numbers have separators of thousands and one digit at most', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567, 12_345.67].map(formatNumber), [
    '0',
    '999',
    '1,000',
    '1,234,567',
    '12,345.7'
  ])
})

test('progress tells share, rate and rest; without a total only the rate', () => {
  const state = { bytes: 25, bytesTotal: 100, records: 1000 }
  assert.equal(
    progressText(state, 2000),
    'feeding  25.0 % of 100 B  1,000 records, 500 records/s, 6.0 s left'
  )
  assert.equal(
    progressText({ ...state, bytesTotal: 0 }, 2000),
    'feeding  1,000 records, 500 records/s'
  )
})

test('data for programs is JSON or YAML, with safe bigints as numbers', async () => {
  assert.equal(await serialise({ a: [1, 12n] }, 'json'), '{\n  "a": [\n    1,\n    12\n  ]\n}')
  assert.equal(await serialise({ a: [1, 'x'] }, 'yaml'), 'a:\n  - 1\n  - x')
})
