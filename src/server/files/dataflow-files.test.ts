// Which files a path means, and what is said about paths that mean none.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import { loadFiles } from './dataflow-files.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-files-'))
after(() => rmSync(root, { recursive: true }))

function dataflow(name: string): string {
  return `apiVersion: 1.0.0
meta: { name: ${name}, namespace: test, version: 0.1.0 }
topics:
  in: { schema: { value: { type: string, converter: raw } } }
  out: { schema: { value: { type: string, converter: raw } } }
services:
  copy: { sources: [{ type: topic, id: in }], sinks: [{ type: topic, id: out }] }
`
}

let folders = 0
function newFolder(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function load(...paths: string[]): { names: string[]; codes: string[] } {
  const { dataflows, diagnostics } = loadFiles(paths)
  return {
    names: dataflows.map(loaded => loaded.plan.name),
    codes: diagnostics.filter(found => found.severity === 'error').map(found => found.code)
  }
}

test('a folder means its dataflow.yaml, or all files in it that are dataflows', () => {
  const one = newFolder({ 'dataflow.yaml': dataflow('a'), 'other.yaml': dataflow('b') })
  assert.deepEqual(load(one), { names: ['a'], codes: [] })
  const several = newFolder({
    'x.yaml': dataflow('x'),
    'b.yml': dataflow('b'),
    'values.yaml': 'a: 1\n'
  })
  assert.deepEqual(load(several), { names: ['b', 'x'], codes: [] })
})

function findings(...paths: string[]): string[] {
  return loadFiles(paths).diagnostics.map(({ code, severity, message }) => {
    const [name] = /\w+\.yaml/.exec(message)!
    return `${severity} ${code} ${name}`
  })
}

test('what a folder leaves out is said, unless it is named', () => {
  const module = 'kind: io.millrace.topic.v1/egress\nspec: { id: test/out }\n'
  const folder = newFolder({
    'dataflow.yaml': dataflow('a'),
    'other.yaml': dataflow('b'),
    'merchants.yaml': module,
    'values.yaml': 'a: 1\n'
  })
  assert.deepEqual(findings(folder), [
    'warning FILE_SKIPPED merchants.yaml',
    'warning FILE_SKIPPED other.yaml'
  ])
  assert.deepEqual(findings(folder, join(folder, 'other.yaml')), [
    'warning FILE_SKIPPED merchants.yaml'
  ])
})

test('a file that is named twice is loaded once', () => {
  const folder = newFolder({ 'dataflow.yaml': dataflow('a') })
  assert.deepEqual(load(folder, join(folder, 'dataflow.yaml')), { names: ['a'], codes: [] })
})

test('two dataflows of one name are an error at the second', () => {
  const folder = newFolder({ 'one.yaml': dataflow('same'), 'two.yaml': dataflow('same') })
  assert.deepEqual(load(folder).codes, ['DATAFLOW_DUPLICATE'])
})

test('a topic of two kinds of values is a warning at the second file; text and JSON are one kind', () => {
  const typed = (name: string, value: string): string =>
    dataflow(name)
      .replace('{ type: string, converter: raw }', `{ ${value} }`)
      .replace(/, sinks: .*(?= \})/, '')
  const files = {
    '1.yaml': typed('one', 'type: u32, converter: raw'),
    '2.yaml': typed('two', 'type: u64, converter: raw'),
    '3.yaml': typed('three', 'type: bytes, converter: raw'),
    '4.yaml': typed('four', 'type: string, converter: json')
  }
  const alike = { '1.yaml': dataflow('one'), '2.yaml': files['4.yaml'] }
  assert.deepEqual(
    loadFiles([newFolder(alike)]).diagnostics.map(({ code }) => code),
    ['TOPIC_UNUSED']
  )
  const found = loadFiles([newFolder(files)]).diagnostics.filter(
    ({ code }) => code === 'TOPIC_TYPES_DIFFER'
  )
  assert.deepEqual(
    found.map(({ message }) => message.replace(/ in \S+$/, '')),
    [
      'the topic in has values as raw u64 here, and as raw u32',
      'the topic in has values as text here, and as raw u32'
    ]
  )
  assert.equal(found[0]?.line, 4)
})

test('what is missing, empty or no text is told apart', () => {
  const folder = newFolder({
    'latin.yaml': Buffer.from([0x61, 0xe9, 0x0a]),
    'empty.yaml': ''
  })
  assert.deepEqual(load(join(folder, 'gone.yaml')).codes, ['FILE_NOT_FOUND'])
  assert.deepEqual(load(join(folder, 'latin.yaml')).codes, ['FILE_UNREADABLE'])
  assert.deepEqual(load(join(folder, 'empty.yaml')).codes, ['EMPTY'])
  assert.deepEqual(load(newFolder({})).codes, ['FILE_NOT_FOUND'])
})

function egress(id: string): string {
  return `kind: io.millrace.topic.v1/egress\nspec: { id: test/${id} }\n`
}

test('modules are told from dataflows by name and by kind, and combined', () => {
  const both = newFolder({ 'dataflow.yaml': dataflow('a'), 'module.yaml': egress('x') })
  const { dataflows, modules, diagnostics } = loadFiles([both])
  assert.deepEqual(diagnostics, [])
  assert.equal(dataflows.length, 1)
  assert.deepEqual(
    modules.map(module => module.plan.egresses[0]?.id),
    ['test/x']
  )
  const several = newFolder({ 'one.yaml': egress('x'), 'two.yaml': egress('x') })
  assert.deepEqual(load(several).codes, ['COMPONENT_DUPLICATE'])
})

test('code that does not load is told at the line where it fails, a name that is not there with the nearest', () => {
  const folder = newFolder({
    'syntax.ts': 'export const a = 1\nexport const flow = (\n',
    'throws.mjs': "const a = 1\nthrow new Error('no settings')\n",
    'orders.yaml': dataflow('a'),
    'package.json': '{ "type": "commonjs" }',
    'module.ts': "import { a } from './throws.mjs'\nexport const flow = a\n"
  })
  const found = (file: string): string => {
    const [{ code, line, column, hint }] = loadFiles([join(folder, file)]).diagnostics as [
      Diagnostic
    ]
    return `${code} ${line}:${column} ${hint}`
  }
  assert.match(found('syntax.ts'), /^DATAFLOW_FAILED [23]:1 null$/)
  assert.match(found('module.ts'), /^DATAFLOW_FAILED 1:1 .* \(npm pkg set type=module\)\.$/)
  assert.equal(found('throws.mjs'), 'DATAFLOW_FAILED 2:7 null')
  assert.equal(
    found('order.yaml'),
    `FILE_NOT_FOUND 1:1 Did you mean ${join(folder, 'orders.yaml')}?`
  )
  assert.equal(found('x.yaml'), `FILE_NOT_FOUND 1:1 In the folder ${folder} there is orders.yaml.`)
})
