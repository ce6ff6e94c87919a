// The sections of test files: cases with records that are given and what is expected of them, and cases of functions.
import type { KeySpec, SectionSpec } from './declare.ts'

export const TEST_FILE: SectionSpec = {
  name: 'the test file',
  doc:
    'A file `….test.yaml` beside a dataflow or a package; `millrace test` runs its cases. Nothing is written ' +
    'to disk.',
  keys: [
    {
      key: 'file',
      value: { kind: 'text' },
      default: 'dataflow.yaml or package.yaml beside it',
      doc: 'The dataflow or package that is tested, from the folder of this file.'
    },
    {
      key: 'partitions',
      value: { kind: 'integer', min: 1, max: 64 },
      default: '1',
      doc: 'Partitions of topics that do not say it themselves, and so the number of tasks.'
    },
    {
      key: 'env',
      value: { kind: 'map', of: 'text' },
      doc: 'What functions read as ctx.env.'
    },
    {
      key: 'cases',
      value: { kind: 'map', of: 'case' },
      required: true,
      doc: 'Cases by their names. Each begins with nothing, at 2026-01-01T00:00:00Z.'
    }
  ]
}

export const CASE: SectionSpec = {
  name: 'case',
  doc:
    'Records for topics, and what must be in topics and states when all of them are processed and event time ' +
    'has ended.',
  keys: [
    {
      key: 'given',
      value: { kind: 'list-or-map', of: 'records' },
      required: true,
      doc:
        'Lists of records by topic, fed in this order. As a list of such mappings a topic may have several turns, ' +
        'and `advance: 10s` lets time pass in between.'
    },
    {
      key: 'expect',
      value: { kind: 'map', of: 'expected records' },
      doc: 'All records of a topic, in their order; with `any-order` or `contains` in front of the list in any.'
    },
    {
      key: 'state',
      value: { kind: 'map', of: 'entries' },
      doc: 'All entries of a state, by key, before event time ends; the state is named as in SERVICE.STATE.'
    },
    {
      key: 'dead-letters',
      value: { kind: 'list', of: 'expected dead letter' },
      default: 'none',
      doc: 'Records that fail, in their order.'
    }
  ]
}

export const FUNCTION_CASE: SectionSpec = {
  name: 'case of a function',
  doc: 'One call of one function, with the conversions and the state that it has in the dataflow.',
  keys: [
    {
      key: 'function',
      value: { kind: 'text' },
      required: true,
      doc: 'Its name in kebab-case; SERVICE.NAME where several services have one of that name.',
      example: 'count-up'
    },
    {
      key: 'input',
      value: { kind: 'any' },
      required: true,
      doc: 'What arrives.',
      example: 'hello'
    },
    { key: 'key', value: { kind: 'any' }, doc: 'What ctx.key is.' },
    {
      key: 'timestamp',
      value: { kind: 'any' },
      doc: 'What ctx.timestamp is: milliseconds or a time as 2026-01-01T00:00:00Z.'
    },
    {
      key: 'headers',
      value: { kind: 'map', of: 'text' },
      doc: 'What ctx.headers is.'
    },
    {
      key: 'given-state',
      value: { kind: 'map', of: 'entries' },
      doc: 'What states hold before, by the name of the state and the key.'
    },
    {
      key: 'output',
      value: { kind: 'any' },
      doc: 'What leaves: a value or a record with a key, null for nothing; of a flat-map a list, of a filter a boolean.'
    },
    { key: 'error', value: { kind: 'text' }, doc: 'Part of the message with which it fails.' },
    {
      key: 'state',
      value: { kind: 'map', of: 'entries' },
      doc: 'All entries that states hold afterwards.'
    }
  ]
}

/** Keys of records, given and expected. */
export const RECORD: SectionSpec = {
  name: 'record',
  doc:
    'A record with more than its value. An item that is no mapping with the key `value` is the value itself. Of an ' +
    'expected record only what is written is compared.',
  keys: [
    { key: 'value', value: { kind: 'any' }, required: true, doc: 'Its value; null for none.' },
    { key: 'key', value: { kind: 'any' }, doc: 'Its key.' },
    {
      key: 'timestamp',
      value: { kind: 'any' },
      default: 'that of the clock',
      doc: 'Milliseconds or a time as 2026-01-01T00:00:00Z.'
    },
    { key: 'headers', value: { kind: 'map', of: 'text' }, doc: 'Its headers.' }
  ]
}

const LIST: Pick<KeySpec, 'value'> = { value: { kind: 'list', of: 'record' } }

export const EXPECTED: SectionSpec = {
  name: 'expected records',
  doc: 'A list of records, or one of these keys with a list.',
  keys: [
    { key: 'any-order', ...LIST, doc: 'All records, in any order.' },
    { key: 'contains', ...LIST, doc: 'Some of the records, in any order.' }
  ]
}

export const DEAD_LETTER: SectionSpec = {
  name: 'expected dead letter',
  doc: 'A record that fails; only what is written is compared.',
  keys: [
    { key: 'value', value: { kind: 'text' }, doc: 'The original value, as text.' },
    { key: 'operator', value: { kind: 'text' }, doc: 'The operator that failed.' },
    { key: 'message', value: { kind: 'text' }, doc: 'Part of the message.' }
  ]
}
