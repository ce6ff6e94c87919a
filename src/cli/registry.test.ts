// A run over a topic behind a schema registry: written by one service, read by the next, asked once.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { shell, type Finished } from '../../test/command.ts'
import { callMain } from './call.cases.ts'
import { connect } from '../client/index.ts'
import { TestRegistry } from '../runtime/convert/registry.cases.ts'

let registry: TestRegistry
const folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'))
before(async () => {
  registry = await TestRegistry.start()
})
after(async () => {
  await registry.stop()
  rmSync(folder, { recursive: true, force: true })
})

function flow(converter: string): string {
  return `apiVersion: 1.0.0
meta: { name: shop }
config: { registry: { url: "${registry.url}", auth-env: REGISTRY_AUTH } }
types:
  order: { type: object, properties: { id: u32 } }
topics:
  orders: { schema: { value: { type: order } } }
  wired: { schema: { value: { type: order, converter: ${converter} } } }
  copies: { schema: { value: { type: order } } }
services:
  write: { sources: [{ type: topic, id: orders }], sinks: [{ type: topic, id: wired }] }
  read: { sources: [{ type: topic, id: wired }], sinks: [{ type: topic, id: copies }] }
`
}

interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const run = (...args: string[]): Promise<Run> => runUntil(null, ...args)

/** Stops the run once it has written `last`. */
async function runUntil(last: string | null, ...args: string[]): Promise<Run> {
  const program = resolve(import.meta.dirname, '../../bin/millrace.js')
  const options = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...options, program, 'run', ...args], {
    env: { ...process.env, REGISTRY_AUTH: 'user:secret' }
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString()
    if (last !== null && stdout.endsWith(last)) child.kill('SIGINT')
  })
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  const status = await new Promise<number>(done => child.on('close', code => done(code ?? -1)))
  return { status, stdout, stderr }
}

for (const converter of ['avro', 'protobuf']) {
  test(`${converter}: records pass a registry, which is asked once for each schema`, async () => {
    registry.authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
    const file = join(folder, `${converter}.yaml`)
    const lines = join(folder, 'in.jsonl')
    writeFileSync(file, flow(converter))
    writeFileSync(lines, '{"id":1}\n{"id":2}\n{"id":3}\n')
    const data = join(folder, converter)
    const asked = registry.asked.length
    const io = ['--in', `orders=${lines}`, '--out', 'copies=-']
    const { status, stdout, stderr } = await run(file, '--data-dir', data, '--drain', ...io)
    strictEqual(stdout, '{"id":1}\n{"id":2}\n{"id":3}\n', stderr)
    strictEqual(status, 0)
    const questions = registry.asked.slice(asked).map(each => each.replace(/\d+$/, 'N'))
    const expected = ['POST /subjects/wired-value/versions', 'GET /schemas/ids/N']
    deepStrictEqual(questions, expected)
    rmSync(data, { recursive: true, force: true })
    await registry.stop()
    registry = await TestRegistry.start()
  })
}

for (const converter of ['avro', 'protobuf']) {
  test(`${converter}: lines of JSON are fed into a topic behind a registry`, async () => {
    const file = join(folder, `fed-${converter}.yaml`)
    const lines = join(folder, 'fed.jsonl')
    writeFileSync(file, flow(converter))
    writeFileSync(lines, '{"id":1}\n{"id":"no"}\n{"id":2}\n')
    const written = join(folder, `written-${converter}.jsonl`)
    const io = ['--in', `wired=${lines}`, '--out', 'copies=-', '--out', `wired=${written}`]
    const { status, stdout, stderr } = await run(file, '--ephemeral', '--drain', ...io)
    strictEqual(stdout, '{"id":1}\n{"id":2}\n', stderr)
    strictEqual(readFileSync(written, 'utf8'), stdout, 'values behind a registry are decoded, too')
    strictEqual(status, 0)
    match(stderr, /1 line of the input|1 rejected|_feed\.dead-letter/)
    await registry.stop()
    registry = await TestRegistry.start()
  })
}

