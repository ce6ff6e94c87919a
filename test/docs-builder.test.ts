// The TypeScript of docs/builder.md and docs/testing.md: it has no type errors, runs, and its tests pass.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkFunctionTypes } from '../src/server/index.ts'
import { ROOT, shell } from './command.ts'

/** As in a shell: a test that runs in another would tell only that one. */
const TESTS = 'env -u NODE_TEST_CONTEXT node --test dataflow.test.ts functions.test.ts'
const SOURCE = {
  NODE_OPTIONS: '--conditions=millrace-source --disable-warning=ExperimentalWarning'
}

test('docs/builder.md: the code runs, and converts into a file that does', () =>
  inFolder('builder.md', async (folder, files) => {
    deepStrictEqual(await checkFunctionTypes(files), [])
    const commands = blocksOf('builder.md', 'sh').join('\n')
    const { code, stdout, stderr } = await shell(commands, folder, SOURCE)
    strictEqual(code, 0, stderr)
    ok(stdout.includes('{"page":"/","seconds":12}'), stdout)
  }))

test('docs/testing.md: the tests pass', () =>
  inFolder('testing.md', async (folder, files) => {
    deepStrictEqual(await checkFunctionTypes(files.filter(file => !file.includes('.test.'))), [])
    const { code, stdout, stderr } = await shell(TESTS, folder, SOURCE)
    strictEqual(code, 0, `${stdout}${stderr}`)
    ok(/pass 5\b/.test(stdout), stdout)
  }))

/** Gives the files of a document, whose blocks begin with their names, in a folder that has millrace installed. */
async function inFolder(
  document: string,
  action: (folder: string, files: readonly string[]) => Promise<void>
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules/millrace'))
    const files = blocksOf(document, 'ts').map(text => {
      const file = join(folder, /^\/\/ (\S+)\n/.exec(text)![1]!)
      writeFileSync(file, text)
      return file
    })
    await action(folder, files)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function blocksOf(document: string, language: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', document), 'utf8')
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))
  return [...blocks].map(match => match[1]!)
}
