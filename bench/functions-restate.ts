// Benches beside Restate: the same counter as its virtual object and as a function here, the same callers over HTTP,
// both durable, in turns on the same machine. Restate runs with two partitions, which is its fastest here.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Measurement, Suite, percentileOf } from './harness.ts'
import { load } from './support/http-load.ts'

const KEYS = 10_000
/** About so long takes a round at the speeds of before. */
const CALLS = { restate: 4_000, millrace: 40_000 }
const SENDS = { restate: 5_000, millrace: 60_000 }
const SENDERS = 200
const ROOT = resolve(import.meta.dirname, '..')
const MODULE = ['request-reply', 'one-way']
  .map(
    mode => `kind: io.millrace.http.v1/ingress
spec:
  id: bench/${mode}
  path: /${mode}/{id}
  valueType: bench/Add
  targets: [bench/counter]
  mode: ${mode}
`
  )
  .join('---\n')

/** A system under measurement. */
interface Contender {
  readonly name: 'restate' | 'millrace'
  readonly url: string
  askPath(key: string): string
  sendPath(key: string): string
  /** Holds the number of calls that were done since the start, in thousands. */
  readonly doneFile: string
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-restate-'))
const children: ChildProcess[] = []

/** Starts a process that ends with this one. */
function begin(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {}
): ChildProcess {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  children.push(child)
  return child
}

/** The first line of a stream that matches, as its groups. */
async function lineOf(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<RegExpExecArray> {
  const seen: string[] = []
  for await (const line of createInterface(stream)) {
    const found = pattern.exec(line)
    if (found !== null) {
      stream.resume()
      return found
    }
    seen.push(line)
  }
  throw new Error(`the process has ended before it was ready:\n${seen.join('\n')}`)
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}

async function startMillrace(): Promise<Contender> {
  const doneFile = join(folder, 'millrace.done')
  writeFileSync(doneFile, '0')
  writeFileSync(join(folder, 'module.yaml'), MODULE)
  const functions = join(import.meta.dirname, 'support', 'http-counter.ts')
  const run = ['run', 'module.yaml', '--functions', functions, '--http', '127.0.0.1:0']
  const child = begin(process.execPath, [join(ROOT, 'bin/millrace.js'), ...run], {
    BENCH_DONE: doneFile
  })
  const [, url] = await lineOf(child.stderr!, /(http:\/\/127\.0\.0\.1:\d+)/)
  return {
    name: 'millrace',
    url: url!,
    askPath: key => `/request-reply/${key}`,
    sendPath: key => `/one-way/${key}`,
    doneFile
  }
}

async function startRestate(): Promise<Contender> {
  const doneFile = join(folder, 'restate.done')
  writeFileSync(doneFile, '0')
  const counter = begin(process.execPath, [
    join(import.meta.dirname, 'support', 'restate-counter.ts'),
    doneFile
  ])
  const [port] = await lineOf(counter.stdout!, /^\d+$/)
  const wrapper = createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json')
  const system = `${process.platform}-${process.arch}`
  const binary = createRequire(wrapper).resolve(
    `@restatedev/restate-server-${system}/bin/restate-server`
  )
  const [ingress, admin, node] = await freePorts(3)
  const data = join(folder, 'restate')
  begin(binary, ['--base-dir', data, '--node-name', 'bench', '--listen-mode', 'tcp'], {
    RESTATE_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1',
    RESTATE_DEFAULT_NUM_PARTITIONS: '2',
    RESTATE_LOG_FILTER: 'error',
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`
  })
  await registered(`http://127.0.0.1:${admin}`, `http://127.0.0.1:${port}`)
  return {
    name: 'restate',
    url: `http://127.0.0.1:${ingress}`,
    askPath: key => `/counter/${key}/add`,
    sendPath: key => `/counter/${key}/add/send`,
    doneFile
  }
}

/** Tells Restate where the counter is, as soon as it listens. */
async function registered(admin: string, uri: string): Promise<void> {
  const body = JSON.stringify({ uri })
  const headers = { 'content-type': 'application/json' }
  let last: unknown
  for (let tries = 0; tries < 200; tries++) {
    try {
      const response = await fetch(`${admin}/deployments`, { method: 'POST', headers, body })
      if (response.ok) return
      last = await response.text()
    } catch (error) {
      last = error
    }
    await sleep(100)
  }
  throw new Error(`Restate cannot be told of the counter: ${String(last)}`)
}

let asked = 0
const latencies = new Map<string, number[]>()

/** Calls that wait for their results; gives how many. */
async function ask({ name, url, askPath }: Contender, callers: number): Promise<number> {
  const calls = CALLS[name]
  const ms = await load({ url, callers, calls, request: () => callOf(askPath) })
  latencies.set(name, [...(latencies.get(name) ?? []), ...ms])
  return calls
}

/** Messages without results, until all of them are done; gives how many. */
async function send({ name, url, sendPath, doneFile }: Contender): Promise<number> {
  const calls = SENDS[name]
  const before = Number(readFileSync(doneFile, 'utf8'))
  await load({ url, callers: SENDERS, calls, request: () => callOf(sendPath) })
  while (Number(readFileSync(doneFile, 'utf8')) < before + calls) await sleep(10)
  return calls
}

function callOf(path: (key: string) => string): { path: string; headers: string; body: string } {
  return { path: path(`user-${(asked++ * 7919) % KEYS}`), headers: '', body: '{}' }
}

try {
  const restate = await startRestate()
  const millrace = await startMillrace()
  const suite = new Suite('functions-restate', {
    about:
      'a counter over 10,000 keys as a function and as a virtual object of Restate 1.7 with its SDK, asked ' +
      'over HTTP by callers of another process; both durable, one after the other on the same machine',
    notMeasured: ['More than one node of Restate.', 'Workflows.']
  })
  const options = { unit: 'invocations', warmup: 1, runs: 2, goalRatio: 10 }
  for (const callers of [50, 200]) {
    const ceiling = { name: 'Restate', run: () => ask(restate, callers) }
    const run = () => ask(millrace, callers)
    latencies.clear()
    await suite.measure(`${callers} callers`, { ...options, ceiling }, run)
    const p99 = (name: Contender['name']) => percentileOf(latencies.get(name)!, 0.99)
    const theirs: Measurement = suite.value(`${callers} callers, p99 of Restate`, { unit: 'ms' }, [
      p99('restate')
    ])
    const bound = { unit: 'ms', ceiling: theirs, goal: theirs.median }
    suite.value(`${callers} callers, p99`, bound, [p99('millrace')])
  }
  const ceiling = { name: 'Restate', run: () => send(restate) }
  await suite.measure('one-way, until done', { ...options, ceiling }, () => send(millrace))
  suite.finish()
} finally {
  const running = children.filter(child => child.exitCode === null && child.signalCode === null)
  const closed = running.map(child => once(child, 'close'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(closed)
  rmSync(folder, { recursive: true })
}
