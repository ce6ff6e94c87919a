// Flattening built modules: one file behaves as the files did, and what cannot be said in one file is refused.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { flatten } from '../scripts/build/flatten.ts'

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flatten-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** All that a module exports, as data. */
async function describe(module: Record<string, unknown>): Promise<unknown> {
  const { later, places, Own, Counter, place, ...rest } = module as Record<string, () => unknown>
  const [own] = (await places!()) as string[]
  return {
    names: Object.keys(module).toSorted(),
    rest: JSON.stringify(rest),
    own: basename(own!).replace(/\?.*/, ''),
    place: basename(String(place!())),
    lazy: { ...((await later!()) as object) },
    derived: Object.getPrototypeOf(Own) === Counter
  }
}

test('a flattened module gives what its files gave, without them', async t => {
  const folder = folderWith(t, {
    'in/main.js': `import path, { join as glue, sep } from 'node:path'
import * as all from '../deep/all.js'
import { once as first, shared as other } from './once.js'
import '../deep/effect.js'
export { shared as again, once } from './once.js'
export * from '../deep/all.js'
export const over = 'own'
export const result = [glue('a', path.basename('/b')).split(sep), Object.keys(all), first, other]
export function later() { return import('./lazy.js') }
export async function places() { return [import.meta.url, all.place()] }
export class Own extends all.Counter {}
`,
    'in/once.js': `let once = 0; once++
const shared = globalThis.flattenOrder = []; shared.push('once')
export { once, shared }
`,
    'in/lazy.js': 'export const lazy = true',
    'deep/all.js': `import { shared } from '../in/once.js'
shared.push('all')
export class Counter { next() { return shared.length } }
export const over = 'all'
export const place = () => import.meta.url
`,
    'deep/effect.js': "globalThis.flattenOrder.push('effect')"
  })
  const main = join(folder, 'in/main.js')
  const before = await describe(await import(`${pathToFileURL(main)}?before`))
  strictEqual(flatten(main).length, 4)
  rmSync(join(folder, 'deep'), { recursive: true })
  rmSync(join(folder, 'in/once.js'))
  deepStrictEqual(await describe(await import(pathToFileURL(main).href)), before)
})

const REFUSED: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['a cycle', { 'b.js': "import './a.js'" }, /import cycle/],
  ['export let', { 'b.js': 'export let a = 1' }, /export let/],
  ['a default export', { 'b.js': 'export default 1' }, /export default/],
  ['export * as', { 'b.js': "export * as c from './c.js'", 'c.js': '' }, /export \* as/],
  ['export * from a package', { 'b.js': "export * from 'node:fs'" }, /export \* from a package/],
  ['import.meta.filename', { 'b.js': 'import.meta.filename' }, /import\.meta/],
  ['top-level await', { 'b.js': 'await 1' }, /Unexpected|await/i]
]

for (const [what, files, reason] of REFUSED) {
  test(`refuses ${what}`, t => {
    const folder = folderWith(t, { 'a.js': "import './b.js'", ...files })
    throws(() => flatten(join(folder, 'a.js')), reason)
  })
}
