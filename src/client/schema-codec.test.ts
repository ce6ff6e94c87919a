// Typed values: what a schema allows goes through, what it does not is refused in both directions.
import { deepStrictEqual, match, rejects, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'

import { bytes, json, text } from './codec.ts'
import { dataflowTopics, schemaCodec } from './schema-codec.ts'

const DATAFLOW = `apiVersion: 1.0.0
meta: { name: shop, namespace: examples, version: 0.1.0 }
types:
  order: { type: object, properties: { id: string, amount: u32 } }
topics:
  orders: { name: shop.orders, schema: { key: { type: u32 }, value: { type: order, converter: json } } }
services:
  pass:
    sources: [{ type: topic, id: orders }]
`

interface Order {
  readonly id: string
  readonly amount: number
}

test('topics of a dataflow file give their types', async () => {
  const topics = await dataflowTopics(DATAFLOW)
  deepStrictEqual(topics.names, ['shop.orders'])
  const { key, value } = topics.codecs<number, Order>('shop.orders')
  deepStrictEqual(key.decode(Buffer.from(key.encode(7))), 7)
  const bytes = Buffer.from(value.encode({ id: 'a', amount: 3 }))
  strictEqual(bytes.toString(), '{"id":"a","amount":3}')
  deepStrictEqual({ ...value.decode(bytes) }, { id: 'a', amount: 3 })
  throws(() => value.encode({ id: 'a', amount: -1 }), { code: 'RECORD_VALUE' })
  throws(() => value.decode(Buffer.from('{"id":1}')), /RECORD|id/)
  throws(() => topics.codecs('orders'), { code: 'TOPIC_UNKNOWN', message: /shop\.orders/ })
})

test('mistakes in a dataflow file are told with their places', async () => {
  await rejects(dataflowTopics(DATAFLOW.replace('u32 } }\n', 'u33 } }\n')), {
    code: 'SCHEMA_INVALID',
    message: /dataflow\.yaml:4:\d+: error/
  })
})

test('Avro, Protobuf and JSON Schema give codecs', async () => {
  const avro = JSON.stringify({
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'amount', type: 'int' }
    ]
  })
  const proto = 'syntax = "proto3";\nmessage Order { string id = 1; uint32 amount = 2; }\n'
  const jsonSchema = JSON.stringify({
    type: 'object',
    properties: { id: { type: 'string' }, amount: { type: 'integer' } },
    required: ['id', 'amount']
  })
  const order = { id: 'a', amount: 3 }
  const encoded = new Map<string, string>()
  for (const [file, text] of [
    ['order.avsc', avro],
    ['order.proto', proto],
    ['order.json', jsonSchema]
  ] as const) {
    const codec = await schemaCodec<Order>(file, text)
    const bytes = Buffer.from(codec.encode(order))
    encoded.set(file, bytes.toString('latin1'))
    deepStrictEqual({ ...codec.decode(bytes) }, order, file)
    throws(() => codec.encode({ id: 'a' } as Order), { code: 'RECORD_VALUE' }, file)
  }
  // As the formats' specifications have it: length and text, then the number in zigzag; tags and values.
  strictEqual(encoded.get('order.avsc'), '\u0002a\u0006')
  strictEqual(encoded.get('order.proto'), '\n\u0001a\u0010\u0003')
  strictEqual(encoded.get('order.json'), '{"id":"a","amount":3}')
  await rejects(schemaCodec('order.avsc', '{'), (error: Error) => {
    match(error.message, /order\.avsc:1:\d+: error/)
    return true
  })
})

test('the plain codecs say what they cannot write, and what they expected', () => {
  refused(text, 5)
  refused(text, undefined)
  refused(bytes, 'text')
  for (const value of [1n, { at: 1n }, undefined, () => 1]) refused(json(), value)
  throws(() => text.encode(5 as never), { message: /^5 is no text/ })
  throws(() => json().encode({ id: 1n }), { message: /^\{ id: 1n \} is not JSON .*BigInt/ })
})

function refused(codec: { encode(value: never): Uint8Array }, value: unknown): void {
  const expected = { code: 'RECORD_VALUE', message: /; its codec expected .*; correct/ }
  throws(() => codec.encode(value as never), expected)
}
