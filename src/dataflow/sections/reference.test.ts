// The reference is what is committed, and every example in the declarations compiles.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compile } from '../compile.ts'
import { formatDiagnostics } from '../format.ts'
import { OPERATORS } from './operators.ts'
import { PACKAGE } from './package-sections.ts'
import { renderReference } from './reference.ts'
import { SECTIONS } from './sections.ts'

const HEAD = 'apiVersion: 1.0.0\nmeta: { name: test }\n'
const TYPES = 'types:\n  word-count: { type: object, properties: { word: string, count: u32 } }\n'
const TOPICS =
  'topics:\n  sentences: { schema: { value: string } }\n  trimmed: { schema: { value: string } }\n'
const WORK =
  'services:\n  work:\n    sources: [{ type: topic, id: sentences }]\n    sinks: [{ type: topic, id: trimmed }]\n'
const indent = (text: string, columns: number): string =>
  text.replace(/^(?=.)/gm, ' '.repeat(columns))
const ACCOUNT = `  account:
    sources: [{ type: topic, id: sentences }]
    states: { balance: { type: keyed-state, properties: { key: string, value: f64 } } }
    partition: { assign-key: { run: 'function one(text: string): string { return text }' } }
`

/** How an example of a section becomes a whole file. */
const PLACES: Readonly<Record<string, (example: string) => string>> = {
  'the file': example => example,
  meta: example => `apiVersion: 1.0.0\n${example}\n${TOPICS}${WORK}`,
  config: example => `${HEAD}${example}\n${TOPICS}${WORK}`,
  registry: example => `${HEAD}config:\n${indent(example, 2)}\n${TOPICS}${WORK}`,
  default_starting_offset: example =>
    `${HEAD}config:\n  consumer:\n${indent(example, 4)}\n${TOPICS}${WORK}`,
  schedule: example =>
    `${HEAD}${example}\n${TOPICS}${WORK.replace('trimmed', 'ticks')}`
      .replace('{ type: topic, id: sentences }', '{ type: schedule, id: each-morning }')
      .replace('trimmed: { schema: { value: string', 'ticks: { schema: { value: s64')
      .replace('  sentences: { schema: { value: string } }\n', ''),
  errors: example => `${HEAD}${example}\n${TOPICS}${WORK}`,
  topic: example => `${HEAD}${TYPES}${TOPICS}${indent(example, 2)}\n${WORK}`,
  rename: example =>
    `${HEAD}types: { a: { type: object, properties: { b: { type: string, ${example} } } } }\n${TOPICS}${WORK}`,
  source: example => `${HEAD}${TOPICS}${WORK.replace(/^ {4}sources.*$/m, indent(example, 4))}`,
  sink: example =>
    `${HEAD}${TOPICS}  counts: { schema: { value: string } }\n${WORK.replace(/^ {4}sinks.*$/m, indent(example, 4))}`,
  'function sink': example =>
    `${HEAD}types: { transfer: { type: object, properties: { account: string } } }\n` +
    `${TOPICS.replaceAll('string', 'transfer')}${WORK.replace(/^ {4}sinks.*$/m, indent(example, 4))}`,
  state: example => `${HEAD}${TOPICS}${WORK}${indent(example, 4)}\n${keyed}${ACCOUNT}`,
  migrate: example => `${HEAD}${TOPICS}${WORK}${indent(example, 4)}\n${keyed}`,
  'service migrate': example => `${HEAD}${TOPICS}${example}\n`,
  'topic migrate': example => `${HEAD}${TOPICS}${indent(example, 2)}\n${WORK}`,
  'file migrate': example => `${HEAD}${example}\n${TOPICS}${WORK}`,
  ...Object.fromEntries(
    ['tumbling', 'sliding', 'session', 'count', 'global'].map(kind => [
      kind,
      (example: string) => `${IN_WINDOW}      ${example}\n${KEYED_IN_WINDOW}`
    ])
  ),
  ...Object.fromEntries(
    ['watermark', 'late'].map(key => [
      key,
      (example: string) =>
        `${IN_WINDOW.replace('topics:', 'topics:\n  late-cars: { schema: { value: string } }')}` +
        `      tumbling: { duration: 5s }\n      ${example}\n${KEYED_IN_WINDOW}`
    ])
  ),
  early: example =>
    `${IN_WINDOW}      tumbling: { duration: 5s }\n      ${example}\n${KEYED_IN_WINDOW}` +
    "      flush: { run: 'function end(): string { return String(1) }' }\n",
  window: example =>
    `${HEAD}${TOPICS.replace('trimmed: { schema: { value: string', 'trimmed: { schema: { value: u32')}${WORK}` +
    `    states: { count-per-word: { type: keyed-state, properties: { key: string, value: u32 } } }\n` +
    `${indent(example, 4)}\n`,
  'old window': example => example,
  import: example => `${HEAD}${example}\n${TOPICS}${WORK}`,
  'imported name': example =>
    `${HEAD}imports:\n  - pkg: acme/words@0.1.0\n    path: words\n${indent(example, 4)}\n${TOPICS}${WORK}`,
  dev: example => `${HEAD}${example}\n${TOPICS}${WORK}`,
  package: example => inFile(example),
  'package state': example => inFile(`${PACKAGE_HEAD}states:\n${indent(example, 2)}`),
  'package function': example =>
    inFile(
      `${PACKAGE_HEAD}states:\n  count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }\n` +
        `functions:\n${indent(example, 2)}`
    ),
  step: example => `${HEAD}${TOPICS}${WORK}    transforms:\n${indent(example, 6)}\n`,
  condition: example =>
    `${WORDS}    transforms:\n      - operator: filter\n${indent(example, 8)}\n`,
  function: example => `${HEAD}${TOPICS}${WORK}    partition:\n${indent(example, 6)}\n`,
  'assign-key': example => `${WORDS}    partition:\n      ${example}\n`,
  'assign-timestamp': example =>
    `${WORDS}    ${example}\n    watermark: { out-of-orderness: 1s }\n`,
  dedup: example => `${WORDS}    partition:\n      assign-key: { field: word }\n      ${example}\n`,
  aggregate: example =>
    `${WORDS.replace(/ {4}sinks.*\n/, '')}    partition:\n      assign-key: { field: word }\n${indent(example, 6)}\n`,
  join: example => `${TWO_SOURCES}${indent(example, 4)}\n`,
  'join side': example => PLACES['join']!(example),
  within: example =>
    PLACES['join']!(
      `join:\n  left: { source: sentences, key: word }\n  right: { source: trimmed, key: word }\n  ${example}`
    ),
  service: example => {
    const topics = TOPICS.replaceAll('string', '{ type: string }')
    return `${HEAD.replace('1.0.0', '0.3.0')}${topics}services:\n${indent(example, 2)}\n`
  }
}
const WORDS =
  `${HEAD}types:\n  sentence:\n    type: object\n` +
  '    properties: { word: string, text: string, length: u32, at: timestamp }\n' +
  `${TOPICS.replaceAll('string', 'sentence')}${WORK}`
