// Schema files read into types of a dataflow, with what cannot be read told at its place in the file.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../compile.ts'
import { Report } from '../report.ts'
import { describeType, typeFingerprint } from '../type-text.ts'
import type { Type } from '../types.ts'
import { importSchema } from './import-schema.ts'

function imported(file: string, text: string, message: string | null = null): Type {
  const report = new Report(file, text)
  const found = importSchema(report, message)
  deepStrictEqual(report.diagnostics(), [])
  return found!.type
}

/** `line:column message` of the only finding. */
function refused(file: string, text: string): string {
  const report = new Report(file, text)
  strictEqual(importSchema(report), null)
  const [{ line, column, message }] = report.diagnostics() as [ReturnType<Report['diagnostics']>[0]]
  return `${line}:${column} ${message}`
}

/** Fields as `name?: type`. */
function fieldsOf(type: Type): string[] {
  if (type.kind !== 'object') return [describeType(type)]
  return type.fields.map(
    ({ name, optional, number, type }) =>
      `${number === undefined ? '' : `${number} `}${name}${optional ? '?' : ''}: ${describeType(type)}`
  )
}

test('an Avro schema becomes an object; null with a default is optional, null alone an option', () => {
  const schema = {
    type: 'record',
    name: 'Order',
    namespace: 'com.shop',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'placedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'coupon', type: ['string', 'null'] },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'CLOSED'] } },
      { name: 'before', type: 'com.shop.State' },
      { name: 'paid', type: ['int', 'string'] }
    ]
  }
  deepStrictEqual(fieldsOf(imported('o.avsc', JSON.stringify(schema))), [
    'id: s64',
    'total: decimal',
    'placedAt: timestamp',
    'note?: string',
    'coupon: optional string',
    'tags: list of string',
    'state: state',
    'before: state',
    'paid: enum without a name'
  ])
})

const PROTO = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Other { bool yes = 1; }
message Order {
  uint64 id = 3;
  optional string note = 1;
  repeated Line lines = 2;
  map<string, double> scores = 4;
  google.protobuf.Timestamp at = 5;
  oneof paid { string card = 6; uint32 cash = 7; }
  State state = 9;
  message Line { string item = 1; }
  enum State { OPEN = 0; CLOSED = 1; }
}
`

test('a message of a .proto file keeps its numbers; a oneof is one field', () => {
  deepStrictEqual(fieldsOf(imported('o.proto', PROTO, 'Order')).toSorted(), [
    '1 note?: string',
    '2 lines: list of line',
    '3 id: u64',
    '4 scores: map of string to f64',
    '5 at?: timestamp',
    '9 state: state',
    'paid?: enum without a name'
  ])
  deepStrictEqual(fieldsOf(imported('o.proto', PROTO)), ['1 yes: bool'])
})

test('a JSON Schema becomes types by kinds, bounds, requirements and references', () => {
  const schema = {
    title: 'Order',
    type: 'object',
    required: ['id', 'lines'],
    properties: {
      id: { type: 'integer', minimum: 0 },
      rating: { type: 'integer', minimum: 1, maximum: 5 },
      lines: { type: 'array', items: { $ref: '#/$defs/line' } },
      state: { enum: ['open', 'closed'] },
      note: { type: ['string', 'null'] }
    },
    $defs: { line: { type: 'object', properties: { item: { type: 'string' } } } }
  }
  deepStrictEqual(fieldsOf(imported('o.json', JSON.stringify(schema))), [
    'id: u64',
    'rating?: u8',
    'lines: list of line',
    'state?: order-state',
    'note?: string'
  ])
})

test('what types cannot say is told where it stands', () => {
  match(
    refused('o.avsc', '{"type":"record","name":"A",\n "fields":[{"name":"a","type":"in"}]}'),
    /^2:\d+ "in" is no type/
  )
  match(
    refused('o.avsc', '{"type":"record","name":"A",\n"fields":[{"name":"a","type":["null","A"]}]}'),
    /^2:\d+ the record "A" contains itself/
  )
  match(refused('o.avsc', '{"type":'), /no JSON/)
  match(refused('o.proto', 'syntax = "proto3";\nmessage A {\n  strin g = x;\n}'), /^3:1 illegal/)
  match(
    refused('o.proto', 'syntax = "proto3";\nimport "b.proto";\nmessage A {}'),
    /^2:8 the import of b.proto/
  )
  match(
    refused('o.proto', 'syntax = "proto3";\nmessage A {\n  A again = 1;\n}'),
    /^3:\d+ A contains itself/
  )
  match(
    refused('o.json', '{"type":"object",\n"properties":{"a":{"type":"strin"}}}'),
    /^2:\d+ "strin" is no type/
  )
  match(refused('o.json', '{"allOf":[]}'), /^1:2 "allOf"/)
  match(refused('o.xml', '<a/>'), /ends in .avsc/)
})

function flow(types: string, schema: string): string {
  return `apiVersion: 1.0.0
meta: { name: a }
types:
  ${types}
topics:
  orders: { schema: { value: { ${schema} } } }
  copies: { schema: { value: { type: order, converter: json } } }
services:
  copy: { sources: [{ type: topic, id: orders }], sinks: [{ type: topic, id: copies }] }
`
}

test('a topic of an imported type is written by the file itself, and definitions inside are types of the file', () => {
  const { plan, diagnostics } = compile(
    flow(
      'order: { import: ./schemas/o.proto, message: Order }',
      'type: order, converter: protobuf'
    ),
    { file: 'flows/a.yaml', readSchema: path => (path === './schemas/o.proto' ? PROTO : null) }
  )
  deepStrictEqual(diagnostics, [])
  deepStrictEqual(plan!.topics['orders']!.value.schema, {
    format: 'protobuf',
    text: PROTO,
    message: 'shop.Order',
    path: './schemas/o.proto'
  })
  deepStrictEqual(Object.keys(plan!.types), ['order', 'line', 'state'])
  strictEqual(plan!.topics['copies']!.value.schema, undefined)
  strictEqual(
    typeFingerprint(plan!.topics['copies']!.value.type),
    typeFingerprint(plan!.types['order']!)
  )
})

test('findings in an imported file stop the compilation and name that file', () => {
  const broken = { file: 'flows/a.yaml', readSchema: () => '{"type":"recor"}' }
  const { plan, diagnostics } = compile(flow('order: { import: ./o.avsc }', 'type: order'), broken)
  strictEqual(plan, null)
  strictEqual(
    diagnostics.some(({ file, line }) => file === 'flows/o.avsc' && line === 1),
    true
  )
  const missing = compile(flow('order: { import: ./o.avsc }', 'type: order'), { file: 'a.yaml' })
  match(missing.diagnostics[0]!.message, /does not exist/)
})
