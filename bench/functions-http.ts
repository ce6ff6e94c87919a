// Benches of functions over HTTP: 50 callers who wait for replies, beside an echo of node:http in the same run.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { Suite, percentileOf } from './harness.ts'
import { load } from './support/http-load.ts'

const CALLERS = 50
const ADDRESSES = 10_000
const CALLS = 5_000
const BODY = JSON.stringify({ item: 'tea', amount: 3, note: 'x'.repeat(60) })

const MODULE = `kind: io.millrace.http.v1/ingress
spec:
  id: bench/calls
  path: /counters/{id}
  valueType: bench/Call
  targets: [bench/counter]
  mode: request-reply
---
kind: io.millrace.http.v1/egress
spec:
  id: bench/responses
`
const FUNCTIONS = `import { egressTo, intType, jsonType, statefulFunction, valueSpec } from 'millrace/functions'
const response = jsonType('io.millrace.http/Response')
export const counter = statefulFunction({
  typename: 'bench/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    const body = { count: count.get() }
    context.egress(egressTo('bench/responses', { requestId: context.caller.id, body }, response))
  }
})
`
const ECHO = `require('node:http').createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk)).on('end', () => response.end(Buffer.concat(chunks)))
}).listen(0, '127.0.0.1', function () { console.error('http    http://127.0.0.1:' + this.address().port) })`

const suite = new Suite('functions-http', {
  about:
    `${CALLERS} callers over HTTP, each with one request at a time, to a counter at ${ADDRESSES} addresses in ` +
    `another process: a reply is sent when message, state and reply are durable; the echo of node:http keeps nothing`,
  notMeasured: ['Callers on other machines.', 'Functions behind HTTP themselves.']
})
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-http-'))
writeFileSync(join(folder, 'module.yaml'), MODULE)
writeFileSync(join(folder, 'functions.ts'), FUNCTIONS)
const command = resolve(import.meta.dirname, '../bin/millrace.js')
const children: ChildProcess[] = []

try {
  const echo = await begin(['-e', ECHO])
  const run = ['run', 'module.yaml', '--functions', 'functions.ts', '--http', '127.0.0.1:0']
  const millrace = await begin([command, ...run])
  const ms = { echo: newSeries(), plain: newSeries(), keyed: newSeries() }
  const options = {
    unit: 'calls',
    count: CALLS,
    warmup: 1,
    runs: 3,
    ceiling: { name: 'echo of node:http', run: () => ask(echo, ms.echo) }
  }
  await suite.measure('request and reply', options, () => ask(millrace, ms.plain))
  let round = 0
  await suite.measure('request and reply, each with an Idempotency-Key', options, () =>
    ask(millrace, ms.keyed, `round-${round++}`)
  )
  suite.value('echo of node:http, p50', { unit: 'ms' }, ms.echo.p50)
  suite.value('request and reply, p50', { unit: 'ms', goal: 5 }, ms.plain.p50)
  suite.value('request and reply, p99', { unit: 'ms' }, ms.plain.p99)
  suite.value('with an Idempotency-Key, p50', { unit: 'ms', goal: 5 }, ms.keyed.p50)
  suite.finish()
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** Percentiles of the rounds that count. */
interface Series {
  readonly p50: number[]
  readonly p99: number[]
  isWarm: boolean
}

function newSeries(): Series {
  return { p50: [], p99: [], isWarm: false }
}

async function ask(url: string, series: Series, keys?: string): Promise<void> {
  const ms = await load({
    url,
    callers: CALLERS,
    calls: CALLS,
    request: index => ({
      path: `/counters/id-${(index * 7919) % ADDRESSES}`,
      body: BODY,
      headers: keys === undefined ? '' : `idempotency-key: ${keys}-${index}\r\n`
    })
  })
  if (series.isWarm) {
    series.p50.push(percentileOf(ms, 0.5))
    series.p99.push(percentileOf(ms, 0.99))
  }
  series.isWarm = true
}

/** Starts a process that says where it listens; resolves with that. */
function begin(args: readonly string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1' }
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const url = /^http {4}(\S+)/m.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', () => reject(new Error(said)))
  })
}
