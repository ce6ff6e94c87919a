// HTTP of `millrace run` from outside: the process is killed with SIGKILL while callers retry with their keys;
// functions of the original JavaScript SDK are reached through the playground and answer callers.
// MILLRACE_KILLS sets the number of kills (default 5), MILLRACE_SEED repeats a run's choices.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { egressMessageBuilder, messageBuilder, StateFun } from 'apache-flink-statefun'
import { SeededRandom } from '../../src/base/index.ts'
import { finished, run, start } from '../command.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 5)
const seed = Number(process.env['MILLRACE_SEED'] ?? process.hrtime.bigint() % 1_000_000n)
const CALLERS = 20
const CALLS = 60
const ADDRESSES = 50

const INGRESS = `kind: io.millrace.http.v1/ingress
spec:
  id: bank/deposits
  path: /accounts/{id}
  port: 0
  valueType: bank/Deposit
  targets: [bank/account]
  mode: request-reply
---
kind: io.millrace.http.v1/egress
spec:
  id: bank/responses
`
const COUNTER = `import { egressTo, intType, jsonType, statefulFunction, valueSpec } from 'millrace/functions'
const response = jsonType('io.millrace.http/Response')
export const account = statefulFunction({
  typename: 'bank/account',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    const body = { count: count.get() }
    const requestId = context.caller!.id
    context.egress(egressTo('bank/responses', { requestId, body }, response))
  }
})
`

/** A run that can be started again; callers ask where it listens. */
class Service {
  readonly #arguments: readonly string[]
  readonly #folder: string
  child: ChildProcess | null = null
  urls: Promise<readonly string[]> = new Promise(() => {})

  constructor(folder: string, options: readonly string[]) {
    this.#folder = folder
    this.#arguments = ['run', 'module.yaml', ...options]
  }

  start(): void {
    const child = start(this.#arguments, this.#folder)
    this.child = child
    let said = ''
    this.urls = new Promise((resolve, reject) => {
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('ready in')) {
          resolve([...said.matchAll(/^http {4}(\S+)/gm)].map(found => found[1]!))
        }
      })
      child.once('exit', () => reject(new Error(`it ended: ${said}`)))
    })
    this.urls.catch(() => {})
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this
    const exited = once(child!, 'exit')
    child!.kill(signal)
    const [code] = (await exited) as [number | null]
    return code
  }
}

/** The next turn of the event loop. */
function turn(): Promise<void> {
  return new Promise(resolve => void setImmediate(resolve))
}

