// Both forms of a dataflow are one plan: each example's YAML and its code, and each file by way of the other form.
import { deepStrictEqual, ok } from 'node:assert/strict'
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
