// Every example runs as its README says and gives what it says, and passes `check` with its types.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { cpSync, existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, ROOT } from './command.ts'
import { freePorts, inFolder, runScript, textsOf } from './documents.ts'

const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter(entry =>
  entry.isDirectory()
)
/** MILLRACE_EXPECT=write makes today's output the expected one; read the difference before you commit it. */
const write = process.env['MILLRACE_EXPECT'] === 'write'

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

function runsAsSaid(name: string, form: string): Promise<void> {
  return inFolder(async folder => {
    const onFreePorts = await copyTo(folder, name)
    let printed = 0
    for (const block of blocksOf(name)) {
      const inForm = block.replaceAll('millrace run . ', `millrace run ${form} `)
      const { code, stdout, stderr } = await runScript(onFreePorts(inForm), folder)
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
  })
}

const tested = globSync('*/*.test.yaml', { cwd: join(ROOT, 'examples') }).toSorted()
for (const file of tested) {
  test(`the cases of ${file} pass`, async () => {
    const { code, stderr } = await run(['test', file], join(ROOT, 'examples'))
    strictEqual(code, 0, stderr)
    ok(/^\d+ cases? passed in/m.test(stderr), stderr)
  })
}

/** A copy in which programs find the repository's packages, and the ports of module files are free ones. */
async function copyTo(folder: string, name: string): Promise<(text: string) => string> {
  cpSync(join(ROOT, 'examples', name), folder, { recursive: true })
  const files = globSync('**/*.yaml', { cwd: folder, exclude: ['node_modules/**'] })
  const texts = files.map(file => readFileSync(join(folder, file), 'utf8'))
  const onFreePorts = await freePorts(texts)
  for (const [index, file] of files.entries()) {
    writeFileSync(join(folder, file), onFreePorts(texts[index]!))
  }
  return onFreePorts
}

/** The scripts of the README: its `sh` blocks. */
function blocksOf(name: string): string[] {
  return textsOf(readFileSync(join(ROOT, 'examples', name, 'README.md'), 'utf8'), 'sh')
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
