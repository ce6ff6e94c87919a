// The developer's kit from the command line: a package is generated, tested, built, installed and imported.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { run } from './command.ts'

const PACKAGE = `apiVersion: 1.0.0
meta: { name: words, namespace: acme, version: 0.1.3 }
types:
  word-count: { type: object, properties: { word: string, count: u32 } }
states:
  count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }
functions:
  split-words:
    operator: flat-map
    inputs: [{ name: sentence, type: string }]
    output: { type: string }
    uses: ./functions.ts#splitWords
  by-word:
    operator: assign-key
    run: |
      function byWord(word: string): string { return word }
  count-up:
    operator: update-state
    states: [count-per-word]
    run: |
      function countUp(word: string, ctx: Context): WordCount {
        if (word === 'bad') throw new Error('a bad word')
        return { word, count: ctx.state.countPerWord.update(n => n + 1) }
      }
`
const FUNCTIONS = `import { split } from './split.ts'

export function splitWords(sentence: string): string[] {
  return split(sentence)
}
`
/** What a comment and a text say of modules is no import. */
const SPLIT = `// As split() from './nowhere.ts', see import('./nothing.ts').
const NAME: string = "from './never.ts'"
const SPACE: string = NAME === '' ? '' : ' '\nexport const split = (text: string): string[] => text.split(SPACE)\n`
const DATAFLOW = `apiVersion: 1.0.0
meta: { name: counts, namespace: acme, version: 1.2.0 }
imports:
  - pkg: acme/words@^0.1.0
    path: ./words
    types: [{ name: word-count, alias: tally }]
    states: [count-per-word]
    functions: [split-words, by-word, { name: count-up, alias: tally-up }]
types:
  # Another type than the package's of this name.
  word-count: string
topics:
  sentences: { schema: { value: { type: string } } }
  counts: { schema: { value: { type: tally } } }
services:
  count:
    sources: [{ type: topic, id: sentences }]
    states:
      count-per-word: { uses: count-per-word }
    transforms:
      - { operator: flat-map, uses: split-words }
    partition:
      assign-key: { uses: by-word }
      update-state: { uses: tally-up }
    sinks: [{ type: topic, id: counts }]
`
const FILES = {
  'dataflow.yaml': DATAFLOW,
  'words/package.yaml': PACKAGE,
  'words/functions.ts': FUNCTIONS,
  'words/split.ts': SPLIT
}
const RUN = ['run', '.', '--ephemeral', '--drain', '--in', 'sentences=-', '--out', 'counts=-']
const COUNTS = '{"word":"a","count":1}\n{"word":"b","count":1}\n{"word":"a","count":2}\n'

