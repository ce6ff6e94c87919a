// Values in Avro: there and back over all types, beside avsc's own reading, and bytes that are no values.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import avsc from 'avsc'
import * as fc from 'fast-check'
import { ByteWriter, isMillraceError } from '../../../base/index.ts'
import { avroSchemaOf } from '../../../dataflow/index.ts'
import type { Type } from '../../../dataflow/types.ts'
import { AvroFormat } from './avro.ts'
import { compileConverter } from '../convert.ts'
import { withFileNames } from '../fingerprint.ts'
import { compileCheck } from '../json/json.ts'
import { anyHostile, anyType, field, integer, valueOf, variant } from '../types.cases.ts'

const RUNS = Number(process.env['MILLRACE_CASES'] ?? 1_500)

function bytesOf(format: AvroFormat, value: unknown): Buffer {
  const writer = new ByteWriter()
  format.encode(value, writer)
  return Buffer.from(writer.buffer.subarray(0, writer.length))
}

/** Whether a value is one that Avro has no form for: longs above 2^63, half surrogates, and `__proto__` as a key. */
function isWritable(value: unknown): boolean {
  switch (typeof value) {
    case 'bigint':
      return value < 2n ** 63n
    case 'string':
      return value.isWellFormed()
    case 'object': {
      if (value === null || value instanceof Uint8Array) return true
      const parts = value instanceof Map ? [...value].flat() : Object.entries(value).flat()
      return !parts.includes('__proto__') && parts.every(isWritable)
    }
    default:
      return true
  }
}

/** Cases of untagged enums may overlap: then JSON, too, comes back as another case. */
function isUnambiguous(type: Type, value: unknown): boolean {
  const json = compileConverter(withFileNames(type), 'json')
  const writer = new ByteWriter()
  json.encode(value, writer)
  return isDeepStrictEqual(json.decode(writer.buffer, 0, writer.length), compileCheck(type)(value))
}

test('any value of any type comes back from its Avro bytes as its check gives it', () => {
  let tried = 0
  fc.assert(
    fc.property(
      anyType
        .filter(type => avroSchemaOf(type, 'value').kind === 'schema')
        .chain(type => fc.tuple(fc.constant(type), valueOf(type))),
      ([type, value]) => {
        if (!isWritable(value) || !isUnambiguous(type, value)) return
        tried++
        const format = new AvroFormat(type, null, 'value')
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
    fc.property(anyType, anyHostile, (type, value) => {
      if (avroSchemaOf(type, 'value').kind === 'problem') return
      const format = new AvroFormat(type, null, 'value')
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

test('any bytes are a value or undecodable, soon', () => {
  fc.assert(
    fc.property(anyType, fc.uint8Array({ maxLength: 20 }), (type, bytes) => {
      if (avroSchemaOf(type, 'value').kind === 'problem') return
      try {
        new AvroFormat(type, null, 'value').decode(Buffer.from(bytes), 0, bytes.length)
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
    field('id', integer('u64', true)),
    field('total', { kind: 'decimal' }),
    field('placed', { kind: 'timestamp' }),
    field('lines', { kind: 'list', items: { kind: 'string' } }),
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
  id: 9007199254740993n,
  total: '12.50',
  placed: 1_700_000_000_000,
  lines: ['a', 'b'],
  note: null,
  state: 'closed'
}

test('what is written is what avsc alone reads by the schema', () => {
  const format = new AvroFormat(ORDER, null, 'order')
  const plain = avsc.Type.forSchema(JSON.parse(format.schemaText) as avsc.Schema)
  const raw = plain.fromBuffer(bytesOf(format, { ...VALUE, id: 7n })) as object
  deepStrictEqual({ ...raw }, { ...VALUE, id: 7 })
})

test('an older writer’s bytes are read by the rules of Avro: defaults, widening, left-out fields', () => {
  const format = new AvroFormat(ORDER, null, 'order')
  const schema = JSON.parse(format.schemaText) as { fields: { name: string; type: unknown }[] }
  schema.fields = schema.fields.filter(({ name }) => name !== 'note')
  schema.fields[0]!.type = 'int'
  schema.fields.unshift({ name: 'gone', type: 'double' })
  const writer = avsc.Type.forSchema(schema as unknown as avsc.Schema)
  const { note: _note, ...rest } = VALUE
  const bytes = writer.toBuffer({ ...rest, id: 5, gone: 1.5 })
  const reader = format.readerOf(JSON.stringify(schema))
  deepStrictEqual(format.decode(bytes, 0, bytes.length, reader), { ...VALUE, id: 5n })
})

test('a writer’s schema that cannot be read names what differs', () => {
  const format = new AvroFormat(ORDER, null, 'order')
  const schema = format.schemaText.replace('"long"', '"boolean"')
  throws(() => format.readerOf(schema), { code: 'SCHEMA_INCOMPATIBLE', message: /boolean/ })
})

test('an array that names a billion items in five bytes is refused before any is made', () => {
  const format = new AvroFormat({ kind: 'list', items: { kind: 'null' } }, null, 'x')
  const bytes = Buffer.from([0x80, 0xa8, 0xd6, 0xb9, 0x07, 0x00])
  throws(() => format.decode(bytes, 0, bytes.length), { code: 'RECORD_UNDECODABLE' })
})

test('decimals and microseconds of an imported schema keep their meaning', () => {
  const type: Type = {
    kind: 'object',
    name: 'price',
    fields: [field('amount', { kind: 'decimal' }), field('at', { kind: 'timestamp' })]
  }
  const schema = JSON.stringify({
    type: 'record',
    name: 'com.shop.Price',
    fields: [
      { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } }
    ]
  })
  const format = new AvroFormat(type, schema, 'price')
  for (const amount of ['12.50', '-0.01', '0.00', '327.68', '-327.68']) {
    const bytes = bytesOf(format, { amount, at: -1 })
    deepStrictEqual(format.decode(bytes, 0, bytes.length), { amount, at: -1 })
  }
  throws(() => bytesOf(format, { amount: '1.005', at: 0 }), { message: /2 decimal places/ })
})
