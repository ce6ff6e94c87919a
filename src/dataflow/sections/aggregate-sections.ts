// The sections in which keys and aggregates are described instead of written: no code is needed for them.
import type { KeySpec, SectionSpec } from './declare.ts'

/** Words that stand for a whole entry of `aggregate`. */
export const AGGREGATE_WORDS = [
  'count',
  'first',
  'last',
  'key',
  'window-start',
  'window-end'
] as const

const FIELD: KeySpec = {
  key: 'field',
  value: { kind: 'text' },
  since: '1.0.0',
  doc: 'Instead of a function: the field that has it. A field of a field stands behind a dot.',
  example: 'customer.id'
}

/** What assign-key may say beside a function. */
export const KEY_KEYS: readonly KeySpec[] = [
  FIELD,
  {
    key: 'fields',
    value: { kind: 'list', of: 'field' },
    since: '1.0.0',
    doc: 'Instead of a function: several fields, which together are the key, a text with a JSON list.',
    example: '[channel, day]'
  },
  {
    key: 'constant',
    value: { kind: 'text' },
    since: '1.0.0',
    doc: 'Instead of a function: one key for all records, and so one task.',
    example: 'all'
  }
]

/** What assign-timestamp may say beside a function. */
export const TIMESTAMP_KEYS: readonly KeySpec[] = [FIELD]

const path = (key: string, doc: string): KeySpec => ({
  key,
  value: { kind: 'text' },
  since: '1.0.0',
  doc
})

export const AGGREGATE: SectionSpec = {
  name: 'aggregate',
  doc:
    'One property of what comes out: a word, or one function with the field that it works on. The words are count, ' +
    'first and last (of whole records), key (that of the partition), window-start and window-end (ms since 1970). ' +
    'Fields that are absent count for nothing.',
  example: `aggregate:
  word: key
  count: count
  longest: { max: length }
  best: { top: 3, by: length, of: text }`,
  keys: [
    path('count', 'How many records have the field.'),
    path('sum', 'The sum of numbers; whole numbers must stay within 2^53.'),
    path('min', 'The least number or text.'),
    path('max', 'The greatest number or text.'),
    path('avg', 'The mean of numbers.'),
    path(
      'distinct',
      'About how many different values there are: HyperLogLog, standard error 1.6 %.'
    ),
    path('first', 'The value of the earliest record.'),
    path('last', 'The value of the latest record; of equal times the one that came last.'),
    {
      key: 'top',
      value: { kind: 'integer', min: 1, max: 1000 },
      since: '1.0.0',
      doc: 'A list of so many records with the greatest `by`; of equal ones the earlier comes first.',
      example: '3'
    },
    path('by', 'Of top: the number or text that orders.'),
    path('of', 'Of top: the field that the list has; default: the whole record.'),
    {
      key: 'order',
      value: { kind: 'choice', of: ['descending', 'ascending'] },
      since: '1.0.0',
      default: 'descending',
      doc: 'Of top: whether the greatest or the least come first.'
    }
  ]
}

export const DEDUP: SectionSpec = {
  name: 'dedup',
  doc:
    'Drops records whose key has passed before. At least one of the keys bounds what is remembered, in each task; a ' +
    'record passes again once it is beyond one of them.',
  example: 'dedup: { count: 100000, age: 1h }',
  keys: [
    {
      key: 'count',
      value: { kind: 'integer', min: 1, max: 4_294_967_295 },
      doc: 'How many records that passed are remembered.'
    },
    {
      key: 'age',
      value: { kind: 'duration' },
      doc: 'For how long, measured by the records’ times: a key is forgotten once the newest is so much later.'
    }
  ]
}
