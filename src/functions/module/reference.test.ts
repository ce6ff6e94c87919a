// The reference of module files is what is committed, it has every kind, and its examples compile.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compileModule } from './compile-module.ts'
import { MODULE_REFERENCE, renderModuleReference } from './reference.ts'
import { KINDS } from './read-component.ts'

for (const { title, example } of MODULE_REFERENCE.flatMap(group => group.entries)) {
  if (example === undefined) continue
  test(`the example of ${title} compiles without a finding`, () => {
    deepStrictEqual(compileModule(example, { file: 'module.yaml' }).diagnostics, [])
    match(example, /^(kind|version): /)
  })
}

test('every kind that runs is explained', () => {
  const titles = MODULE_REFERENCE.flatMap(group => group.entries.map(entry => entry.title))
  for (const kind of KINDS) {
    if (!kind.includes('kinesis')) ok(titles.includes(kind), kind)
  }
})

test('docs/reference/module-file.md is what the declarations say', () => {
  const path = join(import.meta.dirname, '../../..', 'docs/reference/module-file.md')
  strictEqual(
    readFileSync(path, 'utf8'),
    renderModuleReference(),
    'run: node scripts/generate-docs.ts'
  )
})
