// Checks of the code itself: layers, sizes, banned calls, prose. Runs with the unit tests.
// A new word in the table of layers is a new dependency between parts of the product: say why in ARCHITECTURE.md.
import { deepStrictEqual } from 'node:assert/strict'
import { globSync, readFileSync, existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  record: ['base'],
  log: ['base', 'record'],
  // Both doors, Kafka's and HTTP's, ask it.
  security: ['base'],
  state: ['base', 'record', 'log'],
  dataflow: ['base'],
  sql: ['base', 'dataflow'],
  // sql: functions ask their states.
  runtime: ['base', 'record', 'log', 'state', 'dataflow', 'sql'],
  // runtime: only what users' functions see.
  builder: ['base', 'dataflow', 'runtime'],
  // dataflow: its reading of YAML with positions, diagnostics and nearest words, for module files.
  functions: ['base', 'record', 'log', 'state', 'dataflow', 'runtime'],
  kafka: ['base', 'record', 'log', 'security'],
  // log, kafka: data directories of this machine, by the broker in this process. dataflow, runtime: typed values.
  client: ['base', 'record', 'log', 'dataflow', 'runtime', 'kafka'],
  // server: the files that a test names are found and compiled as a run does it.
  testing: [
    'base',
    'record',
    'log',
    'state',
    'dataflow',
    'runtime',
    'builder',
    'functions',
    'server'
  ],
  server: [
    'base',
    'record',
    'log',
    'state',
    'dataflow',
    'runtime',
    'builder',
    'functions',
    'kafka',
    'security',
    'sql'
  ],
  // testing: the cases of test files.
  cli: ['base', 'client', 'dataflow', 'server', 'testing']
}

/** Contract files: the one part of a folder, beside its index, that other folders may name. */
const contracts = new Set([
  'log/log.ts',
  'state/contract.ts',
  'dataflow/plan.ts',
  'dataflow/types.ts',
  'dataflow/diagnostics.ts',
  'runtime/contract.ts',
  'runtime/code/user.ts'
])

const LINES_MAX = 500
const COLUMNS_MAX = 120
const FUNCTION_LINES_MAX = 70
const FUNCTION_OPENING = new RegExp(
  '^(\\s*)(?:export )?(?:async )?(?:function\\*? \\w+|' +
    '(?:static |override |async |private |get |set |\\*)*#?\\w+(?:<[^>]*>)?\\()[^;]*\\{$'
)

/** Code that a script writes; a test beside it says that it is up to date. */
const isGenerated = (path: string) => path.includes('/generated/')
const sources = globSync('**/*.ts', { cwd: join(root, 'src') })
  .filter(path => !isGenerated(path))
  .toSorted()
const all = ['src', 'conformance', 'test', 'bench', 'scripts', 'examples']
  .flatMap(folder =>
    globSync('**/*.ts', { cwd: join(root, folder) }).map(path => `${folder}/${path}`)
  )
  .filter(path => !isGenerated(path))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const isTest = (path: string) => path.endsWith('.test.ts') || path.includes('.cases.')
const layerOf = (path: string) => path.split('/')[0] ?? ''

test('every import stays within its layer or goes to the public face of an allowed one', () => {
  const errors: string[] = []
  for (const path of sources) {
    const layer = layerOf(path)
    if (layers[layer] === undefined) errors.push(`src/${path}: ${layer} is not a layer`)
    for (const [, target] of textOf(`src/${path}`).matchAll(
      /(?:from|import\(|import)\s*'(\.[^']+)'/g
    )) {
      const to = relative(join(root, 'src'), resolve(root, 'src', dirname(path), target!))
      if (to.startsWith('..')) {
        if (!isTest(path)) errors.push(`src/${path}: imports ${to} outside src`)
        continue
      }
      if (layerOf(to) === layer) continue
      if (!isTest(path) && !layers[layer]?.includes(layerOf(to))) {
        errors.push(`src/${path}: ${layer} may not import ${layerOf(to)}`)
      }
      if (!isTest(path) && !to.endsWith('/index.ts') && !contracts.has(to)) {
        errors.push(`src/${path}: imports ${to}, which is not the public face of ${layerOf(to)}`)
      }
    }
  }
  deepStrictEqual(errors, [])
})

test('the map of ARCHITECTURE.md has the folders of src and what each may import', () => {
  const rows = textOf('ARCHITECTURE.md').matchAll(/^\| `([a-z]+)` \|.*\| ([^|]+) \|$/gm)
  const map = [...rows].map(([, folder, imports]) => [
    folder!,
    imports!
      .replaceAll(/ \([^)]*\)/g, '')
      .split(', ')
      .filter(word => word !== '–')
      .toSorted()
  ])
  const table = Object.entries(layers).map(([folder, allowed]) => [folder, allowed.toSorted()])
  deepStrictEqual(Object.fromEntries(map), Object.fromEntries(table))
})

test('every dependency has its reason in ARCHITECTURE.md', () => {
  const reasons = textOf('ARCHITECTURE.md').split('## Dependencies')[1]!
  const told = [...reasons.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names]) =>
    names!.split(', ').map(name => name.slice(1, -1))
  )
  const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: object }
  deepStrictEqual(told.toSorted(), Object.keys(dependencies).toSorted())
})

