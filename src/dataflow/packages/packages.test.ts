// Packages in dataflow files: what is found where, what names mean, what each mistake is told.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { compile, compilePackage, type CompileResult } from '../compile.ts'
import type { PackageRequest, PackageSource } from './model.ts'

/** Files by path from the dataflow's folder; npm packages below node_modules/. */
type Files = Readonly<Record<string, string>>

const WORDS = `apiVersion: 1.0.0
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
        return { word, count: ctx.state.countPerWord.update(n => n + 1) }
      }
`
const MODULE = `export function splitWords(sentence: string): string[] { return sentence.split(' ') }\n`

const flow = (imports: string, more = ''): string => `apiVersion: 1.0.0
meta: { name: counts }
imports:
${imports}
topics:
  sentences: { schema: { value: { type: string } } }
  counts: { schema: { value: { type: word-count } } }
${more}
services:
  count:
    sources: [{ type: topic, id: sentences }]
    states:
      count-per-word: { uses: count-per-word }
    transforms:
      - { operator: flat-map, uses: split-words }
    partition:
      assign-key: { uses: by-word }
      update-state: { uses: count-up }
    sinks: [{ type: topic, id: counts }]
`
const NAMES = `    types: [word-count]
    states: [count-per-word]
    functions: [split-words, by-word, count-up]`
const ALL = `  - pkg: acme/words@^0.1.0
    path: words
${NAMES}`
const FILES: Files = { 'words/package.yaml': WORDS, 'words/functions.ts': MODULE }

function reader(files: Files): (request: PackageRequest) => PackageSource {
  return ({ path, npmName, from }) => {
    const folder = path === null ? `node_modules/${npmName}` : posix.join(from, path)
    const text = files[posix.join(folder, 'package.yaml')]
    if (text === undefined)
      return { kind: 'missing', message: `${folder} has no package.yaml`, hint: 'Look there.' }
    return {
      kind: 'found',
      file: `/flow/${folder}/package.yaml`,
      folder,
      isInstalled: path === null,
      text
    }
  }
}

function compiled(text: string, files: Files = FILES, dev = false): CompileResult {
  return compile(text, {
    file: 'dataflow.yaml',
    dev,
    readModule: specifier => files[posix.normalize(specifier)] ?? null,
    readPackage: reader(files)
  })
}

const importing = (name: string, imports: string): string => `apiVersion: 1.0.0
meta: { name: ${name}, namespace: acme, version: 1.0.0 }
imports: [{ pkg: acme/${imports}@1.0.0, path: ../${imports} }]
`

/** The first finding of a file with these imports. */
const told = (imports: string): string => codes(compiled(flow(imports)))[0]!

/** The first finding in the package with one text in place of another. */
function inPackage(from: string, to: string): string {
  const files = { ...FILES, 'words/package.yaml': WORDS.replace(from, to) }
  return codes(compiled(flow(ALL), files)).find(line => line.startsWith('/flow'))!
}

const codes = ({ diagnostics }: CompileResult): string[] =>
  diagnostics.map(({ code, file, line, message }) => `${file}:${line} ${code} ${message}`)

test('types, states and functions of a package are used like those of the file', () => {
  const result = compiled(flow(ALL))
  deepStrictEqual(codes(result), [])
  const [service] = result.plan!.services
  const [split] = service!.steps
  deepStrictEqual(split!.code, {
    kind: 'module',
    specifier: './words/functions.ts',
    exportName: 'splitWords',
    at: { file: 'dataflow.yaml', line: 19, column: 37 }
  })
  strictEqual(split!.output?.kind, 'string')
  const { updateState } = service!.partition!
  ok(updateState!.code.kind === 'inline')
  strictEqual(updateState!.code.at.file, '/flow/words/package.yaml')
  deepStrictEqual(Object.keys(updateState!.code.types!), ['word-count'])
  const [state] = service!.states
  deepStrictEqual(state!.kind === 'owned' && [state!.key.kind, state!.value.kind], [
    'string',
    'u32'
  ])
  deepStrictEqual(Object.keys(result.plan!.types), ['word-count'])
})

test('an alias is the name of a type, a state and a function here', () => {
  const text = flow(`  - pkg: acme/words@0.1.3
    path: words
    types: [{ name: word-count, alias: tally }]
    states: [{ name: count-per-word, alias: tallies }]
    functions: [{ name: split-words, alias: to-words }, by-word, count-up]`)
    .replace('type: word-count', 'type: tally')
    .replace('uses: count-per-word', 'uses: tallies')
    .replace('uses: split-words', 'uses: to-words')
  const result = compiled(text)
  deepStrictEqual(codes(result), [])
  deepStrictEqual(Object.keys(result.plan!.types), ['tally'])
  strictEqual(result.plan!.services[0]!.steps[0]!.name, 'to-words')
})

