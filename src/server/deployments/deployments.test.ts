// Deployments in a server: they run, are replaced without loss or doubling, survive restarts, and fail alone.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { ServerBench, markingFlow } from '../http/api/kit.cases.ts'
import { collectBundle } from './bundle/collect.ts'
import type { DeployOutcome, DeploymentReport } from './contract.ts'

interface Marked {
  readonly mark: string
  readonly line: string
}

/** The body of a deployment of files that are written beside the data. */
function bodyOf(
  bench: ServerBench,
  files: Readonly<Record<string, string>>,
  options: {
    readonly entry?: string
    readonly functions?: readonly string[]
    readonly settings?: object
  } = {}
): object {
  bench.write(files)
  const { entry = Object.keys(files)[0]!, functions = [], settings = { workers: 0 } } = options
  const collected = collectBundle({
    paths: [join(bench.folder, entry)],
    functionFiles: functions.map(file => join(bench.folder, file)),
    include: [],
    dev: false
  })
  const { bundle, diagnostics } = collected
  if (bundle === null) throw new Error(JSON.stringify(diagnostics))
  return {
    entries: bundle.entries,
    functionFiles: bundle.functionFiles,
    files: bundle.files.map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString() })),
    settings
  }
}

async function deploy(bench: ServerBench, name: string, body: object): Promise<DeployOutcome> {
  const { status, body: outcome } = await bench.call<DeployOutcome>(
    'PUT',
    `deployments/${name}`,
    body
  )
  ok(status === 200 || status === 201, JSON.stringify(outcome))
  return outcome
}

/** A file of text that holds a dataflow as it is. */
function flow(text: string, path = 'dataflow.yaml'): object {
  return { entries: [path], files: [{ path, text }], settings: { workers: 0 } }
}

test('a deployment runs, is replaced without loss or doubling, stops, and survives restarts', async context => {
  const bench = await ServerBench.start(context)
  const created = await deploy(bench, 'marks', flow(markingFlow('one')))
  strictEqual(created.outcome, 'created')
  await bench.produce('marks-in', ['a', 'b'])
  deepStrictEqual(await bench.values('marks-out', 2), [
    { mark: 'one', line: 'a' },
    { mark: 'one', line: 'b' }
  ])
  strictEqual((await deploy(bench, 'marks', flow(markingFlow('one')))).outcome, 'unchanged')
  const replaced = await deploy(bench, 'marks', flow(markingFlow('two')))
  deepStrictEqual([replaced.outcome, replaced.deployment.version], ['replaced', 2])
  await bench.produce('marks-in', ['a'])
  strictEqual((await bench.values('marks-out', 3)).length, 3)
  await bench.stop()
  await bench.start()
  await bench.produce('marks-in', ['a'])
  const all = (await bench.values('marks-out', 4)) as Marked[]
  deepStrictEqual(
    all.map(({ mark }) => mark),
    ['one', 'one', 'two', 'two']
  )
  const { entries } = await bench.get<{ entries: unknown }>('dataflows/marks/states/seen/a')
  deepStrictEqual(entries, [{ key: 'a', value: 3 }])
  strictEqual(await bench.problem('POST', 'deployments/marks/stop'), '200')
  await bench.stop()
  await bench.start()
  strictEqual((await bench.get<DeploymentReport>('deployments/marks')).status, 'stopped')
  await bench.produce('marks-in', ['c'])
  strictEqual(await bench.problem('POST', 'deployments/marks/restart'), '200')
  strictEqual((await bench.values('marks-out', 5)).length, 5)
})

