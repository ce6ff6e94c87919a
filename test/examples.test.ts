// Every example runs as its README says and gives what it says, and passes `check` with its types.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, ROOT, shell } from './command.ts'

const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter(entry =>
  entry.isDirectory()
)
/** MILLRACE_EXPECT=write makes today's output the expected one; read the difference before you commit it. */
const write = process.env['MILLRACE_EXPECT'] === 'write'

for (const { name } of folders) {
  test(`example ${name} gives what its README says`, async () => {
    const folder = copyOf(name)
    try {
      for (const command of commandsOf(name)) {
        const { code, stdout, stderr } = await shell(command, folder)
        strictEqual(code, 0, `${command}\n${stderr}`)
        compare(name, 'expected.txt', stdout)
      }
      for (const file of readdirSync(join(ROOT, 'examples', name))) {
        const produced = join(folder, file.replace(/^expected-/, ''))
        if (file.startsWith('expected-')) compare(name, file, readFileSync(produced, 'utf8'))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test(`example ${name} passes check`, async () => {
    const args = ['check', '.', ...functionOptions(name)]
    const { code, stderr, stdout } = await run(args, join(ROOT, 'examples', name))
    strictEqual(code, 0, stdout + stderr)
  })
}

/** A temporary copy that finds the repository's packages. */
function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`))
  cpSync(join(ROOT, 'examples', name), folder, { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The commands of the README's `sh` blocks, joined over trailing backslashes. */
function commandsOf(name: string): string[] {
  const text = readFileSync(join(ROOT, 'examples', name, 'README.md'), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1]!)
  return blocks.flatMap(block => block.replaceAll('\\\n', ' ').trim().split('\n'))
}

/** What the README's commands say of functions, for `check`. */
function functionOptions(name: string): string[] {
  const text = commandsOf(name).find(command => command.includes('millrace run')) ?? ''
  return [...text.matchAll(/--(functions|map-address) (\S+)/g)].flatMap(([, option, value]) => [
    `--${option}`,
    value!
  ])
}

function compare(example: string, file: string, actual: string): void {
  const path = join(ROOT, 'examples', example, file)
  if (write) writeFileSync(path, actual)
  strictEqual(existsSync(path), true, `${path} is missing`)
  deepStrictEqual(actual.split('\n'), readFileSync(path, 'utf8').split('\n'))
}
