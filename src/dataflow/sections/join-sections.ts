// The sections of joins: two sources become one stream of pairs that belong together.
import type { KeySpec, SectionSpec } from './declare.ts'

const path = (key: string, doc: string, example: string): KeySpec => ({
  key,
  value: { kind: 'text' },
  doc,
  example
})

export const JOIN_SIDE: SectionSpec = {
  name: 'join side',
  doc: 'One of the two sources, and what its records are: events of a stream, rows of a table, or versions of a row.',
  example: `join:
  left: { source: sentences, key: word, as: sentence }
  right: { source: trimmed, type: table, key: word, as: row }`,
  keys: [
    {
      key: 'source',
      value: { kind: 'text' },
      doc: 'Id of a topic that is a source of the service. One of source and state is needed.',
      example: 'orders'
    },
    {
      key: 'state',
      value: { kind: 'text' },
      doc:
        'Of the right side, instead of a source: name of a state of another service, which `states` of this one ' +
        'reads by `from`. Each left record gets the value that is there then under its key.',
      example: 'balances'
    },
    {
      key: 'type',
      value: { kind: 'choice', of: ['stream', 'table', 'versions'] },
      default: 'stream',
      doc:
        'stream: each record is an event. table: the last record of a key (or of a `row`) is what holds then on. ' +
        'versions: a record holds from its event time to that of the next one of its key.'
    },
    path('key', 'The field by which both sides belong together. Default: the record’s key.', 'id'),
    path(
      'row',
      'Of a table: the field that tells rows with one key apart. Default: one row a key.',
      'id'
    ),
    path('as', 'The property of the pairs that has this side. Default: left, right.', 'order'),
    path(
      'timestamp',
      'The field with the event time, in milliseconds since 1970. Default: the record’s.',
      'at'
    ),
    {
      key: 'late',
      value: { kind: 'section', section: 'late' },
      doc: 'Where records of this side go that come too late, in a join that waits for event time. Default: dropped.'
    }
  ]
}

export const WITHIN: SectionSpec = {
  name: 'within',
  doc: 'How far apart two events may be in event time, bounds included. At least one of the keys.',
  example: 'within: { before: 1m, after: 10m }',
  keys: [
    {
      key: 'before',
      value: { kind: 'duration' },
      default: '0s',
      doc: 'How much earlier than the left event the right one may be.'
    },
    {
      key: 'after',
      value: { kind: 'duration' },
      default: '0s',
      doc: 'How much later.'
    }
  ]
}

export const JOIN: SectionSpec = {
  name: 'join',
  doc:
    'Brings the records of two sources together that have one key. What comes out is an object with both; the ' +
    '`transforms` of the service and its sinks get it, keyed by that key.',
  example: `join:
  kind: left
  left: { source: sentences, key: word, as: sentence }
  right: { source: trimmed, key: word, as: answer }
  within: { after: 10m }`,
  keys: [
    {
      key: 'kind',
      value: { kind: 'choice', of: ['inner', 'left', 'outer'] },
      default: 'inner',
      doc:
        'inner: pairs only. left: also left records without a right one. outer: also right ones without a left one. ' +
        'The missing side is null.'
    },
    {
      key: 'left',
      value: { kind: 'section', section: 'join side' },
      required: true,
      doc: 'One side.',
      example: '{ source: orders, key: id }'
    },
    {
      key: 'right',
      value: { kind: 'section', section: 'join side' },
      required: true,
      doc: 'The other side.',
      example: '{ source: payments, key: order }'
    },
    {
      key: 'within',
      value: { kind: 'section', section: 'within' },
      doc: 'Of two streams, which need it: without a bound every event would have to be kept for ever.'
    }
  ]
}