test('without a path a package is an npm package, called @namespace/name or as "package" says', () => {
  const built = WORDS.replace('functions.ts', 'functions.js')
  const at = (folder: string): Files => ({
    [`node_modules/${folder}/package.yaml`]: built,
    [`node_modules/${folder}/functions.js`]: 'export const splitWords = text => text.split(" ")',
    [`node_modules/${folder}/functions.ts`]: MODULE
  })
  const imports = `  - pkg: acme/words@0.1.3\n${NAMES}`
  const result = compiled(flow(imports), at('@acme/words'))
  deepStrictEqual(codes(result), [])
  const { code } = result.plan!.services[0]!.steps[0]!
  ok(code.kind === 'module')
  strictEqual(code.specifier, './node_modules/@acme/words/functions.js')
  const named = imports.replace('0.1.3', '0.1.3\n    package: millrace-words')
  deepStrictEqual(codes(compiled(flow(named), at('millrace-words'))), [])
  const source = { ...at('@acme/words'), 'node_modules/@acme/words/package.yaml': WORDS }
  const [first] = codes(compiled(flow(imports), source))
  ok(first?.includes('PACKAGE_NOT_BUILT') || first?.includes('PACKAGE_INVALID'), first)
})

test('versions outside the range, other packages and missing ones are told where they are imported', () => {
  const version = told(ALL.replace('^0.1.0', '^0.2.0'))
  strictEqual(
    version,
    'dataflow.yaml:4 PACKAGE_VERSION the package "acme/words" has version 0.1.3, but "^0.2.0" is imported'
  )
  const other = told(ALL.replace('acme/words', 'acme/letters'))
  strictEqual(
    other,
    'dataflow.yaml:4 PACKAGE_MISMATCH the package in /flow/words/package.yaml is "acme/words", ' +
      'but "acme/letters" is imported'
  )
  const missing = told(ALL.replace('path: words', 'path: wrods'))
  strictEqual(
    missing,
    'dataflow.yaml:5 PACKAGE_NOT_FOUND the package "acme/words" is not there: wrods has no package.yaml'
  )
  const name = told(ALL.replace('acme/words@^0.1.0', 'words'))
  strictEqual(
    name,
    'dataflow.yaml:4 PACKAGE_NAME "pkg" must be namespace/name@version, but is "words"'
  )
})

test('an unknown name has the nearest, and what it would have been is no further finding', () => {
  const result = compiled(
    flow(ALL.replace('split-words', 'split-word')).replace('uses: split-words', 'uses: split-word')
  )
  deepStrictEqual(codes(result), [
    'dataflow.yaml:8 NAME_UNKNOWN acme/words has no function "split-word"'
  ])
  strictEqual(result.diagnostics[0]!.hint, 'Did you mean "split-words"?')
})

test('a name that is taken gets an alias to import it by', () => {
  const own = 'types:\n  WordCount: { type: object, properties: { n: u32 } }'
  const result = compiled(flow(ALL, own))
  const [found] = result.diagnostics
  strictEqual(found?.code, 'NAME_CONFLICT')
  strictEqual(
    found.hint,
    'Import it under another name: { name: word-count, alias: words-word-count }'
  )
  const twice = `${ALL}\n  - pkg: acme/more@1.0.0\n    path: more\n    functions: [split-words]`
  const more = WORDS.replace('name: words', 'name: more').replace('0.1.3', '1.0.0')
  const files = { ...FILES, 'more/package.yaml': more, 'more/functions.ts': MODULE }
  const [conflict] = compiled(flow(twice), files).diagnostics
  strictEqual(
    conflict?.hint,
    'Import it under another name: { name: split-words, alias: more-split-words }'
  )
})

test('packages import packages, and pass on what they import', () => {
  const text = `apiVersion: 1.0.0
meta: { name: text, namespace: acme, version: 2.0.0 }
imports:
  - pkg: acme/words@0.1.3
    path: ../words
${NAMES}
`
  const files = { ...FILES, 'text/package.yaml': text }
  const imports = ALL.replace('acme/words@^0.1.0', 'acme/text@2.0.0').replace(
    'path: words',
    'path: text'
  )
  const result = compiled(flow(imports), files)
  deepStrictEqual(codes(result), [])
  const { code } = result.plan!.services[0]!.steps[0]!
  strictEqual(code.kind === 'module' && code.specifier, './words/functions.ts')
})