async function inFolder(
  files: Readonly<Record<string, string>>,
  action: (folder: string) => Promise<void>
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kit-'))
  try {
    write(folder, files)
    await action(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

test('a dataflow runs with a package by its path, and once built, without it', () =>
  inFolder(FILES, async folder => {
    const checked = await run(['check'], folder)
    strictEqual(checked.code, 0, checked.stderr)
    const first = await run(RUN, folder, 'a b a\n')
    strictEqual(first.stdout, COUNTS, first.stderr)
    const built = await run(['build'], folder)
    strictEqual(built.code, 0, built.stderr)
    strictEqual(built.stdout, 'build\n')
    const elsewhere = mkdtempSync(join(tmpdir(), 'millrace-built-'))
    try {
      cpSync(join(folder, 'build'), elsewhere, { recursive: true })
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
      const { stdout, stderr } = await run(RUN, elsewhere, 'a b a\n')
      strictEqual(stdout, COUNTS, stderr)
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  }))

test('a built package is found in node_modules, where the sources are not', () =>
  inFolder(FILES, async folder => {
    // Only the compiler wants this one, where the package is imported.
    write(folder, {
      'words/sentence.ts': 'export type Sentence = string\n',
      'words/functions.ts': `import type { Sentence } from './sentence.ts'\n${FUNCTIONS.replace(
        'sentence: string',
        'sentence: Sentence'
      )}`
    })
    const built = await run(['build', 'words', '--out', 'built'], folder)
    strictEqual(built.code, 0, built.stderr)
    const manifest = JSON.parse(readFileSync(join(folder, 'built/package.json'), 'utf8')) as {
      readonly name: string
      readonly version: string
      readonly dependencies?: unknown
    }
    deepStrictEqual([manifest.name, manifest.version], ['@acme/words', '0.1.3'])
    strictEqual(manifest.dependencies, undefined)
    const installed = join(folder, 'app/node_modules/@acme/words')
    cpSync(join(folder, 'built'), installed, { recursive: true })
    const app = join(folder, 'app')
    write(app, { 'dataflow.yaml': DATAFLOW.replace('    path: ./words\n', '') })
    const checked = await run(['check'], app)
    strictEqual(checked.code, 0, checked.stderr)
    const { stdout, stderr } = await run(RUN, app, 'a b a\n')
    strictEqual(stdout, COUNTS, stderr)
    for (const ending of ['ts', 'js']) rmSync(join(installed, `sentence.${ending}`))
    const incomplete = await run(['check'], app)
    strictEqual(incomplete.code, 2)
    ok(
      /PACKAGE_TYPES: .*words\/functions\.ts.*error TS2307/.test(incomplete.stderr),
      incomplete.stderr
    )
    cpSync(join(folder, 'words'), installed, { recursive: true })
    const refused = await run(['check'], app)
    strictEqual(refused.code, 2)
    ok(refused.stderr.includes('PACKAGE_NOT_BUILT'), refused.stderr)
  }))

test('build refuses errors of types, and folders that it did not write', () =>
  inFolder(FILES, async folder => {
    write(folder, { 'words/package.yaml': PACKAGE.replace('count: ctx', 'count: "" + ctx') })
    const wrong = await run(['build', 'words'], folder)
    strictEqual(wrong.code, 2)
    ok(wrong.stderr.includes('words/package.yaml:23:24: error TS2322'), wrong.stderr)
    ok(!existsSync(join(folder, 'words/build')))
    const over = await run(['build', 'words', '--no-types', '--out', '.'], folder)
    strictEqual(over.code, 2)
    ok(over.stderr.includes('is not empty'), over.stderr)
    strictEqual(existsSync(join(folder, 'dataflow.yaml')), true)
  }))

test('--dev takes the package from elsewhere', () =>
  inFolder(FILES, async folder => {
    const dev = 'dev: { imports: [{ pkg: acme/words@*, path: ./next }] }\n'
    const next = PACKAGE.replace('0.1.3', '9.0.0').replace('return word }', 'return "b" + word }')
    write(folder, {
      'dataflow.yaml': `${DATAFLOW}${dev}`,
      'next/package.yaml': next,
      'next/functions.ts': FUNCTIONS.replace('split(sentence)', 'split(sentence).toReversed()'),
      'next/split.ts': SPLIT
    })
    const { stdout, stderr } = await run([...RUN, '--dev'], folder, 'a b\n')
    strictEqual(stdout, '{"word":"b","count":1}\n{"word":"a","count":1}\n', stderr)
  }))

test('a build with --dev takes along what the section dev names', () =>
  inFolder(FILES, async folder => {
    const dev = 'dev: { imports: [{ pkg: acme/words@*, path: ./next }] }\n'
    write(folder, {
      'dataflow.yaml': `${DATAFLOW}${dev}`,
      'next/package.yaml': PACKAGE.replace('return word }', 'return "b" + word }'),
      'next/functions.ts': FUNCTIONS.replace('split(sentence)', 'split(sentence).toReversed()'),
      'next/split.ts': SPLIT
    })
    const built = await run(['build', '--dev'], folder)
    strictEqual(built.code, 0, built.stderr)
    const elsewhere = join(folder, 'build')
    for (const name of ['words', 'next', 'dataflow.yaml']) {
      rmSync(join(folder, name), { recursive: true })
    }
    const usual = await run(RUN, elsewhere, 'a b a\n')
    strictEqual(usual.stdout, COUNTS, usual.stderr)
    const other = await run([...RUN, '--dev'], elsewhere, 'a b\n')
    strictEqual(other.stdout, '{"word":"b","count":1}\n{"word":"a","count":1}\n', other.stderr)
  }))

const SCHEMA_PACKAGE = `apiVersion: 1.0.0
meta: { name: shop, namespace: acme, version: 1.0.0 }
types:
  order: { import: ./schemas/order.avsc }
functions:
  is-large:
    operator: filter
    run: |
      function isLarge(order: Order): boolean { return order.amount >= 10 }
`
const SCHEMA_FLOW = `apiVersion: 1.0.0
meta: { name: orders }
imports: [{ pkg: acme/shop@1.0.0, path: ./shop, types: [{ name: order, alias: purchase }], functions: [is-large] }]
types: { note: { import: ../note.json } }
topics:
  purchases: { schema: { value: { type: purchase, converter: json } } }
  notes: { schema: { value: { type: note, converter: json } } }
  large: { schema: { value: { type: purchase, converter: avro } } }
services:
  pick:
    sources: [{ type: topic, id: purchases }]
    transforms: [{ operator: filter, uses: is-large }]
    sinks: [{ type: topic, id: large }]
`
const ORDER = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'acme',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'amount', type: 'int' }
  ]
})

