// The checker's output as diagnostics: places, once each, without the names of the generated source.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typeDiagnostics } from './type-diagnostics.ts'

const place = { file: 'flows/dataflow.yaml', line: 12, column: 5, length: 3 }
const options = {
  declarations: { text: '', map: { placeOf: (line: number) => (line === 40 ? place : null) } },
  isGenerated: (path: string) => path === 'dataflow.mts',
  nameOf: (path: string) => (path.includes('node_modules') ? null : `flows/${path}`),
  fallback: { file: 'flows/dataflow.yaml', line: 1, column: 1 }
}

test('an error of the generated source has its place in the dataflow file, details as the hint', () => {
  const output = `dataflow.mts(40,3): error TS2345: Argument of type '$Out<string>' is bad.
  Type '$MaybePromise<$Out<Map<string, u32>>>' is not '$KeyValue<$Key, 1>' of $States3.
dataflow.mts(40,3): error TS2345: the same again
dataflow.mts(9,1): error TS2304: Cannot find name 'x'.\r
`
  assert.deepEqual(typeDiagnostics(output, options), [
    {
      severity: 'error',
      code: 'TS2345',
      message: "Argument of type 'string' is bad.",
      hint: "Type 'Map<string, u32>' is not 'KeyValue<Key, 1>' of ctx.state.",
      ...place
    },
    {
      severity: 'error',
      code: 'TS2304',
      message: "Cannot find name 'x'.",
      hint: null,
      ...options.fallback,
      length: 1
    }
  ])
})

test('a function that does not fit is told by its type and the innermost reason', () => {
  const place = 'dataflow.mts(40,3)'
  const output = `${place}: error TS1360: Type '(n: string) => void' does not satisfy the expected type '$Map<a, b, c>'.
  Type 'void' is not assignable to type '$Out<{}>'.
  Type 'void' is not assignable to type '$MaybePromise<{}>'.
  Type 'void' is not assignable to type 'u32'.`
  const [found] = typeDiagnostics(output, options)
  assert.equal(
    found?.message,
    "the function, (n: string) => void, does not fit here: Type 'void' is not assignable to type 'u32'."
  )
  assert.equal(found.hint, "Type 'void' is not assignable to type '{}'.")
})

test('an export that is no function is told as that, a map that gives nothing as what it gives', () => {
  assert.equal(told('3', '$Map<a, b, c>'), 'the export is of type 3; expected a function')
  assert.match(told('undefined', '{} | null')!, /^the function of map returns undefined/)
})

test('errors of other files keep their place, those of packages are not told, those without a place are', () => {
  const output = `lib.ts(2,44): error TS2322: bad
node_modules/x/index.ts(1,1): error TS2322: bad
error TS5023: Unknown compiler option 'x'.`
  const found = typeDiagnostics(output, options)
  assert.deepEqual(
    found.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`),
    ['flows/lib.ts:2:44 TS2322', 'flows/dataflow.yaml:1:1 TS5023']
  )
})

test('JavaScript without types is a warning: it runs, but what it exports is not checked', () => {
  const output = [
    "dataflow.mts(40,3): error TS7016: Could not find a declaration file for module 'my-words'.",
    "  '/a/my-words/index.js' implicitly has an 'any' type."
  ].join('\n')
  const [found, ...others] = typeDiagnostics(output, options)
  assert.deepEqual(others, [])
  assert.equal(found?.severity, 'warning')
  assert.equal(found.message, 'my-words has no types: what it exports is not checked')
})

function told(type: string, expected: string): string | undefined {
  const message = `Type '${type}' does not satisfy the expected type '${expected}'.`
  return typeDiagnostics(`dataflow.mts(40,3): error TS1360: ${message}`, options)[0]?.message
}
