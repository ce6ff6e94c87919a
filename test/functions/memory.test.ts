// What waits costs disk, not memory: delayed messages, addresses that are idle, mailboxes of a function that is down.
//
// Each load is a process of its own, which says what lives in its heap. MILLRACE_LOAD=1000000 makes them as large as
// is promised; then the memory of the whole process counts, too.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { LoadReport } from '../../bench/support/functions-load.ts'
import { COMPACTION_KEY_BYTES_MAX, FUNCTION_MAILBOX_BYTES_MAX } from '../../src/base/index.ts'
import { ROOT, finished } from '../command.ts'

const COUNT = Number(process.env['MILLRACE_LOAD'] ?? 40_000)
/** What the log, a store and a running application need: the log keeps the newest 16 MB in memory. */
const BASE_MB = 15
const RSS_MB_MAX = 500
/** With so many the bound of mailboxes is the real one. */
const REAL_COUNT = 1_000_000
/** A message of the function that is down, with its id. */
const MESSAGE_BYTES = 1_400
const MB = 1024 * 1024

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-memory-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

interface Load extends LoadReport {
  /** What the application has added to what lives. */
  readonly grownMb: number
}

async function load(scenario: string, path: string, ...more: number[]): Promise<Load> {
  const script = join(ROOT, 'bench/support/functions-load.ts')
  const options = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
  const args = [...options, '--expose-gc', script, scenario, path, ...[COUNT, ...more].map(String)]
  const { code, stdout, stderr } = await finished(spawn(process.execPath, args, { cwd: ROOT }))
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout) as LoadReport
  return { ...report, grownMb: report.liveMb - report.liveBeforeMb }
}

test(`${COUNT} delayed messages with tokens wait on disk, also over a restart`, async context => {
  const path = folder(context)
  const first = await load('timers', path)
  assert.equal(first.pending, COUNT)
  context.diagnostic(JSON.stringify(first))
  // The changelog may be compacted at that moment.
  const most = BASE_MB + 20 + Math.min((COUNT * 150) / MB, COMPACTION_KEY_BYTES_MAX / MB)
  assert.ok(first.grownMb < most, `${first.grownMb} MB more after all were sent`)
  assert.ok(first.rssPeakMb < RSS_MB_MAX, `${first.rssPeakMb} MB of memory at most`)
  const again = await load('timers', path)
  assert.equal(again.pending, COUNT)
  assert.equal(again.recordsIn, 0)
  assert.ok(again.grownMb < BASE_MB, `${again.grownMb} MB more after a restart`)
  assert.ok(again.rssMb < RSS_MB_MAX, `${again.rssMb} MB of memory after a restart`)
})

test(`${COUNT} addresses that were touched once leave memory within the budget`, async context => {
  const budget = COUNT * 20
  const { recordsIn, grownMb, rssMb } = await load('addresses', folder(context), budget)
  assert.equal(recordsIn, COUNT)
  const most = BASE_MB + (2 * budget) / MB
  assert.ok(grownMb < most, `${grownMb} MB more, expected less than ${most}`)
  assert.ok(rssMb < RSS_MB_MAX, `${rssMb} MB of memory`)
})

test('a function that is down fills its mailboxes up to the bound, on disk', async context => {
  const isReal = COUNT >= REAL_COUNT
  const bound = isReal ? FUNCTION_MAILBOX_BYTES_MAX : COUNT * 500
  const bounds = isReal ? [] : [bound]
  const report = await load('down', folder(context), ...bounds)
  const { mailboxBytes, lag, grownMb, rssPeakMb } = report
  context.diagnostic(JSON.stringify(report))
  assert.ok(mailboxBytes >= bound, `${mailboxBytes} bytes wait`)
  assert.ok(mailboxBytes <= bound + MESSAGE_BYTES, `${mailboxBytes} bytes wait`)
  assert.ok(lag > COUNT / 4, `${lag} records wait in the topic`)
  // Less than what the messages take: only those under way are in memory, and a few numbers of each other one.
  const most = BASE_MB + (bound / MB) * 0.65
  assert.ok(grownMb < most, `${grownMb} MB more, expected less than ${most}`)
  assert.ok(rssPeakMb < 2 * RSS_MB_MAX, `${rssPeakMb} MB of memory`)
})