function folderFor(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-http-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

test(`callers that repeat their keys count once over ${kills} kills`, async context => {
  context.diagnostic(`seed ${seed}`)
  const random = new SeededRandom(seed)
  const folder = folderFor(context, { 'module.yaml': INGRESS, 'functions.ts': COUNTER })
  const service = new Service(folder, ['--functions', 'functions.ts'])
  context.after(() => service.child?.kill('SIGKILL'))
  service.start()
  const keysOf = new Map<string, Set<string>>()
  const answers = new Map<string, string>()
  let repeated = 0
  /** Asks until there is an answer; what fails may have been taken or not. */
  const call = async (id: string, key: string): Promise<string> => {
    for (;;) {
      try {
        const [url] = await service.urls
        const headers = { 'idempotency-key': key }
        const init = { method: 'POST', headers, body: key, signal: AbortSignal.timeout(20_000) }
        const response = await fetch(`${url}/accounts/${id}`, init)
        const text = await response.text()
        if (response.headers.get('idempotent-replayed') === 'true') repeated++
        if (response.status === 200) return text
        ok([503, 504].includes(response.status), `seed ${seed}: ${response.status} ${text}`)
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION') throw error
        await turn()
      }
    }
  }
  const progress = { done: 0 }
  const caller = async (who: number): Promise<void> => {
    for (let index = 0; index < CALLS; index++) {
      const id = `account-${random.below(ADDRESSES)}`
      const key = `${who}-${index}`
      const keys = keysOf.get(id) ?? new Set()
      keysOf.set(id, keys.add(key))
      answers.set(`${id} ${key}`, await call(id, key))
      progress.done++
    }
  }
  const calling = Promise.all(Array.from({ length: CALLERS }, (_, who) => caller(who)))
  for (let killed = 1; killed <= kills; killed++) {
    const after = Math.floor((killed * CALLERS * CALLS) / (kills + 1))
    while (progress.done < after) await Promise.race([calling, turn()])
    await service.end('SIGKILL')
    service.start()
  }
  await calling
  for (const [id, keys] of keysOf) {
    const counts = [...keys].map(key => JSON.parse(answers.get(`${id} ${key}`)!).count as number)
    const expected = Array.from(counts, (_, index) => index + 1)
    deepStrictEqual(
      counts.toSorted((a, b) => a - b),
      expected,
      `seed ${seed}: ${id}`
    )
  }
  // Every key once more, to a process that has seen none of them.
  await service.end('SIGKILL')
  service.start()
  repeated = 0
  for (const [call_, text] of answers) {
    const [id, key] = call_.split(' ') as [string, string]
    strictEqual(await call(id, key), text, `seed ${seed}: ${call_}`)
  }
  strictEqual(repeated, answers.size)
  strictEqual(await service.end('SIGINT'), 0)
})

/** A greeter of the playground and a function that answers callers, written for the original SDK. */
function original(): RequestListener {
  const statefun = new StateFun()
  const request = StateFun.jsonType('example/GreetRequest')
  const record = StateFun.jsonType('io.statefun.playground/EgressRecord')
  const response = StateFun.jsonType('io.millrace.http/Response')
  statefun.bind({
    typename: 'example/person',
    specs: [{ name: 'visits', type: StateFun.intType() }],
    fn(context, message) {
      const visits = Number(context.storage.visits ?? 0) + 1
      context.storage.visits = visits
      const { name, reply } = message.as(request) as { name: string; reply?: string }
      const greeting = `Welcome ${name}, visit ${visits}`
      const { caller } = context
      if (reply === undefined) {
        const value = { topic: 'greetings', payload: greeting }
        const typename = 'io.statefun.playground/egress'
        context.send(egressMessageBuilder({ typename, value, valueType: record }))
      } else if (reply === 'message') {
        context.send(
          messageBuilder({ typename: caller!.typename, id: caller!.id, value: greeting })
        )
      } else {
        const value = { requestId: caller!.id, status: 201, body: { greeting } }
        context.send(
          egressMessageBuilder({ typename: 'example/replies', value, valueType: response })
        )
      }
    }
  })
  return statefun.handler() as RequestListener
}

test('functions of the original SDK greet through the playground and answer callers', async context => {
  const server = createServer(original())
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/statefun`
  const folder = folderFor(context, {
    'module.yaml': `kind: io.statefun.endpoints.v2/http
spec:
  functions: example/*
  urlPathTemplate: ${endpoint}
---
kind: io.statefun.playground.v1/ingress
spec:
  port: 0
---
kind: io.statefun.playground.v1/egress
spec:
  port: 0
  topics:
    - greetings
---
kind: io.millrace.http.v1/ingress
spec:
  id: example/visits
  path: /people/{id}
  valueType: example/GreetRequest
  targets: [example/person]
  mode: request-reply
---
kind: io.millrace.http.v1/egress
spec:
  id: example/replies
`
  })
  const service = new Service(folder, ['--http', '127.0.0.1:0', '--ephemeral'])
  context.after(() => service.child?.kill('SIGKILL'))
  service.start()
  const [own, ingress, egress] = await service.urls
  const greet = async (body: object): Promise<Response> =>
    fetch(`${own}/people/Bob`, { method: 'POST', body: JSON.stringify(body) })
  const put = await fetch(`${ingress}/example/person/Bob`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.example/GreetRequest' },
    body: '{"name":"Bob"}'
  })
  strictEqual(put.status, 200)
  let polled = await fetch(`${egress}/greetings`)
  while (polled.status === 204) polled = await fetch(`${egress}/greetings`)
  strictEqual(await polled.text(), 'Welcome Bob, visit 1')
  const egressed = await greet({ name: 'Bob', reply: 'egress' })
  deepStrictEqual(
    [egressed.status, await egressed.json()],
    [201, { greeting: 'Welcome Bob, visit 2' }]
  )
  const sent = await greet({ name: 'Bob', reply: 'message' })
  deepStrictEqual([sent.status, await sent.text()], [200, 'Welcome Bob, visit 3'])
  server.closeAllConnections()
  strictEqual(await service.end('SIGINT'), 0)
})

test('--http listens on this machine only, and goes with runs that go on', async context => {
  const folder = folderFor(context, { 'module.yaml': INGRESS, 'functions.ts': COUNTER })
  const args = ['run', 'module.yaml', '--functions', 'functions.ts', '--ephemeral']
  const open = await run([...args, '--http', '0.0.0.0:8080'], folder)
  strictEqual(open.code, 2)
  match(open.stderr, /--http 0\.0\.0\.0:8080: .* needs TLS and authentication/)
  const drained = await run([...args, '--http', '127.0.0.1:0', '--drain'], folder)
  strictEqual(drained.code, 2)
  const unknown = { 'module.yaml': INGRESS.replace('bank/account]', 'bank/acount]') }
  writeFileSync(join(folder, 'module.yaml'), unknown['module.yaml'])
  const checked = await finished(start(args, folder))
  strictEqual(checked.code, 2)
  match(checked.stderr, /module\.yaml:3:\d+.*TARGET_UNKNOWN[^]*Did you mean "bank\/account"/)
})