test('a version that is wrong changes nothing; one that does not start gives way to the one before', async context => {
  const bench = await ServerBench.start(context)
  await deploy(bench, 'marks', flow(markingFlow('one')))
  const put = async (body: object): Promise<string> =>
    await bench.problem('PUT', 'deployments/marks', body)
  strictEqual(
    await put(flow(markingFlow('x').replace('services:', 'servises:'))),
    '422 DEPLOYMENT_INVALID'
  )
  const typed = markingFlow('x')
    .replace('value: u32', 'value: string')
    .replace('n => n + 1', "() => ''")
  strictEqual(await put(flow(typed)), '409 UPGRADE_REFUSED')
  const uses = markingFlow('x').replace(
    /update-state:\n +run: \|\n(?: {10}.*\n)+/,
    "update-state:\n        uses: './lib.js#markLine'\n"
  )
  const files = (text: string): object => ({
    entries: ['dataflow.yaml'],
    files: [
      { path: 'dataflow.yaml', text: uses },
      { path: 'lib.js', text },
      { path: 'package.json', text: '{"type":"module"}' }
    ],
    settings: { workers: 0 }
  })
  const broken =
    "export function markLine(line, ctx) { return { mark: 'x', line } }\nthrow new Error('as it loads')"
  strictEqual(await put(files(broken)), '422 DEPLOYMENT_FAILED')
  const report = await bench.get<DeploymentReport>('deployments/marks')
  deepStrictEqual([report.status, report.version], ['running', 1])
  match(report.reason!, /version \d does not start: .*as it loads/)
  await bench.produce('marks-in', ['a'])
  deepStrictEqual(await bench.values('marks-out', 1), [{ mark: 'one', line: 'a' }])
  // The same path with other code: it is the new code that runs.
  await deploy(
    bench,
    'marks',
    files("export function markLine(line, ctx) { return { mark: 'y', line } }")
  )
  await bench.produce('marks-in', ['b'])
  deepStrictEqual((await bench.values('marks-out', 2))[1], { mark: 'y', line: 'b' })
  strictEqual(
    await bench.problem('PUT', 'deployments/new', flow(markingFlow('z'))),
    '409 DEPLOYMENT_CONFLICT'
  )
  deepStrictEqual(
    (await bench.get<{ deployments: DeploymentReport[] }>('deployments')).deployments.map(
      ({ name }) => name
    ),
    ['marks']
  )
})

test('a deployment that fails harms no other, says why, and can be started again', async context => {
  const bench = await ServerBench.start(context)
  const failing = markingFlow('x', {
    name: 'bad',
    run: "if (line === 'bad') throw new Error('no such line'); return { mark: 'x', line }"
  }).replace('services:', 'errors: { policy: fail }\nservices:')
  await deploy(bench, 'bad', flow(failing))
  await deploy(bench, 'marks', flow(markingFlow('one')))
  await bench.produce('bad-in', ['good', 'bad'])
  let report = await bench.get<DeploymentReport>('deployments/bad')
  while (report.status === 'running') report = await bench.get<DeploymentReport>('deployments/bad')
  strictEqual(report.status, 'failed')
  match(report.reason!, /no such line/)
  await bench.produce('marks-in', ['a'])
  strictEqual((await bench.values('marks-out', 1)).length, 1)
  const logs = await bench.call<string>('GET', 'deployments/bad/logs')
  match(logs.body, /"level":"error".*no such line/)
  // The line is still there: it fails again, and at a start of the server, too, which goes on all the same.
  await bench.stop()
  await bench.start()
  strictEqual(await bench.problem('GET', '/health'), '200')
  await deploy(bench, 'bad', flow(failing.replace("'bad'", "'never'")))
  strictEqual((await bench.values('bad-out', 2)).length, 2)
})

