// Topics of a schema registry against a real one, with records that another program writes and reads by it.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import avsc from 'avsc'
import protobuf from 'protobufjs'

import { compile } from '../../src/dataflow/index.ts'
import type { Plan } from '../../src/dataflow/plan.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../src/record/index.ts'
import { Bench } from '../../src/runtime/test-kit.ts'
import { type Apicurio, apicurio, startApicurio } from './apicurio.ts'

const found = apicurio()
const skip = 'missing' in found ? found.missing : false
let registry: Apicurio

before(async () => {
  if ('folder' in found) registry = await startApicurio(found.folder)
})
after(async () => {
  if (!skip) await registry.stop()
})

/** Copies orders of Avro to Avro and Protobuf. */
function copying(fields: string): Plan {
  const { plan, diagnostics } = compile(
    `apiVersion: 1.0.0
meta: { name: copying }
config: { registry: { url: "${registry.url}" } }
types: { order: { type: object, properties: { ${fields} } } }
topics:
  orders: { schema: { value: { type: order, converter: avro } } }
  again: { schema: { value: { type: order, converter: avro } } }
  others: { schema: { value: { type: order, converter: protobuf } } }
services:
  copy:
    sources: [{ type: topic, id: orders }]
    sinks: [{ type: topic, id: again }, { type: topic, id: others }]
`,
    { file: 'dataflow.yaml' }
  )
  ok(plan !== null, JSON.stringify(diagnostics))
  return plan
}

async function ask(path: string, method = 'GET', body?: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  const answer = await fetch(registry.url + path, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) })
  })
  return (await answer.json()) as Record<string, unknown>
}

async function feed(bench: Bench, topic: string, values: readonly Buffer[]): Promise<void> {
  const builder = new BatchBuilder()
  for (const value of values) builder.append(1_000, null, value, [])
  await bench.log.commit({
    batches: [{ topic, partition: 0, batch: builder.build() }],
    offsets: []
  })
}

async function valuesOf(bench: Bench, topic: string): Promise<Buffer[]> {
  const { bytes } = await bench.log.read({ topic, partition: 0, offset: 0 })
  const values: Buffer[] = []
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) values.push(Buffer.from(cursor.value()!))
  }
  return values
}

/** The schema that a record names, as the registry has it. */
async function schemaOf(record: Buffer): Promise<string> {
  equal(record[0], 0)
  return (await ask(`/schemas/ids/${record.readUInt32BE(1)}`))['schema'] as string
}

test(
  'records of other programs are read by their schemas, and they read ours',
  { skip },
  async () => {
    const schema = {
      type: 'record',
      name: 'com.example.OrderPlaced',
      fields: [{ name: 'id', type: 'int' }]
    } satisfies avsc.Schema
    const { id } = await ask('/subjects/orders-value/versions', 'POST', {
      schema: JSON.stringify(schema)
    })
    const head = Buffer.alloc(5)
    head.writeUInt32BE(id as number, 1)
    const unknown = Buffer.from([0, 0, 1, 0, 0, 2])
    const bench = new Bench()
    const plan = copying('id: u32, note: { type: string, optional: true }')
    await bench.createTopics(plan)
    const given = avsc.Type.forSchema(schema).toBuffer({ id: 7 })
    await feed(bench, 'orders', [Buffer.concat([head, given]), unknown])
    await bench.drain(plan)
    const [again] = await valuesOf(bench, 'again')
    const avro = avsc.Type.forSchema(JSON.parse(await schemaOf(again!)) as avsc.Schema)
    deepEqual({ ...(avro.fromBuffer(again!.subarray(5)) as object) }, { id: 7, note: null })
    const [other] = await valuesOf(bench, 'others')
    const { root } = protobuf.parse(await schemaOf(other!))
    equal(other![5], 0)
    const [message] = root.nestedArray.flatMap(one => (one instanceof protobuf.Type ? [one] : []))
    deepEqual({ ...message!.decode(other!.subarray(6)) }, { id: 7 })
    const [dead, ...more] = await bench.read('copying.dead-letter')
    equal(more.length, 0)
    equal(dead!.headers['millrace-error-code'], 'SCHEMA_UNKNOWN')
  }
)

test('a schema that the registry refuses ends the start', { skip }, async () => {
  await new Bench().drain(copying('id: u32'))
  await ask('/config/again-value', 'PUT', { compatibility: 'BACKWARD' })
  await rejects(new Bench().drain(copying('id: u32, amount: f64')), error => {
    const { code, message } = error as Error & { readonly code: string }
    equal(code, 'SCHEMA_INCOMPATIBLE')
    match(message, /again-value/)
    return true
  })
})
