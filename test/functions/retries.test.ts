// Handlers in the process of the engine that throw are tried again as their module file says.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../command.ts'

const FUNCTIONS = `import { kafkaEgress, statefulFunction } from 'millrace/functions'

const tries = new Map<string, number>()

export const moody = statefulFunction({
  typename: 'test/moody',
  handler(context) {
    const { id } = context.self
    tries.set(id, (tries.get(id) ?? 0) + 1)
    if (id === 'never' || tries.get(id)! < 3) throw new Error('not now')
    const value = id + ' at try ' + tries.get(id)
    context.egress(kafkaEgress({ typename: 'test/out', topic: 'out', value }))
  }
})
`
const MODULE = `kind: io.millrace.application.v1
spec: { name: moods, retries: 2, backoff: 1ms }
---
kind: io.millrace.topic.v1/ingress
spec:
  id: test/in
  startupPosition: { type: earliest }
  topics: [{ topic: in, valueType: test/text, targets: [test/moody] }]
---
kind: io.millrace.topic.v1/egress
spec: { id: test/out }
`

test('a handler that throws is tried again, so often as the module file says', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-retries-'))
  context.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'functions.ts'), FUNCTIONS)
  writeFileSync(join(folder, 'module.yaml'), MODULE)
  writeFileSync(join(folder, 'input.txt'), 'later:x\nnever:x\n')
  const outputs = ['--out', 'out=out.jsonl', '--out', 'moods.dead-letter=dead.jsonl']
  const args = ['run', 'module.yaml', '--functions', 'functions.ts', '--ephemeral', '--drain']
  const input = ['--in', 'in=input.txt', '--key-separator', ':', '--out-format', 'json']
  const { code, stderr } = await run([...args, ...input, ...outputs], folder)
  strictEqual(code, 0, stderr)
  const said = JSON.parse(readFileSync(join(folder, 'out.jsonl'), 'utf8')) as { value: string }
  strictEqual(said.value, 'later at try 3')
  const dead = JSON.parse(readFileSync(join(folder, 'dead.jsonl'), 'utf8')) as {
    key: string
    headers: Record<string, string>
  }
  deepStrictEqual([dead.key, dead.headers['millrace-attempts']], ['never', '3'])
})
