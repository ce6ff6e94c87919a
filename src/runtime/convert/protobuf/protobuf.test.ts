// Values in Protobuf: there and back over all types, beside protobufjs' own reading, and bytes that are no values.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { ByteWriter, isMillraceError } from '../../../base/index.ts'
import { protoSchemaOf, readProto } from '../../../dataflow/index.ts'
import type { Type } from '../../../dataflow/types.ts'
import { compileConverter } from '../convert.ts'
import { withFileNames } from '../fingerprint.ts'
import { compileCheck } from '../json/json.ts'
import { ProtobufFormat } from './protobuf.ts'
import { anyHostile, anyType, field, integer, valueOf, variant } from '../types.cases.ts'

const RUNS = Number(process.env['MILLRACE_CASES'] ?? 1_000)

function bytesOf(format: ProtobufFormat, value: unknown): Buffer {
  const writer = new ByteWriter()
  format.encode(value, writer)
  return Buffer.from(writer.buffer.subarray(0, writer.length))
}

/** Half surrogates have no UTF-8 form; protobufjs keeps maps in plain objects, without `__proto__`. */
function isWritable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true
  const parts = value instanceof Map ? [...value].flat() : Object.entries(value).flat()
  return !parts.includes('__proto__') && parts.every(isWritable)
}

/** Cases of untagged enums may overlap: then JSON, too, comes back as another case. */
function isUnambiguous(type: Type, value: unknown): boolean {
  const json = compileConverter(withFileNames(type), 'json')
  const writer = new ByteWriter()
  json.encode(value, writer)
  return isDeepStrictEqual(json.decode(writer.buffer, 0, writer.length), compileCheck(type)(value))
}

const withSchema = anyType.filter(type => protoSchemaOf(type, 'value').kind === 'schema')

test('any value of any type comes back from its Protobuf bytes as its check gives it', () => {
  let tried = 0
  fc.assert(
    fc.property(
      withSchema.chain(type => fc.tuple(fc.constant(type), valueOf(type))),
      ([type, value]) => {
        if (!isWritable(value) || !isUnambiguous(type, value)) return
        tried++
        const format = new ProtobufFormat(type, null, 'value')
        const bytes = bytesOf(format, value)
        deepStrictEqual(format.decode(bytes, 0, bytes.length), compileCheck(type)(value))
      }
    ),
    { numRuns: RUNS }
  )
  strictEqual(tried > RUNS / 3, true, `only ${tried} of ${RUNS} were tried`)
})

test('values that the type refuses are refused as the JSON converter does, and leave nothing written', () => {
  fc.assert(
    fc.property(withSchema, anyHostile, (type, value) => {
      const format = new ProtobufFormat(type, null, 'value')
      try {
        compileCheck(type)(value)
      } catch {
        const writer = new ByteWriter()
        throws(() => format.encode(value, writer), { code: 'RECORD_VALUE' })
        strictEqual(writer.length, 0)
      }
    }),
    { numRuns: RUNS }
  )
})

test('any bytes are a value or undecodable', () => {
  fc.assert(
    fc.property(withSchema, fc.uint8Array({ maxLength: 20 }), (type, bytes) => {
      try {
        new ProtobufFormat(type, null, 'value').decode(Buffer.from(bytes), 0, bytes.length)
      } catch (error) {
        if (isMillraceError(error, 'RECORD_UNDECODABLE')) return
        if (!isMillraceError(error, 'RECORD_VALUE')) throw error
      }
    }),
    { numRuns: RUNS }
  )
})

const ORDER: Type = {
  kind: 'object',
  name: 'order',
  fields: [
    field('id', integer('u64', true), { number: 7 }),
    field('total', { kind: 'decimal' }),
    field('lines', { kind: 'list', items: { kind: 'string' } }),
    field('scores', { kind: 'map', key: integer('u64'), value: { kind: 'f64' } }),
    field('note', { kind: 'string' }, { optional: true }),
    field('state', {
      kind: 'enum',
      name: 'order-state',
      tagging: 'external',
      variants: [variant('open', null), variant('closed', null)]
    })
  ]
}
const VALUE = {
  id: 2n ** 64n - 1n,
  total: '12.50',
  lines: ['a', ''],
  scores: new Map([[2 ** 40, 0.5]]),
  note: '',
  state: 'closed'
}

test('what is written is what protobufjs alone reads by the .proto file', () => {
  const format = new ProtobufFormat(ORDER, null, 'order')
  const message = readProto(format.schemaText).root.lookupType('Order')
  const plain = message.toObject(message.decode(bytesOf(format, VALUE)), {
    longs: String,
    enums: String
  })
  deepStrictEqual(plain, {
    total: '12.50',
    lines: ['a', ''],
    scores: { [2 ** 40]: 0.5 },
    note: '',
    state: 'ORDER_STATE_CLOSED',
    id: '18446744073709551615'
  })
})

test('the .proto file of a type keeps declared numbers and counts the others', () => {
  const format = new ProtobufFormat(ORDER, null, 'order')
  strictEqual(
    format.schemaText,
    `syntax = "proto3";

message Order {
  uint64 id = 7;
  string total = 1;
  repeated string lines = 2;
  map<uint64, double> scores = 3;
  optional string note = 4;
  OrderState state = 5;
}

enum OrderState {
  ORDER_STATE_UNSPECIFIED = 0;
  ORDER_STATE_OPEN = 1;
  ORDER_STATE_CLOSED = 2;
}
`
  )
})

test('what is absent reads as zero where Protobuf says so, as null where optional, else it fails', () => {
  const format = new ProtobufFormat(ORDER, null, 'order')
  const message = readProto(format.schemaText).root.lookupType('Order')
  const bytes = Buffer.from(message.encode({ total: '0', state: 1 }).finish())
  const empty = { id: 0n, total: '0', lines: [], scores: new Map(), note: null, state: 'open' }
  deepStrictEqual(format.decode(bytes, 0, bytes.length), empty)
  throws(() => format.decode(Buffer.alloc(0), 0, 0), { code: 'RECORD_VALUE' })
})

test('a oneof of an imported file is one field of several cases', () => {
  const text = `syntax = "proto3";
package shop.v1;
message Paid { string by = 1; oneof how { Card card = 2; uint32 cash = 3; } message Card { string number = 1; } }`
  const card: Type = { kind: 'object', name: 'card', fields: [field('number', { kind: 'string' })] }
  const how: Type = {
    kind: 'enum',
    name: 'how',
    tagging: 'external',
    variants: [variant('card', card), variant('cash', integer('u32'))]
  }
  const type: Type = {
    kind: 'object',
    name: 'paid',
    fields: [field('by', { kind: 'string' }), field('how', how, { optional: true })]
  }
  const format = new ProtobufFormat(type, { text, message: 'shop.v1.Paid' }, 'paid')
  for (const how of [{ card: { number: '1' } }, { cash: 0 }, null]) {
    const bytes = bytesOf(format, { by: 'a', how })
    deepStrictEqual(format.decode(bytes, 0, bytes.length), { by: 'a', how })
  }
})

test('a writer whose field of a number has another kind is told before its bytes are read', () => {
  const format = new ProtobufFormat(ORDER, null, 'order')
  format.checkWriter(format.schemaText, [0])
  format.checkWriter(format.schemaText.replace('uint64 id', 'uint32 id'), [0])
  const wrong = format.schemaText.replace('uint64 id', 'string id')
  throws(() => format.checkWriter(wrong, [0]), { code: 'SCHEMA_INCOMPATIBLE', message: /number 7/ })
  throws(() => format.checkWriter(format.schemaText, [3]), { message: /no message 3/ })
})
