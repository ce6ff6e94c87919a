// The commands of deployments as users run them: exit codes, diagnostics, logs that go on; and the API of a run.
import { match, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { interrupt, ready, run, start } from './command.ts'

const FLOW = `apiVersion: 1.0.0
meta: { name: echo, namespace: tests, version: 0.1.0 }
topics:
  said: { schema: { value: { type: string, converter: raw } } }
  heard: { schema: { value: { type: string, converter: raw } } }
services:
  echo:
    sources: [{ type: topic, id: said }]
    transforms:
      - operator: map
        run: |
          function echo(line: string, ctx: Context): string { ctx.log.info('heard ' + line); return line }
    sinks: [{ type: topic, id: heard }]
`

/** Starts a command that listens in a folder with the dataflow; gives the folder and the URL of its HTTP. */
async function listening(
  context: TestContext,
  args: readonly string[]
): Promise<{ folder: string; url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-deploy-commands-'))
  writeFileSync(join(folder, 'dataflow.yaml'), FLOW)
  const child = start(args, folder)
  context.after(async () => {
    await interrupt(child)
    rmSync(folder, { recursive: true })
  })
  return { folder, url: /^http {4}(\S+)/m.exec(await ready(child))![1]! }
}

test('commands of deployments say what is wrong, and follow logs', async context => {
  const { folder, url } = await listening(context, [
    'start',
    '--listen',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0'
  ])
  const command = (...args: string[]) => run([...args, '--server', url], folder)
  const deployed = await command('deploy', 'dataflow.yaml')
  strictEqual(deployed.code, 0, deployed.stderr)
  match(deployed.stderr, /^echo: deployed; version 1 runs on http/m)
  writeFileSync(join(folder, 'wrong.yaml'), FLOW.replace('operator: map', 'operator: mop'))
  const wrong = await command('deploy', 'wrong.yaml')
  strictEqual(wrong.code, 2)
  match(wrong.stderr, /wrong\.yaml:10:\d+[^]*Did you mean "?map/)
  writeFileSync(join(folder, 'typed.yaml'), FLOW.replace('said: {', 'said: { partitions: 3,'))
  const misfit = await command('deploy', 'typed.yaml')
  strictEqual(misfit.code === 0, false, misfit.stderr)
  const unknown = await command('stop', 'ecko')
  strictEqual(unknown.code, 2)
  match(unknown.stderr, /no deployment is called "ecko"; there are echo/)
  const unasked = await command('delete', 'echo')
  strictEqual(unasked.code, 2)
  match(unasked.stderr, /States, timers and positions of echo are deleted with it[^]*give --yes/)
  const following = start(['logs', 'echo', '-f', '-n', '0', '--server', url], folder)
  context.after(() => following.kill('SIGKILL'))
  const lines = createInterface({ input: following.stdout! })
  const produce = async (): Promise<void> => {
    await fetch(`${url}/api/v1/topics/said/records`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'hello'
    })
  }
  // It follows from when it has connected: lines are said until one is heard.
  const heard = once(lines, 'line') as Promise<[string]>
  const saying = setInterval(() => void produce(), 100)
  const [line] = await heard
  clearInterval(saying)
  match(line, /info echo\/echo\/echo: heard hello$/)
  following.kill('SIGINT')
  const [code] = (await once(following, 'exit')) as [number]
  strictEqual(code, 0)
  const nowhere = await run(['list', '--server', 'http://127.0.0.1:1'], folder)
  strictEqual(nowhere.code, 1)
  match(nowhere.stderr, /cannot be reached[^]*millrace start/)
})

test('a run serves the API, too, but for deployments', async context => {
  const { url } = await listening(context, ['run', '--ephemeral', '--http', '127.0.0.1:0'])
  const get = async <T>(path: string): Promise<{ status: number; body: T }> => {
    const response = await fetch(`${url}${path}`)
    return { status: response.status, body: (await response.json()) as T }
  }
  interface Listed {
    readonly dataflows: readonly { readonly name: string; readonly deployment: string | null }[]
  }
  const [dataflow] = (await get<Listed>('/api/v1/dataflows')).body.dataflows
  strictEqual(dataflow!.name, 'echo')
  strictEqual(dataflow!.deployment, null)
  strictEqual((await get('/health')).status, 200)
  const none = await get<{ code: string }>('/api/v1/deployments')
  strictEqual(none.status, 404)
  strictEqual(none.body.code, 'NOT_A_SERVER')
  await fetch(`${url}/api/v1/topics/said/records`, {
    method: 'POST',
    body: '{"value":"hi"}',
    headers: { 'content-type': 'application/json' }
  })
  const path = '/api/v1/topics/heard/records?waitMs=30000'
  const heard = await get<{ records: readonly { readonly value: string }[] }>(path)
  strictEqual(heard.body.records[0]!.value, 'hi')
})
