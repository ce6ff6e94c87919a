// Every example runs as its README says and gives what it says, and passes `check` with its types.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, ROOT, shell } from './command.ts'

const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter(entry =>
  entry.isDirectory()
)
/** MILLRACE_EXPECT=write makes today's output the expected one; read the difference before you commit it. */
const write = process.env['MILLRACE_EXPECT'] === 'write'

/** A block that fails before it stops its servers must not leave them behind. */
const STOP_SERVERS = `trap 'kill $(jobs -p) 2> /dev/null || true' EXIT`
/** Programs of an example import the SDK from this repository's sources. */
const FROM_SOURCE = {
  NODE_OPTIONS: '--conditions=millrace-source --disable-warning=ExperimentalWarning'
}

for (const { name } of folders) {
  for (const form of formsOf(name)) {
    test(`example ${name} gives what its README says${form === '.' ? '' : `, as ${form}`}`, () =>
      runsAsSaid(name, form))

    test(`example ${name} passes check${form === '.' ? '' : `, as ${form}`}`, async () => {
      const args = ['check', form, ...functionOptions(name)]
      const { code, stderr, stdout } = await run(args, join(ROOT, 'examples', name))
      strictEqual(code, 0, stdout + stderr)
    })
  }
}

test('every example has both forms, what comes out, cases and tests', () => {
  const wanted = folders.flatMap(({ name }) => {
    const isDataflow = existsSync(join(ROOT, 'examples', name, 'dataflow.yaml'))
    const parts = isDataflow
      ? ['dataflow.yaml', 'dataflow.ts', 'dataflow.test.yaml', 'dataflow.test.ts']
      : ['module.yaml', 'functions.ts', 'functions.test.ts']
    return [...parts, 'README.md', 'expected.txt'].map(part => `${name}/${part}`)
  })
  const missing = wanted.filter(path => !existsSync(join(ROOT, 'examples', path)))
  deepStrictEqual(missing, [])
  const list = readFileSync(join(ROOT, 'examples', 'README.md'), 'utf8')
  const untold = folders.filter(({ name }) => !list.includes(`(${name}/README.md)`))
  deepStrictEqual(untold, [])
})

/** The folder, and the dataflow as code where it has that form beside a file. */
function formsOf(name: string): string[] {
  const files = ['dataflow.yaml', 'dataflow.ts'].map(file => join(ROOT, 'examples', name, file))
  return files.every(path => existsSync(path)) ? ['.', 'dataflow.ts'] : ['.']
}

async function runsAsSaid(name: string, form: string): Promise<void> {
  const folder = copyOf(name)
  try {
    const ports = await freePorts(folder)
    let printed = 0
    for (const block of blocksOf(name)) {
      const inForm = block.replaceAll('millrace run . ', `millrace run ${form} `)
      const script = withPorts(`${STOP_SERVERS}\n${inForm}`, ports)
      const { code, stdout, stderr } = await shell(script, folder, FROM_SOURCE)
      strictEqual(code, 0, `${inForm}\n${stderr}`)
      if (stdout === '') continue
      compare(name, 'expected.txt', stdout)
      printed++
    }
    ok(printed > 0, 'no command of the README prints what is expected')
    for (const file of readdirSync(join(ROOT, 'examples', name))) {
      const produced = join(folder, file.replace(/^expected-/, ''))
      if (file.startsWith('expected-')) compare(name, file, readFileSync(produced, 'utf8'))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const tested = globSync('*/*.test.yaml', { cwd: join(ROOT, 'examples') }).toSorted()
for (const file of tested) {
  test(`the cases of ${file} pass`, async () => {
    const { code, stderr } = await run(['test', file], join(ROOT, 'examples'))
    strictEqual(code, 0, stderr)
    ok(/^\d+ cases? passed in/m.test(stderr), stderr)
  })
}

/** A temporary copy that finds the repository's packages, and this one. */
function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`))
  cpSync(join(ROOT, 'examples', name), folder, { recursive: true })
  // Without one, whatever lies above the folder of temporary files would be asked for packages.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  symlinkSync(ROOT, join(packages, 'millrace'))
  for (const entry of readdirSync(join(ROOT, 'node_modules'))) {
    if (!entry.startsWith('.'))
      symlinkSync(join(ROOT, 'node_modules', entry), join(packages, entry))
  }
  return folder
}

/** The scripts of the README: its `sh` blocks. */
function blocksOf(name: string): string[] {
  const text = readFileSync(join(ROOT, 'examples', name, 'README.md'), 'utf8')
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1]!)
}

/** Ports of this machine that the module files of a copy name, each with a free one, which the files name then. */
async function freePorts(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = globSync('**/*.yaml', { cwd: folder, exclude: ['node_modules/**'] })
  const texts = files.map(file => readFileSync(join(folder, file), 'utf8'))
  const named = texts.flatMap(text => [...text.matchAll(/127\.0\.0\.1:(\d+)/g)])
  const servers = new Map<string, Server>()
  for (const [, port] of named) {
    if (servers.has(port!)) continue
    const server = createServer()
    await new Promise<void>(done => void server.listen(0, '127.0.0.1', done))
    servers.set(port!, server)
  }
  const ports = new Map<string, string>()
  for (const [port, server] of servers) {
    ports.set(port, String((server.address() as AddressInfo).port))
    await new Promise(done => server.close(done))
  }
  for (const [index, file] of files.entries()) {
    writeFileSync(join(folder, file), withPorts(texts[index]!, ports))
  }
  return ports
}

function withPorts(text: string, ports: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\b\d{4,5}\b/g, number => ports.get(number) ?? number)
}

/** What the README's commands say of functions, for `check`. */
function functionOptions(name: string): string[] {
  const text = blocksOf(name).find(block => block.includes('millrace run')) ?? ''
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
