// The documents' code runs: dataflow files compile with their types, commands end well and print what they say.
import { strictEqual } from 'node:assert/strict'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { run, ROOT } from './command.ts'
import {
  type Block,
  blocksOf,
  fileNameOf,
  freePorts,
  inFolder,
  isDataflowFile,
  play,
  runScript
} from './documents.ts'

const documents = globSync(['README.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted()
/** What only makes sense in the repository itself, and runs elsewhere: the tests and the gate. */
const elsewhere = /^(npm |bash \.ci\/run|node scripts\/)/
/** Pages whose commands need a server: docs-server.test.ts and docs-http.test.ts have one. */
const served = new Set(['docs/deployments.md', 'docs/http-api.md', 'docs/http.md'])

for (const path of documents) {
  const blocks = blocksOf(readFileSync(join(ROOT, path), 'utf8'))
  for (const block of blocks.filter(isDataflowFile)) {
    test(`${path}:${block.line} compiles with its types`, () =>
      inFolder(async folder => {
        await writeFiles(blocks, block, folder)
        const { code, stdout, stderr } = await run(['check', fileNameOf(block)!], folder)
        strictEqual(code, 0, stdout + stderr)
      }))
  }
  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    const lines = block.text.split('\n').filter(line => line !== '' && !elsewhere.test(line))
    if (lines.length === 0) continue
    test(`${path}:${block.line} runs`, () =>
      inFolder(async folder => {
        const onFreePorts = await writeFiles(blocks, block, folder)
        const { code, stderr } = await runScript(onFreePorts(lines.join('\n')), folder)
        strictEqual(code, 0, stderr)
      }))
  }
  for (const block of blocks.filter(({ language }) => language === 'console')) {
    if (served.has(path)) continue
    test(`${path}:${block.line} prints what it says`, () =>
      inFolder(async folder => play(block.text, folder, await writeFiles(blocks, block, folder))))
  }
}

/** Writes the files among the blocks up to `last`, on free ports; gives how texts of commands then read. */
async function writeFiles(
  blocks: readonly Block[],
  last: Block,
  folder: string
): Promise<(text: string) => string> {
  const files = new Map<string, string>()
  for (const block of blocks.filter(({ line }) => line <= last.line)) {
    const name = fileNameOf(block)
    if (name !== null) files.set(name, block.text)
  }
  const onFreePorts = await freePorts([...files.values()])
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), onFreePorts(text))
  }
  return onFreePorts
}
