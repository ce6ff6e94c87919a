// The smaller commands as users start them: help, version, check, init, topic.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ROOT, run, shell } from '../../test/command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
after(() => rmSync(root, { recursive: true }))

test('--version prints the version of the package, --help the commands, both on stdout', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  const versions = await run(['--version'], root)
  assert.deepEqual(
    [versions.code, versions.stdout, versions.stderr],
    [0, `millrace ${version}\n`, '']
  )
  const help = await run(['--help'], root)
  assert.equal(help.code, 0)
  assert.match(
    help.stdout,
    /^Usage: millrace .*^Dataflows and functions:.*^ {2}run .*^More:.*^ {2}help .*^Examples:/ms
  )
})

test('an unknown command is told with the nearest one, exit 2', async () => {
  const { code, stdout, stderr } = await run(['chekc'], root)
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /unknown command 'chekc'\n\(Did you mean check\?\)/)
})

test('init makes a starter that runs with the command it prints, and refuses a folder in use', async () => {
  const made = await run(['init', 'my flow'], root)
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /^cd 'my flow' && npx millrace run \./)
  const ran = await shell(made.stdout.trimEnd(), root)
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(ran.stdout.trimEnd().split('\n').at(-1), '{"page":"/about","visits":1,"seconds":3}')
  const again = await run(['init', 'my flow'], root)
  assert.equal(again.code, 2)
  assert.match(again.stderr, /is not empty \(it has README\.md, dataflow\.yaml, visits\.jsonl\)/)
  const bad = await run(['init', 'other', '--name', 'Not Kebab'], root)
  assert.equal(bad.code, 2)
  assert.equal(existsSync(join(root, 'other')), false)
})

test('check reports every mistake with its place, as text and as data, and says when there is none', async () => {
  const folder = join(root, 'checked')
  assert.equal((await run(['init', 'checked'], root)).code, 0)
  const good = await run(['check', 'checked'], root)
  assert.deepEqual([good.code, good.stdout], [0, ''])
  assert.match(
    good.stderr,
    /^OK: checked\/dataflow\.yaml: dataflow checked with 1 service and 2 topics$/m
  )
  const path = join(folder, 'dataflow.yaml')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('visit.seconds >= 3', "visit.second >= 'x'"))
  const wrong = await run(['check', 'checked'], root)
  assert.equal(wrong.code, 2)
  const line = text.split('\n').findIndex(line => line.includes('visit.seconds >= 3')) + 1
  assert.match(
    wrong.stderr,
    new RegExp(`^checked/dataflow\\.yaml:${line}:\\d+: error .*second`, 'm')
  )
  const untyped = await run(['check', 'checked', '--no-types'], root)
  assert.equal(untyped.code, 0, untyped.stderr)
  writeFileSync(path, text.replace('services:', 'servcies:'))
  const data = await run(['check', 'checked', '-o', 'json'], root)
  assert.equal(data.code, 2)
  const { diagnostics } = JSON.parse(data.stdout) as {
    diagnostics: { severity: string; hint: string | null }[]
  }
  assert.ok(
    diagnostics.some(found => found.severity === 'error' && found.hint?.includes('services'))
  )
})

test('a reader of messages that went away changes nothing about the exit code', async () => {
  const keys = Array.from({ length: 2000 }, (_, index) => `wrong-${index}: 1`)
  writeFileSync(join(root, 'many.yaml'), `apiVersion: 1.0.0\n${keys.join('\n')}\n`)
  const script = 'set +e; npx millrace check many.yaml 2>&1 | head -1; echo "${PIPESTATUS[0]}"'
  const { stdout } = await shell(script, root)
  assert.match(stdout, /^many\.yaml:2:1: error .*\n2\n$/)
})

test('a folder without a dataflow and a module file are told apart', async () => {
  mkdirSync(join(root, 'empty'))
  const empty = await run(['check', 'empty'], root)
  assert.equal(empty.code, 2)
  assert.match(empty.stderr, /the folder empty holds no dataflow/)
  writeFileSync(join(root, 'empty', 'module.yaml'), 'kind: io.statefun.endpoints.v2/http\n')
  const module = await run(['run', 'empty'], root)
  assert.equal(module.code, 2)
  assert.match(module.stderr, /empty.module\.yaml:1:1: error MISSING_KEY: .*"spec"/)
})

test('topics of a stopped data directory are listed, described and deleted', async () => {
  assert.equal((await run(['init', 'topics'], root)).code, 0)
  const folder = join(root, 'topics')
  const ran = await run(
    ['run', '.', '--drain', '--in', 'visits=visits.jsonl', '--partitions', '2'],
    folder
  )
  assert.equal(ran.code, 0, ran.stderr)
  const list = await run(['topic', 'list'], folder)
  assert.equal(list.code, 0, list.stderr)
  assert.match(list.stdout, /^TOPIC +PARTITIONS +RECORDS.*^totals +2 +5 .*^visits +2 +6 /ms)
  const one = await run(['topic', 'describe', 'totals', '-o', 'yaml'], folder)
  assert.match(one.stdout, /^name: totals$/m)
  const typo = await run(['topic', 'describe', 'total'], folder)
  assert.deepEqual([typo.code, typo.stdout], [2, ''])
  assert.match(typo.stderr, /no topic is called "total"; did you mean "totals"\?/)
  const asked = await run(['topic', 'delete', 'totals'], folder)
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /with 5 records.*--yes/)
  assert.equal((await run(['topic', 'delete', 'totals', '--yes'], folder)).code, 0)
  const after = await run(['topic', 'list', '-o', 'json'], folder)
  assert.deepEqual(
    (JSON.parse(after.stdout) as { name: string }[]).map(topic => topic.name),
    ['topics.dead-letter', 'visits']
  )
  const nowhere = await run(['topic', 'list', '--data-dir', 'nowhere'], folder)
  assert.equal(nowhere.code, 2)
  assert.match(nowhere.stderr, /nowhere is no data directory of millrace/)
})
