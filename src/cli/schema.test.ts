// `millrace schema` as a user calls it, and a run over topics in Avro and Protobuf.
import { match, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'millrace-schema-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const AVSC = `{ "type": "record", "name": "Order", "namespace": "com.shop", "fields": [
  { "name": "id", "type": "long" },
  { "name": "note", "type": ["null", "string"], "default": null } ] }`
const FLOW = `apiVersion: 1.0.0
meta: { name: shop }
types:
  order: { import: ./order.avsc }
topics:
  orders: { schema: { value: { type: order, converter: avro } } }
  copies: { schema: { value: { type: order, converter: protobuf } } }
services:
  copy: { sources: [{ type: topic, id: orders }], sinks: [{ type: topic, id: copies }] }
`
const data = join(folder, 'data')
const schema = join(folder, 'order.avsc')
writeFileSync(schema, AVSC)
writeFileSync(join(folder, 'dataflow.yaml'), FLOW)

function millrace(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const options = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
  const program = resolve(import.meta.dirname, '../../bin/millrace.js')
  return spawnSync(process.execPath, [...options, program, ...args], { encoding: 'utf8' })
}

test('a schema file is printed as types', () => {
  const { status, stdout } = millrace('schema', 'import', schema)
  strictEqual(status, 0)
  strictEqual(
    stdout,
    'types:\n  order:\n    type: object\n    properties:\n      id: s64\n      note:\n' +
      '        type: string\n        optional: true\n'
  )
})

test('a type is printed as a schema, and a type that is not there is told with the nearest', () => {
  match(millrace('schema', 'export', folder, '--format', 'protobuf').stdout, /int64 id = 1;/)
  match(millrace('schema', 'export', folder, '--format', 'avro').stdout, /"name": "Order"/)
  match(millrace('schema', 'export', folder, '--format', 'json-schema').stdout, /"integer"/)
  match(millrace('schema', 'export', folder, '--format', 'typescript').stdout, /interface Order/)
  const wrong = millrace('schema', 'export', folder, '--type', 'ordr')
  strictEqual(wrong.status, 2)
  match(wrong.stderr, /did you mean "order"/)
})

test('lines go in and come out as JSON; a changed type is compared with what a run has written', () => {
  const lines = join(folder, 'in.jsonl')
  writeFileSync(lines, '{"id":1}\n{"id":9007199254740991,"note":"x"}\n')
  const run = ['--data-dir', data, '--drain', '--in', `orders=${lines}`, '--out', 'copies=-']
  const { stdout, stderr } = millrace('run', folder, ...run)
  strictEqual(stdout, '{"id":1}\n{"id":9007199254740991,"note":"x"}\n', stderr)
  strictEqual(millrace('schema', 'check', folder, '--data-dir', data).status, 0)

  writeFileSync(schema, AVSC.replace('"long"', '"string"'))
  const changed = millrace('schema', 'check', folder, '--data-dir', data)
  strictEqual(changed.status, 1)
  match(changed.stdout, /topic orders, value.id: incompatible: is string and was s64/)
})
