// Real kills: a recorder appends numbered records to a file, the command feeds and processes them and is killed with
// SIGKILL at random moments, again and again; in the end every effect must be there exactly once.
// MILLRACE_KILLS sets the number of kills (default 200), MILLRACE_SEED repeats a run's choices.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/index.ts'
import { finished, run, start } from '../command.ts'
import { branchOf, expect, type Transfer } from './oracle.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 200)
const seed = Number(process.env['MILLRACE_SEED'] ?? process.hrtime.bigint() % 1_000_000n)
const ACCOUNTS = 500
const RECORDS_PER_ROUND = 400
/** Kills fall from before the log is open to well after everything is processed. */
const KILL_AFTER_MS_MAX = 700

test(`nothing is lost or doubled over ${kills} kills`, async t => {
  const random = new SeededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
  t.after(() => rmSync(folder, { recursive: true }))
  t.diagnostic(`seed ${seed}`)
  cpSync(join(import.meta.dirname, 'ledger.yaml'), join(folder, 'ledger.yaml'))
  const transfers: Transfer[] = []
  let killed = 0
  for (let round = 0; killed < kills; round++) {
    record(join(folder, 'transfers.txt'), transfers, random)
    const workers = round % 4 === 3 ? ['--workers', '2'] : []
    const child = start([...ARGUMENTS, ...workers], folder)
    const timer = setTimeout(() => child.kill('SIGKILL'), random.below(KILL_AFTER_MS_MAX))
    const { signal, code, stderr } = await finished(child)
    clearTimeout(timer)
    strictEqual(signal, 'SIGKILL', `seed ${seed}, round ${round}: ended with ${code}\n${stderr}`)
    killed++
  }
  const last = await run([...ARGUMENTS, '--drain', ...OUTPUTS], folder)
  strictEqual(last.code, 0, `seed ${seed}\n${last.stderr}`)
  judge(folder, transfers)
})

const ARGUMENTS = ['run', 'ledger.yaml', '--in', 'transfers=transfers.txt', '--key-separator', '|']
const OUTPUTS = [
  '--out',
  'transfers=transfers.out',
  '--out',
  'balances=balances.out',
  '--out',
  'branches=branches.out',
  '--out-format',
  'json'
]

/** Appends the next numbered records to the file, as a recorder outside of the process does. */
function record(file: string, transfers: Transfer[], random: SeededRandom): void {
  const lines: string[] = []
  for (let index = 0; index < RECORDS_PER_ROUND; index++) {
    const account = `account-${random.below(ACCOUNTS)}`
    const transfer = { id: transfers.length, account, amount: random.below(2001) - 1000 }
    transfers.push(transfer)
    lines.push(`${account}|${JSON.stringify(transfer)}\n`)
  }
  appendFileSync(file, lines.join(''))
}

interface Output<V> {
  readonly key: string
  readonly value: V
}

function outputs<V>(folder: string, topic: string): Output<V>[] {
  const text = readFileSync(join(folder, `${topic}.out`), 'utf8').trimEnd()
  return text.split('\n').map(line => JSON.parse(line) as Output<V>)
}

/** Compares what the topics hold with the oracle: inputs, every intermediate result, final rows. */
function judge(folder: string, transfers: readonly Transfer[]): void {
  const fed = outputs<Transfer>(folder, 'transfers').map(output => output.value.id)
  deepStrictEqual(sorted(fed), [...transfers.keys()], 'each line was fed once')
  const expected = expect(transfers)
  const balances = outputs<{ id: number; account: string; count: number; sum: number }>(
    folder,
    'balances'
  )
  deepStrictEqual(sorted(balances.map(output => output.value.id)), [...transfers.keys()])
  const running = new Map<string, { count: number; sum: number }>()
  for (const { value } of balances) {
    const before = running.get(value.account) ?? { count: 0, sum: 0 }
    strictEqual(value.count, before.count + 1, `counts of ${value.account} rise by one`)
    strictEqual(
      value.sum,
      before.sum + transfers[value.id]!.amount,
      `sums of ${value.account} follow`
    )
    running.set(value.account, { count: value.count, sum: value.sum })
  }
  deepStrictEqual(running, new Map(expected.accounts))
  const branches = outputs<{ id: number; branch: string; seen: number; checksum: number }>(
    folder,
    'branches'
  )
  deepStrictEqual(sorted(branches.map(output => output.value.id)), sorted(expected.branchIds))
  const seen = new Map<string, number>()
  const checksums = new Map<string, number>()
  const sumOf = new Map(balances.map(({ value }) => [value.id, value.sum]))
  for (const { value } of branches) {
    strictEqual(value.branch, branchOf(transfers[value.id]!.account))
    const checksum =
      ((checksums.get(value.branch) ?? 0) + value.id * 31 + sumOf.get(value.id)!) % 1_000_000_007
    strictEqual(value.checksum, checksum, `the state of ${value.branch} follows its inputs`)
    strictEqual(value.seen, (seen.get(value.branch) ?? 0) + 1)
    seen.set(value.branch, value.seen)
    checksums.set(value.branch, checksum)
  }
  deepStrictEqual(seen, new Map(expected.branchSeen))
  ok(seen.size > 1)
}

function sorted(ids: Iterable<number>): number[] {
  return [...ids].toSorted((a, b) => a - b)
}