const TWO_SOURCES = WORDS.replace(/ {4}sinks.*\n/, '').replace(
  'id: sentences }',
  'id: sentences }, { type: topic, id: trimmed }'
)
const PACKAGE_HEAD = 'apiVersion: 1.0.0\nmeta: { name: words, namespace: acme, version: 0.1.0 }\n'
/** A package that stands in a dataflow file. */
const inFile = (example: string): string =>
  `${HEAD}packages:\n  - ${indent(example, 4).trimStart()}\n${TOPICS}${WORK}`
const IN_WINDOW = `${HEAD}${TOPICS}${WORK}    window:\n`
const KEYED_IN_WINDOW =
  "      partition: { assign-key: { run: 'function key(text: string): string { return text }' } }\n"
const keyed =
  "    partition: { assign-key: { run: 'function key(text: string): string { return text }' } }\n"
const inTypes = (example: string): string =>
  `${HEAD}types:\n${indent(example, 2)}\n${TOPICS}${WORK}`
const typeSections = new Set(
  SECTIONS.find(group => group.title === 'Types')!.sections.map(section => section.name)
)

for (const group of SECTIONS) {
  for (const section of group.sections.filter(each => each.example !== undefined)) {
    test(`the example of ${group.title}, ${section.name} compiles`, () => {
      const place = PLACES[section.name] ?? (typeSections.has(section.name) ? inTypes : undefined)
      ok(place, `say in PLACES where the example of ${section.name} stands`)
      const text = place(section.example!)
      const { diagnostics } = compile(text, {
        file: 'example.yaml',
        readSchema: () => '{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}',
        readPackage: () => ({
          kind: 'found',
          file: 'words/package.yaml',
          folder: 'words',
          isInstalled: false,
          text: PACKAGE.example!
        })
      })
      const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error')
      deepStrictEqual(errors, [], `${text}\n${formatDiagnostics(errors, text, { color: false })}`)
    })
  }
}

