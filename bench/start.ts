// Bench of a start: help, time until a dataflow is ready, idle memory, installed size; all of the built form.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Suite } from './harness.ts'

const HELP_ROUNDS = 15
const ROUNDS = 7
const IDLE_ROUNDS = 3
const IDLE_MS = 2_000

/** What a start came to. */
interface Start {
  /** From spawning the process until it says that it is ready, in ms. */
  readonly readyMs: number
  /** Processor time of all threads until then, in ms; null where the system does not tell. */
  readonly cpuMs: number | null
  /** Resident memory after IDLE_MS, in MB; null where it was not waited for. */
  readonly idleMegabytes: number | null
}

const root = resolve(import.meta.dirname, '..')
const suite = new Suite('start', {
  about: 'the packed package, installed into an empty folder, with the word count of the examples',
  notMeasured: [
    'A start with cold caches of the file system, and the first one after an installation, which compiles.',
    'Start-up with much data or state: suites journal and state.',
    'Memory where /proc is missing: anything but Linux.'
  ]
})

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-start-'))
try {
  install()
  const command = join(folder, 'node_modules/millrace/bin/millrace.js')
  measureHelp(command)
  await measureStarts(command)
  await measureServers(command)
  const bytes = sizeOf(join(folder, 'node_modules'))
  suite.value('installed size', { unit: 'MB', goal: 30 }, [bytes / 1e6])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
suite.finish()

/** Packs the package, which builds it, and installs it as a user would. */
function install(): void {
  const npm = (...args: string[]): string =>
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const packed = npm('pack', root, '--pack-destination', folder, '--silent').trim().split('\n')
  npm('init', '--yes')
  npm('install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, packed.at(-1)!))
}

function measureHelp(command: string): void {
  const bare: number[] = []
  const help: number[] = []
  for (let round = -1; round < HELP_ROUNDS; round++) {
    const bareMs = runMs('-e', '0')
    const helpMs = runMs(command, '--help')
    if (round < 0) continue
    bare.push(bareMs)
    help.push(helpMs)
  }
  suite.value('node -e 0', { unit: 'ms' }, bare)
  const beyond = help.map((ms, round) => ms - bare[round]!)
  suite.value('--help, beyond node -e 0 in turns', { unit: 'ms', goal: 80 }, beyond)
}

async function measureStarts(command: string): Promise<void> {
  const fresh: Start[] = []
  const existing: Start[] = []
  for (let round = -1; round < ROUNDS; round++) {
    const data = mkdtempSync(join(folder, 'data-'))
    const idles = round >= 0 && round < IDLE_ROUNDS
    const first = await start(command, data, idles)
    const second = await start(command, data, idles)
    if (round < 0) continue
    fresh.push(first)
    existing.push(second)
  }
  const readyOf = (starts: readonly Start[]) => starts.map(one => one.readyMs)
  const idleOf = (starts: readonly Start[]) => starts.flatMap(one => one.idleMegabytes ?? [])
  const ready = { unit: 'ms', goal: 300 }
  suite.value('ready, new data directory', ready, readyOf(fresh))
  suite.value('ready, existing data directory', ready, readyOf(existing))
  const idle = idleOf([...fresh, ...existing])
  if (idle.length > 0) suite.value('idle memory after 2 s', { unit: 'MB', goal: 100 }, idle)
}

/** A server with both doors, and with a dataflow that is deployed there. */
async function measureServers(command: string): Promise<void> {
  const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const ready: Start[] = []
  const data = mkdtempSync(join(folder, 'server-'))
  for (let round = -1; round < ROUNDS; round++) {
    const idles = round >= 0 && round < IDLE_ROUNDS
    const one = await launched([command, 'start', '--data-dir', data, ...free], idles)
    if (round >= 0) ready.push(one)
  }
  suite.value(
    'ready, server',
    { unit: 'ms', goal: 300 },
    ready.map(({ readyMs }) => readyMs)
  )
  suite.value(
    'processor time until ready, server',
    { unit: 'ms' },
    ready.flatMap(({ cpuMs }) => cpuMs ?? [])
  )
  const idle = ready.flatMap(({ idleMegabytes }) => idleMegabytes ?? [])
  if (idle.length > 0) suite.value('idle memory of a server after 2 s', { unit: 'MB' }, idle)
}

function start(command: string, data: string, idles: boolean): Promise<Start> {
  const example = join(folder, 'node_modules/millrace/examples/word-count')
  return launched([command, 'run', example, '--data-dir', data], idles)
}

async function launched(args: readonly string[], idles: boolean): Promise<Start> {
  const begin = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  for await (const chunk of child.stderr) {
    words += String(chunk)
    if (words.includes('ready in')) break
  }
  const readyMs = performance.now() - begin
  if (!words.includes('ready in')) throw new Error(`${args.join(' ')} did not get ready: ${words}`)
  const cpuMs = processorMs(child.pid!)
  if (idles) await sleep(IDLE_MS)
  const idleMegabytes = idles ? residentMegabytes(child.pid!) : null
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return { readyMs, cpuMs, idleMegabytes }
}

/** In the 100 ticks a second that Linux counts. */
function processorMs(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function residentMegabytes(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024) / 1e6
}

function runMs(...args: string[]): number {
  const begin = performance.now()
  const { status } = spawnSync(process.execPath, args)
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
  return performance.now() - begin
}

function sizeOf(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
