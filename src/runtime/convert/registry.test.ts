// Records behind the ids of a schema registry: a registry over HTTP, its failures, and what they cost.
import { deepStrictEqual, rejects, strictEqual, throws } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import avsc from 'avsc'
import { ByteWriter, SimulatedClock } from '../../base/index.ts'
import type { ValuePlan } from '../../dataflow/plan.ts'
import type { Field, Type } from '../../dataflow/types.ts'
import type { RecordConverter } from './contract.ts'
import { RegistryClient, type RegistryAnswer, type RegistryOptions } from './registry-client.ts'
import { TestRegistry } from './registry.cases.ts'
import { registryConverter } from './registry.ts'
import { field, integer } from './types.cases.ts'

let registry: TestRegistry
before(async () => {
  registry = await TestRegistry.start()
})
after(() => registry.stop())

const ORDER: Type = {
  kind: 'object',
  name: 'order',
  fields: [field('id', integer('u32')), field('note', { kind: 'string' }, { optional: true })]
}
const never = new AbortController().signal

function client(
  options: Partial<RegistryOptions> = {},
  authEnv: string | null = null
): RegistryClient {
  return new RegistryClient(
    { url: registry.url, authEnv },
    { clock: new SimulatedClock(), env: {}, onWarning: () => {}, ...options }
  )
}

function converterOf(
  topic: string,
  converter: 'avro' | 'protobuf',
  type: Type = ORDER,
  registry = client()
): RecordConverter {
  const value: ValuePlan = { type, converter }
  return registryConverter(value, topic, registry)
}

async function written(converter: RecordConverter, value: unknown): Promise<Buffer> {
  await converter.openWriter!()
  const writer = new ByteWriter()
  converter.encode(value, writer)
  return Buffer.from(writer.buffer.subarray(0, writer.length))
}

async function read(converter: RecordConverter, bytes: Buffer): Promise<unknown> {
  await converter.prepare!(bytes, 0, bytes.length, never)
  return converter.decode(bytes, 0, bytes.length)
}

for (const kind of ['avro', 'protobuf'] as const) {
  test(`${kind} records have the id of the schema in front, which is registered under the topic’s name`, async () => {
    const topic = `orders-${kind}`
    const bytes = await written(converterOf(topic, kind), { id: 7, note: 'a' })
    strictEqual(registry.subjects.includes(`${topic}-value`), true)
    strictEqual(bytes[0], 0)
    const id = bytes.readUInt32BE(1)
    // A reader of its own, as in another process; the second record asks nothing.
    const reader = converterOf(topic, kind)
    const before = registry.asked.length
    deepStrictEqual(await read(reader, bytes), { id: 7, note: 'a' })
    strictEqual(reader.prepare!(bytes, 0, bytes.length, never), null)
    deepStrictEqual(registry.asked.slice(before), [`GET /schemas/ids/${id}`])
  })

  test(`${kind}: no head, an unknown id and a foreign schema fail the record with the reason`, async () => {
    const reader = converterOf(`bad-${kind}`, kind)
    const fails = async (bytes: number[], code: string, message: RegExp): Promise<void> =>
      rejects(read(reader, Buffer.from(bytes)), { code, message })
    await fails([], 'RECORD_UNDECODABLE', /no bytes/)
    await fails([0, 0, 0], 'RECORD_UNDECODABLE', /3 bytes that begin with 0/)
    await fails([123, 34, 97, 34, 58, 49, 125], 'RECORD_UNDECODABLE', /begin with 123/)
    await fails([0, 0, 0, 255, 255, 1], 'SCHEMA_UNKNOWN', /65535/)
    const other = registry.add(
      `other-${kind}`,
      kind === 'avro' ? 'syntax = "proto3"; message A {}' : '"string"',
      kind === 'avro' ? 'PROTOBUF' : 'AVRO'
    )
    await fails([0, 0, 0, 0, other, 0], 'SCHEMA_INCOMPATIBLE', /expected/)
  })
}

test('an older writer’s record is read by its own schema', async () => {
  const old: Type = { kind: 'object', name: 'order', fields: [ORDER.fields[0]!] }
  const bytes = await written(converterOf('aged', 'avro', old), { id: 3 })
  deepStrictEqual(await read(converterOf('aged', 'avro'), bytes), { id: 3, note: null })
})

function object(name: string, fields: readonly Field[]): Type {
  return { kind: 'object', name, fields }
}

function record(name: string, fields: object[]): object {
  return { type: 'record', name, fields }
}

test('records are told by their places, whatever their writer calls them', async () => {
  const line = object('line', [field('item', { kind: 'string' })])
  const lines: Type = { kind: 'list', items: line }
  const buyer = object('buyer', [field('name', { kind: 'string' })])
  const order = object('order', [
    field('first', line),
    field('lines', lines),
    field('buyer', { kind: 'option', value: buyer })
  ])
  const theirs = record('com.acme.OrderPlaced', [
    {
      name: 'lines',
      type: { type: 'array', items: record('Item', [{ name: 'item', type: 'string' }]) }
    },
    { name: 'first', type: 'Item' },
    { name: 'buyer', type: ['null', record('Person', [{ name: 'name', type: 'string' }])] }
  ])
  const id = registry.add('foreign-value', JSON.stringify(theirs))
  const value = {
    lines: [{ item: 'a' }, { item: 'b' }],
    first: { item: 'c' },
    buyer: { name: 'd' }
  }
  const avro = avsc.Type.forSchema(theirs as avsc.Schema)
  const head = Buffer.from([0, 0, 0, 0, id])
  const reader = converterOf('foreign', 'avro', order)
  deepStrictEqual(await read(reader, Buffer.concat([head, avro.toBuffer(value)])), value)
})

