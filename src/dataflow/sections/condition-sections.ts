// What steps and sinks may describe instead of writing a function: conditions, and objects of chosen fields.
import type { KeySpec, SectionSpec } from './declare.ts'

/** What a condition may compare with; the reader knows them by these names. */
export const COMPARISONS = ['is', 'above', 'at-least', 'below', 'at-most'] as const

const compare = (key: (typeof COMPARISONS)[number], doc: string): KeySpec => ({
  key,
  value: { kind: 'any' },
  doc
})

/** What tells records apart without code. */
export const CONDITION: SectionSpec = {
  name: 'condition',
  doc:
    'What must be true of a value: tests of a field, all of which must hold, or other conditions by all, any or not. ' +
    'A field that is absent passes no test but exists: false; not turns that round as everything else.',
  example: `where:
  any:
    - { field: length, at-least: 10, below: 100 }
    - { field: word, in: [end, stop] }
    - { not: { field: text, exists: true } }`,
  keys: [
    {
      key: 'field',
      value: { kind: 'text' },
      default: 'the value itself',
      doc: 'The field that is tested. A field of a field stands behind a dot.',
      example: 'customer.country'
    },
    compare('is', 'Equal to this text, number, boolean or case of an enum.'),
    { key: 'in', value: { kind: 'list', of: 'literal' }, doc: 'Equal to one of these.' },
    compare('above', 'Greater than this number, or behind this text in the order of characters.'),
    compare('at-least', 'Equal or greater.'),
    compare('below', 'Less.'),
    compare('at-most', 'Equal or less.'),
    {
      key: 'matches',
      value: { kind: 'text' },
      doc: 'A text in which this regular expression of JavaScript finds something.',
      example: '"^A[0-9]+$"'
    },
    { key: 'exists', value: { kind: 'boolean' }, doc: 'Whether the field is there and not null.' },
    { key: 'all', value: { kind: 'list', of: 'condition' }, doc: 'Each of these conditions.' },
    { key: 'any', value: { kind: 'list', of: 'condition' }, doc: 'At least one of them.' },
    { key: 'not', value: { kind: 'section', section: 'condition' }, doc: 'The opposite.' }
  ]
}

/** One property of a map without code. */
export const PICKED: SectionSpec = {
  name: 'picked',
  doc: 'One property of what a map gives: the path of a field, or a constant in braces.',
  keys: [
    {
      key: 'constant',
      value: { kind: 'any' },
      required: true,
      doc: 'A text, a number or a boolean, the same for all records.',
      example: 'EUR'
    }
  ]
}

/** Keys of a step beside `run` and `uses`. */
export const STEP_KEYS: readonly KeySpec[] = [
  {
    key: 'where',
    value: { kind: 'section', section: 'condition' },
    since: '1.0.0',
    doc: 'Of filter, instead of a function: keeps the values for which this holds.'
  },
  {
    key: 'field',
    value: { kind: 'text' },
    since: '1.0.0',
    doc: 'Of map, instead of a function: the field that goes on in place of the value.',
    example: 'order'
  },
  {
    key: 'fields',
    value: { kind: 'map', of: 'picked' },
    since: '1.0.0',
    doc: 'Of map, instead of a function: an object with these properties goes on, each a field or a constant.',
    example: '{ id: order.id, paid: payment.amount, currency: { constant: EUR } }'
  }
]

/** Keys of a sink by which records are divided among sinks. */
export const BRANCH_KEYS: readonly KeySpec[] = [
  {
    key: 'when',
    value: { kind: 'section', section: 'condition' },
    since: '1.0.0',
    doc: 'Only what this is true of goes here. A record goes to every sink whose condition it meets.'
  },
  {
    key: 'otherwise',
    value: { kind: 'boolean' },
    since: '1.0.0',
    default: 'false',
    doc: 'Only what no other sink’s `when` is true of goes here.'
  }
]