test('a package has types from schema files, which a build takes along', () => {
  const files = {
    'note.json': '{"title":"note","type":"object","properties":{"text":{"type":"string"}}}',
    'app/shop/package.yaml': SCHEMA_PACKAGE,
    'app/shop/schemas/order.avsc': ORDER,
    'app/dataflow.yaml': SCHEMA_FLOW
  }
  return inFolder(files, async folder => {
    const app = join(folder, 'app')
    const checked = await run(['check', 'dataflow.yaml'], app)
    strictEqual(checked.code, 0, checked.stderr)
    const built = await run(['build', 'dataflow.yaml'], app)
    strictEqual(built.code, 0, built.stderr)
    const elsewhere = mkdtempSync(join(tmpdir(), 'millrace-built-'))
    try {
      cpSync(join(app, 'build'), elsewhere, { recursive: true })
      const feed = ['--drain', '--ephemeral', '--in', 'purchases=-', '--out', 'large=-']
      const input = '{"id":"a","amount":9}\n{"id":"b","amount":12}\n'
      const ran = await run(['run', ...feed], elsewhere, input)
      strictEqual(ran.stdout, '{"id":"b","amount":12}\n', ran.stderr)
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
    write(app, { 'shop/schemas/order.avsc': ORDER.replace('"int"', '"in"') })
    const wrong = await run(['check', 'dataflow.yaml'], app)
    strictEqual(wrong.code, 2)
    ok(wrong.stderr.includes('shop/schemas/order.avsc:1:'), wrong.stderr)
  })
})

const CASES = `cases:
  counts words:
    given: { sentences: [a b, bad a] }
    expect:
      counts:
        - { word: a, count: 1 }
        - { word: b, count: 1 }
        - { word: a, count: 2 }
    state: { count.count-per-word: { a: 2, b: 1 } }
    dead-letters: [{ operator: tally-up, message: a bad word }]
  counts up:
    function: tally-up
    key: a
    input: a
    given-state: { count-per-word: { a: 4 } }
    output: { word: a, count: 5 }
    state: { count-per-word: { a: 5 } }
  fails:
    function: tally-up
    input: bad
    error: bad word
`

test('millrace test passes what is so, and shows what is not with its place', () =>
  inFolder({ ...FILES, 'dataflow.test.yaml': CASES }, async folder => {
    const passed = await run(['test'], folder)
    strictEqual(passed.code, 0, passed.stderr)
    const wrong = CASES.replace('{ word: a, count: 2 }', '{ word: a, count: 3 }')
      .replace('{ a: 2, b: 1 }', '{ a: 2, b: 1, c: 1 }')
      .replace('{ word: a, count: 5 }', '{ word: a, count: 6 }')
    write(folder, { 'dataflow.test.yaml': wrong })
    const failed = await run(['test'], folder)
    strictEqual(failed.code, 1)
    const shown = failed.stderr.replace(/in \d+ ms/, 'in 0 ms')
    strictEqual(
      shown,
      `✖ counts words (dataflow.test.yaml:2:3)
  the state count.count-per-word is not as expected (dataflow.test.yaml:9:14)
      a: 2
      b: 1
    - c: 1
  counts is not as expected (dataflow.test.yaml:5:7)
      {"word":"a","count":1}
      {"word":"b","count":1}
    - {"word":"a","count":3}
    + {"word":"a","count":2}
✖ counts up (dataflow.test.yaml:11:3)
  tally-up is not as expected (dataflow.test.yaml:16:5)
    - {"word":"a","count":6}
    + {"word":"a","count":5}
✔ fails
1 case passed, 2 failed in 0 ms
`
    )
    const json = await run(['test', '-o', 'json', '--only', 'counts up'], folder)
    strictEqual(json.code, 1)
    const { passed: none, failed: one } = JSON.parse(json.stdout) as Record<string, unknown>
    deepStrictEqual([none, one], [0, 1])
    const unknown = await run(['test', '--only', 'nothing'], folder)
    strictEqual(unknown.code, 2)
    write(folder, { 'dataflow.test.yaml': wrong.replace('given:', 'givn:') })
    const invalid = await run(['test'], folder)
    strictEqual(invalid.code, 2)
    ok(invalid.stderr.includes('dataflow.test.yaml:3:5: error UNKNOWN_KEY'), invalid.stderr)
  }))

test('stubs of functions that are not written fit, and what is written stays', () =>
  inFolder({ 'words/package.yaml': PACKAGE }, async folder => {
    const made = await run(['generate', 'functions', 'words'], folder)
    strictEqual(made.code, 0, made.stderr)
    const checked = await run(['check', 'words'], folder)
    strictEqual(checked.code, 0, checked.stderr)
    const file = join(folder, 'words/functions.ts')
    const stub = readFileSync(file, 'utf8')
    ok(stub.includes('export function splitWords(value: string, ctx: Context): string[] {'), stub)
    const again = await run(['generate', 'functions', 'words'], folder)
    strictEqual(again.code, 0)
    strictEqual(readFileSync(file, 'utf8'), stub)
    const alone = await run(['run', 'words'], folder)
    strictEqual(alone.code, 2)
    ok(alone.stderr.includes('words/package.yaml is a package'), alone.stderr)
    const types = await run(['generate', 'types', 'words'], folder)
    ok(types.stdout.includes('export interface WordCount {\n  word: string;\n  count: u32;\n}'))
  }))

test('the functions of a dataflow become a package that passes check', () =>
  inFolder({}, async folder => {
    const orders = join(import.meta.dirname, '../examples/orders/dataflow.yaml')
    const made = await run(['generate', 'package', orders, 'parts', '--namespace', 'acme'], folder)
    strictEqual(made.code, 0, made.stderr)
    const checked = await run(['check', 'parts'], folder)
    strictEqual(checked.code, 0, checked.stderr)
    ok(checked.stderr.includes('package acme/orders@0.1.0 with 6 types, 2 states, 8 functions'))
  }))