const IN_WINDOWS = ['assign-timestamp', 'merge', 'flush']
const inSteps = Object.values(OPERATORS).filter(
  ({ kind }) => kind !== 'assign-id' && kind !== 'migrate' && !IN_WINDOWS.includes(kind)
)
for (const operator of inSteps) {
  test(`the example of ${operator.kind} has the signature that it needs`, () => {
    const step =
      operator.place === 'step'
        ? `    transforms:\n      - operator: ${operator.kind}\n        run: |\n          ${operator.example}\n`
        : `    states: { count-per-word: { type: keyed-state, properties: { key: string, value: ` +
          `u32 } } }\n    partition:\n` +
          (operator.kind === 'assign-key'
            ? ''
            : "      assign-key: { run: 'function key(text: string): string { return text }' }\n") +
          `      ${operator.kind}:\n        run: |\n          ${operator.example}\n`
    const text = `${HEAD}${TOPICS.replace(/ {2}trimmed.*\n/, '')}${WORK.replace(/ {4}sinks.*\n/, '')}${step}`
    const { diagnostics } = compile(text, { file: 'example.yaml' })
    deepStrictEqual(diagnostics, [], formatDiagnostics(diagnostics, text, { color: false }))
  })
}

for (const kind of IN_WINDOWS as ('assign-timestamp' | 'merge' | 'flush')[]) {
  test(`the example of ${kind} has the signature that it needs`, () => {
    const run = `${kind}:\n          run: |\n            ${OPERATORS[kind].example}\n`
    const key =
      "        assign-key: { run: 'function key(text: string): string { return text }' }\n"
    const update =
      "        update-state: { run: 'function count(text: string, ctx: Context): void {}' }\n"
    const window =
      `    window:\n      sliding: { duration: 10s, slide: 5s }\n` +
      (kind === 'assign-timestamp' ? `      ${run}` : '') +
      `      partition:\n${key}${update}${kind === 'assign-timestamp' ? '' : `        ${run}`}`
    const states = `    states: { count-per-word: { type: keyed-state, properties: { key: string, value: u32 } } }\n`
    const sinks = kind === 'flush' ? '' : / {4}sinks.*\n/
    const topics =
      kind === 'flush'
        ? TOPICS.replace(/(trimmed.*)string/, '$1u32')
        : TOPICS.replace(/ {2}trimmed.*\n/, '')
    const text = `${HEAD}${topics}${WORK.replace(sinks, '')}${states}${window}`
    const { diagnostics } = compile(text, { file: 'example.yaml' })
    deepStrictEqual(diagnostics, [], formatDiagnostics(diagnostics, text, { color: false }))
  })
}

test('the example of assign-id has the signature that it needs', () => {
  const sink = `    sinks:\n      - type: function\n        function: example/account\n        assign-id:\n`
  const run = `          run: |\n            ${OPERATORS['assign-id'].example}\n`
  const text = `${HEAD}${TOPICS.replace(/ {2}trimmed.*\n/, '')}${WORK.replace(/ {4}sinks.*\n/, '')}${sink}${run}`
  const { diagnostics } = compile(text, { file: 'example.yaml' })
  deepStrictEqual(diagnostics, [], formatDiagnostics(diagnostics, text, { color: false }))
})

test('the example of migrate has the signature that it needs', () => {
  const run = `          run: |\n            ${OPERATORS.migrate.example}\n`
  const properties = '        properties: { key: string, value: string }\n'
  const state = `    states:\n      amounts:\n        type: keyed-state\n${properties}`
  const text = `${HEAD}${TOPICS}${WORK}${state}        migrate:\n${run}${keyed}`
  const { diagnostics } = compile(text, { file: 'example.yaml' })
  deepStrictEqual(diagnostics, [], formatDiagnostics(diagnostics, text, { color: false }))
})

test('every key of every section is explained', () => {
  for (const section of SECTIONS.flatMap(group => group.sections)) {
    for (const key of section.keys)
      ok(/[.]$/.test(key.doc), `${section.name}.${key.key}: ${key.doc}`)
  }
})

test('docs/reference/dataflow-file.md is what the declarations say', () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'dataflow-file.md')
  strictEqual(readFileSync(path, 'utf8'), renderReference(), 'run: node scripts/generate-docs.ts')
})
