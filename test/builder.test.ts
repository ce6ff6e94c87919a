// Both forms of a dataflow are one plan: each example's YAML and its code, and each file by way of the other form.
import { deepStrictEqual, ok, throws } from 'node:assert/strict'
import {
  existsSync,
  globSync,
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
import { acornLibrary, compile } from '../src/dataflow/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { checkFunctionTypes, convertFile, loadFiles } from '../src/server/index.ts'
import { ROOT } from './command.ts'

const examples = readdirSync(join(ROOT, 'examples')).filter(name =>
  existsSync(join(ROOT, 'examples', name, 'dataflow.yaml'))
)
const files = [
  ...examples.map(name => join(ROOT, 'examples', name, 'dataflow.yaml')),
  ...globSync('src/dataflow/cases/ok-*.yaml', { cwd: ROOT }).map(path => join(ROOT, path))
]
const MODULES: Readonly<Record<string, string>> = {
  './a.ts': `export const double = (value: u32): u32 => value * 2
    export const key = async function (text: string): Promise<string> { return text }
    export function first(text: string): string { return text }
    export function update(text: string, ctx: Context): void {}
    export { other, change } from './other.ts'`
}
const folder = mkdtempSync(join(tmpdir(), 'millrace-builder-'))
writeFileSync(join(folder, 'a.ts'), MODULES['./a.ts']!)
after(() => rmSync(folder, { recursive: true }))

for (const name of examples) {
  const yaml = join(ROOT, 'examples', name, 'dataflow.yaml')
  test(`example ${name}: YAML and code give the same plan`, () => {
    const built = builtPlan(join(dirname(yaml), 'dataflow.ts'))
    deepStrictEqual(shapeOf(built), shapeOf(filePlan(yaml)))
  })
}

/** Keys of joins and aggregates, which the builder cannot say. */
const WITHOUT_CODE = /^\s*(join|aggregate|dedup|fields?|constant):/m
const printed: string[] = []
for (const path of files) {
  if (!/^apiVersion: 1\.0\.0$/m.test(readFileSync(path, 'utf8'))) continue
  const plan = filePlan(path)
  const name = path.includes('examples') ? basename(dirname(path)) : basename(path, '.yaml')
  if (WITHOUT_CODE.test(readFileSync(path, 'utf8'))) {
    test(`${name}: what stands in no code is refused`, () =>
      throws(() => printCode(plan), { code: 'PLAN_WITHOUT_CODE' }))
    continue
  }
  test(`${name}: as code, and as a file again, it is the same plan`, () => {
    const module = join(folder, `${name}.ts`)
    writeFileSync(module, printCode(plan))
    printed.push(module)
    deepStrictEqual(shapeOf(builtPlan(module)), shapeOf(plan))
    const { text, diagnostics } = convertFile(module)
    deepStrictEqual(diagnostics, [])
    const again = join(folder, `${name}.yaml`)
    writeFileSync(again, text)
    deepStrictEqual(shapeOf(filePlan(again)), shapeOf(plan))
  })
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
  const { plan, diagnostics } = compile(readFileSync(path, 'utf8'), { file: path, readModule })
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

function readModule(specifier: string): string | null {
  return MODULES[specifier] ?? null
}

/** A plan without places, and with functions as what they do: their trees instead of their texts. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(shapeOf)
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    if (['at', 'file', 'source', 'indent', 'places'].includes(key)) return []
    return [[key, key === 'javascript' ? treeOf(String(part)) : shapeOf(part)]]
  })
  return Object.fromEntries(entries)
}

function treeOf(javascript: string): unknown {
  const program = acornLibrary().parse(javascript, { ecmaVersion: 'latest', sourceType: 'module' })
  return JSON.parse(
    JSON.stringify(program, (key, value: unknown) =>
      ['start', 'end', 'raw'].includes(key) ? undefined : value
    )
  )
}
