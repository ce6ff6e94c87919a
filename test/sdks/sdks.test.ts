// The original SDKs of StateFun, installed from their registries and unchanged, against `millrace run`.
//
// The same functions in every language obey the orders of scenario/; what they answer must be the same.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { run } from '../command.ts'
import { type Program, TOOLCHAINS, type Toolchain } from './toolchains.ts'

const SCENARIO = join(import.meta.dirname, 'scenario')
const COMMON = [
  'run',
  'module.yaml',
  'endpoint.yaml',
  '--map-address',
  'kafka:9092=local',
  '--key-separator',
  ':',
  '--drain'
]
/** Messages of the first run: orders, greetings and replies, 20 loops. */
const MESSAGES = 343

/** Node itself with the SDK of npm: always there. */
const JAVASCRIPT: Toolchain = {
  language: 'javascript',
  prepare: () => {
    const args = ['--disable-warning=ExperimentalWarning']
    const file = join(import.meta.dirname, 'javascript/functions.ts')
    return Promise.resolve({ program: { command: process.execPath, args: [...args, file] } })
  }
}

/** A folder with the scenario and an endpoint that serves the program. */
async function folderFor(context: TestContext, program: Program): Promise<string> {
  const port = await start(context, program)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sdk-'))
  context.after(() => rmSync(folder, { recursive: true }))
  cpSync(SCENARIO, folder, { recursive: true })
  const url = `http://127.0.0.1:${port}/statefun`
  writeFileSync(
    join(folder, 'endpoint.yaml'),
    `kind: io.statefun.endpoints.v2/http\nspec: { functions: sdk/*, urlPathTemplate: "${url}" }\n`
  )
  return folder
}

/** Starts the functions; gives the port that they print. */
async function start(context: TestContext, { command, args }: Program): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<never>((_, reject) => {
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', code => reject(new Error(`${command} ended with ${code}:\n${stderr}`)))
  })
  ended.catch(() => {})
  context.after(() => child.kill('SIGKILL'))
  const listening = (async () => {
    for await (const line of createInterface(child.stdout)) {
      const port = /^listening on (\d+)$/.exec(line)?.[1]
      if (port !== undefined) return Number(port)
    }
    return ended
  })()
  return Promise.race([listening, ended])
}

/** Lines by the id that they begin with; each id's own order stays, as there is none between ids. */
function byId(text: string): string[] {
  const lines = text.trimEnd().split('\n')
  const ids = [...new Set(lines.map(idOf))].toSorted()
  return ids.flatMap(id => lines.filter(line => idOf(line) === id))
}

function idOf(line: string): string {
  return line.slice(0, line.indexOf(':'))
}

function expected(name: string): string[] {
  return readFileSync(join(SCENARIO, name), 'utf8').trimEnd().split('\n')
}

for (const { language, prepare } of [JAVASCRIPT, ...TOOLCHAINS]) {
  test(`functions of the original SDK for ${language} run unchanged`, async context => {
    const prepared = await prepare()
    if ('missing' in prepared) return context.skip(prepared.missing)
    const folder = await folderFor(context, prepared.program)
    await context.test('states, messages, failures, batches, and a restart', async () => {
      const outputs = ['--out', 'answers=-', '--out', 'notes=notes.jsonl']
      const first = await run([...COMMON, ...outputs, '--in', 'orders=orders.txt'], folder)
      strictEqual(first.code, 0, first.stderr)
      const found = /(\d+) records in, (\d+) invocations, \d+ out, 0 failed/.exec(first.stderr)
      ok(Number(found?.[2]) < MESSAGES / 2, `no batches: ${first.stderr}`)
      const notes = readFileSync(join(folder, 'notes.jsonl'), 'utf8')
      deepStrictEqual(JSON.parse(notes), { do: 'note', amount: 7, text: 'äöü' })
      const later = [...COMMON, '--out', 'answers=-', '--in', 'orders=later.txt']
      const second = await run(later, folder)
      strictEqual(second.code, 0, second.stderr)
      deepStrictEqual(byId(second.stdout), expected('expected.txt'))
    })
    await context.test('delayed and cancelled messages, states that expire', async () => {
      const time = ['--ephemeral', '--advance-time', '1h']
      const args = [...COMMON, ...time, '--out', 'answers=-', '--in', 'orders=timers.txt']
      const { code, stdout, stderr } = await run(args, folder)
      strictEqual(code, 0, stderr)
      match(stderr, /12 records in, \d+ invocations, 7 out, 0 failed/)
      deepStrictEqual(byId(stdout), expected('expected-timers.txt'))
    })
  })
}
