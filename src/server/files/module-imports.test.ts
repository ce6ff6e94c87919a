// Imports are read from the syntax of a module: comments and texts hold none.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, isOfPackage, packageOf } from './module-imports.ts'

test('imports of every kind are found, in order, with their places', () => {
  const code = `import './first.js'
import { a } from "second"
export { b } from 'third'
export * from 'fourth'
export const c = 1
// import 'never'; from 'never'
const text = "import x from 'never'"
const later = await import('fifth')
const other = import(text)
`
  const found = importsOf(code)
  const names = ['./first.js', 'second', 'third', 'fourth', 'fifth']
  deepStrictEqual(
    found.map(({ specifier }) => specifier),
    names
  )
  for (const { specifier, start, end } of found) {
    strictEqual(code.slice(start + 1, end - 1), specifier)
  }
})

test('old modules require', () => {
  const code = "with (Math) { const { x } = require('old'); require(x) }"
  deepStrictEqual(
    importsOf(code).map(({ specifier }) => specifier),
    ['old']
  )
})

test('what is no JavaScript has no imports', () => {
  deepStrictEqual(importsOf("enum A { b } import 'x'"), [])
})

test('packages of npm are told from files, parts of Node and own names', () => {
  const specifiers = ['./a.js', '../a.js', '/a.js', '#a', 'node:fs', 'fs', 'path/posix', 'data:,a']
  deepStrictEqual(specifiers.filter(isOfPackage), [])
  deepStrictEqual(['a', 'a/b.js', '@a/b', '@a/b/c.js'].filter(isOfPackage).map(packageOf), [
    'a',
    'a',
    '@a/b',
    '@a/b'
  ])
})
