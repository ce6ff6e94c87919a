// The first script says one clear sentence under an old Node, in words that an old Node can parse.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'acorn'
import { COMMAND, ROOT } from '../../test/command.ts'

const text = readFileSync(COMMAND, 'utf8').replace(/^#!.*/, '')

/** What the script does under `version`. */
function runUnder(version: string): { stderr: string; exitCode: number | undefined } {
  const seen: { stderr: string; exitCode: number | undefined } = { stderr: '', exitCode: undefined }
  const process = {
    versions: { node: version },
    stderr: { write: (line: string) => (seen.stderr += line) },
    set exitCode(code: number) {
      seen.exitCode = code
    }
  }
  // oxlint-disable-next-line no-new-func -- the script itself, with another process
  new Function('process', text.replace("import('./start.js')", "process.stderr.write('started')"))(
    process
  )
  return seen
}

test('an old Node gets one sentence and exit 2, a new one starts', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  assert.equal(engines.node, '>=22.22.0')
  for (const version of ['18.20.4', '20.20.2', '22.21.1']) {
    const { stderr, exitCode } = runUnder(version)
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      new RegExp(
        `^millrace: this is Node ${version}, but millrace needs Node 22\\.22 or newer; [^\\n]+\\n$`
      )
    )
  }
  for (const version of ['22.22.0', '24.1.0', '100.0.0']) {
    assert.deepEqual(runUnder(version), { stderr: 'started', exitCode: undefined })
  }
})

test('the script has no newer syntax than dynamic import', () => {
  const newer = text.replace("import('./start.js')", 'undefined')
  assert.doesNotThrow(() => parse(newer, { ecmaVersion: 5, sourceType: 'script' }))
})
