// The greeter example with the original JavaScript SDK as a remote endpoint: `millrace run`, unchanged functions.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { kafkaEgressMessage, messageBuilder, StateFun } from 'apache-flink-statefun'
import { ROOT, run } from '../command.ts'

const EXAMPLE = join(ROOT, 'examples/greeter')
const OPTIONS = [
  '--map-address',
  'kafka:9092=local',
  '--in',
  'names=input.txt',
  '--out',
  'greetings=-'
]

/** The functions of the example, written for the original SDK. */
function original(): RequestListener {
  const statefun = new StateFun()
  const greetRequest = StateFun.jsonType('example/GreetRequest')
  statefun.bind({
    typename: 'example/person',
    specs: [{ name: 'visits', type: StateFun.intType() }],
    fn(context, message) {
      const visits = Number(context.storage.visits ?? 0) + 1
      context.storage.visits = visits
      const { name } = message.as(greetRequest) as { readonly name: string }
      const value = { name, visits }
      const id = context.self.id
      context.send(
        messageBuilder({ typename: 'example/greeter', id, value, valueType: greetRequest })
      )
    }
  })
  statefun.bind({
    typename: 'example/greeter',
    fn(context, message) {
      const { name, visits } = message.as(greetRequest) as {
        readonly name: string
        readonly visits: number
      }
      const value =
        visits === 1
          ? `Welcome, ${name}!`
          : visits === 2
            ? `Nice to see you again, ${name}.`
            : `${name}, this is your visit number ${visits}.`
      const typename = 'example/greets'
      context.send(kafkaEgressMessage({ typename, topic: 'greetings', key: name, value }))
    }
  })
  return statefun.handler() as RequestListener
}

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/statefun`
}

function folderWith(context: TestContext, url: string, transport = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-greeter-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['module.yaml', 'input.txt']) cpSync(join(EXAMPLE, name), join(folder, name))
  writeFileSync(
    join(folder, 'endpoint.yaml'),
    `kind: io.statefun.endpoints.v2/http\nspec:\n  functions: example/*\n  urlPathTemplate: ${url}\n${transport}`
  )
  return folder
}

const ARGUMENTS = [
  'run',
  'module.yaml',
  'endpoint.yaml',
  ...OPTIONS,
  '--key-separator',
  ':',
  '--drain'
]

test('the original SDK greets as the functions in process do, and goes on after a restart', async context => {
  const folder = folderWith(context, await serve(context, original()))
  const first = await run(ARGUMENTS, folder)
  strictEqual(first.code, 0, first.stderr)
  // Calls for different names overlap: the order among them is not fixed.
  const expected = readFileSync(join(EXAMPLE, 'expected.txt'), 'utf8').split('\n').toSorted()
  deepStrictEqual(first.stdout.split('\n').toSorted(), expected)
  match(first.stderr, /functions: 6 records in, \d+ invocations, 6 out, 0 failed/)
  writeFileSync(join(folder, 'more.txt'), 'ada:{"name":"Ada"}\n')
  const again = await run(
    ARGUMENTS.map(each => each.replace('input.txt', 'more.txt')),
    folder
  )
  strictEqual(again.code, 0, again.stderr)
  match(again.stdout, /Ada, this is your visit number 4\./)
})

test('an endpoint that only fails: the messages go to the dead letters with the reason', async context => {
  const url = await serve(context, (_, response) => response.writeHead(418).end())
  const transport = '  transport: { type: io.statefun.transports.v1/okhttp }\n'
  const folder = folderWith(context, url, transport)
  const { code, stdout, stderr } = await run(ARGUMENTS, folder)
  strictEqual(code, 0, stderr)
  strictEqual(stdout, '')
  match(stderr, /functions: 6 records in, 0 invocations, 0 out, 6 failed/)
  match(
    stderr,
    /6 dead letters in functions\.dead-letter:\n    names 0@\d+, example\/person .*HTTP 418.*FUNCTION_CALL_FAILED/
  )
})

/** Reads what the functions write. */
const SHOUT = `apiVersion: 1.0.0
meta: { name: shout, namespace: test, version: 0.1.0 }
topics:
  greetings: { schema: { value: { type: string, converter: raw } } }
  loud: { schema: { value: { type: string, converter: raw } } }
services:
  shout:
    sources: [{ type: topic, id: greetings }]
    transforms:
      - operator: map
        run: |
          function loudly(text: string): string {
            return text.toUpperCase()
          }
    sinks: [{ type: topic, id: loud }]
`

test('a dataflow reads what functions write, in one run', async context => {
  const folder = folderWith(context, 'http://127.0.0.1:9/')
  cpSync(join(EXAMPLE, 'functions.ts'), join(folder, 'functions.ts'))
  writeFileSync(join(folder, 'dataflow.yaml'), SHOUT)
  const options = [...OPTIONS.slice(0, 4), '--key-separator', ':', '--functions', 'functions.ts']
  const { code, stdout, stderr } = await run(
    ['run', '.', ...options, '--out', 'loud=-', '--drain', '--ephemeral'],
    folder
  )
  strictEqual(code, 0, stderr)
  const expected = readFileSync(join(EXAMPLE, 'expected.txt'), 'utf8')
  strictEqual(stdout, expected.toUpperCase())
  match(stderr, /shout: 6 records in, 6 out/)
})

test('what is wrong with modules is told at its place, with exit code 2', async context => {
  const folder = folderWith(context, 'http://10.0.0.1:8000/')
  const { code, stderr } = await run(['run', 'module.yaml', 'endpoint.yaml', '--drain'], folder)
  strictEqual(code, 2)
  match(stderr, /module\.yaml:6:12: error CLUSTER_UNAVAILABLE/)
  match(stderr, /endpoint\.yaml:4:20: error ENDPOINT_ADDRESS/)
  const targets = await run(['run', 'module.yaml', ...OPTIONS.slice(0, 2), '--drain'], folder)
  strictEqual(targets.code, 2)
  match(targets.stderr, /TARGET_UNKNOWN/)
  const missing = ['--functions', 'gone.ts', '--drain']
  match((await run(['run', 'module.yaml', ...missing], folder)).stderr, /--functions gone\.ts/)
})
