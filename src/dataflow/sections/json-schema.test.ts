// The JSON Schema takes every file of this version that compiles, and refuses what an editor should underline.
import { ok, strictEqual } from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { compile, compilePackage } from '../compile.ts'
import { readTestFile } from '../test-file/read-test-file.ts'
import { renderJsonSchema, renderPackageSchema, renderTestSchema } from './json-schema.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const isValid = new Ajv({ strict: false }).compile(renderJsonSchema())
const cases = join(import.meta.dirname, '..', 'cases')

function isAccepted(text: string): boolean {
  return isValid(parse(text, { merge: true, logLevel: 'silent' }))
}

const problems = (): string => JSON.stringify(isValid.errors, null, 2)

test('every case that compiles is accepted', () => {
  const names = readdirSync(cases).filter(name => name.endsWith('.plan.txt'))
  ok(names.length > 10, 'the cases are where they were')
  for (const name of names) {
    const file = name.replace('.plan.txt', '.yaml')
    ok(isAccepted(readFileSync(join(cases, file), 'utf8')), `${file}: ${problems()}`)
  }
})

test('every example is accepted', () => {
  const files = globSync('examples/**/dataflow*.yaml', { cwd: root, exclude: ['**/*.test.yaml'] })
  ok(files.length > 2, 'the examples are where they were')
  for (const file of files) {
    ok(isAccepted(readFileSync(join(root, file), 'utf8')), `${file}: ${problems()}`)
  }
})

const GOOD = `apiVersion: 1.0.0
meta: { name: test }
types: { pair: { type: object, properties: { a: string, b: { type: u32, optional: true } } } }
topics:
  lines: { schema: { value: { type: pair, converter: json } }, retention: { time: 7d } }
services:
  work:
    sources: [{ type: topic, id: lines }]
    transforms:
      - { operator: filter, run: 'function all(pair: Pair): boolean { return true }' }
`

/** One mistake in a good file, as text and replacement. */
const MISTAKES: readonly (readonly [string, string])[] = [
  ['sources:', 'soruces:'],
  ['type: topic', 'type: topik'],
  ['id: lines', 'idd: lines'],
  ['converter: json', 'converter: xml'],
  ['time: 7d', 'time: week'],
  ['optional: true', 'optional: maybe'],
  ['properties:', 'property:'],
  ['name: test', 'nam: test'],
  ["run: '", "rum: '"],
  ['apiVersion: 1.0.0', 'apiVersion: 9.0.0']
]

test('a good file is accepted', () => {
  strictEqual(compile(GOOD, { file: 'good.yaml' }).diagnostics.filter(isError).length, 0)
  ok(isAccepted(GOOD), problems())
})

for (const [right, wrong] of MISTAKES) {
  test(`${wrong} instead of ${right} is refused by the schema and by the compiler`, () => {
    const text = GOOD.replace(right, wrong)
    ok(text !== GOOD, 'the mistake is made')
    ok(!isAccepted(text), 'the schema accepts it')
    ok(compile(text, { file: 'bad.yaml' }).diagnostics.some(isError), 'the compiler accepts it')
  })
}

const isPackage = new Ajv({ strict: false }).compile(renderPackageSchema())
const isTestFile = new Ajv({ strict: false }).compile(renderTestSchema())

test('every package and test file of the examples is accepted', () => {
  const packages = globSync('examples/**/package.yaml', { cwd: root })
  const tests = globSync('{examples,test}/**/*.test.yaml', { cwd: root })
  ok(tests.length > 2, 'the examples are where they were')
  for (const [files, accepts] of [
    [packages, isPackage],
    [tests, isTestFile]
  ] as const) {
    for (const file of files) {
      ok(
        accepts(parse(readFileSync(join(root, file), 'utf8'))),
        `${file}: ${JSON.stringify(accepts.errors)}`
      )
    }
  }
})

const PACKAGE = `apiVersion: 1.0.0
meta: { name: words, namespace: acme, version: 0.1.0 }
types: { word-count: { type: object, properties: { word: string, count: u32 } } }
states: { counts: { type: keyed-state, properties: { key: string, value: u32 } } }
functions:
  shout:
    operator: map
    inputs: [{ name: word, type: string }]
    output: { type: string }
    run: 'function shout(word: string): string { return word }'
`
const CASES = `cases:
  counts:
    given: [{ lines: [a, { value: b, key: k }] }, { advance: 10s }]
    expect: { counts: [a], others: { any-order: [{ value: { n: 1 } }] } }
    state: { count.totals: { a: 1 } }
    dead-letters: [{ operator: shout }]
  shouts: { function: shout, input: a, output: A }
`

const readsPackage = (text: string): boolean =>
  !compilePackage(text, { file: 'package.yaml' }).diagnostics.some(isError)
const readsTest = (text: string): boolean => readTestFile(text, 'a.test.yaml').test !== null

test('a package file and a test file are accepted, and mistakes in them refused by schema and reader', () => {
  const files = [
    [
      PACKAGE,
      isPackage,
      readsPackage,
      ['functions:', 'funktions:'],
      ['operator: map', 'operater: map']
    ],
    [PACKAGE, isPackage, readsPackage, ['type: keyed-state', 'type: keyed'], ['meta:', 'mete:']],
    [CASES, isTestFile, readsTest, ['given:', 'givn:'], ['any-order:', 'anyorder:']],
    [
      CASES,
      isTestFile,
      readsTest,
      ['input: a', 'inputs: a'],
      ['operator: shout', 'operater: shout']
    ]
  ] as const
  for (const [good, accepts, reads, ...mistakes] of files) {
    ok(accepts(parse(good)), JSON.stringify(accepts.errors))
    ok(reads(good))
    for (const [right, wrong] of mistakes) {
      const text = good.replace(right, wrong)
      ok(!accepts(parse(text)), `the schema accepts ${wrong}`)
      ok(!reads(text), `the reader accepts ${wrong}`)
    }
  }
})

for (const [name, schema] of [
  ['dataflow-file', renderJsonSchema()],
  ['package-file', renderPackageSchema()],
  ['test-file', renderTestSchema()]
] as const) {
  test(`docs/reference/${name}.schema.json is what the declarations say`, () => {
    const path = join(root, 'docs', 'reference', `${name}.schema.json`)
    const text = `${JSON.stringify(schema, null, 2)}\n`
    strictEqual(readFileSync(path, 'utf8'), text, 'run: node scripts/generate-docs.ts')
  })
}

function isError(diagnostic: { readonly severity: string }): boolean {
  return diagnostic.severity === 'error'
}
