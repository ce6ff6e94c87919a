// Both forms of a dataflow are one plan: each example's YAML and its code, and each file by way of the other form.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { printCode } from '../src/builder/index.ts'
import { compile } from '../src/dataflow/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { checkFunctionTypes, convertFile, loadFiles } from '../src/server/index.ts'
import { TestDataflow } from '../src/testing/index.ts'
import { ROOT } from './command.ts'
import { shapeOf } from './plan-shape.ts'

const examples = readdirSync(join(ROOT, 'examples')).filter(name =>
  existsSync(join(ROOT, 'examples', name, 'dataflow.yaml'))
)
const files = [
  ...examples.map(name => join(ROOT, 'examples', name, 'dataflow.yaml')),
  ...globSync('src/dataflow/cases/*.plan.txt', { cwd: ROOT }).map(path =>
    join(ROOT, path.replace(/\.plan\.txt$/, '.yaml'))
  )
]
const MODULES: Readonly<Record<string, string>> = {
  './a.ts': `export const double = (value: u32): u32 => value * 2
    export const key = async function (text: string): Promise<string> { return text }
    export function first(text: string): string { return text }
    export function update(text: string, ctx: Context): void {}
    export { other, change } from './other.ts'`,
  './functions.ts': `export function isLong(word: string): boolean { return word.length > 3 }
    export const byWord = (word: string) => word`
}
const folder = mkdtempSync(join(tmpdir(), 'millrace-builder-'))
for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(folder, name), text)
after(() => rmSync(folder, { recursive: true }))

for (const name of examples) {
  const yaml = join(ROOT, 'examples', name, 'dataflow.yaml')
  test(`example ${name}: YAML and code give the same plan`, () => {
    const built = builtPlan(join(dirname(yaml), 'dataflow.ts'))
    deepStrictEqual(shapeOf(built), shapeOf(filePlan(yaml)))
  })
}

const printed: string[] = []
for (const path of files) {
  if (!/^apiVersion: 1\.0\.0$/m.test(readFileSync(path, 'utf8'))) continue
  const isExample = path.includes('examples')
  const name = isExample ? basename(dirname(path)) : basename(path, '.yaml')
  test(`${name}: as code, and as a file again, it is the same plan`, () => {
    const module = join(folder, `${name}.ts`)
    isSameBothWays(path, module)
    if (isExample) printed.push(module)
  })
}

for (const path of files) {
  if (/^apiVersion: 1\.0\.0$/m.test(readFileSync(path, 'utf8'))) continue
  const name = basename(path, '.yaml')
  test(`${name}: a file before 1.0.0 as code, and as a file again, is the same but for two operators`, () => {
    const plan = filePlan(path)
    const copy = join(folder, `${name}.yaml`)
    const module = join(folder, `${name}.ts`)
    copyFileSync(path, copy)
    const code = convertFile(copy)
    const refused = code.diagnostics.find(one => one.code === 'CONVERT_UNABLE')
    strictEqual(refused?.message.replace(/(?:; in code|,) .*/, ''), UNABLE[name])
    if (refused !== undefined) return
    writeFileSync(module, code.text)
    deepStrictEqual(newShapeOf(builtPlan(module)), newShapeOf(plan))
    const { text, diagnostics } = convertFile(module)
    deepStrictEqual(diagnostics, [])
    const again = join(folder, `${name}.yaml`)
    writeFileSync(again, text)
    deepStrictEqual(newShapeOf(filePlan(again)), newShapeOf(plan))
  })
}

/** What cannot be said in code of files before 1.0.0. */
const UNABLE: Readonly<Record<string, string>> = {
  'ok-0-6-0-names': 'the function change of ./a.ts gives what nobody gets',
  'ok-window-0-3-0': 'the function update of ./a.ts gives what nobody gets',
  'ok-seed-layout': 'functions call the state "counter" readCount'
}

/** The shape without what files before 1.0.0 say otherwise: what two operators get and give. */
function newShapeOf(plan: Plan): unknown {
  const isOld = new Set(['apiVersion', 'emitsFromUpdateState', 'timestampArgument'])
  const without = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(without)
    const { operator } = value as { readonly operator?: string }
    const isCalledOtherwise = operator === 'assign-timestamp' || operator === 'update-state'
    const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
      if (isOld.has(key)) return []
      return isCalledOtherwise && !['operator', 'name', 'with'].includes(key)
        ? []
        : [[key, without(part)]]
    })
    return Object.fromEntries(entries)
  }
  return without(shapeOf(plan))
}

