// A dataflow sends to functions and reads what they egress; over kills with SIGKILL each record counts exactly once.
// MILLRACE_KILLS sets the number of kills (default 12), MILLRACE_SEED repeats a run's choices.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SeededRandom } from '../../src/base/index.ts'
import { finished, run, start } from '../command.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 12)
const seed = Number(process.env['MILLRACE_SEED'] ?? process.hrtime.bigint() % 1_000_000n)
const RECORDS_PER_ROUND = 300
const ACCOUNTS = 40
const KILL_AFTER_MS_MAX = 900
const ARGUMENTS = ['run', '.', '--functions', 'functions.ts', '--in', 'transfers=transfers.jsonl']

interface Transfer {
  readonly id: number
  readonly account: string
  readonly amount: number
}

test('each record counts once in the functions and behind them, whenever the run is killed', async t => {
  const random = new SeededRandom(seed)
  t.diagnostic(`seed ${seed}`)
  const folder = newFolder(t)
  const transfers: Transfer[] = []
  for (let killed = 0; killed < kills; killed++) {
    record(join(folder, 'transfers.jsonl'), transfers, random)
    const child = start([...ARGUMENTS, '--partitions', '3'], folder)
    const timer = setTimeout(() => child.kill('SIGKILL'), random.below(KILL_AFTER_MS_MAX))
    const { signal, code, stderr } = await finished(child)
    clearTimeout(timer)
    strictEqual(signal, 'SIGKILL', `seed ${seed}, kill ${killed}: ended with ${code}\n${stderr}`)
  }
  const outputs = ['balances', 'totals'].flatMap(topic => ['--out', `${topic}=${topic}.jsonl`])
  const shown = ['--show', 'test/auditor']
  const options = ['--partitions', '3', '--drain', '--out-format', 'json', ...outputs, ...shown]
  const last = await run([...ARGUMENTS, ...options], folder)
  strictEqual(last.code, 0, `seed ${seed}\n${last.stderr}`)
  judge(folder, transfers)
  const sum = transfers.reduce((total, { amount }) => total + amount, 0)
  match(last.stdout, new RegExp(`^test/auditor\nKEY +SUM\nall +${sum}$`, 'm'))
})

test('what sends to functions needs them, and says where it does not find them', async t => {
  const folder = newFolder(t)
  writeFileSync(join(folder, 'transfers.jsonl'), '')
  const lost = await run(['run', 'dataflow.yaml', '--ephemeral', '--drain'], folder)
  strictEqual(lost.code, 2)
  match(lost.stderr, /dataflow\.yaml:17:19: error TARGET_UNKNOWN: .* target test\/account/)
  match(lost.stderr, /dataflow\.yaml:23:19: error TARGET_UNKNOWN: .* target test\/auditor/)
  const alone = ['run', 'dataflow.yaml', '--functions', 'functions.ts', '--ephemeral', '--drain']
  strictEqual((await run(alone, folder)).code, 0)
})

test('a record without an id is a dead letter of the dataflow', async t => {
  const folder = newFolder(t)
  const text = readFileSync(join(folder, 'dataflow.yaml'), 'utf8')
  writeFileSync(
    join(folder, 'dataflow.yaml'),
    text.replace("keyed('all', transfer", 'keyed(null, transfer')
  )
  writeFileSync(join(folder, 'transfers.jsonl'), '{"id":0,"account":"a1","amount":5}\n')
  const { code, stderr } = await run([...ARGUMENTS, '--ephemeral', '--drain'], folder)
  strictEqual(code, 0, stderr)
  match(
    stderr,
    /1 dead letter in branches\.dead-letter:\n.*test\/auditor has no id.*FUNCTION_ID_NULL/
  )
})

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sink-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(join(import.meta.dirname, 'accounts'), folder, { recursive: true })
  return folder
}

function record(file: string, transfers: Transfer[], random: SeededRandom): void {
  for (let index = 0; index < RECORDS_PER_ROUND; index++) {
    const account = `${'abc'[random.below(3)]}${random.below(ACCOUNTS)}`
    const transfer = { id: transfers.length, account, amount: random.below(2001) - 1000 }
    transfers.push(transfer)
    appendFileSync(file, `${JSON.stringify(transfer)}\n`)
  }
}

/** Compares every intermediate result with what the transfers alone say. */
function judge(folder: string, transfers: readonly Transfer[]): void {
  const balances = valuesOf<Transfer & { balance: number; entries: number }>(folder, 'balances')
  deepStrictEqual(sortedIds(balances), [...transfers.keys()], 'each transfer reached its account')
  const accounts = new Map<string, { balance: number; entries: number }>()
  for (const { id, account, amount, balance, entries } of balances) {
    strictEqual(amount, transfers[id]!.amount)
    const before = accounts.get(account) ?? { balance: 0, entries: 0 }
    const now = { balance: before.balance + amount, entries: before.entries + 1 }
    deepStrictEqual({ balance, entries }, now, `${account} goes on from its last balance`)
    accounts.set(account, now)
  }
  const totals = valuesOf<{ id: number; branch: string; sum: number; seen: number }>(
    folder,
    'totals'
  )
  deepStrictEqual(sortedIds(totals), [...transfers.keys()], 'each balance came back')
  const branches = new Map<string, { sum: number; seen: number }>()
  for (const { id, branch, sum, seen } of totals) {
    const before = branches.get(branch) ?? { sum: 0, seen: 0 }
    const now = { sum: before.sum + transfers[id]!.amount, seen: before.seen + 1 }
    deepStrictEqual({ sum, seen }, now, `the sum of ${branch} follows`)
    branches.set(branch, now)
  }
}

function valuesOf<V>(folder: string, topic: string): V[] {
  const text = readFileSync(join(folder, `${topic}.jsonl`), 'utf8').trimEnd()
  return text
    .split('\n')
    .map(line => (JSON.parse(line) as { value: V | string }).value)
    .map(parsed)
}

/** Topics that a dataflow declares as JSON have values, others their text. */
function parsed<V>(value: V | string): V {
  return typeof value === 'string' ? (JSON.parse(value) as V) : value
}

function sortedIds(values: readonly { readonly id: number }[]): number[] {
  return values.map(({ id }) => id).toSorted((a, b) => a - b)
}
