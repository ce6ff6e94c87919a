// Loading users' functions: inline ones, files, packages; what they see, and what is said when they cannot be loaded.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { isMillraceError } from '../../base/index.ts'
import { compile } from '../../dataflow/index.ts'
import type { StepPlan } from '../../dataflow/plan.ts'
import { describeUserError, isKeyed, Keyed, loadStep } from './index.ts'
import { folderWith, inlineStep, moduleStep } from './plan.cases.ts'

async function call(step: StepPlan, value: unknown, folder = '/nowhere'): Promise<unknown> {
  return (await loadStep(step, folder))(value, {})
}

/** A step whose code has no types. */
function plain(source: string): StepPlan {
  return inlineStep('f', source, { javascript: source })
}

async function refusal(step: StepPlan, folder: string): Promise<string> {
  try {
    await loadStep(step, folder)
  } catch (error) {
    assert(isMillraceError(error), String(error))
    return `${error.code} ${error.message}`
  }
  return 'loaded'
}

test('an inline function runs with its types stripped, in this realm, strict, with keyed', async () => {
  const source = `function twice(n: number, ctx?: Context): KeyValue<string, number> {
  type Local = { readonly a: number }
  return keyed('a', n * 2 as Local['a'])
}
`
  const result = await call(inlineStep('twice', source), 4)
  assert(result instanceof Keyed && isKeyed(result))
  assert.deepEqual({ ...result }, { key: 'a', value: 8 })
  assert.equal(await call(inlineStep('self', 'function self() { return this }'), 1), undefined)
  const date = await call(inlineStep('date', 'function date() { return new Date(0) }'), 1)
  assert(date instanceof Date)
})

test('an inline function sees globals and nothing of ours', async () => {
  const names = [
    'PREFIX',
    'make',
    'step',
    'code',
    'folder',
    'require',
    'module',
    'exports',
    '__filename'
  ]
  const source = `function seen() { return [${names.map(name => `typeof ${name}`).join()}] }`
  assert.deepEqual(
    await call(inlineStep('seen', source), 1),
    names.map(() => 'undefined')
  )
  assert.equal(await call(inlineStep('url', 'function url() { return typeof URL }'), 1), 'function')
})

test('an asynchronous inline function may import files beside the dataflow', async () => {
  const folder = folderWith({ 'rates.ts': 'export const rate: number = 3' })
  const source =
    "async function convert(n: number) { return n * (await import('./rates.ts')).rate }"
  assert.equal(await call(inlineStep('convert', source), 2, folder), 6)
})

test('stack traces name the dataflow file, and described errors its line and column', async () => {
  const source = `function check(n: number) {
  if (n > 3) throw new RangeError(\`too big: \${n}\`)
  return (null as never as { a: number }).a
}`
  const step = inlineStep('check', source)
  const check = await loadStep(step, '/data/flows')
  const thrown = (value: number): Error => {
    try {
      check(value, {})
    } catch (error) {
      return error as Error
    }
    return assert.fail('the function throws')
  }
  assert.match(String(thrown(5).stack), /at check \(\/data\/flows\/dataflow.yaml:11:20\)/)
  assert.deepEqual(describeUserError(thrown(5), step, '/data/flows'), {
    message: 'RangeError: too big: 5',
    place: 'flows/dataflow.yaml:11:32'
  })
  assert.equal(describeUserError(thrown(1), step, '/data/flows').place, 'flows/dataflow.yaml:12:55')
})

test('an error in the first line of a function has its column too', async () => {
  const step = inlineStep('fail', "function fail() { throw new Error('x') }")
  const fail = await loadStep(step, '/data')
  assert.throws(
    () => fail(1, {}),
    error => describeUserError(error, step, '/data').place === 'flows/dataflow.yaml:10:37'
  )
})

test('anything that is thrown has a message, and the place of its step at least', () => {
  const step = inlineStep('f', 'function f() {}')
  const hostile = {
    get message(): string {
      throw new Error('no')
    },
    get stack(): string {
      throw new Error('no')
    }
  }
  const looping: Record<string, unknown> = {}
  looping['self'] = looping
  const cases: readonly (readonly [unknown, string])[] = [
    ['just text', 'just text'],
    [undefined, 'threw undefined'],
    [{ code: 7 }, 'threw {"code":7}'],
    [Object.create(null), 'threw {}'],
    [new TypeError(''), 'TypeError: '],
    [new Error(''), 'an error without a message'],
    [hostile, 'threw something that cannot be shown'],
    [looping, 'threw something that cannot be shown'],
    [new Error('x'.repeat(5000)), `${'x'.repeat(1999)}…`]
  ]
  for (const [thrown, message] of cases) {
    assert.deepEqual(describeUserError(thrown, step, '/data'), {
      message,
      place: 'flows/dataflow.yaml:10:13'
    })
  }
})

test('code that V8 does not take is refused with its place', async () => {
  assert.match(
    await refusal(plain('function f(n) {\n  return n +\n}'), '/data'),
    /^FUNCTION_INVALID flows\/dataflow.yaml:12:13: map f is no valid function: \S/
  )
  assert.match(
    await refusal(plain('function f() { enum A { b } }'), '/data'),
    /^FUNCTION_INVALID flows\/dataflow.yaml:10:28: .*reserved word/
  )
  // Node strips it; V8 refuses it.
  assert.match(
    await refusal(inlineStep('f', 'function f() {\n  let a; let a\n}'), '/data'),
    /^FUNCTION_INVALID flows\/dataflow.yaml:11:26: .*'a' has already been declared/
  )
})

