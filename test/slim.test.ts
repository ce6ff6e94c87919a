// The published form says what the built one says, with fewer bytes.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { nameNodeTypes, pruneDeclarations, slimText } from '../scripts/build/slim.ts'

test('comments and indentation go; texts, templates, patterns and the first line stay', () => {
  const cases: readonly [string, string][] = [
    ['#!/usr/bin/env node\n// a\nf()\n', '#!/usr/bin/env node\nf()\n'],
    ['if (a) {\n    // why\n    f(/* x */ 1)\n\n\n}\n', 'if (a) {\nf(  1)\n}\n'],
    ["const a = '// no comment'\n", "const a = '// no comment'\n"],
    ['const a = /\\/\\*[/*]/\n', 'const a = /\\/\\*[/*]/\n'],
    [
      'const a = `\n    // kept  \n\n    ${b /* gone */}\n  `\n',
      'const a = `\n    // kept  \n\n    ${b  }\n  `\n'
    ],
    ['a\n/* one\n two */ ++b\n', 'a\n++b\n'],
    ['return_: for (;;) {\n\tbreak return_\n}\n', 'return_: for (;;) {\nbreak return_\n}\n']
  ]
  for (const [text, slim] of cases) strictEqual(slimText(text), slim)
})

test('characters beyond Latin-1 are escaped and mean the same', async () => {
  const text = "export const all = ['µ → 👍', `…${1}`, /^[’é]$/u.test('’')]\n"
  const slim = slimText(text)
  strictEqual(/[\u0100-\uffff]/.test(slim), false)
  deepStrictEqual(await load(slim), await load(text))
})

async function load(code: string): Promise<unknown> {
  return ((await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { all: unknown })
    .all
}

test('a comment that ends a line ends it still', () => {
  const text = 'function f() {\n    return /* here\n    */ 1\n}\nexport const a = f()\n'
  strictEqual(
    slimText(text),
    'function f() {\nreturn \n1\n}\nexport const a = f()\n'.replace('return \n', 'return\n')
  )
})

test('only declarations that an entry leads to stay', t => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-slim-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'dist/b'), { recursive: true })
  const write = (name: string, text: string) => writeFileSync(join(root, name), text)
  write(
    'package.json',
    JSON.stringify({ exports: { './a': { types: './dist/a.d.ts' }, './x': './x' } })
  )
  write('dist/a.d.ts', "export * from './b/one.ts'\nexport type A = import('./two.js').B\n")
  write('dist/b/one.d.ts', "import type { A } from '../a.ts'\n")
  write('dist/two.d.ts', '')
  write('dist/three.d.ts', '')
  strictEqual(pruneDeclarations(root, join(root, 'dist')), 1)
  deepStrictEqual(readdirSync(join(root, 'dist')).toSorted(), ['a.d.ts', 'b', 'two.d.ts'])
})

test('declarations that need the types of Node name them, others do not', t => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-slim-'))
  t.after(() => rmSync(root, { recursive: true }))
  const texts = {
    'buffer.d.ts': 'export declare const a: Buffer\n',
    'module.d.ts': "import type { Server } from 'node:http'\nexport declare const a: Server\n",
    'words.d.ts': '/** No Buffer of node:. */\nexport declare const a: Uint8Array // a Buffer\n'
  }
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(root, name), text)
  nameNodeTypes(root)
  const named = Object.keys(texts).filter(name => {
    const text = readFileSync(join(root, name), 'utf8')
    return text.startsWith('/// <reference types="node" />\n')
  })
  deepStrictEqual(named, ['buffer.d.ts', 'module.d.ts'])
})