test('packages that import each other are refused with the circle', () => {
  const files = {
    'a/package.yaml': importing('a', 'b'),
    'b/package.yaml': importing('b', 'c'),
    'c/package.yaml': importing('c', 'a')
  }
  const text = flow('  - { pkg: acme/a@1.0.0, path: a }')
  const found = compiled(text, files).diagnostics.find(({ code }) => code === 'IMPORT_CYCLE')
  strictEqual(found?.file, '/flow/c/package.yaml')
  strictEqual(
    found.message,
    'packages import each other in a circle: acme/a → acme/b → acme/c → acme/a'
  )
  const self = compilePackage(importing('a', 'a').replace('../a', '.'), {
    file: 'package.yaml',
    readPackage: () => ({
      kind: 'found',
      file: 'package.yaml',
      folder: '.',
      isInstalled: false,
      text: ''
    })
  })
  strictEqual(self.diagnostics[0]?.code, 'IMPORT_CYCLE')
})

test('--dev takes packages, topics and the converter from the section dev', () => {
  const dev = `dev:
  imports: [{ pkg: acme/words@*, path: next }]
  topics:
    counts: { name: test-counts, schema: { value: { type: word-count } } }`
  const files = {
    ...FILES,
    'next/package.yaml': WORDS.replace('0.1.3', '9.0.0'),
    'next/functions.ts': MODULE
  }
  const text = flow(ALL, dev)
  strictEqual(compiled(text, files).plan!.topics['counts']!.name, 'counts')
  const { plan, diagnostics } = compiled(text, files, true)
  deepStrictEqual(diagnostics, [])
  strictEqual(plan!.topics['counts']!.name, 'test-counts')
  const { code } = plan!.services[0]!.steps[0]!
  strictEqual(code.kind === 'module' && code.specifier, './next/functions.ts')
})

test('a package may stand in the file', () => {
  const inline = WORDS.replaceAll(/^(?=.)/gm, '    ')
    .replace('    apiVersion', '  - apiVersion')
    .replace(
      'uses: ./functions.ts#splitWords',
      'run: "function splitWords(text: string): string[] { return text.split(\'\') }"'
    )
  const result = compiled(flow(`  - pkg: acme/words@0.1.3\n${NAMES}`, `packages:\n${inline}`), {})
  deepStrictEqual(codes(result), [])
  const broken = inline.replace('word: string, count', 'word: strin, count')
  const told = codes(
    compiled(flow(`  - pkg: acme/words@0.1.3\n${NAMES}`, `packages:\n${broken}`), {})
  )
  ok(
    told.some(line => line.includes('TYPE_UNKNOWN')) &&
      told.some(line => line.includes('PACKAGE_INVALID'))
  )
})

test('what does not fit between package and service is told at the step', () => {
  const without = flow(ALL).replace(
    '      count-per-word: { uses: count-per-word }',
    '      other: { uses: count-per-word }'
  )
  strictEqual(
    codes(compiled(without))[0],
    'dataflow.yaml:22 STATE_UNKNOWN "count-up" of acme/words needs the state "count-per-word", ' +
      'which the service "count" has not'
  )
  const other = flow(ALL).replace(
    '{ uses: count-per-word }',
    '{ type: keyed-state, properties: { key: string, value: string } }'
  )
  ok(codes(compiled(other))[0]?.includes('TYPE_MISMATCH'))
  const operator = flow(ALL).replace('operator: flat-map', 'operator: map')
  strictEqual(
    codes(compiled(operator))[0],
    'dataflow.yaml:19 OPERATOR_PLACE the function "split-words" of acme/words is for flat-map, but used by map'
  )
  const input = flow(ALL).replace(
    'sentences: { schema: { value: { type: string } } }',
    'sentences: { schema: { value: { type: u32 } } }'
  )
  strictEqual(
    codes(compiled(input))[0],
    'dataflow.yaml:19 TYPE_MISMATCH "split-words" of acme/words takes string, but u32 arrives'
  )
})

test('mistakes in a package are told in its own file', () => {
  strictEqual(
    inPackage('operator: update-state', 'operator: update-stat').split(' ')[1],
    'OPERATOR_UNKNOWN'
  )
  strictEqual(inPackage('#splitWords', '#spiltWords').split(' ')[1], 'EXPORT_UNKNOWN')
  strictEqual(
    inPackage('output: { type: string }', 'output: { type: bool }').split(' ')[1],
    'TYPE_MISMATCH'
  )
  strictEqual(inPackage('[count-per-word]', '[count-per-wort]').split(' ')[1], 'STATE_UNKNOWN')
  strictEqual(inPackage('types:', 'typs:').split(' ')[1], 'UNKNOWN_KEY')
  strictEqual(inPackage('apiVersion: 1.0.0', 'apiVersion: 0.3.0').split(' ')[1], 'API_VERSION')
  strictEqual(inPackage('./functions.ts#splitWords', 'lodash#words').split(' ')[1], 'USES_INVALID')
})
