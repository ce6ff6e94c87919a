// Joining the files of a CommonJS package: one file gives what the files gave, and only where it is asked for.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { joinPackage, requireInstead } from '../scripts/build/join.ts'

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-join-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const PACKAGE = {
  'node_modules/one/package.json': '{"name":"one","main":"main.js"}',
  'node_modules/one/LICENSE': 'of one',
  'node_modules/one/main.js': `'use strict'
const { isAbsolute } = require('node:path')
exports.name = 'one' // require('./gone')
exports.cycle = () => require('./deep/cycle').seen
exports.same = require('./deep/cycle') === require('./deep/cycle.js')
exports.two = require('two')
exports.isAbsolute = isAbsolute('/a')
exports.place = require('./place.js')
if (false) return
`,
  'node_modules/one/deep/cycle.js':
    "exports.seen = { ...require('../main') }.name; module.exports = { seen: exports.seen }",
  'node_modules/one/place.js': 'module.exports = __dirname',
  'node_modules/two/package.json': '{"name":"two","main":"index.js"}',
  'node_modules/two/LICENSE.md': 'of two',
  'node_modules/two/index.js': 'module.exports = class Two { static self = this !== undefined }'
}

test('a joined package is what its files were, with their licences; what asks where it lies stays', t => {
  const folder = folderWith(t, PACKAGE)
  const entry = join(folder, 'node_modules/one/main.js')
  const target = join(folder, 'out/one.cjs')
  strictEqual(joinPackage(entry, target), 3)
  rmSync(join(folder, 'node_modules/one/deep'), { recursive: true })
  rmSync(join(folder, 'node_modules/two'), { recursive: true })
  const one = createRequire(import.meta.url)(target) as Record<string, unknown>
  const { cycle, two, ...rest } = one as { cycle: () => unknown; two: { name: string } }
  deepStrictEqual(rest, {
    name: 'one',
    same: true,
    isAbsolute: true,
    place: join(folder, 'node_modules/one')
  })
  deepStrictEqual([cycle(), two.name], ['one', 'Two'])
  deepStrictEqual(readdirSync(join(folder, 'out')).toSorted(), [
    'LICENSE-one',
    'LICENSE-two',
    'one.cjs'
  ])
})

test('a package without a licence is not joined', t => {
  const folder = folderWith(t, PACKAGE)
  rmSync(join(folder, 'node_modules/two/LICENSE.md'))
  const entry = join(folder, 'node_modules/one/main.js')
  throws(() => joinPackage(entry, join(folder, 'out/one.cjs')), /two has no licence/)
})

test('modules load the joined file instead; one that nobody loads is refused', t => {
  const folder = folderWith(t, {
    'src/a.js': "import one from 'one'\nimport { b } from 'one'\n",
    'src/deep/b.js': "one ??= require('one'); require('one/part')\n"
  })
  requireInstead(join(folder, 'src'), 'one', join(folder, 'packages/one.cjs'))
  const read = (name: string) => readFileSync(join(folder, 'src', name), 'utf8')
  strictEqual(read('a.js'), 'import one from "../packages/one.cjs"\nimport { b } from \'one\'\n')
  strictEqual(
    read('deep/b.js'),
    'one ??= require("../../packages/one.cjs"); require(\'one/part\')\n'
  )
  throws(() => requireInstead(join(folder, 'src'), 'two', 'two.cjs'), /loads two/)
})
