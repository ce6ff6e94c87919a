// The TypeScript of files of --functions is checked with the SDK's types, at the places in the user's files.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { checkFunctionTypes } from './check-function-types.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-function-types-'))
after(() => rmSync(folder, { recursive: true }))

const GOOD = `import { intType, statefulFunction, valueSpec } from 'millrace/functions'
import { increase } from './step.ts'
export const counter = statefulFunction({
  typename: 'test/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    context.storage.count.set(increase(context.storage.count.get() ?? 0))
  }
})
`
const STEP = 'export function increase(count: number): number { return count + 1 }\n'

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const named = (name: string): string => relative('', join(folder, name))

test('correct functions have no findings; wrong ones are told where they stand, in imported files too', async () => {
  write('step.ts', STEP)
  const good = write('good.ts', GOOD)
  deepStrictEqual(await checkFunctionTypes([good]), [])
  const bad = write('bad.ts', GOOD.replace('?? 0', "?? ''"))
  write('step.ts', STEP.replace('count + 1', "count + '1'"))
  const found = await checkFunctionTypes([good, bad])
  const places = found.map(
    ({ file, line, code, severity }) => `${file}:${line} ${code} ${severity}`
  )
  deepStrictEqual(
    places.toSorted(),
    [`${named('bad.ts')}:7 TS2345 error`, `${named('step.ts')}:1 TS2322 error`].toSorted()
  )
})

test('JavaScript is not checked, and without a compiler one warning says so', async () => {
  const script = write('plain.js', 'export const nothing = 1\n')
  deepStrictEqual(await checkFunctionTypes([script]), [])
  const [warning, ...others] = await checkFunctionTypes([write('good.ts', GOOD)], { tsc: null })
  strictEqual(others.length, 0)
  strictEqual(`${warning!.severity} ${warning!.code}`, 'warning TYPESCRIPT_MISSING')
  match(warning!.hint!, /npm install --save-dev typescript/)
})
