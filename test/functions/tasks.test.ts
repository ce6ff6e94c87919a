// Functions over several tasks, and where ingresses begin, as the command runs them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ROOT, run } from '../command.ts'

/** Each record goes around: from its function to ten others, which count, and the last of the sums come out. */
const FUNCTIONS = `
import { addressOf, intType, kafkaEgress, messageTo, statefulFunction, stringType, valueSpec }
  from 'millrace/functions'
import type { StatefulFunction } from 'millrace/functions'

export const source: StatefulFunction = statefulFunction({
  typename: 'test/source',
  handler(context, message) {
    for (let at = 0; at < 10; at++) {
      context.send(messageTo(addressOf('test/sum', 'sum-' + at), 1, intType))
    }
  }
})

export const sum: StatefulFunction = statefulFunction({
  typename: 'test/sum',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    const value = String(count.get())
    context.egress(kafkaEgress({ typename: 'test/out', topic: 'out', key: context.self.id, value }))
  }
})

export const echo: StatefulFunction = statefulFunction({
  typename: 'test/echo',
  handler(context, message) {
    const value = Buffer.from(message.rawValue).toString() + ' as ' + message.valueTypeName
    context.egress(kafkaEgress({ typename: 'test/out', topic: 'out', value }))
  }
})
`

const EGRESS = '---\nkind: io.millrace.topic.v1/egress\nspec: { id: test/out }\n'

function ingress(id: string, target: string, startup: string): string {
  return `---
kind: io.millrace.topic.v1/ingress
spec:
  id: ${id}
  startupPosition: ${startup}
  topics: [{ topic: in, valueType: ${id}, targets: [${target}] }]
`
}

function folder(context: TestContext, module: string): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-tasks-'))
  context.after(() => rmSync(path, { recursive: true }))
  writeFileSync(join(path, 'functions.ts'), FUNCTIONS)
  writeFileSync(join(path, 'module.yaml'), module)
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  return path
}

async function drain(path: string, lines: readonly string[], ...more: string[]): Promise<string[]> {
  const args = [
    'run',
    'module.yaml',
    '--functions',
    'functions.ts',
    '--data-dir',
    'data',
    '--drain'
  ]
  const input = ['--in', 'in=-', '--key-separator', ':', '--out', 'out=-']
  const { code, stdout, stderr } = await run([...args, ...input, ...more], path, lines.join('\n'))
  assert.equal(code, 0, stderr)
  return stdout.split('\n').slice(0, -1)
}

/** The sums of ten functions that have each counted to `to`. */
function expected(to: number): string[] {
  return Array.from({ length: to }, (_, at) => String(at + 1))
    .flatMap(value => Array<string>(10).fill(value))
    .toSorted()
}

function named(name: string, ...values: string[]): string[] {
  return values.map(value => `${value} as test/${name}`)
}

test('functions are spread over as many tasks as there are partitions, for life', async context => {
  const path = folder(context, ingress('test/in', 'test/source', '{ type: earliest }') + EGRESS)
  const lines = Array.from({ length: 40 }, (_, at) => `key-${at}:x`)
  const first = await drain(path, lines, '--partitions', '3')
  assert.deepEqual(first.toSorted(), expected(40))
  // Another number changes nothing: addresses stay where their values are.
  // The output is the whole topic again.
  const second = await drain(path, lines, '--partitions', '2')
  assert.deepEqual(second.toSorted(), expected(80))
})

test('an ingress begins at a date or an offset, and several read one topic', async context => {
  const from = ingress('test/all', 'test/echo', '{ type: earliest }')
  const path = folder(context, from + EGRESS)
  const lines = ['a:1', 'b:2', 'c:3']
  assert.deepEqual(
    await drain(path, lines),
    ['1', '2', '3'].map(value => `${value} as test/all`)
  )
  const offsets = ingress(
    'test/offsets',
    'test/echo',
    '{ type: specific-offsets, offsets: [in/0: 2] }'
  )
  const past = ingress(
    'test/past',
    'test/echo',
    '{ type: date, date: 2020-01-31 12:00:00.000 +0000 }'
  )
  const future = ingress(
    'test/to-come',
    'test/echo',
    '{ type: date, date: 2999-01-31 12:00:00.000 +0000 }'
  )
  writeFileSync(join(path, 'module.yaml'), offsets + past + from + future + EGRESS)
  const second = await drain(path, ['d:4'])
  assert.deepEqual(
    second.toSorted(),
    [
      ...named('all', '1', '2', '3', '4'),
      ...named('offsets', '3', '4'),
      ...named('past', '1', '2', '3', '4'),
      ...named('to-come', '4')
    ].toSorted()
  )
})
