// Documents as tests see them: their fenced blocks, the files that blocks are, and commands with what they print.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finished, ROOT, shell } from './command.ts'

/** A fenced block with the line of its document on which it begins. */
export interface Block {
  readonly language: string
  readonly text: string
  readonly line: number
}

/** A command of a document, and what it prints on stdout. */
export interface Step {
  readonly command: string
  readonly output: string
}

/** The fenced blocks of a document that name a language, in their order. */
export function blocksOf(document: string): Block[] {
  return [...document.matchAll(/^```(\w+)\n([^]*?)^```/gm)].map(match => {
    const line = document.slice(0, match.index).split('\n').length
    return { language: match[1]!, text: match[2]!, line }
  })
}

/** The texts of a document's blocks in one language. */
export function textsOf(document: string, language: string): string[] {
  return blocksOf(document)
    .filter(block => block.language === language)
    .map(({ text }) => text)
}

/** The file that a block is: the name in its first line, a comment; of a dataflow file without one, `dataflow.yaml`. */
export function fileNameOf({ language, text }: Block): string | null {
  const named = /^(?:\/\/|#) ([\w./-]+\.(?:ts|mjs|yaml))\n/.exec(text)?.[1]
  return named ?? (isDataflowFile({ language, text }) ? 'dataflow.yaml' : null)
}

/** Whether a block is a whole dataflow or package file. */
export function isDataflowFile({ language, text }: Pick<Block, 'language' | 'text'>): boolean {
  return language === 'yaml' && /^apiVersion:/m.test(text)
}

/** Splits a `console` block: lines behind `$ ` are commands, a backslash goes on, the rest is printed. */
export function stepsOf(console: string): Step[] {
  const steps: { command: string; output: string }[] = []
  for (const line of console.trimEnd().split('\n')) {
    const last = steps.at(-1)
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: '' })
    else if (last!.command.endsWith('\\')) last!.command += `\n${line}`
    else last!.output += `${line}\n`
  }
  return steps.map(({ command, output }) => ({ command, output: output.trimEnd() }))
}

/** Runs a `console` block in `folder`, its commands changed by `change`: all end well and print what it says. */
export async function play(
  block: string,
  folder: string,
  change: (command: string) => string = command => command
): Promise<void> {
  const steps = stepsOf(block)
  const script = steps.map(({ command }) => change(command)).join(`\nprintf '\\036'\n`)
  const { code, stdout, stderr } = await runScript(script, folder)
  const printed = stdout.split('\u001E').map((output, index) => ({
    command: steps[index]?.command,
    output: output.trimEnd()
  }))
  deepStrictEqual(printed, steps, stderr)
  strictEqual(code, 0, stderr)
}

/** Runs a script as users do, whose programs import this package's sources. What it leaves running is ended. */
export function runScript(script: string, folder: string): Promise<Finished> {
  const stopping = `trap 'kill $(jobs -p) 2> /dev/null || true' EXIT`
  const options = '--conditions=millrace-source --disable-warning=ExperimentalWarning'
  return shell(`${stopping}\n${script}`, folder, { NODE_OPTIONS: options })
}

/** Gives a temporary folder in which programs find this package and its dependencies. */
export async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  try {
    // Without one, whatever lies above the folder of temporary files would be asked for packages.
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const packages = join(folder, 'node_modules')
    mkdirSync(packages)
    symlinkSync(ROOT, join(packages, 'millrace'))
    for (const entry of readdirSync(join(ROOT, 'node_modules'))) {
      if (!entry.startsWith('.'))
        symlinkSync(join(ROOT, 'node_modules', entry), join(packages, entry))
    }
    await action(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Gives a function that puts a free port in place of each port of this machine that `texts` name in a URL. */
export async function freePorts(texts: readonly string[]): Promise<(text: string) => string> {
  const servers = new Map<string, Server>()
  for (const text of texts) {
    for (const [, port] of text.matchAll(/127\.0\.0\.1:(\d+)/g)) {
      if (servers.has(port!)) continue
      const server = createServer()
      await new Promise<void>(done => void server.listen(0, '127.0.0.1', done))
      servers.set(port!, server)
    }
  }
  const ports = new Map<string, string>()
  for (const [port, server] of servers) {
    ports.set(port, String((server.address() as AddressInfo).port))
    await new Promise(done => server.close(done))
  }
  return text => text.replaceAll(/\b\d{4,5}\b/g, number => ports.get(number) ?? number)
}