test('values behind a registry are decoded as they come, with keys and times beside', async () => {
  const file = join(folder, 'followed.yaml')
  const lines = join(folder, 'followed.jsonl')
  writeFileSync(file, flow('avro'))
  writeFileSync(lines, '{"id":7}\n{"id":8}\n')
  const io = ['--in', `orders=${lines}`, '--out', 'wired=-', '--out-format', 'json']
  const { status, stdout, stderr } = await runUntil('"offset":1}\n', file, '--ephemeral', ...io)
  const values = stdout.trim().split('\n')
  deepStrictEqual(
    values.map(line => (JSON.parse(line) as { readonly value: unknown }).value),
    [{ id: 7 }, { id: 8 }],
    stderr
  )
  strictEqual(status, 0)
})

test('a start that may not ask says which name of the environment is missing', async () => {
  const file = join(folder, 'named.yaml')
  writeFileSync(file, flow('avro').replace('REGISTRY_AUTH', 'REGISTRY_NOBODY_SET'))
  const { status, stderr } = await run(file, '--ephemeral', '--drain')
  strictEqual(status !== 0, true)
  match(stderr, /REGISTRY_NOBODY_SET/)
})

/** The head of a value: the id of its schema, and what follows. */
const head = (id: number, ...rest: readonly number[]): Buffer =>
  Buffer.from([0, 0, 0, 0, id, ...rest])

test('consume prints values behind a registry by their writers, or by the types of a file', async () => {
  registry.authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
  const avro = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'int' }] }
  const avroId = registry.add('a', JSON.stringify(avro))
  const proto =
    'syntax = "proto3"; message A { message B { uint32 id = 1; } } message C { string s = 2; }'
  const protoId = registry.add('b', proto, 'PROTOBUF')
  const jsonId = registry.add('c', '{"type":"object"}', 'JSON')
  const chain = {
    type: 'record',
    name: 'Chain',
    fields: [{ name: 'next', type: ['null', 'Chain'] }]
  }
  const endless = registry.add('d', JSON.stringify(chain))
  const values = [
    Buffer.concat([head(avroId), Buffer.from([14])]),
    // The first message inside the first one, and the second one of the file.
    head(protoId, 4, 0, 0, 8, 42),
    head(protoId, 2, 2, 18, 2, 104, 105),
    Buffer.concat([head(jsonId), Buffer.from('{"id":1}')]),
    Buffer.from('plain'),
    head(endless, 0),
    head(99, 1)
  ]
  const dataDir = join(folder, 'consumed')
  await using client = await connect({ dataDir })
  await client.admin.createTopic('wired')
  const producer = await client.producer()
  for (const value of values) await producer.send({ topic: 'wired', value })
  await client.close()
  const consume = async (...args: string[]): Promise<Finished> =>
    await shell(`npx millrace consume wired -d --data-dir consumed ${args.join(' ')}`, folder, {
      REGISTRY_AUTH: 'user:secret'
    })
  const asked = registry.asked.length
  const at = ['--registry', registry.url, '--registry-auth-env', 'REGISTRY_AUTH']
  const { stdout, stderr, code } = await consume(...at)
  deepStrictEqual(
    stdout.trimEnd().split('\n'),
    [
      '{"id":7}',
      '{"id":42}',
      '{"s":"hi"}',
      '{"id":1}',
      'plain',
      values[5]!.toString('base64'),
      values[6]!.toString('base64')
    ],
    stderr
  )
  strictEqual(code, 0)
  strictEqual(registry.asked.length - asked, 5, 'each schema is asked for once')
  match(stderr, new RegExp(`^values of schema ${endless} are given as base64: `, 'm'))
  match(stderr, /^values of schema 99 are given as base64: .*no schema with the id 99/m)
  const picked = ['--filter', "'value.id > 7'", '-o', 'json', '--limit', '1']
  match((await consume(...at, ...picked)).stdout, /^\{"key":null,"value":\{"id":42\},/)
  writeFileSync(join(folder, 'typed.yaml'), flow('avro'))
  const typed = await consume('--types', 'typed.yaml', '--limit', '1')
  strictEqual(typed.stdout, '{"id":7}\n', typed.stderr)
  for (const [args, said] of [
    [['--registry', 'nowhere'], /--registry nowhere: it takes the URL/],
    [['--registry-auth-env', 'X'], /--registry-auth-env without --registry/],
    [['--registry', registry.url, '--registry-auth-env', 'X'], /what X says, which is not in the/],
    [['--registry', registry.url, '--types', 'typed.yaml'], /cannot be used with option/]
  ] as const) {
    const wrong = await callMain(['consume', 'wired', '-d', '--data-dir', dataDir, ...args])
    match(wrong.text, said)
    strictEqual(wrong.code, 2)
  }
})
