// The shell over a pipe: each command sees what was asked for before it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../../../test/command.ts'
import { SHELL_COMMANDS } from './commands.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-shell-'))
after(() => rmSync(root, { recursive: true }))

test('commands show, produce and consume; mistakes are told and the shell goes on', async () => {
  assert.equal((await run(['init', 'flow'], root)).code, 0)
  const lines = [
    'show dataflow',
    'show topics -o json',
    'show state',
    'produce visits {"page": "/new", "seconds": 9}',
    'show state per-page --filter ^/[dn]',
    'show state sum-up.per-page --key / -o json',
    'show state per-page --limit 1',
    'consume totals --limit 1',
    'consume totals --from 3 -o yaml',
    'show metrics',
    'shwo topics',
    'show stat',
    'show',
    'show state per-pag',
    'consume totels',
    'consume totals --frm 3',
    'consume totals --from start',
    'produce visits',
    'show state per-page --filter [',
    'help',
    'exit',
    'show topics'
  ]
  const args = ['run', 'flow', '--ephemeral', '--shell', '--in', 'visits=flow/visits.jsonl']
  const { code, stdout, stderr } = await run(args, root, lines.join('\n'))
  assert.equal(code, 0, stderr)
  const expected = [
    /^DATAFLOW +STATUS +LAST UPDATED +TASKS +LAG +WATERMARK\nmy\/flow@0\.1\.0 +running +\S+Z +1 +0 +-$/,
    /^\[\n {2}\{\n {4}"name": "flow\.dead-letter"/,
    /^NAMESPACE +KEYS +TYPE\nsum-up\.per-page +3 +row$/,
    /^visits 0@6$/,
    /^KEY +VISITS +SECONDS\n\/docs +2 +135\n\/new +1 +9$/,
    /^\[\n {2}\{\n {4}"key": "\/",\n {4}"value": \{\n {6}"visits": 2,\n {6}"seconds": 19/,
    /^KEY.*\n\S+ +\d+ +\d+\n… and more; see --limit and --filter$/,
    /^PARTITION +OFFSET +TIME +KEY +VALUE\n +0 +5 +\S+Z +\/new +\{"page":"\/new","visits":1,"seconds":9\}$/,
    /^- partition: 0\n {2}offset: 3\n/,
    /^flow: 7 in, 6 out, 0 failed, 0 dead letters, lag 0; /,
    /^OPERATOR +SUCCEEDED +FAILED +OUT +LAST ERROR OFFSET +LATENCY MS$/,
    /^sum-up\/is-long +7 +0 +6 +- +[\d.]+$/,
    /^show dataflow /
  ]
  let rest = stdout
  for (const [index, pattern] of expected.entries()) {
    const found = new RegExp(
      pattern.source.replace(/^\^/, '').replace(/\$$/, ''),
      pattern.flags.replace('m', '') + 'm'
    ).exec(rest)
    assert.ok(found, `${index}: ${pattern}\n${rest}`)
    rest = rest.slice(found.index + found[0].length)
  }
  assert.equal(rest.includes('TOPIC'), rest.includes('produce TOPIC'), 'nothing runs behind exit')
  for (const message of [
    'no command "shwo"; did you mean "show"?',
    'no command "show"; show takes dataflow, topics, state, functions, timers, metrics or tables',
    'no command "show stat"; did you mean "show state"?',
    'no state is called "per-pag"; did you mean "per-page"?',
    'no topic is called "totels"; did you mean "totals"?',
    "Unknown option '--frm'",
    '--from start: it takes an offset, beginning or end',
    'produce takes a topic and a value: produce TOPIC [KEY:]VALUE',
    '--filter: Invalid regular expression'
  ]) {
    assert.ok(stderr.includes(message), `${message}\n${stderr}`)
  }
})

test('the end of the pipe is the end of the run', async () => {
  const args = ['run', 'flow', '--ephemeral', '--shell']
  const { code, stdout } = await run(args, root, 'help')
  assert.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines.filter(line => !line.startsWith(' ')),
    SHELL_COMMANDS.map(({ usage }) => usage)
  )
  assert.ok(
    lines.every(line => line.length <= 80),
    stdout
  )
})

test('sql asks the states with all that was fed, as one statement and at a prompt of its own', async () => {
  const lines = [
    'show tables',
    'sql select _key, visits from "sum-up.per-page" order by 1',
    'sql -o csv select _key, visits from sum_up.per_page where seconds > 10 order by 1',
    'sql "select count(*) as n from per_page"',
    'sql select * from per-page',
    'produce visits {"page": "/new", "seconds": 9}',
    'sql',
    'select p.visits,',
    "  _key from per_page p where _key = '/new';",
    '-o json select count(*) as n from per_page;',
    'select nonsense from per_page;',
    'show tables',
    'exit',
    'sql -o xml select 1',
    'sql',
    'select 7 as last'
  ]
  const args = ['run', 'flow', '--ephemeral', '--shell', '--in', 'visits=flow/visits.jsonl']
  const { code, stdout, stderr } = await run(args, root, lines.join('\n'))
  assert.equal(code, 0, stderr)
  const tables =
    'TABLE     STATE            ROWS      COLUMNS\n' +
    'per_page  sum-up.per-page  all keys  _key, _updated_at, visits, seconds\n'
  assert.equal(
    stdout,
    `${tables}_KEY    VISITS\n/            2\n/about       1\n/docs        2\n3 rows\n` +
      '_key,visits\n/,2\n/docs,2\nN\n3\n1 row\nvisits 0@6\nVISITS  _KEY\n     1  /new\n1 row\n' +
      `[\n  {\n    "n": 4\n  }\n]\n${tables}LAST\n   7\n1 row\n`
  )
  for (const message of [
    '1:18: near "-": syntax error; a hyphen is a minus outside of quotes: write per_page or "per-page"',
    '1:8: no such column: nonsense; there are _key, _updated_at, visits, seconds\n' +
      '  select nonsense from per_page;\n         ^',
    '-o xml: it takes table, json or csv'
  ]) {
    assert.ok(stderr.includes(message), `${message}\n${stderr}`)
  }
})
