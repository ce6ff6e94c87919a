// `millrace plan` and what a run does with a changed file: told before, refused or migrated, never half.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'millrace-plan-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const program = resolve(import.meta.dirname, '../../bin/millrace.js')
const node = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning', program]

function millrace(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...node, ...args], { encoding: 'utf8', cwd: folder })
}

function write(name: string, state: string, update = 'n + 1'): string {
  const text = `apiVersion: 1.0.0
meta: { name: words, namespace: test, version: 0.${name.length}.0 }
topics:
  lines: { schema: { value: string } }
services:
  count:
    sources: [{ type: topic, id: lines }]
    states:
      totals: { type: keyed-state, properties: { key: string, value: ${state} } }
    partition:
      assign-key: { run: 'function byWord(word: string): string { return word }' }
      update-state:
        run: |
          function count(word: string, ctx: Context): void { ctx.state.totals.update(n => ${update}) }
`
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Paths and contents of all files below a folder. */
function digest(path: string): string {
  const hash = createHash('sha256')
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  for (const entry of entries.toSorted((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1
  )) {
    const full = join(entry.parentPath, entry.name)
    hash.update(full)
    if (entry.isFile()) hash.update(readFileSync(full))
  }
  return hash.digest('hex')
}

const data = join(folder, 'data')
const drain = ['--data-dir', data, '--drain', '--in', `lines=${join(folder, 'lines.txt')}`]
writeFileSync(join(folder, 'lines.txt'), 'a\nb\na\n')
const first = write('one.yaml', 'u32')
const spelled = write(
  'three.yaml',
  'string }, migrate: { run: "function spell(n: u32): string { return String(n) }"',
  'n + "!"'
)
const wrong = write('wrong.yaml', 'string', 'n + "!"')

test('a directory that is not there yet is made by the start, and by nothing else', () => {
  const { status, stdout } = millrace('plan', first, '--data-dir', data)
  strictEqual(status, 0)
  match(stdout, /test\/words 0\.8\.0, new here\n/)
  match(stdout, /new +state +count\.totals/)
  ok(!readdirSync(folder).includes('data'))
})

test('what a start would do is told in full and in no file', () => {
  strictEqual(millrace('run', first, ...drain).status, 0)
  const before = digest(data)
  const fine = millrace('plan', spelled, '--data-dir', data)
  strictEqual(fine.status, 0, fine.stderr)
  match(fine.stdout, /test\/words 0\.8\.0 → 0\.10\.0\n/)
  match(
    fine.stdout,
    /migrated +state +count\.totals +2 keys +its value is string and was u32, by spell/
  )
  match(fine.stdout, /kept +source +lines +0 unread records +goes on at offset 3/)
  const refused = millrace('plan', wrong, '--data-dir', data, '-o', 'json')
  strictEqual(refused.status, 1)
  const told = JSON.parse(refused.stdout) as {
    result: string
    dataflows: { changes: { status: string }[] }[]
  }
  strictEqual(told.result, 'refused')
  deepStrictEqual(
    told.dataflows[0]!.changes.map(change => change.status),
    ['refused', 'kept', 'kept']
  )
  strictEqual(digest(data), before)
})

test('module files beside are named as what is not compared', () => {
  writeFileSync(
    join(folder, 'module.yaml'),
    'kind: io.statefun.endpoints.v2/http\n' +
      'spec: { functions: example/*, urlPathTemplate: "http://127.0.0.1:9/functions" }\n'
  )
  const { status, stderr } = millrace('plan', first, 'module.yaml', '--data-dir', data)
  strictEqual(status, 0, stderr)
  match(stderr, /module\.yaml is not compared: values of functions have their types with them/)
})

test('a run refuses what does not fit, and says what to declare', () => {
  const { status, stderr } = millrace('run', wrong, ...drain, '--show', 'totals')
  strictEqual(status, 2)
  match(stderr, /words: state count\.totals: its value is string and was u32/)
  match(stderr, /declare a function under migrate that makes the new value of the old one/)
  match(stderr, /nothing was touched/)
  strictEqual(millrace('plan', first, '--data-dir', data).status, 0)
})

test('a plan is told while a run has the directory open', async () => {
  const running = spawn(process.execPath, [...node, 'run', first, '--data-dir', data], {
    cwd: folder
  })
  const ended = new Promise(done => running.once('exit', done))
  try {
    let told = ''
    await new Promise<void>((ready, failed) => {
      running.once('exit', () => failed(new Error(told)))
      running.stderr.setEncoding('utf8').on('data', (text: string) => {
        told += text
        if (told.includes('ready in')) ready()
      })
    })
    const { status, stdout, stderr } = millrace('plan', spelled, '--data-dir', data)
    strictEqual(status, 0, stderr)
    match(stdout, /migrated +state +count\.totals +2 keys/)
    strictEqual(millrace('plan', wrong, '--data-dir', data).status, 1)
  } finally {
    running.kill('SIGINT')
    await ended
  }
})

test('a run migrates, once, and the file before is refused from then on', () => {
  const once = millrace('run', spelled, ...drain, '--show', 'totals')
  strictEqual(once.status, 0, once.stderr)
  match(once.stderr, /info words count\.totals\/migrate: 2 values migrated/)
  match(once.stdout, /a +2!!\nb +1!/)
  const twice = millrace('run', spelled, ...drain, '--show', 'totals')
  ok(!twice.stderr.includes('migrated'), twice.stderr)
  match(twice.stdout, /a +2!!!!\nb +1!!/)
  strictEqual(millrace('run', first, ...drain).status, 2)
})
