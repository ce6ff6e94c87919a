// The pictures of docs/ are what the engine does now: drawn again, they are the same.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { pictures, PICTURES_PATH } from '../scripts/docs/pictures/index.ts'
import { ROOT } from './command.ts'

test('the pictures of the docs are drawn from what the engine does', async () => {
  const drawn = await pictures()
  deepStrictEqual(readdirSync(join(ROOT, PICTURES_PATH)).toSorted(), [...drawn.keys()].toSorted())
  for (const [name, svg] of drawn) {
    const kept = readFileSync(join(ROOT, PICTURES_PATH, name), 'utf8')
    strictEqual(svg, kept, `${name} has changed: node scripts/generate-docs.ts`)
  }
})

test('each picture stands in a page', () => {
  const pages = globSync('docs/*.md', { cwd: ROOT }).map(path =>
    readFileSync(join(ROOT, path), 'utf8')
  )
  for (const name of readdirSync(join(ROOT, PICTURES_PATH))) {
    ok(
      pages.some(page => page.includes(`(pictures/${basename(name)})`)),
      `no page shows ${name}`
    )
  }
})
