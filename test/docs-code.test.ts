// The TypeScript files of the documents have no type errors, and their tests pass. What else they do: docs.test.ts.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkFunctionTypes } from '../src/server/index.ts'
import { ROOT } from './command.ts'
import { type Block, blocksOf, fileNameOf, inFolder, runScript } from './documents.ts'

/** As in a shell: a test that runs in another would tell only that one. */
const TESTS = 'env -u NODE_TEST_CONTEXT node --test dataflow.test.ts functions.test.ts'

for (const document of globSync('*.md', { cwd: join(ROOT, 'docs') }).toSorted()) {
  if (codeOf(document).length === 0) continue
  test(`the code of docs/${document} has no type errors`, () =>
    inFolder(async folder => {
      const files = writeCode(document, folder).filter(file => !file.endsWith('.test.ts'))
      deepStrictEqual(await checkFunctionTypes(files), [])
    }))
}

test('the tests of docs/testing.md pass', () =>
  inFolder(async folder => {
    writeCode('testing.md', folder)
    const { code, stdout, stderr } = await runScript(TESTS, folder)
    strictEqual(code, 0, `${stdout}${stderr}`)
    ok(/pass 5\b/.test(stdout), stdout)
  }))

/** The blocks of a document that are TypeScript files. */
function codeOf(document: string): Block[] {
  const blocks = blocksOf(readFileSync(join(ROOT, 'docs', document), 'utf8'))
  return blocks.filter(block => block.language === 'ts' && fileNameOf(block) !== null)
}

/** Writes them; gives their paths. */
function writeCode(document: string, folder: string): string[] {
  return codeOf(document).map(block => {
    const file = join(folder, fileNameOf(block)!)
    writeFileSync(file, block.text)
    return file
  })
}