const OLD = `apiVersion: 0.6.0
meta: { name: old, version: 0.1.0, namespace: tests }
config: { converter: json }
types: { car: { type: object, properties: { license: string, after: s64 } } }
topics:
  cars: { schema: { value: { type: car } } }
  busy: { schema: { value: { type: u32 } } }
services:
  count:
    sources: [{ type: topic, id: cars }]
    states: { seen: { type: keyed-state, properties: { key: string, value: u32 } } }
    window:
      tumbling: { duration: 10s }
      assign-timestamp:
        run: |
          function whenSeen(car: Car, eventTime: s64): s64 { return eventTime + car.after }
      partition:
        assign-key: { run: 'function byLicense(car: Car): string { return car.license }' }
        update-state:
          run: |
            function countUp(car: Car, ctx: Context): u32 { return ctx.state.seen.update(n => n + 1) }
      flush:
        run: |
          function total(ctx: Context): u32 { return [...ctx.state.seen.entries()].length }
    sinks: [{ type: topic, id: busy }]
`

test('a file before 1.0.0 does as code what it did: times beside values, updates that send nothing', async () => {
  const file = join(folder, 'old.yaml')
  const module = join(folder, 'old.ts')
  writeFileSync(file, OLD)
  const { text, diagnostics } = convertFile(file)
  deepStrictEqual(diagnostics, [])
  writeFileSync(module, text)
  match(text, /return \(function whenSeen\(car, eventTime\)/)
  writeFileSync(join(folder, 'plain.yaml'), OLD.replace(', eventTime: s64', ''))
  match(convertFile(join(folder, 'plain.yaml')).text, /timestamp: function whenSeen\(car\)/)
  for (const form of [file, module]) {
    await using flow = await TestDataflow.open(form)
    const cars = ['a', 'b', 'a'].map(license => ({
      value: { license, after: 1 },
      timestamp: 1_000
    }))
    const last = { value: { license: 'c', after: 15_000 }, timestamp: 1_000 }
    await flow.feedRecords('cars', [...cars, last])
    await flow.endEventTime()
    deepStrictEqual(await flow.take('busy'), [2, 1], form)
    deepStrictEqual(await flow.deadLetters(), [])
  }
})

test('a function in a module that an older file calls otherwise is named, with what to do', () => {
  const file = join(folder, 'uses.yaml')
  writeFileSync(
    join(folder, 'times.ts'),
    'export function when(car: any, time: number): number { return time + car.after }'
  )
  const run = /run: \|\n {10}function whenSeen.*\n/
  writeFileSync(file, OLD.replace(run, 'uses: ./times.ts#when\n'))
  const { text, diagnostics } = convertFile(file)
  strictEqual(text, '')
  const found = diagnostics.find(({ code }) => code === 'CONVERT_UNABLE')
  match(
    found!.message,
    /the function when of \.\/times\.ts gets the time of the record behind the value/
  )
  match(found!.hint!, /take \(value, ctx\) instead, write apiVersion: 1\.0\.0/)
  ok(found!.line > 1)
})

for (const path of globSync('bench/nexmark/queries/*.yaml', { cwd: ROOT })) {
  const name = basename(path, '.yaml')
  test(`Nexmark ${name}: as code, and as a file again, it is the same plan`, () => {
    const beside = join(folder, 'nexmark')
    mkdirSync(beside, { recursive: true })
    for (const file of globSync('bench/nexmark/queries/*.ts', { cwd: ROOT })) {
      copyFileSync(join(ROOT, file), join(beside, basename(file)))
    }
    isSameBothWays(join(ROOT, path), join(beside, `${name}.ts`))
  })
}

/** The plan of a file survives being printed as code at `module`, and that as a file. */
function isSameBothWays(path: string, module: string): void {
  const plan = filePlan(path)
  writeFileSync(module, printCode(plan))
  deepStrictEqual(shapeOf(builtPlan(module)), shapeOf(plan))
  const { text, diagnostics } = convertFile(module)
  deepStrictEqual(diagnostics, [])
  const again = module.replace(/\.ts$/, '.yaml')
  writeFileSync(again, text)
  deepStrictEqual(shapeOf(filePlan(again)), shapeOf(plan))
}

test('printed code of the examples has no type errors', async () => {
  // Types inside of functions are not printed; the rows of SQL have no other.
  const own = printed.filter(
    path =>
      examples.includes(basename(path, '.ts')) && !readFileSync(path, 'utf8').includes('.sql(')
  )
  ok(own.length >= 5)
  deepStrictEqual(await checkFunctionTypes(own), [])
})

function filePlan(path: string): Plan {
  const beside = (specifier: string): string | null => {
    const module = join(dirname(path), specifier)
    return existsSync(module) ? readFileSync(module, 'utf8') : (MODULES[specifier] ?? null)
  }
  const text = readFileSync(path, 'utf8')
  const { plan, diagnostics } = compile(text, {
    file: path,
    readModule: beside,
    readSchema: beside
  })
  ok(plan, JSON.stringify(diagnostics))
  return plan
}

function builtPlan(path: string): Plan {
  const { dataflows, diagnostics } = loadFiles([path])
  deepStrictEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    []
  )
  return dataflows[0]!.plan
}
