// Runs every case file: the diagnostics that its first lines expect, and for valid files the plan beside it.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatDiagnostic } from '../../dataflow/index.ts'
import { compileModule, type ModulePlan } from './index.ts'

const FOLDER = join(import.meta.dirname, 'cases')
/** MILLRACE_UPDATE_CASES=1 writes the plans anew; read the difference before committing it. */
const isUpdating = process.env['MILLRACE_UPDATE_CASES'] === '1'

const names = globSync('*.yaml', { cwd: FOLDER }).toSorted()

for (const name of names) {
  const text = readFileSync(join(FOLDER, name), 'utf8')
  const expected = [...text.matchAll(/^# expect: (.*)$/gm)].map(match => match[1]!)
  test(`case ${name}: ${expected.length === 0 ? 'compiles' : expected.join(', ')}`, () => {
    const { plan, diagnostics } = compileModule(text, { file: name })
    const found = diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`)
    const shown = diagnostics.map(each => formatDiagnostic(each, text, { color: false })).join('\n')
    deepStrictEqual(found.toSorted(), expected.toSorted(), shown)
    strictEqual(
      plan === null,
      diagnostics.some(each => each.severity === 'error')
    )
    if (plan !== null) checkPlan(name, plan)
  })
}

test('there are at least 60 invalid cases', () => {
  const invalid = names.filter(name =>
    readFileSync(join(FOLDER, name), 'utf8').includes('# expect: ')
  )
  ok(invalid.length >= 60, `${invalid.length} invalid cases`)
})

function checkPlan(name: string, plan: ModulePlan): void {
  const path = join(FOLDER, name.replace('.yaml', '.plan.txt'))
  const summary = `${JSON.stringify(plan, placesInShort, 2)}\n`
  if (isUpdating) writeFileSync(path, summary)
  ok(existsSync(path), `${path} is missing`)
  strictEqual(readFileSync(path, 'utf8'), summary)
}

/** Places as `line:column`: the file is the case. */
function placesInShort(key: string, value: unknown): unknown {
  if (key !== 'at') return value
  const { line, column } = value as { line: number; column: number }
  return `${line}:${column}`
}