test('no file needs itself by way of what it imports; types may', () => {
  const value = /^(?:import|export)\s+(?!type\b)[^'"]*?from\s*'(\.[^']+)'/gm
  const onlyTypes = /\{\s*(?:type [^,}]+,?\s*)+\}\s*from/
  const importsOf = (path: string): string[] =>
    [...textOf(path).matchAll(value)]
      .filter(([statement]) => !onlyTypes.test(statement))
      .map(([, target]) => relative(root, resolve(root, dirname(path), target!)))
      .filter(target => target.endsWith('.ts') && existsSync(resolve(root, target)))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path)
    if (at >= 0) circles.push([...way.slice(at), path].join(' → '))
    if (at >= 0 || done.has(path)) return
    for (const target of importsOf(path)) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of sources) visit(`src/${path}`, [])
  deepStrictEqual(circles, [])
})

test('time, randomness, timers and the disk are reached through base', () => {
  const banned = new RegExp(
    '\\b(Date\\.now|Math\\.random|performance\\.now|setTimeout|setInterval|setImmediate)\\b|' +
      '[\'"]node:(fs|fs/promises|child_process)[\'"]|\\bprocess\\.env\\b'
  )
  const errors: string[] = []
  for (const path of sources) {
    if (['base', 'server', 'cli'].includes(layerOf(path)) || isTest(path)) continue
    for (const [index, line] of textOf(`src/${path}`).split('\n').entries()) {
      if (line.trimStart().startsWith('//') || line.trimStart().startsWith('*')) continue
      const found = banned.exec(line)
      if (found) errors.push(`src/${path}:${index + 1}: ${found[0]}`)
    }
  }
  deepStrictEqual(errors, [])
})

test('files open with a sentence and stay readable', () => {
  const errors: string[] = []
  for (const path of all) {
    const lines = textOf(path).split('\n')
    const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0]
    if (!/^(\/\/ |\/\*\*? )/.test(first ?? ''))
      errors.push(`${path}: does not open with a sentence`)
    if (lines.length > LINES_MAX + 1)
      errors.push(`${path}: ${lines.length} lines, at most ${LINES_MAX}`)
    for (const [index, line] of lines.entries()) {
      if (line.length > COLUMNS_MAX) errors.push(`${path}:${index + 1}: ${line.length} columns`)
    }
  }
  deepStrictEqual(errors, [])
})

test('functions fit a screen', () => {
  const errors: string[] = []
  for (const path of sources.filter(path => !isTest(path))) {
    const lines = textOf(`src/${path}`).split('\n')
    for (const [index, line] of lines.entries()) {
      const opening = FUNCTION_OPENING.exec(line)
      if (!opening || /^\s*(if|for|while|switch|return|class|interface)\b/.test(line)) continue
      const end = lines.findIndex(
        (other, at) => at > index && other.replace(/,$/, '') === `${opening[1]}}`
      )
      if (end > 0 && end - index > FUNCTION_LINES_MAX) {
        errors.push(`src/${path}:${index + 1}: a function of ${end - index} lines`)
      }
    }
  }
  deepStrictEqual(errors, [])
})

test('nothing is left for later and no test is switched off', () => {
  const errors: string[] = []
  // With classes of one letter, so that this file does not hold what it looks for.
  const unfinished = /T[O]DO|F[I]XME|X[X]X|not (?:yet )?[i]mplemented/
  const disabled = /\b(?:it|test|describe|suite)\.(?:only|t[o]do)\b/
  for (const path of all) {
    const text = textOf(path)
    if (unfinished.test(text)) errors.push(`${path}: ${unfinished.exec(text)?.[0]}`)
    if (disabled.test(text)) errors.push(`${path}: ${disabled.exec(text)?.[0]}`)
  }
  deepStrictEqual(errors, [])
})

test('every source file is imported by something', () => {
  const entries = new Set([
    'src/cli/main.ts',
    'src/runtime/worker/entry.ts',
    'src/server/sql/child.ts',
    'src/server/sql/memory-watch.ts'
  ])
  const imported = new Set<string>()
  for (const path of all) {
    for (const [, target] of textOf(path).matchAll(
      /(?:from|import\(|import|new URL\()\s*'(\.[^']+)'/g
    )) {
      imported.add(relative(root, resolve(root, dirname(path), target!)))
    }
  }
  const exported = JSON.stringify(JSON.parse(textOf('package.json')).exports)
  const dead = sources
    .map(path => `src/${path}`)
    .filter(
      path => !isTest(path) && !imported.has(path) && !entries.has(path) && !exported.includes(path)
    )
  deepStrictEqual(dead, [])
})

test('links between the documents lead somewhere', () => {
  const errors: string[] = []
  for (const path of globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/*.md'], {
    cwd: root
  })) {
    for (const [, target] of textOf(path).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
      if (!existsSync(resolve(root, dirname(path), target!))) errors.push(`${path}: ${target}`)
    }
  }
  deepStrictEqual(errors, [])
})