test('a thread that a deployed function ends takes only its deployment with it', async context => {
  const bench = await ServerBench.start(context)
  const fatal = markingFlow('x', {
    name: 'fatal',
    run: "if (line === 'bad') setImmediate(() => { throw new Error('nobody waits') }); return { mark: 'x', line }"
  })
  const inThread = { ...flow(fatal), settings: { workers: 1 } }
  await deploy(bench, 'fatal', inThread)
  await deploy(bench, 'marks', { ...flow(markingFlow('one')), settings: { workers: 1 } })
  await bench.produce('fatal-in', ['good', 'bad'])
  let report = await bench.get<DeploymentReport>('deployments/fatal')
  while (report.status === 'running')
    report = await bench.get<DeploymentReport>('deployments/fatal')
  match(report.reason!, /worker thread .* is gone: nobody waits/)
  await bench.produce('marks-in', ['a'])
  deepStrictEqual(await bench.values('marks-out', 1), [{ mark: 'one', line: 'a' }])
  await deploy(bench, 'fatal', {
    ...flow(fatal.replace("'bad'", "'never'")),
    settings: { workers: 1 }
  })
  await bench.produce('fatal-in', ['more'])
  const lines = (await bench.values('fatal-out', 3)) as Marked[]
  deepStrictEqual(
    lines.map(({ line }) => line),
    ['good', 'bad', 'more']
  )
})

test('what a deployed function throws outside of calls ends its deployment alone', async context => {
  const bench = await ServerBench.start(context)
  await deploy(bench, 'marks', flow(markingFlow('one')))
  const { deployments } = bench.server!
  const [files = ''] = readdirSync(join(bench.data, 'deployments/marks')).filter(name =>
    name.startsWith('v')
  )
  const folder = join(bench.data, 'deployments/marks', files)
  // As Node names code of files, and the runtime code of a dataflow's own file.
  for (const place of [pathToFileURL(folder).href, folder]) {
    const stray = new Error('from a timer')
    stray.stack = `Error: from a timer\n    at node:fs:1:2\n    at later (${place}/dataflow.yaml:20:5)`
    strictEqual(await deployments.failStray(stray), true)
    const { reason } = await bench.get<DeploymentReport>('deployments/marks')
    match(reason!, /from a timer \(at dataflow\.yaml:20:5\)$/)
    match(bench.events.at(-1)!, /^marks: failed: an error was thrown/)
    strictEqual(await bench.problem('POST', 'deployments/marks/restart'), '200')
  }
  strictEqual(await deployments.failStray(new Error('of nobody')), false)
})

test('a deleted deployment leaves its topics, and its states unless they are kept', async context => {
  const bench = await ServerBench.start(context)
  await deploy(bench, 'marks', flow(markingFlow('one')))
  await bench.produce('marks-in', ['a', 'a'])
  await bench.values('marks-out', 2)
  strictEqual(await bench.problem('DELETE', 'topics/marks-in'), '409 TOPIC_IN_USE')
  strictEqual((await bench.call('DELETE', 'deployments/marks?keepState=true')).status, 204)
  strictEqual(await bench.problem('GET', 'deployments/marks'), '404 DEPLOYMENT_UNKNOWN')
  await deploy(bench, 'again', flow(markingFlow('two')))
  await bench.produce('marks-in', ['a'])
  await bench.values('marks-out', 3)
  const seen = async (): Promise<unknown> =>
    (await bench.get<{ entries: unknown }>('dataflows/marks/states/mark.seen')).entries
  deepStrictEqual(await seen(), [{ key: 'a', value: 3 }])
  strictEqual((await bench.call('DELETE', 'deployments/again')).status, 204)
  const { topics } = await bench.get<{ topics: { name: string }[] }>('topics?internal=true')
  deepStrictEqual(
    topics.filter(({ name }) => name.startsWith('_millrace.tests')),
    []
  )
  deepStrictEqual(readdirSync(join(bench.data, 'deployments')), [])
  // Without its positions it begins at the beginning, with empty states.
  await deploy(bench, 'marks', flow(markingFlow('three')))
  await bench.values('marks-out', 6)
  deepStrictEqual(await seen(), [{ key: 'a', value: 3 }])
})

