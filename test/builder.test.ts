// Both forms of a dataflow are one plan: each example's YAML and its code, and each again by way of the other.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { acornLibrary, compile } from '../src/dataflow/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { loadFiles } from '../src/server/index.ts'
import { ROOT } from './command.ts'

const folders = readdirSync(join(ROOT, 'examples')).filter(name =>
  existsSync(join(ROOT, 'examples', name, 'dataflow.yaml'))
)

for (const name of folders) {
  const folder = join(ROOT, 'examples', name)
  test(`example ${name}: YAML and code give the same plan`, () => {
    deepStrictEqual(shapeOf(planOf(join(folder, 'dataflow.ts'))), shapeOf(planIn(folder)))
  })
}

function planIn(folder: string): Plan {
  const file = join(folder, 'dataflow.yaml')
  const { plan, diagnostics } = compile(readFileSync(file, 'utf8'), { file })
  ok(plan, JSON.stringify(diagnostics))
  return plan
}

function planOf(path: string): Plan {
  const { dataflows, diagnostics } = loadFiles([path])
  deepStrictEqual(diagnostics, [])
  return dataflows[0]!.plan
}

/** A plan without places, and with functions as what they do: their trees instead of their texts. */
export function shapeOf(value: unknown): unknown {
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
