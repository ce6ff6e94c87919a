// Runs the benches: `npm run bench [-- SUITE ...] [--date DATE]`, each suite in its own process, and
// writes bench/RESULTS.md from bench/results/*.json, which keep the last results of every suite.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { cpus, release, tmpdir, totalmem, type as systemName } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { type SuiteResults, rowOf } from '../bench/harness.ts'

/** A suite's results with where and when they were taken. */
interface KeptResults extends SuiteResults {
  readonly date: string
  readonly node: string
  readonly machine: string
}

const root = resolve(import.meta.dirname, '..')
const kept = join(root, 'bench/results')

const COLUMNS = ['median', 'range', 'ceiling', 'of ceiling', 'goal'] as const

const NEVER_MEASURED = [
  'Other machines: all figures are of one small shared machine and drift by a third between runs; ' +
    'compare the ratios.',
  'More than one machine, and networks.',
  'Days of running: memory and speed after hours.'
]

main()

function main(): void {
  const { values, positionals } = parseArgs({
    options: { date: { type: 'string' } },
    allowPositionals: true
  })
  const date = values.date ?? new Date().toISOString().slice(0, 10)
  const known = globSync('*.ts', { cwd: join(root, 'bench') })
    .map(path => basename(path, '.ts'))
    .filter(name => name !== 'harness')
    .toSorted()
  const unknown = positionals.filter(name => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`no suite is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
    process.exit(2)
  }
  const failed = (positionals.length > 0 ? positionals : known).filter(
    name => !runSuite(name, date)
  )
  writeFileSync(join(root, 'bench/RESULTS.md'), report(known))
  console.error('wrote bench/RESULTS.md')
  if (failed.length === 0) return
  console.error(`failed: ${failed.join(', ')}; their last results stay in the report`)
  process.exit(1)
}

/** Runs one suite and keeps its results; false when it failed. */
function runSuite(name: string, date: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const out = join(folder, `${name}.json`)
    const { status } = spawnSync(
      process.execPath,
      [
        '--conditions=millrace-source',
        '--disable-warning=ExperimentalWarning',
        '--expose-gc',
        join(root, 'bench', `${name}.ts`)
      ],
      { cwd: root, stdio: 'inherit', env: { ...process.env, MILLRACE_BENCH_OUT: out } }
    )
    if (status !== 0 || !existsSync(out)) return false
    const results = JSON.parse(readFileSync(out, 'utf8')) as SuiteResults
    const keep: KeptResults = { ...results, date, node: process.version, machine: machineOf() }
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, `${name}.json`), `${JSON.stringify(keep, null, 2)}\n`)
    return true
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function machineOf(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const gib = Math.round(totalmem() / 1024 ** 3)
  return `${cpus().length} × ${model}, ${gib} GiB, ${systemName()} ${release()}`
}

/** The report over all suites that have results. */
function report(known: readonly string[]): string {
  const suites = known
    .map(name => join(kept, `${name}.json`))
    .filter(path => existsSync(path))
    .map(path => JSON.parse(readFileSync(path, 'utf8')) as KeptResults)
  const without = known.filter(name => !suites.some(results => results.suite === name))
  const lines = [
    '# Results',
    '',
    'Written by `npm run bench`; do not edit. Each result stands beside its ceiling: what the machine did',
    'in the same minute, in turns with it, with no more than the work that cannot be left out.',
    'Ratios are comparable between machines, figures are not.',
    ''
  ]
  for (const results of suites) lines.push(...section(results), '')
  lines.push('## What is not measured', '')
  const missing = [
    ...suites.flatMap(({ suite, notMeasured }) => notMeasured.map(text => `${suite}: ${text}`)),
    ...without.map(name => `${name}: the suite has not been run.`),
    ...NEVER_MEASURED
  ]
  for (const text of missing) lines.push(`- ${text}`)
  return `${lines.join('\n')}\n`
}

function section(results: KeptResults): string[] {
  const rows = results.measurements.map(measurement => {
    const cells: Record<string, string> = rowOf(measurement)
    return `| ${[measurement.name, ...COLUMNS.map(column => cells[column] ?? '')].join(' | ')} |`
  })
  return [
    `## ${results.suite}`,
    '',
    `${results.about[0]?.toUpperCase()}${results.about.slice(1)}. ${results.date}, Node ${results.node}, ` +
      `${results.machine}.`,
    '',
    `| | ${COLUMNS.join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---|').join('')}`,
    ...rows,
    ...(results.notes ?? []).flatMap(note => ['', note])
  ]
}
