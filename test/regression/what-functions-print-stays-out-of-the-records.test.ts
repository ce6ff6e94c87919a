// `console.log` in a function of a dataflow stood between the records of `--out TOPIC=-`; and what a function started
// and did not await ended the process with a stack of Node's and no sentence.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { run } from '../command.ts'

const DATAFLOW = `apiVersion: 1.0.0
meta: { name: print, namespace: test, version: 0.1.0 }
topics:
  in: { schema: { value: { type: string } } }
  out: { schema: { value: { type: string } } }
services:
  work:
    sources: [{ type: topic, id: in }]
    transforms:
      - operator: map
        run: |
          async function say(text: string, ctx: Context): Promise<string> {
            console.log('saying', text)
            ctx.log.warn({ big: 1n })
            if (text === 'lose') Promise.reject(new Error('lost'))
            await new Promise(done => setImmediate(done))
            return text
          }
    sinks: [{ type: topic, id: out }]
`

for (const workers of ['0', '1']) {
  test(`printing and stray errors with --workers ${workers}`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-print-'))
    t.after(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'dataflow.yaml'), DATAFLOW)
    const streams = ['--in', 'in=-', '--out', 'out=-', '--workers', workers]
    const args = ['run', '.', '--ephemeral', '--drain', ...streams]
    const printed = await run(args, folder, 'a\nb\n')
    assert.equal(printed.stdout, 'a\nb\n', printed.stderr)
    assert.match(printed.stderr, /^saying b$/m)
    assert.match(printed.stderr, /^warn print work\/say: \{"big":"1"\}$/m)
    const lost = await run(args, folder, 'lose\n')
    assert.equal(lost.code, 1)
    assert.match(lost.stderr, /^millrace: .*lost|^millrace: .*what it starts.*\nError: lost/m)
  })
}
