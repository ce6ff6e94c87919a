// The shell's commands about functions over a pipe.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ROOT, run } from '../../../test/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-shell-functions-'))
after(() => rmSync(folder, { recursive: true }))
cpSync(join(ROOT, 'test/functions/accounts'), folder, { recursive: true })
const TRANSFERS = [
  { id: 0, account: 'a1', amount: 5 },
  { id: 1, account: 'b/2', amount: 7 },
  { id: 2, account: 'a1', amount: -2 }
]
writeFileSync(
  join(folder, 'transfers.jsonl'),
  TRANSFERS.map(transfer => `${JSON.stringify(transfer)}\n`).join('')
)

test('functions, their addresses, values and delayed messages are shown; mistakes are told', async () => {
  const lines = [
    'show functions',
    'show state test/account',
    'show state test/account --key a1',
    'show state test/account --key nobody',
    'show state test/account --filter ^b -o json',
    'show state test/account --limit 1',
    'show state branches/per-branch.sums --key a',
    'show timers',
    'show timers test/account --key b/2 -o json',
    'show timers test/auditor',
    'show timers --limit 1',
    'show metrics',
    'show functions -o json',
    'show state test/acount',
    'show timers test/acount',
    'show timers --key a1',
    'exit'
  ]
  const args = ['run', '.', '--functions', 'functions.ts', '--ephemeral', '--shell']
  const done = await run([...args, '--in', 'transfers=transfers.jsonl'], folder, lines.join('\n'))
  assert.equal(done.code, 0, done.stderr)
  const due = '\\d{4}-\\d\\d-\\d\\dT\\S+Z'
  const expected = [
    /FUNCTION +WHERE +ADDRESSES +IN +IN\/S +MAILBOX +IN FLIGHT +TIMERS +FAILED\n/,
    /test\/account +in process +2 +3 +[\d.]+ +0 +0 +2 +0\n/,
    /test\/auditor +in process +1 +3 +[\d.]+ +0 +0 +0 +0\n/,
    /KEY +BALANCE +ENTRIES\na1 +3 +2\nb\/2 +7 +1\n/,
    /NAME +VALUE +EXPIRES\nbalance +3 +-\nentries +2 +-\n/,
    /no values\n/,
    new RegExp(
      String.raw`\[\n {2}\{\n {4}"id": "b/2",\n {4}"values": \{\n {6}"balance": 7,\n {6}"entries": 1\n {4}\},` +
        String.raw`\n {4}"expiresAt": \{\}`
    ),
    /KEY +BALANCE +ENTRIES\na1 +3 +2\n… and more; see --limit and --filter\n/,
    /KEY +SUM +SEEN\na +3 +2\n/,
    new RegExp(
      `DUE +SENDER +TARGET +VALUE TYPE +TOKEN\\n(${due} +test/account/\\S+ +test/auditor/all +\\S+ +statement\\n){2}`
    ),
    /"sender": "test\/account\/b\/2",\n {4}"target": "test\/auditor\/all"/,
    /none\n/,
    new RegExp(`DUE.*\\n${due}.*\\n… and perhaps more; see --limit\\n`),
    /functions: \d+ in, \d+ invocations, 0 sent, 0 dead letters, lag 0, 2 timers, 0 bytes in mailboxes; /,
    /test\/account +3 +[\d.]+ +0 +0 +3 +0 +0 +0 +0 +0 +0 +0\n/,
    /"typename": "test\/account",\n {4}"in": 3,\n {4}"outLocal": 0,/,
    /"remoteInvocationLatency": \{\n {6}"count": 0,/,
    /"inRate": [\d.]+,/,
    /"where": "in process",\n {4}"addresses": 2,\n {4}"timers": 2/
  ]
  let rest = `${done.stdout}\n`
  for (const [index, pattern] of expected.entries()) {
    const found = pattern.exec(rest)
    assert.ok(found, `${index}: ${pattern}\n${rest}`)
    rest = rest.slice(found.index + found[0].length)
  }
  for (const message of [
    'no functions are called "test/acount"; did you mean "test/account"?',
    '--key is the id of an address: name its type'
  ])
    assert.ok(done.stderr.includes(message), `${message}\n${done.stderr}`)
})

test('a run without functions says so', async () => {
  const dataflow = `apiVersion: 1.0.0
meta: { name: plain }
topics: { in: { schema: { value: string } }, out: { schema: { value: string } } }
services: { pass: { sources: [{ type: topic, id: in }], sinks: [{ type: topic, id: out }] } }
`
  writeFileSync(join(folder, 'plain.yaml'), dataflow)
  const args = ['run', 'plain.yaml', '--ephemeral', '--shell']
  const { stdout, stderr } = await run(args, folder, 'show functions\nshow timers\nexit\n')
  assert.equal(stdout, 'none\n')
  assert.match(stderr, /this run has no functions/)
})
