// The documents' code runs: dataflow files compile with their types, commands end well, TypeScript blocks type-check.
import { strictEqual } from 'node:assert/strict'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, ROOT, shell } from './command.ts'

interface Block {
  readonly language: string
  readonly text: string
  readonly line: number
}

const documents = globSync(['README.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted()
/** What only makes sense in the repository itself, and runs elsewhere: the tests and the gate. */
const elsewhere = /^(npm |bash \.ci\/run|node scripts\/)/

for (const path of documents) {
  const blocks = blocksOf(readFileSync(join(ROOT, path), 'utf8'))
  for (const block of blocks.filter(
    block => block.language === 'yaml' && /^apiVersion:/m.test(block.text)
  )) {
    test(`${path}:${block.line} compiles with its types`, () =>
      inFolder(async folder => {
        writeFileSync(join(folder, 'dataflow.yaml'), block.text)
        const { code, stdout, stderr } = await run(['check', 'dataflow.yaml'], folder)
        strictEqual(code, 0, stdout + stderr)
      }))
  }
  const commands = blocks.filter(block => block.language === 'sh')
  for (const block of commands) {
    const lines = block.text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter(line => line.trim() !== '' && !line.startsWith('#') && !elsewhere.test(line))
    if (lines.length === 0) continue
    test(`${path}:${block.line} runs`, () =>
      inFolder(async folder => {
        const dataflow = blocks.findLast(
          other =>
            other.line < block.line && other.language === 'yaml' && /^apiVersion:/m.test(other.text)
        )
        if (dataflow) writeFileSync(join(folder, 'dataflow.yaml'), dataflow.text)
        for (const { language, text } of blocks) {
          const name = language === 'ts' ? /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] : undefined
          if (name !== undefined) writeFileSync(join(folder, name), text)
        }
        for (const line of lines) {
          const { code, stderr } = await shell(line, folder, environmentOf(line))
          strictEqual(code, 0, `${line}\n${stderr}`)
        }
      }))
  }
}

/** Fenced blocks with the line on which they begin. */
function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  for (const match of text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, match.index).split('\n').length
    blocks.push({ language: match[1]!, text: match[2]!, line })
  }
  return blocks
}

/** Programs of users import this package's sources. */
function environmentOf(line: string): Record<string, string> {
  if (!line.startsWith('node ')) return {}
  return { NODE_OPTIONS: '--conditions=millrace-source --disable-warning=ExperimentalWarning' }
}

async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/millrace'), 'dir')
  try {
    await action(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