test('what is deployed is a copy: code, schemas, packages and what these import', async context => {
  const bench = await ServerBench.start(context)
  const body = bodyOf(
    bench,
    {
      'app/flows/dataflow.yaml': `apiVersion: 1.0.0
meta: { name: copies, namespace: tests, version: 0.1.0 }
imports:
  - pkg: tests/shout@0.1.0
    path: ../packages/shout
    functions: [{ name: shout-line }]
topics:
  copies-in: { schema: { value: { type: string, converter: raw } } }
  copies-out: { schema: { value: { type: string, converter: raw } } }
services:
  copy:
    sources: [{ type: topic, id: copies-in }]
    transforms:
      - operator: map
        uses: ./lib/mark.ts#mark
      - operator: map
        uses: shout-line
    sinks: [{ type: topic, id: copies-out }]
`,
      'app/flows/lib/mark.ts': `import { bracket } from './bracket.ts'
import { suffix } from 'suffix-lib'
import type { Never } from './missing-types.ts'
export function mark(line: string): string { return suffix(bracket(line)) }
`,
      'app/flows/lib/bracket.ts':
        'export function bracket(line: string): string { return `[${line}]` }\n',
      'app/package.json': '{ "type": "module" }',
      'app/node_modules/suffix-lib/package.json':
        '{ "name": "suffix-lib", "type": "module", "main": "index.js", "dependencies": { "bang-lib": "1" } }',
      'app/node_modules/suffix-lib/index.js':
        "import { bang } from 'bang-lib'\nexport const suffix = line => line + bang\n",
      'app/node_modules/bang-lib/package.json':
        '{ "name": "bang-lib", "type": "module", "main": "index.js" }',
      'app/node_modules/bang-lib/index.js': "export const bang = '!'\n",
      'app/packages/shout/package.yaml': `apiVersion: 1.0.0
meta: { name: shout, namespace: tests, version: 0.1.0 }
functions:
  shout-line:
    operator: map
    inputs: [{ name: line, type: string }]
    output: { type: string }
    uses: ./shout.ts#shoutLine
`,
      'app/packages/shout/shout.ts':
        'export function shoutLine(line: string): string { return line.toUpperCase() }\n'
    },
    { entry: 'app/flows/dataflow.yaml', settings: { workers: 1 } }
  ) as { files: { path: string }[] }
  deepStrictEqual(
    body.files.map(({ path }) => path),
    [
      'flows/dataflow.yaml',
      'flows/lib/bracket.ts',
      'flows/lib/mark.ts',
      'node_modules/bang-lib/index.js',
      'node_modules/bang-lib/package.json',
      'node_modules/suffix-lib/index.js',
      'node_modules/suffix-lib/package.json',
      'package.json',
      'packages/shout/package.yaml',
      'packages/shout/shout.ts'
    ]
  )
  rmSync(join(bench.folder, 'app'), { recursive: true })
  await deploy(bench, 'copies', body)
  await bench.produce('copies-in', ['a'])
  deepStrictEqual(await bench.values('copies-out', 1, 'text'), ['[A]!'])
  await bench.stop()
  await bench.start()
  await bench.produce('copies-in', ['b'])
  deepStrictEqual(await bench.values('copies-out', 2, 'text'), ['[A]!', '[B]!'])
})