test('a schema that needs another subject fails its records with the reason', async () => {
  const fields = [
    { name: 'id', type: 'int' },
    { name: 'buyer', type: 'com.acme.Buyer' }
  ]
  const avroId = registry.add('parted-value', JSON.stringify(record('Order', fields)))
  const text =
    'syntax = "proto3"; import "buyer.proto"; message Order { uint32 id = 1; Buyer buyer = 2; }'
  const protoId = registry.add('parted-proto-value', text, 'PROTOBUF')
  for (const [kind, id] of [
    ['avro', avroId],
    ['protobuf', protoId]
  ] as const) {
    const bytes = Buffer.from([0, 0, 0, 0, id, 0, 2])
    await rejects(read(converterOf(`parted-${kind}`, kind), bytes), {
      code: 'SCHEMA_INCOMPATIBLE',
      message: /[Bb]uyer/
    })
  }
})

test('a start with a schema that the subject’s rule refuses says so', async () => {
  const text: Type = { kind: 'object', name: 'order', fields: [field('id', { kind: 'string' })] }
  await written(converterOf('strict', 'avro'), { id: 1 })
  await rejects(written(converterOf('strict', 'avro', text), { id: '1' }), {
    code: 'SCHEMA_INCOMPATIBLE',
    message: /strict-value.*incompatible/
  })
})

test('the message of a file is named by its place', async () => {
  const text =
    'syntax = "proto3"; message Z {} message Out { message Order { uint32 id = 1; optional string note = 2; } }'
  const value: ValuePlan = {
    type: ORDER,
    converter: 'protobuf',
    schema: { format: 'protobuf', text, message: 'Out.Order' }
  }
  const converter = registryConverter(value, 'placed', client())
  const bytes = await written(converter, { id: 1, note: null })
  deepStrictEqual([...bytes.subarray(5)], [4, 2, 0, 8, 1])
  deepStrictEqual(await read(converter, bytes), { id: 1, note: null })
})

test('a registry that is down is asked with growing waits, all of the clock, until it is back', async () => {
  const clock = new SimulatedClock()
  const start = clock.monotonic()
  const warnings: string[] = []
  let answers = 0
  const waits: number[] = []
  const ask = (): Promise<RegistryAnswer> => {
    waits.push(clock.monotonic() - start)
    if (++answers < 6) return Promise.reject(new Error('connect ECONNREFUSED'))
    return Promise.resolve({ status: 200, body: JSON.stringify({ schema: '"int"' }) })
  }
  const asking = client({ clock, ask, onWarning: text => warnings.push(text) }).schema(1, never)
  await clock.advance(60_000)
  deepStrictEqual(await asking, { type: 'AVRO', text: '"int"' })
  deepStrictEqual(waits, [0, 100, 300, 700, 1_500, 3_100])
  strictEqual(warnings.length, 1)
})

test('answers that are none (500, 401, a page) are not taken for an unknown id', async () => {
  const clock = new SimulatedClock()
  const bodies: RegistryAnswer[] = [
    { status: 500, body: '{}' },
    { status: 401, body: '{"error_code":40101}' },
    { status: 404, body: '<html>not found</html>' },
    { status: 200, body: '<html>welcome</html>' },
    { status: 200, body: '{"schema":"\\"int\\""}' }
  ]
  const asking = client({ clock, ask: () => Promise.resolve(bodies.shift()!) }).schema(1, never)
  await clock.advance(60_000)
  deepStrictEqual(await asking, { type: 'AVRO', text: '"int"' })
})

test('a wait ends with its signal, and the next one asks anew', async () => {
  const stop = new AbortController()
  const one = client({ ask: () => Promise.reject(new Error('down')) })
  const asking = one.schema(1, stop.signal)
  stop.abort(new Error('the task stops'))
  await rejects(asking, /the task stops/)
})

test('a start waits for a registry that does not answer, and then says which', async () => {
  const clock = new SimulatedClock()
  const converter = converterOf(
    'x',
    'avro',
    ORDER,
    client({ clock, ask: () => Promise.reject(new Error('down')) })
  )
  const opening = converter.openWriter!()
  opening.catch(() => {})
  await clock.advance(600_000)
  await rejects(opening, { code: 'REGISTRY_UNREACHABLE', message: /8 tries/ })
})

test('who asks is what the environment says', async () => {
  registry.authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
  try {
    const asked = client({ env: { AUTH: 'user:secret' } }, 'AUTH')
    strictEqual((await asked.register('mine-value', { type: 'AVRO', text: '"int"' })) > 0, true)
  } finally {
    registry.authorization = null
  }
  throws(() => client({}, 'AUTH'), { code: 'REGISTRY_AUTH', message: /AUTH/ })
})