test('a function of a file is found from the folder, and its errors have their own place', async () => {
  const folder = folderWith({
    'lib/parse.ts': `import { keyed, type KeyValue } from 'millrace/dataflow'
export function parse(text: string): KeyValue<string, number> {
  if (text === '') throw new Error('empty')
  return keyed(text, text.length)
}
`
  })
  const step = moduleStep('./lib/parse.ts', 'parse')
  const result = await call(step, 'abc', folder)
  assert(result instanceof Keyed)
  assert.equal(result.value, 3)
  const parse = await loadStep(step, folder)
  assert.throws(
    () => parse('', {}),
    error => {
      assert.deepEqual(describeUserError(error, step, folder), {
        message: 'empty',
        place: 'lib/parse.ts:3:26'
      })
      assert.equal(describeUserError(error, step, '/elsewhere').place, 'flows/dataflow.yaml:7:15')
      return true
    }
  )
})

test('a function of a package is found as an import in the folder would find it', async () => {
  const folder = folderWith({
    'node_modules/words/package.json': '{"type":"module","exports":{".":{"import":"./index.js"}}}',
    'node_modules/words/index.js': 'export function upper(text) { return text.toUpperCase() }'
  })
  assert.equal(await call(moduleStep('words', 'upper'), 'a', folder), 'A')
})

test('what cannot be loaded is told with the way out', async () => {
  const folder = folderWith({
    'a.ts': 'export function parseLine() {}\nexport const number = 1',
    'broken.ts': 'export function f( {',
    'throws.ts': "throw new Error('not configured')",
    'needs.ts': "import './gone.ts'\nexport function f() {}"
  })
  const place = 'flows/dataflow.yaml:7:15'
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      './gone.ts',
      'f',
      /^MODULE_NOT_FOUND .*uses .\/gone.ts: Cannot find module .*expected a file below/
    ],
    ['gone', 'f', /^MODULE_NOT_FOUND .*Cannot find package 'gone'/],
    ['./needs.ts', 'f', /^MODULE_NOT_FOUND .*gone.ts/],
    ['./broken.ts', 'f', /^MODULE_FAILED .*uses .\/broken.ts, which fails to load: .*broken.ts:1/s],
    ['./throws.ts', 'f', /^MODULE_FAILED .*fails to load: not configured/],
    ['./a.ts', 'parseline', /^EXPORT_NOT_FOUND .*exports no parseline; did you mean parseLine\?$/],
    ['./a.ts', 'toString', /^EXPORT_NOT_FOUND .*it exports parseLine$/],
    ['./a.ts', 'number', /^EXPORT_NOT_FOUND .*number of .\/a.ts is a number, not a function/]
  ]
  for (const [specifier, name, expected] of cases) {
    const text = await refusal(moduleStep(specifier, name), folder)
    assert.match(text, expected)
    assert(text.includes(`${place}: `), text)
  }
})

test("Node's notices stay away from the user's terminal, other warnings do not", () => {
  const folder = folderWith({ 'a.ts': 'export function f(n: number): number { return n }' })
  const index = join(import.meta.dirname, 'index.ts')
  const script = `import { loadStep } from ${JSON.stringify(index)}
const at = { file: 'd.yaml', line: 1, column: 1 }
const of = code => ({ operator: 'map', name: 'f', code, with: {}, input: null, output: null, outputKey: null, at })
const javascript = "async function f(n) { await import('./a.ts'); return n }"
const inline = { kind: 'inline', source: javascript, javascript, at, indent: 0, functionName: 'f' }
const f = await loadStep(of(inline), ${JSON.stringify(folder)})
await f(1, {})
await loadStep(of({ kind: 'module', specifier: './a.ts', exportName: 'f', at }), ${JSON.stringify(folder)})
process.emitWarning('this one stays')`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8'
  })
  assert.equal(run.status, 0, run.stderr)
  assert.match(run.stderr, /^\(node:\d+\) Warning: this one stays\n(?:\(Use .*\)\n)?$/)
})

test('what a folded function throws has its place in the file', async () => {
  const text = `apiVersion: 1.0.0
meta: { name: flow, version: 0.1.0, namespace: test }
topics:
  lines: { schema: { value: string } }
  copies: { schema: { value: string } }
services:
  copy:
    sources: [{ type: topic, id: lines }]
    transforms:
      - operator: map
        run: >
          function copy(line: string): string {
          if (line === 'a')
          throw new Error('first');

          throw new Error('second'); }
    sinks: [{ type: topic, id: copies }]
`
  const { plan } = compile(text, { file: 'dataflow.yaml' })
  const step = plan!.services[0]!.steps[0]!
  for (const [value, place] of [
    ['a', 'dataflow.yaml:14:17'],
    ['b', 'dataflow.yaml:16:17']
  ]) {
    await assert.rejects(
      async () => call(step, value),
      error => describeUserError(error, step, '/nowhere').place === place
    )
  }
})