test('files that lead out of their folder, or are too many, are refused', async context => {
  const bench = await ServerBench.start(context)
  const text = markingFlow('one')
  const put = async (files: object[], entries: string[] = ['dataflow.yaml']): Promise<string> =>
    await bench.problem('PUT', 'deployments/x', { entries, files })
  const own = { path: 'dataflow.yaml', text }
  for (const path of [
    '../x',
    '/etc/x',
    'a/../../x',
    'a//b',
    '',
    './a',
    'a\\b',
    'C:x',
    'a\u0000b'
  ]) {
    strictEqual(
      await put([own, { path, text: '' }]),
      '422 DEPLOYMENT_INVALID',
      JSON.stringify(path)
    )
  }
  strictEqual(await put([own, own]), '422 DEPLOYMENT_INVALID')
  strictEqual(await put([own], ['other.yaml']), '422 DEPLOYMENT_INVALID')
  strictEqual(await put([own], []), '422 DEPLOYMENT_INVALID')
  strictEqual(await put([{ ...own, more: 1 }]), '400 BODY_INVALID')
  for (const wrong of [{}, { text: '', base64: '' }, { base64: 'A' }, { base64: '?' }])
    strictEqual(await put([own, { path: 'x', ...wrong }]), '400 BODY_INVALID')
  const big = { path: 'big', text: 'x'.repeat(33 * 1024 * 1024) }
  strictEqual(await put([own, big]), '413 DEPLOYMENT_TOO_LARGE')
  strictEqual(
    await bench.problem('PUT', 'deployments/a%2Fb', { entries: ['dataflow.yaml'], files: [own] }),
    '422 DEPLOYMENT_INVALID'
  )
  strictEqual(
    await bench.problem('PUT', 'deployments/x?dryRun', {
      entries: ['dataflow.yaml'],
      files: [own]
    }),
    '200'
  )
  strictEqual(existsSync(join(bench.data, 'deployments/x')), false)
  strictEqual(await bench.problem('GET', 'dataflows/marks'), '404 DATAFLOW_UNKNOWN')
})

/** A file with a function that counts requests. */
function countingFunction(greeting: string): string {
  return `import { egressTo, intType, jsonType, statefulFunction, valueSpec } from 'millrace/functions'
const response = jsonType('io.millrace.http/Response')
export const counter = statefulFunction({
  typename: 'tests/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    const next = (count.get() ?? 0) + 1
    count.set(next)
    const requestId = context.caller?.id ?? ''
    context.egress(egressTo('tests/responses', { requestId, body: { greeting: '${greeting}', next } }, response))
  }
})
`
}

test('modules with functions answer over HTTP, also while they are replaced', async context => {
  const bench = await ServerBench.start(context)
  const module = `kind: io.millrace.http.v1/ingress
spec:
  id: tests/hits
  path: /{id}
  mode: request-reply
  valueType: tests/Hit
  targets: [tests/counter]
---
kind: io.millrace.http.v1/egress
spec: { id: tests/responses }
---
kind: io.millrace.application.v1
spec: { name: hits }
`
  const version = (greeting: string): object =>
    bodyOf(
      bench,
      { 'm/module.yaml': module, 'm/functions.ts': countingFunction(greeting) },
      { functions: ['m/functions.ts'] }
    )
  await deploy(bench, 'hits', version('hello'))
  const hit = async (): Promise<{ status: number; body: { greeting: string; next: number } }> =>
    await bench.call('POST', '/a', 'x', { 'content-type': 'text/plain' })
  deepStrictEqual((await hit()).body, { greeting: 'hello', next: 1 })
  // The paths of the API stay its own.
  strictEqual(await bench.problem('GET', '/health'), '200')
  strictEqual(await bench.problem('POST', '/metrics'), '405 METHOD_NOT_ALLOWED')
  strictEqual(await bench.problem('GET', 'nowhere'), '404 NOT_FOUND')
  const state = { replacing: true }
  const seen: number[] = []
  const callers = (async () => {
    while (state.replacing) {
      const { status, body } = await hit()
      if (status === 200) seen.push(body.next)
      else strictEqual(status, 503)
    }
  })()
  await deploy(bench, 'hits', version('welcome'))
  state.replacing = false
  await callers
  const last = await hit()
  strictEqual(last.body.greeting, 'welcome')
  deepStrictEqual(
    seen,
    [...seen].toSorted((a, b) => a - b)
  )
  strictEqual(new Set(seen).size, seen.length)
  const { functions: listed } = await bench.get<{ functions: { typename: string; in: number }[] }>(
    'functions'
  )
  ok(listed.some(({ typename }) => typename === 'tests/counter'))
  const address = await bench.get<{ values: { count: number } }>(
    'functions/tests/counter/addresses/a'
  )
  strictEqual(address.values.count, last.body.next)
  strictEqual((await bench.call('DELETE', 'deployments/hits')).status, 204)
  strictEqual((await hit()).status, 404)
})
