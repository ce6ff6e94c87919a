// The original SDKs of StateFun, installed from their registries and unchanged, against `millrace run`; and millrace's
// own, whose functions are behind HTTP and in the process of the engine without a change.
//
// The same functions in every language obey the orders of scenario/; what they answer must be the same.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkGreeter } from '../functions/greeter-2.ts'
import { finished, run as runMillrace, start as startMillrace, type Finished } from '../command.ts'
import { type Served, serve } from './served.ts'
import { PYTHON_2, TOOLCHAINS, type Toolchain } from './toolchains.ts'

const SCENARIO = join(import.meta.dirname, 'scenario')
const COMMON = ['--map-address', 'kafka:9092=local', '--key-separator', ':', '--drain']
const ORDERS = ['--out', 'answers=-', '--out', 'notes=notes.jsonl', '--in', 'orders=orders.txt']
const LATER = ['--out', 'answers=-', '--in', 'orders=later.txt']
const TIMERS = ['--out', 'answers=-', '--in', 'orders=timers.txt', '--ephemeral']
const AN_HOUR = ['--advance-time', '1h']
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

const OWN_FILE = join(import.meta.dirname, 'own/functions.ts')
/** The own SDK as a remote endpoint. */
const OWN: Toolchain = {
  language: 'millrace',
  prepare: () => {
    const args = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
    return Promise.resolve({ program: { command: process.execPath, args: [...args, OWN_FILE] } })
  }
}

/** A folder with the scenario. */
function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sdk-'))
  context.after(() => rmSync(folder, { recursive: true }))
  cpSync(SCENARIO, folder, { recursive: true })
  return folder
}

/** The same with an endpoint. */
function folderFor(context: TestContext, port: number): string {
  const folder = folderOf(context)
  const url = `http://127.0.0.1:${port}/statefun`
  writeFileSync(
    join(folder, 'endpoint.yaml'),
    `kind: io.statefun.endpoints.v2/http\nspec: { functions: sdk/*, urlPathTemplate: "${url}" }\n`
  )
  return folder
}

/** Runs millrace to its end, or to that of the functions. */
async function drain(args: readonly string[], folder: string, served: Served): Promise<Finished> {
  const child = startMillrace(['run', 'module.yaml', 'endpoint.yaml', ...COMMON, ...args], folder)
  try {
    const done = await Promise.race([finished(child), served.ended])
    strictEqual(done.code, 0, done.stderr)
    return done
  } finally {
    child.kill('SIGKILL')
  }
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

for (const { language, prepare } of [JAVASCRIPT, ...TOOLCHAINS, OWN]) {
  const sdk = language === 'millrace' ? 'the own SDK' : `the original SDK for ${language}`
  test(`functions of ${sdk} run unchanged`, async context => {
    const prepared = await prepare()
    if ('missing' in prepared) return context.skip(prepared.missing)
    const served = await serve(context, prepared.program)
    const folder = folderFor(context, served.port)
    await context.test('states, messages, failures, batches, and a restart', async () => {
      const first = await drain(ORDERS, folder, served)
      // The reminder after one millisecond falls due in this run or is overdue in the next.
      const invocations = /317 records in, (\d+) invocations, (?:9|10) out, 0 failed/.exec(
        first.stderr
      )
      ok(Number(invocations?.[1]) < MESSAGES / 2, `no batches: ${first.stderr}`)
      const notes = readFileSync(join(folder, 'notes.jsonl'), 'utf8')
      deepStrictEqual(JSON.parse(notes), { do: 'note', amount: 7, text: 'äöü' })
      const second = await drain(LATER, folder, served)
      deepStrictEqual(byId(second.stdout), expected('expected.txt'))
    })
    await context.test('delayed and cancelled messages, states that expire', async () => {
      const { stdout, stderr } = await drain([...TIMERS, ...AN_HOUR], folder, served)
      match(stderr, /12 records in, \d+ invocations, 7 out, 0 failed/)
      deepStrictEqual(byId(stdout), expected('expected-timers.txt'))
    })
  })
}

test('functions of the own SDK do the same in the process of the engine', async context => {
  const folder = folderOf(context)
  const within = async (args: readonly string[]): Promise<Finished> => {
    const options = ['run', 'module.yaml', '--functions', OWN_FILE, ...COMMON, ...args]
    const done = await runMillrace(options, folder)
    strictEqual(done.code, 0, done.stderr)
    return done
  }
  const first = await within(ORDERS)
  // Nothing of the network has failed: what a function throws here is its message's end at once.
  match(first.stderr, /317 records in, \d+ invocations, (?:8|9) out, 1 failed/)
  const notes = readFileSync(join(folder, 'notes.jsonl'), 'utf8')
  deepStrictEqual(JSON.parse(notes), { do: 'note', amount: 7, text: 'äöü' })
  const second = await within(LATER)
  const answers = expected('expected.txt').filter(line => line !== 'flaky: recovered')
  deepStrictEqual(byId(second.stdout), answers)
  const { stdout, stderr } = await within([...TIMERS, ...AN_HOUR])
  match(stderr, /12 records in, \d+ invocations, 7 out, 0 failed/)
  deepStrictEqual(byId(stdout), expected('expected-timers.txt'))
})

test('functions of the original SDK of 2.x for Python run unchanged', async context => {
  const prepared = await PYTHON_2.prepare()
  if ('missing' in prepared) return context.skip(prepared.missing)
  const { port } = await serve(context, prepared.program)
  await checkGreeter(context, `http://127.0.0.1:${port}/statefun`)
})
